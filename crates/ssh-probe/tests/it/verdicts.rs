//! What is asked in which order, and what comes of it, under a virtual clock.

use crate::peer::{Peer, blob, question};
use cvmd_clock::Clock;
use cvmd_ssh_probe::{Expected::*, Limits, Verdict, ask};

#[tokio::test(start_paused = true)]
async fn keys_are_told_apart_on_one_connection_in_the_order_asked() {
    let peer = Peer::new(&[2, 3]);
    let question = question(&[(1, Refused), (2, Accepted), (3, Refused)]);
    let answer = ask(|| peer.connect(), &question, &Limits::default(), Clock::tokio(1_000)).await;
    assert_eq!(answer.verdicts, [Verdict::Refused, Verdict::Accepted, Verdict::Accepted]);
    assert_eq!((answer.connections, answer.why), (1, None));
    assert_eq!(answer.methods.unwrap(), ["publickey".into(), "password".into()]);
    assert_eq!(answer.host_key.unwrap(), blob(200));
    assert!(answer.server.unwrap().starts_with("SSH-2.0-russh"));
    assert_eq!(peer.asked(&[1, 2, 3]), [[2, 1, 3]], "what is expected to be accepted comes first");
}

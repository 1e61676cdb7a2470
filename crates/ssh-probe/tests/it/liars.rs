//! Servers that exchange keys as they should, and then answer as none should.

use crate::{
    peer::{blob, question},
    raw::{Raw, string},
};
use cvmd_clock::Clock;
use cvmd_ssh_probe::{Answer, Expected, Limits, Stage, Unanswered, Verdict, ask};
use std::{future, io, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, duplex},
    time::timeout,
};

const SERVICE_ACCEPT: u8 = 6;
const SUCCESS: &[u8] = &[52];

/// What a server does when it is asked.
#[derive(Clone)]
enum Does {
    /// Sends these messages.
    Sends(Vec<Vec<u8>>),
    /// Sends these bytes as they are.
    Breaks(&'static [u8]),
    /// Sends this message until nobody takes it any more, so often.
    Repeats(Vec<u8>, u64),
    /// Closes the connection.
    Closes,
}
use Does::*;

fn failure(methods: &str, partial: u8) -> Vec<u8> {
    [vec![51], string(methods), vec![partial]].concat()
}

fn banner(bytes: usize) -> Vec<u8> {
    [vec![53], string(vec![b'x'; bytes]), string("")].concat()
}

/// The key would be accepted, or so it says of a key that nobody asked about.
fn pk_ok() -> Vec<u8> {
    [vec![60], string("ssh-ed25519"), string(blob(99))].concat()
}

fn methods() -> Does {
    Sends(vec![failure("publickey,password", 0)])
}

/// Does one thing after the other, one a question; after the last it is silent. Other connections begin anew with `next`.
async fn play(raw: &mut Raw, script: Vec<Does>, clock: Clock) -> io::Result<()> {
    raw.receive().await?;
    raw.send(&[vec![SERVICE_ACCEPT], string("ssh-userauth")].concat()).await?;
    for does in script {
        raw.receive().await?;
        match does {
            Closes => return Ok(()),
            Breaks(bytes) => raw.stream.write_all(bytes).await?,
            Sends(messages) => {
                for message in messages {
                    raw.send(&message).await?;
                }
            }
            Repeats(message, every_ms) => loop {
                clock.sleep_until(clock.now_ms() + every_ms).await;
                raw.send(&message).await?;
            },
        }
    }
    raw.stream.read_to_end(&mut Vec::new()).await.map(drop)
}

/// Asks about two keys.
async fn probe(script: Vec<Does>) -> Answer {
    let clock = Clock::tokio(1_000);
    let mut played = Vec::new();
    let connect = || {
        let (near, far) = duplex(16 << 10);
        let script = script.clone();
        played.push(tokio::spawn(async move {
            let mut raw = Raw::exchange(far).await?;
            play(&mut raw, script, clock).await
        }));
        future::ready(Ok(near))
    };
    let question = question(&[(1, Expected::Refused), (2, Expected::Refused)]);
    let answer = ask(connect, &question, &Limits::default(), clock).await;
    for playing in played {
        // russh's own task must not go on.
        let _ = timeout(Duration::from_millis(2_000), playing).await.expect("the connection ends").unwrap();
    }
    answer
}

/// That neither key is answered, and why.
async fn nothing(script: Vec<Does>) -> (Unanswered, u64) {
    let answer = probe(script).await;
    assert_eq!(answer.verdicts, [Verdict::NotAnswered; 2]);
    assert_eq!((answer.connections, answer.host_key), (1, Some(blob(200))));
    (answer.why.unwrap(), answer.took_ms)
}

#[tokio::test(start_paused = true)]
async fn what_it_says_of_keys_is_reported_as_it_is() {
    let answer = probe(vec![methods(), Sends(vec![pk_ok()]), methods()]).await;
    assert_eq!(answer.verdicts, [Verdict::Accepted, Verdict::Refused]);
    assert_eq!((answer.why, answer.took_ms), (None, 0));
    let chatty = Sends(vec![banner(200 << 10), failure("password", 0)]);
    let answer = probe(vec![chatty.clone(), chatty.clone(), chatty]).await;
    assert_eq!(answer.verdicts, [Verdict::Refused; 2], "each answer has its own bound, and a banner is none");
}

#[tokio::test(start_paused = true)]
async fn a_key_that_opens_without_a_signature_is_accepted() {
    // What this server does first on its second connection is an answer about the second key.
    let answer = probe(vec![methods(), Sends(vec![SUCCESS.into()])]).await;
    assert_eq!(answer.verdicts, [Verdict::Accepted, Verdict::Refused]);
    assert_eq!((answer.connections, answer.took_ms, answer.why), (2, 6_000, None));
}

#[tokio::test(start_paused = true)]
async fn a_thousand_methods_are_told_once_each_and_unknown_ones_are_none() {
    let many = |count| (0..count).map(|number| format!("method{number},publickey,password,")).collect::<String>();
    let answer = probe(vec![Sends(vec![failure(&many(300), 0)]), methods(), methods()]).await;
    assert_eq!(answer.methods, Some(vec!["publickey".into(), "password".into()]));
    assert_eq!(answer.verdicts, [Verdict::Refused; 2]);
    let script = vec![Sends(vec![failure(&many(2_000), 0)])];
    assert_eq!(nothing(script).await.0, Unanswered::Closed(Stage::Methods), "so many are more than russh reads");
    for unknown in ["", "no-such-method"] {
        let script = vec![methods(), Sends(vec![failure(unknown, 0)])];
        assert_eq!(nothing(script).await.0, Unanswered::Closed(Stage::Keys), "{unknown:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn half_a_success_is_no_refusal() {
    let (why, _) = nothing(vec![methods(), Sends(vec![failure("publickey", 1)])]).await;
    assert!(matches!(why, Unanswered::Protocol(_)), "{why:?}");
}

#[tokio::test(start_paused = true)]
async fn silence_and_dripping_after_the_key_exchange_cost_one_connection_s_time() {
    for (script, stage) in [
        (vec![], Stage::Methods),
        (vec![methods()], Stage::Keys),
        (vec![methods(), Repeats(vec![2, 0, 0, 0, 0], 1_000)], Stage::Keys),
        (vec![methods(), Repeats(banner(1), 1_000)], Stage::Keys),
        // A length, and nothing after it.
        (vec![methods(), Breaks(&[0, 0, 1, 0])], Stage::Keys),
    ] {
        assert_eq!(nothing(script).await, (Unanswered::TooSlow(stage), 10_000));
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_after_the_key_exchange_costs_its_bound_in_bytes() {
    for message in [banner(30_000), vec![2, 0, 0, 0, 0]] {
        let script = vec![methods(), Repeats(message, 0)];
        assert_eq!(nothing(script).await, (Unanswered::TooMuch(Stage::Keys), 0));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_broken_or_closed_is_no_answer() {
    for does in [
        Closes,
        // A length beyond all bounds, and a packet that was not sealed with the key.
        Breaks(&[0xff; 64]),
        Breaks(&[0; 64]),
        // A farewell, half a failure, and a message that nobody knows.
        Sends(vec![[vec![1, 0, 0, 0, 2], string("enough"), string("")].concat()]),
        Sends(vec![vec![51]]),
        Sends(vec![vec![255]]),
    ] {
        assert_eq!(nothing(vec![methods(), does]).await.0, Unanswered::Closed(Stage::Keys));
    }
}

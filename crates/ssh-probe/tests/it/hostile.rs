//! Servers that do before any question what no sshd should: each costs its time and its bytes, and no more.

use crate::peer::question;
use cvmd_clock::Clock;
use cvmd_ssh_probe::{Expected, Limits, Stage, Unanswered, Verdict, ask};
use std::{future, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex},
    time::timeout,
};

const GREETING: &[u8] = b"SSH-2.0-hostile\r\n";
/// An `SSH_MSG_IGNORE` in the clear.
const IGNORE: &[u8] = b"\0\0\0\x0c\x06\x02\0\0\0\0\0\0\0\0\0\0";

/// What a server does.
#[derive(Clone, Copy, Debug)]
struct Script {
    first: &'static [u8],
    /// Sent again and again.
    then: &'static [u8],
    /// The time between; none sends as fast as it can.
    every_ms: u64,
    /// Whether it closes after `first`.
    closes: bool,
}

const SILENT: Script = Script { first: b"", then: b"", every_ms: 0, closes: false };

impl Script {
    /// Plays it until the other end is gone. Returns how many bytes were taken.
    async fn play(self, mut far: DuplexStream, clock: Clock) -> usize {
        let mut sent = self.first.len();
        if far.write_all(self.first).await.is_err() || self.closes {
            return sent;
        }
        let (mut read, mut write) = tokio::io::split(far);
        let writing = async {
            while !self.then.is_empty() {
                clock.sleep_until(clock.now_ms() + self.every_ms).await;
                if write.write_all(self.then).await.is_err() {
                    return;
                }
                sent += self.then.len();
            }
            future::pending().await
        };
        let reading = async {
            let mut buffer = [0; 1024];
            while read.read(&mut buffer).await.is_ok_and(|count| count > 0) {}
        };
        tokio::select! { () = writing => {} () = reading => {} }
        sent
    }
}

/// What a script costs: the reason, the time, and the bytes that it got rid of.
async fn cost(script: Script) -> (Unanswered, u64, usize) {
    let clock = Clock::tokio(1_000);
    let (near, far) = duplex(1 << 10);
    let mut near = Some(near);
    let playing = tokio::spawn(script.play(far, clock));
    let connect = || future::ready(Ok(near.take().expect("one connection is enough")));
    let answer = ask(connect, &question(&[(1, Expected::Refused)]), &Limits::default(), clock).await;
    assert_eq!((answer.verdicts, answer.methods), (vec![Verdict::NotAnswered], None), "{script:?}");
    let greeted = script.first.starts_with(b"SSH-2.0-");
    assert_eq!(answer.server.as_deref(), greeted.then_some("SSH-2.0-hostile"), "{script:?}");
    // russh's own task must not go on.
    let sent =
        timeout(Duration::from_millis(script.every_ms + 1), playing).await.expect("the connection ends").unwrap();
    (answer.why.unwrap(), answer.took_ms, sent)
}

#[tokio::test(start_paused = true)]
async fn silence_and_dripping_cost_one_connection_s_time() {
    let nothing = b"".as_slice();
    let long_packet = b"SSH-2.0-hostile\r\n\0\0\x01\0";
    for (first, then, stage) in [
        (nothing, nothing, Stage::Greeting),
        (nothing, b"x", Stage::Greeting),
        (nothing, b"x\n", Stage::Greeting),
        (nothing, b"\0", Stage::Greeting),
        (GREETING, nothing, Stage::KeyExchange),
        (GREETING, IGNORE, Stage::KeyExchange),
        (long_packet, b"x", Stage::KeyExchange),
    ] {
        let (why, took_ms, _) = cost(Script { first, then, every_ms: 1_000, ..SILENT }).await;
        assert_eq!((why, took_ms), (Unanswered::TooSlow(stage), 10_000), "{first:?}, {then:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_costs_its_bound_in_bytes() {
    let limits = Limits::default();
    for then in [b"hello\r\n".as_slice(), b"hello", b"\n", b"\0"] {
        let (why, took_ms, sent) = cost(Script { then, ..SILENT }).await;
        assert_eq!((why, took_ms), (Unanswered::TooMuch(Stage::Greeting), 0), "{then:?}");
        assert!((limits.greeting_bytes..limits.greeting_bytes + 4096).contains(&sent), "{sent} bytes of {then:?}");
    }
    let (why, took_ms, sent) = cost(Script { first: GREETING, then: IGNORE, ..SILENT }).await;
    assert_eq!((why, took_ms), (Unanswered::TooMuch(Stage::KeyExchange), 0));
    assert!((limits.reply_bytes..limits.reply_bytes + 4096).contains(&sent), "{sent} bytes");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_ssh_is_named() {
    let named = |line: &str| Unanswered::NotSsh(line.into());
    for (first, why) in [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice(), named("HTTP/1.1 400 Bad Request")),
        (b"\x15\x03\x01\0\x02\x02\x16 no line", named(" no line")),
        (b"SSH-1.5-old\r\n", named("SSH-1.5-old")),
        (b"\x1bSSH-2.0-escaped\r\n", named("SSH-2.0-escaped")),
        (b"\x1b[2Jhello\r\nsecond\r\n", named("[2Jhello")),
        (b"", Unanswered::Closed(Stage::Greeting)),
    ] {
        assert_eq!(cost(Script { first, closes: true, ..SILENT }).await.0, why);
    }
    let long = [b"SSH-2.0-hostile".as_slice(), &[b'x'; 300], b"\n"].concat().leak();
    for (first, line) in [(&*long, str::from_utf8(&long[..255]).unwrap()), (b"SSH-2.0-\xff\n", "SSH-2.0-")] {
        let (near, far) = duplex(1 << 10);
        let mut near = Some(near);
        tokio::spawn(Script { first, ..SILENT }.play(far, Clock::tokio(1_000)));
        let connect = || future::ready(Ok(near.take().unwrap()));
        let question = question(&[(1, Expected::Refused)]);
        let answer = ask(connect, &question, &Limits::default(), Clock::tokio(1_000)).await;
        assert_eq!((answer.why, answer.server), (Some(named(line)), None));
    }
}

#[tokio::test(start_paused = true)]
async fn garbage_instead_of_a_key_exchange_is_a_broken_protocol() {
    for garbage in [
        b"SSH-2.0-hostile\r\n\xff\xff\xff\xff\xff\xff\xff\xff".as_slice(),
        b"SSH-2.0-hostile\r\nGET / HTTP/1.1\r\n\r\n",
    ] {
        let (why, took_ms, _) = cost(Script { first: garbage, ..SILENT }).await;
        assert!(matches!(why, Unanswered::Protocol(_)), "{why:?}");
        assert_eq!(took_ms, 0);
    }
    let cut = Script { first: b"SSH-2.0-hostile\r\n\0\0\0\x0c\x06", closes: true, ..SILENT };
    assert_eq!(cost(cut).await.0, Unanswered::Closed(Stage::KeyExchange));
}

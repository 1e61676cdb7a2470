//! What is asked in which order and over which connections, and what comes of it, under a virtual clock.

use crate::peer::{Peer, blob, question};
use cvmd_clock::Clock;
use cvmd_ssh_probe::{Answer, AskedKey, Expected::*, Limits, Question, Stage, Unanswered, Verdict, ask};
use std::{future, io, iter, time::Duration};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

async fn probe(peer: &Peer, question: &Question) -> Answer {
    ask(|| peer.connect(), question, &Limits::default(), Clock::tokio(1_000)).await
}

/// A question about so many keys, seeds from 1 on, all expected to be refused.
fn refused(count: u8) -> Question {
    question(&(1..=count).map(|seed| (seed, Refused)).collect::<Vec<_>>())
}

#[tokio::test(start_paused = true)]
async fn keys_are_told_apart_on_one_connection_and_answered_in_the_order_of_the_question() {
    let peer = Peer::new(&[2, 3]);
    let answer = probe(&peer, &question(&[(1, Refused), (2, Accepted), (3, Refused)])).await;
    assert_eq!(answer.verdicts, [Verdict::Refused, Verdict::Accepted, Verdict::Accepted]);
    assert_eq!((answer.connections, answer.took_ms, answer.why), (1, 0, None));
    assert_eq!(answer.methods.unwrap(), ["publickey".into(), "password".into()]);
    assert_eq!(answer.host_key.unwrap(), blob(200));
    assert!(answer.server.unwrap().starts_with("SSH-2.0-russh"));
    assert_eq!(peer.asked(&[1, 2, 3]), [[2, 1, 3]], "what is expected to be accepted comes first");
}

#[tokio::test(start_paused = true)]
async fn a_question_without_keys_tells_the_methods() {
    let answer = probe(&Peer::new(&[]), &refused(0)).await;
    assert_eq!((answer.methods.map(|methods| methods.len()), answer.why), (Some(2), None));
}

#[tokio::test(start_paused = true)]
async fn five_refusals_are_collected_on_a_connection_and_connections_are_six_seconds_apart() {
    let peer = Peer::new(&[]);
    let answer = probe(&peer, &refused(12)).await;
    assert_eq!(answer.verdicts, [Verdict::Refused; 12]);
    assert_eq!((answer.connections, answer.took_ms, answer.why), (3, 12_000, None));
    let seeds: Vec<u8> = (1..=12).collect();
    assert_eq!(peer.asked(&seeds), [&seeds[..5], &seeds[5..10], &seeds[10..]]);
    let none = Limits { refusals: 0, ..Limits::default() };
    let answer = ask(|| peer.connect(), &refused(2), &none, Clock::tokio(1_000)).await;
    assert_eq!((answer.connections, answer.why), (2, None), "one at least");
}

#[tokio::test(start_paused = true)]
async fn acceptances_are_free_and_an_unexpected_refusal_counts() {
    let peer = Peer::new(&[1, 2, 3, 4, 5, 6, 7]);
    let seeds: Vec<u8> = (1..=13).collect();
    let answer = probe(&peer, &question(&seeds.iter().map(|seed| (*seed, Accepted)).collect::<Vec<_>>())).await;
    assert_eq!(answer.verdicts, [[Verdict::Accepted; 7].as_slice(), &[Verdict::Refused; 6]].concat());
    assert_eq!(peer.asked(&seeds), [&seeds[..12], &seeds[12..]]);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_answers_fewer_refusals_is_asked_for_fewer() {
    let peer = Peer { tries_max: 3, ..Peer::new(&[]) };
    let answer = probe(&peer, &refused(5)).await;
    assert_eq!((answer.verdicts, answer.why), (vec![Verdict::Refused; 5], None));
    // The third question of the first connection is the one that tells.
    let asked: Vec<usize> = peer.asked(&[1, 2, 3, 4, 5]).iter().map(Vec::len).collect();
    assert_eq!(asked, [3, 2, 1]);

    let peer = Peer { tries_max: 1, ..Peer::new(&[]) };
    let answer = probe(&peer, &refused(3)).await;
    assert_eq!(answer.verdicts, [Verdict::NotAnswered; 3], "it closes instead of refusing");
    assert_eq!((answer.connections, answer.why), (1, Some(Unanswered::Closed(Stage::Keys))));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_closes_after_each_answer_is_asked_until_the_time_is_over() {
    let peer = Peer { answers_max: 1, ..Peer::new(&[2]) };
    let answer = probe(&peer, &refused(3)).await;
    assert_eq!(answer.verdicts, [Verdict::Refused, Verdict::Accepted, Verdict::Refused]);
    let answer = probe(&peer, &refused(100)).await;
    assert_eq!(answer.verdicts.iter().filter(|verdict| **verdict != Verdict::NotAnswered).count(), 15);
    assert_eq!((answer.connections, answer.took_ms), (15, 84_000));
    assert!(answer.why.is_some());
}

#[tokio::test(start_paused = true)]
async fn what_the_time_for_all_does_not_suffice_for_is_not_answered() {
    let answer = probe(&Peer::new(&[]), &refused(100)).await;
    let expected = [[Verdict::Refused; 75].as_slice(), &[Verdict::NotAnswered; 25]].concat();
    assert_eq!((answer.verdicts, answer.why), (expected, Some(Unanswered::TimeIsOver)));
    assert_eq!(answer.took_ms, 84_000, "another pause would end with the limit");
}

#[tokio::test(start_paused = true)]
async fn a_slow_server_gets_another_connection_as_long_as_it_answers_something() {
    let peer = Peer { refuses_in: Duration::from_secs(4), ..Peer::new(&[]) };
    let answer = probe(&peer, &refused(3)).await;
    assert_eq!((answer.verdicts, answer.why), (vec![Verdict::Refused; 3], None));
    assert_eq!((answer.connections, answer.took_ms), (2, 10_000 + 6_000 + 4_000));

    let peer = Peer { refuses_in: Duration::from_secs(11), ..Peer::new(&[]) };
    let answer = probe(&peer, &refused(3)).await;
    assert_eq!(answer.verdicts, [Verdict::NotAnswered; 3]);
    assert_eq!((answer.connections, answer.why), (1, Some(Unanswered::TooSlow(Stage::Keys))));
}

#[tokio::test(start_paused = true)]
async fn a_server_with_another_host_key_than_the_pinned_is_asked_nothing() {
    let peer = Peer::new(&[1]);
    let pinned = |seed| Question { host_key: Some(blob(seed)), ..refused(1) };
    let answer = probe(&peer, &pinned(201)).await;
    assert_eq!((answer.verdicts, answer.methods), (vec![Verdict::NotAnswered], None));
    assert_eq!(answer.why, Some(Unanswered::OtherHostKey(blob(200))));
    assert_eq!(answer.host_key, Some(blob(200)), "what was shown is told");
    assert_eq!(peer.asked(&[1]), [[0; 0]]);
    assert_eq!(probe(&peer, &pinned(200)).await.verdicts, [Verdict::Accepted]);
}

#[tokio::test(start_paused = true)]
async fn a_server_whose_host_key_changes_between_connections_is_asked_no_more() {
    let peer = Peer { hosts: vec![200, 200, 201], ..Peer::new(&[]) };
    let answer = probe(&peer, &refused(12)).await;
    assert_eq!(answer.verdicts, [[Verdict::Refused; 10].as_slice(), &[Verdict::NotAnswered; 2]].concat());
    assert_eq!(answer.host_key, Some(blob(200)));
    assert_eq!((answer.connections, answer.why), (3, Some(Unanswered::OtherHostKey(blob(201)))));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_lets_everybody_in_is_asked_about_keys_all_the_same() {
    let answer = probe(&Peer { is_open: true, ..Peer::new(&[1]) }, &refused(2)).await;
    assert_eq!(answer.methods, Some(vec!["none".into()]));
    assert_eq!(answer.verdicts, [Verdict::Accepted, Verdict::Refused]);
    assert_eq!((answer.connections, answer.why), (2, None));
}

#[tokio::test(start_paused = true)]
async fn a_blob_that_is_no_key_is_not_answered_and_the_others_are() {
    let blobs = [blob(1), b"\0\0\0\x0bssh-ed25519\0\0\0\x01x".as_slice().into(), [].into(), blob(2)];
    let keys = blobs.map(|blob| AskedKey { blob, expected: Refused });
    let answer = probe(&Peer::new(&[2]), &Question { keys: keys.into(), ..refused(0) }).await;
    let expected = [Verdict::Refused, Verdict::NotAnswered, Verdict::NotAnswered, Verdict::Accepted];
    assert_eq!((answer.verdicts.as_slice(), answer.why), (expected.as_slice(), Some(Unanswered::NotAKey)));
}

/// An answer of a server that turns so many connections away first.
async fn turned_away(times: usize) -> Answer {
    let peer = Peer::new(&[]);
    let mut left = iter::repeat_n((), times);
    let connect = move || -> future::Ready<io::Result<DuplexStream>> {
        let (near, mut far) = duplex(1 << 10);
        tokio::spawn(async move { far.write_all(b"Not allowed at this time\r\n").await });
        future::ready(Ok(near))
    };
    let connect = || {
        let is_turned_away = left.next().is_some();
        let later = peer.connect();
        async move { if is_turned_away { connect().await } else { later.await } }
    };
    ask(connect, &refused(1), &Limits::default(), Clock::tokio(1_000)).await
}

#[tokio::test(start_paused = true)]
async fn being_turned_away_is_waited_out_as_long_as_there_is_time() {
    let answer = turned_away(3).await;
    assert_eq!((answer.verdicts, answer.why), (vec![Verdict::Refused], None));
    assert_eq!((answer.connections, answer.took_ms), (4, 75_000));
    let answer = turned_away(4).await;
    assert_eq!(answer.verdicts, [Verdict::NotAnswered]);
    assert_eq!(answer.why, Some(Unanswered::ShutOut("Not allowed at this time".into())));
    assert_eq!(answer.took_ms, 75_000);
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_cannot_be_made_is_told() {
    let refuse = || future::ready(Err::<DuplexStream, _>(io::ErrorKind::ConnectionRefused.into()));
    let answer = ask(refuse, &refused(1), &Limits::default(), Clock::tokio(1_000)).await;
    assert_eq!(answer.why, Some(Unanswered::Unreachable(io::ErrorKind::ConnectionRefused)));
    assert_eq!((answer.connections, answer.verdicts), (0, vec![Verdict::NotAnswered]));
    let hang = future::pending::<io::Result<DuplexStream>>;
    let answer = ask(hang, &refused(1), &Limits::default(), Clock::tokio(1_000)).await;
    assert_eq!((answer.took_ms, answer.why), (10_000, Some(Unanswered::TooSlow(Stage::Connecting))));
    let short = Limits { in_all_ms: 4_000, ..Limits::default() };
    assert_eq!(ask(hang, &refused(1), &short, Clock::tokio(1_000)).await.took_ms, 4_000);
}

#[tokio::test(start_paused = true)]
async fn what_was_begun_ends_when_the_asking_is_dropped() {
    let (near, mut far) = duplex(1 << 10);
    let mut near = Some(near);
    // As a task, so that the engine may run it as one.
    let asking = tokio::spawn(async move {
        let connect = || future::ready(Ok(near.take().unwrap()));
        ask(connect, &refused(1), &Limits::default(), Clock::tokio(1_000)).await
    });
    far.write_all(b"SSH-2.0-silent\r\n").await.unwrap();
    // Until russh's own task runs: it has sent its greeting and its wishes.
    let mut read = [0; 200];
    far.read_exact(&mut read).await.unwrap();
    asking.abort();
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_millis(1), far.read_to_end(&mut rest)).await;
    ended.expect("the connection ends").unwrap();
}

//! OpenSSH's own sshd gives the verdicts that its configuration means.

use crate::sshd::Sshd;
use cvmd_ssh_probe::{Answer, Limits, Stage, Unanswered, Verdict, Verdict::*};
use russh::keys::PublicKey;
use std::fs;
use tokio::io::AsyncReadExt;

#[tokio::test]
async fn keys_of_every_kind_are_accepted_while_they_are_listed() {
    let Some(sshd) = Sshd::new("") else { return };
    let kinds = ["ed25519", "rsa", "ecdsa-256", "ecdsa-384", "ecdsa-521"];
    let theirs = kinds.map(|kind| format!("theirs-{kind}"));
    for (kind, theirs) in kinds.iter().zip(&theirs) {
        sshd.generate(kind, kind);
        sshd.generate(theirs, kind);
    }
    // A security key's public part: the rest of it is hardware.
    let parts = [b"\0\0\0\x1ask-ssh-ed25519@openssh.com\0\0\0\x20".as_slice(), &[7; 32], b"\0\0\0\x04ssh:"].concat();
    let line = PublicKey::from_bytes(&parts).unwrap().to_openssh().unwrap() + "\n";
    fs::write(sshd.path("sk.pub"), line).unwrap();
    let kinds = [kinds.as_slice(), &["sk"]].concat();
    let lines: String = kinds.iter().map(|kind| sshd.public(kind)).collect();
    sshd.authorize(&lines);
    let all: Vec<&str> = theirs.iter().map(String::as_str).chain(kinds.iter().copied()).collect();
    let answer = sshd.ask(&all).await;
    assert_eq!(answer.verdicts, [[Refused; 5].as_slice(), &[Accepted; 6]].concat());
    // Seven refusals, because an RSA key has three algorithms.
    assert_eq!((answer.connections, answer.why), (2, None));
    assert_eq!(answer.methods.unwrap(), ["publickey".into(), "password".into()]);
    assert_eq!(answer.host_key.unwrap(), sshd.blob("host-ed25519"));
    assert!(answer.server.unwrap().starts_with("SSH-2.0-OpenSSH_"));
    sshd.authorize("");
    assert_eq!(sshd.ask(&kinds).await.verdicts, [Refused; 6]);
}

#[tokio::test]
async fn certificates_are_told_apart() {
    let Some(sshd) = Sshd::new("") else { return };
    sshd.generate("other-ca", "ed25519");
    let mut names = Vec::new();
    for kind in ["ed25519", "ecdsa", "rsa"] {
        for (whose, ca, principal) in
            [("good", "ca", "root"), ("for-bob", "ca", "bob"), ("by-other", "other-ca", "root")]
        {
            let name = format!("{kind}-{whose}");
            sshd.generate(&name, kind);
            sshd.keygen(&["-s", ca, "-I", "id", "-n", principal, "-V", "+1h", &format!("{name}.pub")]);
            names.push(format!("{name}-cert"));
        }
    }
    let answer = sshd.ask(&names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    assert_eq!(answer.verdicts, [[Accepted, Refused, Refused]; 3].concat());
    assert_eq!(answer.why, None);
    assert_eq!(sshd.ask(&["rsa-good"]).await.verdicts, [Refused], "the key without its certificate");
}

#[tokio::test]
async fn an_rsa_key_is_accepted_by_whichever_algorithm_the_policy_names() {
    for policy in ["rsa-sha2-512", "rsa-sha2-256", "ssh-rsa"] {
        let Some(sshd) = Sshd::new(&format!("PubkeyAcceptedAlgorithms {policy}")) else { return };
        sshd.generate("ours", "rsa");
        sshd.generate("theirs", "rsa");
        sshd.authorize(&sshd.public("ours"));
        assert_eq!(sshd.ask(&["theirs", "ours"]).await.verdicts, [Refused, Accepted], "{policy}");
    }
}

/// The verdict about a listed key, with more lines of configuration.
async fn verdict(more: &str, user: Option<&str>, options: &str) -> Option<Verdict> {
    let sshd = Sshd::new(more)?;
    sshd.generate("key", "ed25519");
    sshd.authorize(&format!("{options}{}", sshd.public("key")));
    let answer = match user {
        None => sshd.ask(&["key"]).await,
        Some(user) => sshd.ask_as(user, &["key"], None, &Limits::default()).await,
    };
    assert_eq!(answer.why, None);
    Some(answer.verdicts[0])
}

#[tokio::test]
async fn refused_holds_whatever_refuses_and_accepted_is_not_all() {
    for (more, user, options, expected) in [
        ("", None, "", Accepted),
        ("", Some("nobody-of-this-name"), "", Refused),
        ("DenyUsers root", None, "", Refused),
        ("PubkeyAuthentication no", None, "", Refused),
        ("", None, "from=\"10.1.2.3\" ", Refused),
        ("", None, "from=\"127.0.0.1\" ", Accepted),
        // sshd looks at this only after the signature.
        ("PermitRootLogin no", None, "", Accepted),
    ] {
        let Some(verdict) = verdict(more, user, options).await else { return };
        assert_eq!(verdict, expected, "{more:?}, {user:?}, {options:?}");
    }
}

#[tokio::test]
async fn methods_are_what_is_offered() {
    let Some(sshd) = Sshd::new("PasswordAuthentication no") else { return };
    let answer = sshd.ask(&[]).await;
    assert_eq!((answer.methods, answer.why), (Some(vec!["publickey".into()]), None));
}

#[tokio::test]
async fn few_tries_take_more_connections_and_one_is_not_enough() {
    for (tries, expected, connections, why) in
        [("2", Refused, 3, None), ("1", NotAnswered, 1, Some(Unanswered::Closed(Stage::Keys)))]
    {
        let Some(sshd) = Sshd::new(&format!("MaxAuthTries {tries}")) else { return };
        let names = ["one", "two", "three"];
        names.iter().for_each(|name| sshd.generate(name, "ed25519"));
        let answer = sshd.ask(&names).await;
        assert_eq!((answer.verdicts, answer.connections, answer.why), (vec![expected; 3], connections, why));
    }
}

#[tokio::test]
async fn the_pinned_host_key_is_asked_for_and_compared() {
    let Some(sshd) = Sshd::new("") else { return };
    sshd.generate("key", "ed25519");
    for pinned in ["host-rsa", "host-ecdsa", "host-ed25519"] {
        let answer = sshd.ask_pinned(&["key"], pinned).await;
        assert_eq!((answer.verdicts, answer.host_key), (vec![Refused], Some(sshd.blob(pinned))), "{pinned}");
    }
    sshd.generate("another", "rsa");
    let answer = sshd.ask_pinned(&["key"], "another").await;
    let shown = sshd.blob("host-rsa");
    assert_eq!((answer.verdicts, answer.why), (vec![NotAnswered], Some(Unanswered::OtherHostKey(shown))));
}

#[tokio::test]
async fn an_sshd_with_too_many_connections_is_busy() {
    let Some(sshd) = Sshd::listening("MaxStartups 1") else { return };
    sshd.generate("key", "ed25519");
    let mut other = sshd.connect().await.unwrap();
    other.read_u8().await.unwrap();
    let limits = Limits { in_all_ms: 5_000, ..Limits::default() };
    let answer = sshd.ask_within(&["key"], &limits).await;
    assert_eq!(answer.verdicts, [NotAnswered]);
    // Newer ones say "Not allowed at this time" for this too.
    assert!(matches!(answer.why, Some(Unanswered::ShutOut(_))), "{:?}", answer.why);
}

/// An sshd with its own rules, five times as fast: a second for a connection without a login, and out from three seconds
/// on. It is asked about so many keys, each on a connection of its own.
async fn punishing(keys: usize, limits: Limits) -> Option<(Sshd, Answer)> {
    let sshd = Sshd::listening("PerSourcePenalties authfail:1 noauth:1 min:3 max:600")?;
    sshd.generate("key", "ed25519");
    let answer = sshd.ask_within(&vec!["key"; keys], &limits).await;
    Some((sshd, answer))
}

#[tokio::test]
async fn an_sshd_that_punishes_is_not_provoked() {
    let limits = Limits { refusals: 1, pause_ms: 1_200, ..Limits::default() };
    let Some((_, answer)) = punishing(8, limits).await else { return };
    assert_eq!((answer.verdicts, answer.connections, answer.why), (vec![Refused; 8], 8, None));
}

#[tokio::test]
async fn an_sshd_that_has_turned_us_away_answers_later() {
    let limits = Limits { refusals: 1, pause_ms: 0, shut_out_ms: 5_000, ..Limits::default() };
    let Some((sshd, answer)) = punishing(8, limits.clone()).await else { return };
    assert_eq!((answer.verdicts, answer.why), (vec![Refused; 8], None));
    assert!(answer.connections > 8 && answer.took_ms > 5_000, "{} connections", answer.connections);
    // Without any time left for the wait.
    let answer = sshd.ask_within(&["key"; 30], &Limits { in_all_ms: 4_000, ..limits }).await;
    assert!(answer.verdicts.contains(&NotAnswered));
    assert_eq!(answer.why, Some(Unanswered::ShutOut("Not allowed at this time".into())));
}

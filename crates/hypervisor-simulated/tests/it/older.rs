//! Clients with fewer features than OpenSSH's: other host keys, and passwords by keyboard-interactive.

use crate::support::{
    Key, LIMIT, Seen, Ssh, Way, after_a_crash, definition,
    harness::{Harness, PASSWORD, Trusting, run},
    key, login, on_disk, seen, settings, until,
};
use cvmd_clock::Clock;
use cvmd_hypervisor::Hypervisor;
use cvmd_hypervisor_simulated::SimulatedHypervisor;
use cvmd_model::{InstanceId, Login, Power};
use russh::client::{Handle, KeyboardInteractiveAuthResponse as Answer};
use std::{process::Command, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
    time::timeout,
};

const ED25519: &[&str] = &["-t", "ed25519"];

/// The host key of that kind that a machine shows to `ssh-keyscan`.
async fn scanned(driver: &SimulatedHypervisor, id: InstanceId, kind: &str) -> String {
    let address = driver.endpoint(id).await.unwrap().address.unwrap();
    let mut command = Command::new("ssh-keyscan");
    command.args(["-T", "20", "-t", kind, "-p", &address.port().to_string(), &address.ip().to_string()]);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.split_once(' ').map(|(_, key)| key.trim().to_owned()).unwrap_or_default()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_kind_of_host_key_is_the_same_after_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let driver = SimulatedHypervisor::open(settings(&directory, Clock::System)).unwrap();
    let definition = definition("boot-ms=1");
    driver.define(&definition).await.unwrap();
    driver.start(definition.id).await.unwrap();
    until(&driver, definition.id, |observed| observed.power == Power::Running).await;
    let mut before = Vec::new();
    for (kind, begins) in [("rsa", "ssh-rsa "), ("ecdsa", "ecdsa-sha2-nistp256 "), ("ed25519", "ssh-ed25519 ")] {
        let shown = scanned(&driver, definition.id, kind).await;
        assert!(shown.starts_with(begins), "{kind}: {shown}");
        before.push((kind, shown));
    }
    assert_eq!(
        before[2].1,
        &*driver.endpoint(definition.id).await.unwrap().host_key,
        "the one that the endpoint shows"
    );
    let (_copy, again) = after_a_crash(&directory, settings, Clock::System);
    for (kind, shown) in before {
        assert_eq!(scanned(&again, definition.id, kind).await, shown);
    }
}

/// The algorithms that JSch 0.1.55 shares with today's servers.
const JSCH: &[&str] = &[
    "HostKeyAlgorithms=ecdsa-sha2-nistp256,ecdsa-sha2-nistp384",
    "KexAlgorithms=ecdh-sha2-nistp256,diffie-hellman-group-exchange-sha256",
    "MACs=hmac-sha1,hmac-sha2-256",
    "Ciphers=aes128-ctr",
];

/// A running machine and its driver.
struct Place {
    directory: tempfile::TempDir,
    driver: Arc<SimulatedHypervisor>,
    id: InstanceId,
}

impl Place {
    async fn new(login: impl FnOnce(&tempfile::TempDir) -> Login) -> Place {
        let directory = tempfile::tempdir().unwrap();
        let driver = SimulatedHypervisor::open(settings(&directory, Clock::System)).unwrap();
        let definition = definition("boot-ms=1,shutdown-ms=1");
        let (id, place) = (definition.id, Place { driver, id: definition.id, directory });
        place.driver.define(&definition).await.unwrap();
        place.driver.write_login(id, &login(&place.directory), &[]).await.unwrap();
        place.becomes(Power::Running).await;
        place
    }

    async fn becomes(&self, power: Power) {
        match power {
            Power::Off => self.driver.shut_down(self.id).await.unwrap(),
            _ => self.driver.start(self.id).await.unwrap(),
        }
        until(&self.driver, self.id, |observed| observed.power == power).await;
    }

    fn ssh(&self) -> Ssh<'_> {
        Ssh { driver: &self.driver, id: self.id, way: Way::Address }
    }

    /// A login by a key, with these options of the client.
    async fn enters(&self, key: &Key, options: &[&str]) -> Seen {
        let mut words = vec!["-o", "BatchMode=yes", "-i", key.file.to_str().unwrap()];
        words.extend(options.iter().flat_map(|option| ["-o", option]));
        self.ssh().run(&words, &["whoami"]).await
    }

    /// By keyboard-interactive, as OpenSSH does it.
    async fn answers(&self, password: &str) -> Seen {
        let script = self.directory.path().join("askpass");
        std::fs::write(&script, format!("#!/bin/sh\necho '{password}'\n")).unwrap();
        std::fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o700)).unwrap();
        let options = ["-o", "PreferredAuthentications=keyboard-interactive", "-o", "NumberOfPasswordPrompts=1"];
        let mut command = self.ssh().command(&options).await;
        command.env("SSH_ASKPASS", &script).env("SSH_ASKPASS_REQUIRE", "force").env("DISPLAY", "none").arg("whoami");
        seen(command).await
    }
}

fn good(out: &str) -> Seen {
    Seen { status: Some(0), out: out.into(), err: String::new() }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_older_clients_speak_is_enough_to_enter_and_to_be_refused() {
    let keys = |directory: &tempfile::TempDir| [key(directory, "mine", ED25519), key(directory, "other", ED25519)];
    let mut made = None;
    let place = Place::new(|directory| login(&[&made.insert(keys(directory))[0]], None)).await;
    let [mine, other] = made.unwrap();
    for options in [
        JSCH,
        &["HostKeyAlgorithms=ecdsa-sha2-nistp256"],
        &["HostKeyAlgorithms=rsa-sha2-512"],
        &["HostKeyAlgorithms=rsa-sha2-256", "KexAlgorithms=diffie-hellman-group-exchange-sha256"],
        &["KexAlgorithms=ecdh-sha2-nistp521", "MACs=hmac-sha2-512"],
    ] {
        assert_eq!(place.enters(&mine, options).await, good("root\n"), "{options:?}");
        let seen = place.enters(&other, options).await;
        assert!(seen.refused(), "{options:?}: {seen:?}");
    }
    // Algorithms that compute so long that others would wait are not accepted, nor those that OpenSSH has dropped.
    for option in [
        "KexAlgorithms=diffie-hellman-group14-sha256",
        "KexAlgorithms=diffie-hellman-group16-sha512",
        "KexAlgorithms=diffie-hellman-group18-sha512",
        "KexAlgorithms=diffie-hellman-group14-sha1",
        "HostKeyAlgorithms=ssh-rsa",
        "MACs=hmac-md5",
    ] {
        let more: &[&str] = if option.starts_with("MACs") { &[option, "Ciphers=aes128-ctr"] } else { &[option] };
        let seen = place.enters(&mine, more).await;
        // ssh reports that at a higher log level only; a refusal it would print.
        assert!(seen.status == Some(255) && seen.err.is_empty(), "{option}: {seen:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_taken_off_is_refused_by_every_way_by_which_another_login_enters() {
    let keys = |directory: &tempfile::TempDir| [key(directory, "mine", ED25519), key(directory, "kept", ED25519)];
    let mut made = None;
    let place = Place::new(|directory| {
        let [mine, other] = made.insert(keys(directory));
        login(&[&*mine, &*other], Some(PASSWORD))
    })
    .await;
    let [mine, other] = made.unwrap();
    let batch = place.directory.path().join("batch");
    std::fs::write(&batch, "pwd\n").unwrap();
    let ways: [&[&str]; 3] = [
        &["HostKeyAlgorithms=rsa-sha2-512"],
        &["HostKeyAlgorithms=ecdsa-sha2-nistp256"],
        &["HostKeyAlgorithms=ssh-ed25519"],
    ];
    for way in ways {
        assert_eq!(place.enters(&mine, way).await, good("root\n"), "before: {way:?}");
    }
    assert_eq!(place.ssh().sftp(&mine, &batch).await.status, Some(0));
    place.becomes(Power::Off).await;
    let after = login(&[&other], Some(PASSWORD));
    place.driver.write_login(place.id, &after, &[mine.public.blob().clone()]).await.unwrap();
    place.becomes(Power::Running).await;
    for way in ways {
        let seen = place.enters(&mine, &[way, &["PreferredAuthentications=publickey"]].concat()).await;
        assert!(seen.refused(), "{way:?}: {seen:?}");
        assert_eq!(place.enters(&other, way).await, good("root\n"), "{way:?}");
    }
    let refused = place.ssh().sftp(&mine, &batch).await;
    assert!(refused.status == Some(255) && refused.err.contains("Permission denied"), "{refused:?}");
    let entered = place.ssh().sftp(&other, &batch).await;
    assert!(entered.status == Some(0) && entered.out.contains("/root"), "{entered:?}");
    assert!(place.answers("Wrong+Password7").await.refused());
    assert_eq!(place.answers(PASSWORD).await, good("root\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn one_rsa_key_is_made_however_many_come_for_it_at_once() {
    let mut made = None;
    let place = Place::new(|directory| login(&[made.insert(key(directory, "mine", ED25519))], None)).await;
    let (place, mine) = (Arc::new(place), Arc::new(made.unwrap()));
    let mut all = JoinSet::new();
    for _ in 0..12 {
        let (place, mine) = (Arc::clone(&place), Arc::clone(&mine));
        all.spawn(async move { place.enters(&mine, &["HostKeyAlgorithms=rsa-sha2-256"]).await });
    }
    let all = all.join_all().await;
    assert!(all.iter().all(|seen| *seen == good("root\n")), "{all:?}");
    let stored = || on_disk(&place.directory, place.id)["rsa_host_key"].clone();
    let made = stored();
    assert!(made.is_string());
    scanned(&place.driver, place.id, "rsa").await;
    // It is a private key: a failing test must not print it.
    assert!(stored() == made, "another one was made");
}

const FINITE_FIELD: &str = "KexAlgorithms=diffie-hellman-group-exchange-sha256";

/// A client that asks for a group, and then sends no more.
async fn asks_for_a_group(place: &Place) -> TcpStream {
    let packet = |message: Vec<u8>| {
        let padding = 4 + (8 - (5 + message.len() + 4) % 8) % 8;
        let length = u32::try_from(1 + message.len() + padding).unwrap();
        [&length.to_be_bytes()[..], &[u8::try_from(padding).unwrap()], &*message, &*vec![0; padding]].concat()
    };
    let mut algorithms = vec![20];
    algorithms.extend([7; 16]);
    let both = ["aes128-ctr", "aes128-ctr", "hmac-sha2-256", "hmac-sha2-256", "none", "none", "", ""];
    for names in ["diffie-hellman-group-exchange-sha256", "ssh-ed25519"].into_iter().chain(both) {
        algorithms.extend(u32::try_from(names.len()).unwrap().to_be_bytes());
        algorithms.extend(names.as_bytes());
    }
    algorithms.extend([0; 5]);
    let sizes = [2048_u32, 2048, 8192].map(u32::to_be_bytes).concat();
    let group = [&[34][..], &*sizes].concat();
    let mut stream = TcpStream::connect(place.driver.endpoint(place.id).await.unwrap().address.unwrap()).await.unwrap();
    stream.write_all(&[b"SSH-2.0-stalls\r\n", &*packet(algorithms), &*packet(group)].concat()).await.unwrap();
    stream
}

/// Waits for the group: 256 bytes, after our version and our algorithms.
async fn has_its_group(stream: &mut TcpStream) {
    let mut heard = Vec::new();
    let answered = async {
        while heard.windows(8).filter(|eight| *eight == [0xff; 8]).count() < 2 {
            assert!(stream.read_buf(&mut heard).await.unwrap() > 0);
        }
    };
    timeout(LIMIT, answered).await.expect("the group is answered");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asks_for_a_group_and_is_silent_holds_up_no_exchange_over_a_finite_field() {
    let mut made = None;
    let place = Place::new(|directory| login(&[made.insert(key(directory, "mine", ED25519))], None)).await;
    let mine = made.unwrap();
    let definition = definition("boot-ms=1");
    place.driver.define(&definition).await.unwrap();
    place.driver.write_login(definition.id, &login(&[&mine], None), &[]).await.unwrap();
    place.driver.start(definition.id).await.unwrap();
    until(&place.driver, definition.id, |observed| observed.power == Power::Running).await;
    let mut silent = Vec::new();
    for _ in 0..30 {
        silent.push(asks_for_a_group(&place).await);
    }
    has_its_group(&mut silent[0]).await;
    // At another machine, and at the same one.
    for id in [definition.id, place.id] {
        let ssh = Ssh { driver: &place.driver, id, way: Way::Address };
        let words = ["-o", "BatchMode=yes", "-i", mine.file.to_str().unwrap(), "-o", FINITE_FIELD];
        // Waiting for each of the silent clients would take seconds; the exchange itself takes 25 ms.
        let entered = timeout(Duration::from_secs(4), ssh.run(&words, &["whoami"])).await;
        assert_eq!(entered.expect("it waits for none of them"), good("root\n"));
    }
    // They wait for nobody either, and are still connected.
    for stream in &mut silent[1..] {
        has_its_group(stream).await;
    }
    assert!(silent.iter_mut().all(|stream| stream.try_read(&mut [0]).is_err()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_agrees_on_keys_over_a_finite_field_once_and_on_curves_again_and_again() {
    let mut made = None;
    let place = Place::new(|directory| login(&[made.insert(key(directory, "mine", ED25519))], None)).await;
    let mine = made.unwrap();
    let words = ["-o", "BatchMode=yes", "-o", "RekeyLimit=16K", "-i", mine.file.to_str().unwrap(), "-o"];
    let text = format!("echo {}", "a".repeat(100_000));
    for (exchange, status) in [("KexAlgorithms=ecdh-sha2-nistp256", 0), (FINITE_FIELD, 255)] {
        let seen = place.ssh().run(&[&words[..], &[exchange]].concat(), &[&text]).await;
        assert_eq!(seen.status, Some(status), "{exchange}: {}", seen.err);
    }
    assert_eq!(place.enters(&mine, &[FINITE_FIELD]).await, good("root\n"));
}

async fn answers(client: &mut Handle<Trusting>, passwords: &[&str]) -> Answer {
    let asked = client.authenticate_keyboard_interactive_start("root", None::<String>).await.unwrap();
    let Answer::InfoRequest { prompts, .. } = asked else { return asked };
    assert_eq!(prompts.len(), 1);
    assert!(prompts[0].prompt == "Password: " && !prompts[0].echo, "{prompts:?}");
    client
        .authenticate_keyboard_interactive_respond(passwords.iter().map(|password| (*password).into()).collect())
        .await
        .unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_password_enters_by_keyboard_interactive_where_it_enters_at_all() {
    let harness = Harness::new().await;
    let mut client = harness.stranger(None).await.unwrap();
    assert!(matches!(answers(&mut client, &["wrong"]).await, Answer::Failure { .. }));
    assert!(matches!(answers(&mut client, &[PASSWORD, "more"]).await, Answer::Failure { .. }), "one was asked for");
    assert!(matches!(answers(&mut client, &[PASSWORD]).await, Answer::Success));
    assert_eq!(run(&client, "whoami").await.out, "root\n");
    // Without a password no question is asked.
    let definition = definition("boot-ms=1");
    harness.driver.define(&definition).await.unwrap();
    harness.driver.start(definition.id).await.unwrap();
    until(&harness.driver, definition.id, |observed| observed.power == Power::Running).await;
    let stream = harness.driver.connect(definition.id, None).await.unwrap();
    let mut client = russh::client::connect_stream(Default::default(), stream, Trusting).await.unwrap();
    let asked = client.authenticate_keyboard_interactive_start("root", None::<String>).await.unwrap();
    assert!(matches!(asked, Answer::Failure { .. }), "{asked:?}");
}

//! A server that stops or is killed: machines run on, nothing that was answered is lost, and a directory has one server
//! at a time.

use crate::support::{
    self, Chance, GUEST_TAG, Home, Server,
    http::{Client, LEGACY, Refused},
    machines, ssh,
    ssh::Key,
};
use rusqlite::Connection;
use serde_json::json;
use std::{
    io::{BufRead, BufReader, Write},
    os::unix::{
        fs::DirBuilderExt,
        net::{UnixListener, UnixStream},
    },
    process::{Command, Stdio},
};

const KEY: &str = "skey-stays001";
const ID: &str = "ins-goeson01";

fn home(guest: &str, state: &str) -> (Home, Key) {
    let home = Home::new();
    let key = Key::new(&home, "stays");
    let seed = json!({
        "KeyPairs": [{"KeyId": KEY, "PublicKey": key.public}],
        "Instances": [{
            "InstanceId": ID,
            "InstanceState": state,
            "LoginSettings": {"KeyIds": [KEY]},
            "Tags": [{"Key": GUEST_TAG, "Value": guest}],
        }],
    });
    (home.seed(seed), key)
}

#[test]
fn a_seed_that_was_interrupted_goes_on_and_is_not_served_half_done() {
    let (home, key) = home("boot-ms=1500", "RUNNING");
    let mut serve = home.serve();
    let mut first = serve.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let begun = || {
        let wal = std::fs::read(home.data().join("state/log.db-wal")).unwrap_or_default();
        wal.windows(10).any(|bytes| bytes == b"\"UnderWay\"")
    };
    support::until("the seed has begun", begun);
    first.kill().unwrap();
    first.wait().unwrap();
    let mut bare = home.cvmd(&["serve", "--listen", "127.0.0.1:0"]);
    let why = home.refuses_to_serve(bare.arg("--data").arg(home.data()));
    assert!(why.contains("the loading of a seed was interrupted"), "{why}");
    let server = home.start();
    let instance = machines::instance(&server.client, ID);
    assert_eq!(instance["InstanceState"], "RUNNING");
    assert!(instance["LatestOperation"].is_null(), "no request asked for it: {instance}");
    ssh::with_key(&instance, &key, "true").entered();
    server.stop();
}

#[test]
fn a_restart_is_no_reboot() {
    let (home, key) = home("boot-ms=100", "RUNNING");
    let mut server = home.start();
    let before = machines::instance(&server.client, ID);
    let boot = ssh::with_key(&before, &key, ssh::BOOT).entered().to_owned();
    let row = machines::row(&home, ID);
    for killed in [false, true] {
        if killed {
            server.kill();
        } else {
            server.stop();
        }
        assert_eq!(ssh::with_key(&before, &key, "true").status, 255, "nobody answers while the server is away");
        server = home.start();
        // Right away, without waiting for anything.
        let instance = machines::instance(&server.client, ID);
        assert_eq!(ssh::with_key(&instance, &key, ssh::BOOT).entered(), boot);
        assert_eq!(instance["InstanceState"], "RUNNING");
        assert_eq!(machines::row(&home, ID), row, "no power cycle, nothing else either");
    }
    server.stop();
}

#[test]
fn a_boot_in_progress_ends_by_itself() {
    let (home, key) = home("boot-ms=1500", "STOPPED");
    let server = home.start();
    server.client.call("StartInstances", json!({"InstanceIds": [ID]}));
    support::until("the machine boots", || machines::row(&home, ID).boot_count == 1);
    server.kill();
    let row = machines::row(&home, ID);
    let server = home.start();
    let instance = machines::running(&server.client, ID);
    let boot = ssh::with_key(&instance, &key, ssh::BOOT).entered().trim().to_owned();
    assert_eq!(boot, row.boot.0.to_string(), "the boot that had begun");
    assert_eq!(machines::row(&home, ID).boot_count, 1);
    server.stop();
}

#[test]
fn what_was_answered_survives_kill_9() {
    let home = Home::new();
    let mut chance = Chance(3);
    let public = |number| {
        let key = Key::new(&home, &format!("imported{number}"));
        key.public
    };
    let mut known: Vec<(String, String, String)> = Vec::new();
    for number in 0..15 {
        let server = home.start();
        check(&server, &known);
        let client = &server.client;
        let name = format!("key_{number}");
        // Two commands, then the kill right after the answer of the second.
        let id = if chance.between(0, 1) == 0 {
            let made = client.call("CreateKeyPair", json!({"KeyName": name, "ProjectId": 0}));
            made["KeyPair"]["KeyId"].as_str().unwrap().to_owned()
        } else {
            let parameters = json!({"KeyName": name, "ProjectId": 0, "PublicKey": public(number)});
            client.call("ImportKeyPair", parameters)["KeyId"].as_str().unwrap().to_owned()
        };
        known.push((id, name, String::new()));
        if chance.between(0, 2) > 0 {
            let at = usize::try_from(chance.between(0, known.len() as u64 - 1)).unwrap();
            let (id, name, description) = &mut known[at];
            (*name, *description) = (format!("renamed_{number}"), format!("in round {number}"));
            let parameters = json!({"KeyId": id, "KeyName": name, "Description": description});
            client.call("ModifyKeyPairAttribute", parameters);
        }
        if number % 5 == 4 {
            let (id, ..) = known.remove(0);
            client.call("DeleteKeyPairs", json!({"KeyIds": [id]}));
        }
        server.kill();
    }
    let server = home.start();
    check(&server, &known);
    server.stop();
}

fn check(server: &Server, known: &[(String, String, String)]) {
    let answer = server.client.call("DescribeKeyPairs", json!({"Limit": 100}));
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let found = answer["KeyPairSet"].as_array().unwrap().iter();
    let found: Vec<_> =
        found.map(|key| (text(&key["KeyId"]), text(&key["KeyName"]), text(&key["Description"]))).collect();
    // Newest first.
    assert_eq!(found, known.iter().rev().cloned().collect::<Vec<_>>());
}

#[test]
fn a_command_of_the_legacy_dialect_runs_once_across_restarts_too() {
    let home = Home::new();
    let server = home.start();
    let signed = |client: &Client, action: &str, parameters: &[(&str, &str)]| {
        client.signed_query(LEGACY, &client.v1(action, parameters))
    };
    let command = signed(&server.client, "CreateKeyPair", &[("KeyName", "once"), ("ProjectId", "0")]);
    // Refused by the rules, and journaled all the same.
    let refused = signed(&server.client, "DeleteKeyPairs", &[("KeyIds.1", "skey-nowhere1")]);
    let query = signed(&server.client, "DescribeKeyPairs", &[]);
    let replayed = |server: &Server, bytes: &[u8]| match server.client.send(bytes).unwrap().answer() {
        Err(Refused { code, .. }) => code,
        Ok(answer) => panic!("carried out again: {answer}"),
    };
    server.client.send(&command).unwrap().answer().unwrap();
    assert_eq!(replayed(&server, &refused), "InvalidKeyPairId.NotFound");
    server.client.send(&query).unwrap().answer().unwrap();
    for bytes in [&command, &refused, &query] {
        assert_eq!(replayed(&server, bytes), "InvalidRequest.ReplayAttack");
    }
    server.kill();
    let server = home.start();
    for bytes in [&command, &refused] {
        // The signature covers the host and port that the client used; the old port is still in it.
        assert_eq!(replayed(&server, bytes), "InvalidRequest.ReplayAttack");
    }
    assert_eq!(server.client.call("DescribeKeyPairs", json!({}))["TotalCount"], 1);
    server.stop();
}

#[test]
fn one_directory_has_one_server() {
    let home = Home::new();
    let server = home.start();
    let message = home.refuses_to_serve(&mut home.serve());
    assert!(
        message.contains("another cvmd is running on") && message.contains(home.data().to_str().unwrap()),
        "{message}"
    );
    assert!(server.is_healthy(), "the first one does not mind");
    server.kill();
    home.start().stop();
}

#[test]
fn a_start_waits_for_the_server_that_was_asked_to_stop() {
    let home = Home::new();
    for _ in 0..3 {
        let server = home.start();
        server.signal("-TERM");
        // Right away, as when both lines are pasted together.
        home.start().stop();
        drop(server);
    }
    // With a busy guest it takes longer to stop than a start waits.
    let server = home.start();
    machines::write_slowly(&server.client);
    server.signal("-TERM");
    home.start().stop();
    drop(server);
}

#[test]
fn a_missing_master_key_is_asked_for_and_never_made_anew() {
    let home = Home::new().expecting("master.key is another than");
    home.start().stop();
    let (key, aside) = (home.data().join("master.key"), home.data().join("aside"));
    std::fs::rename(&key, &aside).unwrap();
    let message = home.refuses_to_serve(&mut home.serve());
    assert!(message.contains("master.key is missing") && message.contains("put it back"), "{message}");
    assert!(!key.exists(), "another key would hide that the right one is gone");
    // The master key of another directory opens nothing that was sealed here.
    let other = Home::new();
    other.start().stop();
    std::fs::copy(other.data().join("master.key"), &key).unwrap();
    let log = home.start().stop();
    assert!(log.contains("master.key is another than the one that sealed this credential"), "{log}");
    std::fs::rename(&aside, &key).unwrap();
    home.start().stop();
}

#[test]
fn what_stands_in_the_way_in_a_directory_is_named_and_stays_as_it_is() {
    let home = Home::new();
    home.start().stop();
    let lock = home.data().join("lock");
    std::fs::remove_file(&lock).unwrap();
    for name in ["lock", "machines", "machines/log.db-wal", "state.db-journal", "failure"] {
        let (file, aside) = (home.data().join(name), home.data().join("aside"));
        let was_there = std::fs::rename(&file, &aside).is_ok();
        assert!(Command::new("mkfifo").arg(&file).status().unwrap().success());
        let message = home.refuses_to_serve(&mut home.serve());
        assert!(message.contains(&format!("{name} is in the way")), "{message}");
        std::fs::remove_file(&file).unwrap();
        if was_there {
            std::fs::rename(&aside, &file).unwrap();
        }
    }
    let theirs = home.data().join("theirs");
    std::os::unix::fs::symlink(&theirs, &lock).unwrap();
    let message = home.refuses_to_serve(&mut home.serve());
    assert!(message.contains("lock is another program's") && !theirs.exists(), "{message}");
    std::fs::remove_file(&lock).unwrap();
    std::fs::write(&theirs, "an important text").unwrap();
    for link in [true, false] {
        if link {
            std::os::unix::fs::symlink(&theirs, &lock).unwrap()
        } else {
            std::fs::rename(&theirs, &lock).unwrap()
        }
        let message = home.refuses_to_serve(&mut home.serve());
        assert!(message.contains("lock is another program's"), "{message}");
        assert_eq!(std::fs::read_to_string(&lock).unwrap(), "an important text");
        std::fs::remove_file(&lock).unwrap();
    }
    home.start().stop();
}

#[test]
fn what_another_program_keeps_under_our_names_is_named_and_stays() {
    let home = Home::new();
    std::fs::DirBuilder::new().mode(0o700).create(home.data()).unwrap();
    for (name, message) in [
        ("endpoint", "endpoint is another program's"),
        ("credential", "credential is another program's"),
        ("cvmd.sock", "cvmd.sock is in the way: it is no socket"),
    ] {
        let file = home.data().join(name);
        std::fs::write(&file, "an important text").unwrap();
        let refused = home.refuses_to_serve(&mut home.serve());
        assert!(refused.contains(message), "{refused}");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "an important text");
        std::fs::remove_file(&file).unwrap();
        assert_eq!(std::fs::read_dir(home.data()).unwrap().count(), 0, "nothing was made");
    }
    let theirs = UnixListener::bind(home.data().join("cvmd.sock")).unwrap();
    let refused = home.refuses_to_serve(&mut home.serve());
    assert!(refused.contains("another program listens at") && refused.contains("cvmd.sock"), "{refused}");
    assert!(UnixStream::connect(home.data().join("cvmd.sock")).is_ok(), "it is theirs still");
    assert_eq!(std::fs::read_dir(home.data()).unwrap().count(), 1, "nothing was made");
    // A socket that a dead server left is replaced.
    drop(theirs);
    home.start().kill();
    home.start().stop();
}

#[test]
fn of_several_starts_at_once_the_good_one_starts() {
    let home = Home::new();
    let seed = home.beside("bad.json");
    std::fs::write(&seed, r#"{"KeyPairs": [{"KeyId": "no id"}]}"#).unwrap();
    let bad = || {
        let mut serve = home.serve();
        serve.arg("--seed").arg(&seed).stdout(Stdio::null()).stderr(Stdio::null());
        serve.spawn().unwrap()
    };
    for _ in 0..5 {
        let mut others: Vec<_> = (0..3).map(|_| bad()).collect();
        let server = home.start();
        others.extend((0..2).map(|_| bad()));
        for mut other in others {
            assert!(!other.wait().unwrap().success());
        }
        assert!(server.is_healthy());
        server.stop();
        std::fs::remove_dir_all(home.data()).unwrap();
    }
}

#[test]
fn a_newer_schema_is_refused_clearly() {
    let home = Home::new();
    home.start().stop();
    for name in ["state", "machines"] {
        let path = home.data().join(name).join("log.db");
        let version = |version: Option<i64>| {
            let connection = Connection::open(&path).unwrap();
            if let Some(version) = version {
                connection.pragma_update(None, "user_version", version).unwrap();
            }
            connection.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).unwrap()
        };
        let known = version(None);
        version(Some(known + 1));
        let message = home.refuses_to_serve(&mut home.serve());
        assert!(message.contains("newer") && message.contains(&(known + 1).to_string()), "{name}: {message}");
        assert_eq!(version(None), known + 1, "nothing was written");
        version(Some(known));
    }
    home.start().stop();
}

#[test]
fn an_open_session_lives_until_its_machine_goes_off() {
    let (home, key) = home("boot-ms=100,shutdown-ms=100", "RUNNING");
    let server = home.start();
    let instance = machines::instance(&server.client, ID);
    let mut session = Command::new("ssh")
        .args(["-T", "-F", "none", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"])
        .args(["-o", "LogLevel=ERROR", "-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none", "-i"])
        .arg(&key.file)
        .arg("-p")
        .arg(instance["DefaultLoginPort"].to_string())
        .arg(format!("root@{}", instance["PrivateIpAddresses"][0].as_str().unwrap()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut typed = session.stdin.take().unwrap();
    let mut shown = BufReader::new(session.stdout.take().unwrap()).lines();
    writeln!(typed, "whoami").unwrap();
    assert_eq!(shown.next().unwrap().unwrap(), "root");
    let parameters = json!({"InstanceIds": [ID], "KeyIds": [KEY], "ForceStop": true});
    server.client.call("DisassociateInstancesKeyPairs", parameters);
    // Its machine is powered off: the session ends by itself, not because we close it.
    support::until("the open session ends", || session.try_wait().unwrap().is_some());
    drop(typed);
    let instance = machines::running(&server.client, ID);
    ssh::with_key(&instance, &key, "true").refused();
    assert!(!ssh::methods(&instance).contains(&"password".to_owned()), "nobody is admitted");
    server.stop();
}

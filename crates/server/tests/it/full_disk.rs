//! A full disk while the server runs: health reports it, and reports when it is over.

use crate::support::{Home, Server, machines, until};
use serde_json::json;
use std::process::Command;

/// Limits the size of the server's files, like a quota.
fn limit_files(server: &Server, most: &str) {
    let pid = server.pid().to_string();
    let done = Command::new("prlimit").args(["--pid", &pid, &format!("--fsize={most}:unlimited")]).status();
    assert!(done.unwrap().success());
}

#[test]
fn a_start_on_a_full_disk_leaves_nothing_half_written() {
    let home = Home::new();
    let serve = home.serve();
    let mut shell = Command::new("sh");
    // No file may grow. By default the system would end the process.
    shell.args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""]).arg(serve.get_program()).args(serve.get_args());
    shell.envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let message = home.refuses_to_serve(&mut shell);
    assert!(message.contains("cannot write"), "{message}");
    let left: Vec<_> = std::fs::read_dir(home.data()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn a_disk_that_fails_is_reported_by_health_and_nothing_is_written_until_the_next_start() {
    // The machines' store logs it too.
    let home = Home::new().expecting("the disk cannot be written to").expecting("could not be committed");
    let serve = home.serve();
    let mut shell = Command::new("sh");
    // By default the system would end the process.
    shell.args(["-c", "trap '' XFSZ; exec \"$0\" \"$@\""]).arg(serve.get_program()).args(serve.get_args());
    shell.envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let server = home.start_as(shell);
    let client = &server.client;
    machines::run(client, "boot-ms=50", json!({"Password": "FullDisk+Passw0rd"}));
    let log_bytes = std::fs::metadata(home.data().join("state/log.db-wal")).unwrap().len();
    limit_files(&server, &log_bytes.to_string());
    let make = |name: &str| client.answer("CreateKeyPair", json!({"KeyName": name, "ProjectId": 0}));
    // Not the first write, for which the log has room.
    until("a write fails", || make(&format!("k{}", server.metric("cvmd_commits_total "))).is_err());
    let health = client.get("/_cvmd/health").unwrap();
    let message = String::from_utf8(health.body).unwrap();
    assert_eq!(health.status, 503, "{message}");
    assert!(
        message.starts_with("changes are refused, ") && message.contains("the disk cannot be written to"),
        "{message}"
    );
    assert!(message.contains("until the next start") && !message.contains("make room"), "{message}");
    assert_eq!(server.metric("cvmd_state_writable "), 0);
    // The log may be on the same disk.
    (0..200).for_each(|number| assert!(make(&format!("more-{number}")).is_err()));
    client.call("DescribeInstances", json!({}));
    limit_files(&server, "unlimited");
    // What became of the write that failed is not guessed: only a start reads what is there.
    assert!(make("after").is_err() && !server.is_healthy());
    let lines = server.stop().matches("ERROR").count();
    assert!(lines < 60, "{lines} lines");
    let server = home.start();
    assert!(server.is_healthy());
    server.client.call("CreateKeyPair", json!({"KeyName": "after", "ProjectId": 0}));
    server.stop();
}

#[test]
fn machines_that_can_no_longer_be_changed_are_reported_by_health_until_the_next_start() {
    let home = Home::new()
        .expecting("nothing more is written")
        .expecting("rows was not written")
        .expecting("an effect failed");
    let server = home.start();
    let client = &server.client;
    let id = machines::run(client, "boot-ms=50", json!({"Password": "FullDisk+Passw0rd"}))["InstanceId"].clone();
    // Their database takes nothing any more.
    let other = rusqlite::Connection::open(home.data().join("machines/log.db")).unwrap();
    other.execute_batch("CREATE TRIGGER no BEFORE INSERT ON log BEGIN SELECT RAISE(ABORT, 'no'); END").unwrap();
    client.call("StopInstances", json!({"InstanceIds": [id], "StopType": "HARD"}));
    until("the driver gives up", || !server.is_healthy());
    let message = String::from_utf8(client.get("/_cvmd/health").unwrap().body).unwrap();
    assert!(message.starts_with("no machine can be changed: "), "{message}");
    assert!(
        message.contains("machines/log.db: a group could not be written, and nothing more is written until"),
        "{message}"
    );
    assert_eq!(server.metric("cvmd_state_writable "), 1);
    server.stop();
    other.execute_batch("DROP TRIGGER no").unwrap();
    drop(other);
    let server = home.start();
    assert!(server.is_healthy());
    let id = id.as_str().unwrap();
    assert_eq!(machines::settled(&server.client, id)["InstanceState"], "STOPPED");
    server.stop();
}

#[test]
fn what_another_program_has_locked_is_gone_on_with_when_it_lets_go() {
    let home = Home::new().expecting("has it locked for writing").expecting("could not be committed");
    let server = home.start();
    let client = &server.client;
    let id = machines::run(client, "boot-ms=50", json!({"Password": "FullDisk+Passw0rd"}))["InstanceId"].clone();
    let lock = |truth: &str| {
        let other = rusqlite::Connection::open(home.data().join(truth).join("log.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        other
    };
    let make = |name: &str| client.answer("CreateKeyPair", json!({"KeyName": name, "ProjectId": 0}));
    let other = lock("state");
    assert!(make("refused").is_err());
    let message = String::from_utf8(client.get("/_cvmd/health").unwrap().body).unwrap();
    assert!(message.contains("state/log.db: another program, such as sqlite3, has it locked"), "{message}");
    drop(other);
    until("the server is healthy again", || server.is_healthy());
    make("made").unwrap();
    let other = lock("machines");
    client.call("StopInstances", json!({"InstanceIds": [id], "StopType": "HARD"}));
    until("an effect has failed", || server.metric("cvmd_effects_failed_total ") > 0);
    drop(other);
    let instance = machines::settled(client, id.as_str().unwrap());
    assert_eq!((&instance["InstanceState"], &instance["LatestOperationState"]), (&json!("STOPPED"), &json!("SUCCESS")));
    assert!(server.is_healthy());
    server.stop();
    home.is_whole();
}

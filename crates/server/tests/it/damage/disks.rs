//! Disks that cannot be written to: read-only ones and full ones, each mounted for the commands of one test alone.

use super::{bytes, copy, used};
use crate::support::{self, Home, Server, machines, until};
use serde_json::json;
use std::{
    path::Path,
    process::{Command, Output},
};

/// Runs a script in a mount namespace of its own, with `$0` for cvmd and `$D` for the data directory; None, said aloud, where
/// that is not allowed.
fn mounted(home: &Home, script: &str) -> Option<Output> {
    let may = Command::new("unshare").args(["-m", "mount", "-t", "tmpfs", "none", "/mnt"]).output();
    if !may.as_ref().is_ok_and(|may| may.status.success()) {
        eprintln!("SKIPPED: this test mounts a disk of its own, which needs `unshare -m` and root: {may:?}");
        return None;
    }
    let cvmd = home.cvmd(&[]);
    let mut shell = Command::new("unshare");
    shell.args(["-m", "sh", "-ec", script]).arg(cvmd.get_program()).env("D", home.data());
    shell.envs(cvmd.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let output = shell.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("panicked"), "{said}");
    Some(output)
}

const READ_ONLY: &str = "mount --bind \"$D\" \"$D\"; mount -o remount,bind,ro \"$D\"; ";
const SERVE: &str = "timeout 30 \"$0\" serve --listen 127.0.0.1:0 --ssh-ports 0 --data \"$D\" || echo ended with $?";

#[test]
fn a_read_only_disk_can_be_checked_dumped_and_backed_up_and_not_served() {
    let home = used();
    if mounted(&home, "true").is_none() {
        return;
    }
    let before = bytes(&home.data());
    let copies = "\"$0\" backup \"$D.copy\" --data \"$D\" --output json; \"$0\" state check --data \"$D.copy\"";
    let output = mounted(&home, &format!("{READ_ONLY} {copies}")).unwrap();
    assert!(support::text(&output).contains("is whole"));
    std::fs::remove_file(home.data().join("lock")).unwrap();
    std::fs::remove_dir_all(home.beside("data.copy")).unwrap();
    let script =
        format!("{READ_ONLY} {copies}; \"$0\" state check --data \"$D\"; \"$0\" state dump --data \"$D\"; {SERVE}");
    let output = mounted(&home, &script).unwrap();
    let (out, err) = (support::text(&output), String::from_utf8_lossy(&output.stderr));
    assert!(
        out.matches("is whole").count() == 2 && out.contains("\"in\":\"machines\"") && out.ends_with("ended with 1\n"),
        "{out}"
    );
    let log = home.data().join("state/log.db");
    assert!(err.contains(&format!("cannot write {}: Read-only file system", log.display())), "{err}");
    assert!(bytes(&home.data()) == before);
    let new = Home::new();
    std::fs::create_dir(new.data()).unwrap();
    let output = mounted(&new, &format!("{READ_ONLY} {SERVE}")).unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    let said = format!("cannot use the data directory {}: Read-only file system", new.data().display());
    assert!(err.contains(&said), "{err}");
}

#[test]
fn a_full_disk_can_be_checked_and_not_served_and_serves_again_when_there_is_room() {
    let home = used();
    let full = copy(&home);
    let script = format!(
        "mv \"$D\" \"$D.away\"; mkdir -m 700 \"$D\"; mount -t tmpfs -o size=2m,mode=700 none \"$D\"; cp -a \"$D.away/.\" \"$D/\";
         cat /dev/zero > \"$D/fill\" 2>/dev/null || true
         \"$0\" state check --data \"$D\"; {SERVE}
         rm \"$D/fill\"; \"$0\" state check --data \"$D\"
         timeout --signal=TERM 3 \"$0\" serve --listen 127.0.0.1:0 --ssh-ports 0 --data \"$D\" || true
         \"$0\" state check --data \"$D\""
    );
    let Some(output) = mounted(&full, &script) else { return };
    let (out, err) = (support::text(&output), String::from_utf8_lossy(&output.stderr));
    assert_eq!(out.matches("is whole").count(), 3, "{out}{err}");
    assert!(out.contains("ended with 1\n") && out.contains("listening on "), "{out}{err}");
    assert!(err.contains("/state/log.db: the disk cannot be written to or read, as when it is full"), "{err}");
}

#[test]
fn a_first_start_on_a_disk_that_is_too_small_says_so_and_leaves_nothing() {
    let home = Home::new();
    std::fs::create_dir(home.data()).unwrap();
    // Room for nothing; for half a state; for a state, and no machines.
    for kib in [4, 16, 32, 64, 96, 128, 160, 192] {
        let script = format!("mount -t tmpfs -o size={kib}k,mode=700 none \"$D\"; {SERVE}; ls \"$D\"");
        let Some(output) = mounted(&home, &script) else { return };
        let (out, err) = (support::text(&output), String::from_utf8_lossy(&output.stderr));
        // A note with the reason is there where there is room for it.
        assert!(["ended with 1\n", "ended with 1\nfailure\n"].contains(&&*out), "{kib}: {out}{err}");
        let is_named = err.contains(&format!("{}/", home.data().display()));
        assert!(is_named && ["full", "No space left"].iter().any(|word| err.contains(word)), "{kib}: {err}");
    }
}

/// A server that has a small disk at `place`, and a file that fills it; None where that is not allowed.
fn on_a_small_disk(home: &Home, place: &Path) -> Option<(Server, String)> {
    std::fs::create_dir_all(place).unwrap();
    mounted(home, "true")?;
    let serve = home.serve();
    let mut shell = Command::new("unshare");
    let script = "mount -t tmpfs -o size=4m,mode=700 none \"$P\"; exec \"$0\" \"$@\"";
    shell.args(["-m", "sh", "-ec", script]).arg(serve.get_program()).args(serve.get_args()).env("P", place);
    shell.envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let server = home.start_as(shell);
    // The disk as the server sees it.
    let fill = format!("/proc/{}/root{}/fill", server.pid(), place.display());
    Some((server, fill))
}

/// Fills the disk, which health tells of before anything is refused.
fn fill_up(server: &Server, fill: &str) {
    assert!(!Command::new("sh").args(["-c", "cat /dev/zero > \"$0\"", fill]).output().unwrap().status.success());
    until("health tells of it", || health(server).starts_with("changes may be refused at any time: "));
    assert_eq!(server.metric("cvmd_state_writable "), 1);
}

fn health(server: &Server) -> String {
    String::from_utf8(server.client.get("/_cvmd/health").unwrap().body).unwrap()
}

#[test]
fn a_full_disk_of_the_machines_alone_is_told_by_health_until_there_is_room() {
    let home = Home::new().expecting("full").expecting("0700 is safer");
    let Some((server, fill)) = on_a_small_disk(&home, &home.data().join("machines")) else { return };
    let client = &server.client;
    let instance = machines::run(client, "boot-ms=1", json!({"Password": "FullDisk+Passw0rd"}));
    let id = instance["InstanceId"].as_str().unwrap();
    fill_up(&server, &fill);
    // What SQLite's log has room for is still written.
    until("a machine cannot be changed", || {
        if machines::instance(client, id)["InstanceState"] == "RUNNING" {
            client.call("StopInstances", json!({"InstanceIds": [id], "StopType": "HARD"}));
        } else {
            client.call("StartInstances", json!({"InstanceIds": [id]}));
        }
        machines::settled(client, id);
        health(&server).starts_with("no machine can be changed: ")
    });
    assert!(health(&server).contains("/machines/log.db: the disk is full: make room, and it goes on"));
    client.call("CreateKeyPair", json!({"KeyName": "meanwhile", "ProjectId": 0}));
    std::fs::remove_file(fill).unwrap();
    until("the server is healthy again", || server.is_healthy());
    server.stop();
}

#[test]
fn a_disk_that_fills_up_under_a_server_loses_nothing_and_is_gone_on_with_when_there_is_room() {
    let home = Home::new().expecting("full");
    let Some((server, fill)) = on_a_small_disk(&home, &home.data()) else { return };
    let client = &server.client;
    let instance = machines::run(client, "boot-ms=1", json!({"Password": "FullDisk+Passw0rd"}));
    let id = instance["InstanceId"].as_str().unwrap();
    fill_up(&server, &fill);
    let rename =
        |name: &str| client.answer("ModifyInstancesAttribute", json!({"InstanceIds": [id], "InstanceName": name}));
    let mut last = instance["InstanceName"].as_str().unwrap().to_owned();
    until("a change is refused", || {
        let name = format!("named-{}", server.metric("cvmd_commits_total "));
        let is_made = rename(&name).is_ok();
        if is_made {
            last = name;
        }
        !is_made
    });
    let said = health(&server);
    assert!(said.starts_with("changes are refused, ") && said.contains("make room"), "{said}");
    assert_eq!(machines::instance(client, id)["InstanceName"], *last, "reads go on, without what was refused");
    std::fs::remove_file(fill).unwrap();
    until("the server is healthy again", || server.is_healthy());
    rename("after").unwrap();
    let mut check = Command::new("nsenter");
    check.args(["-m", "-t", &server.pid().to_string()]).arg(home.cvmd(&[]).get_program());
    let checked = check.args(["state", "check", "--data"]).arg(home.data()).output().unwrap();
    assert!(support::text(&checked).contains("is whole"), "{checked:?}");
    server.stop();
}

#[test]
fn a_small_disk_is_not_filled_by_the_logs_of_a_server_that_is_told_so() {
    let home = Home::new().flag("--snapshot-kib", "256").expecting("nearly full");
    std::fs::create_dir(home.data()).unwrap();
    if mounted(&home, "true").is_none() {
        return;
    }
    let serve = home.serve();
    let mut shell = Command::new("unshare");
    let script = "mount -t tmpfs -o size=2500k,mode=700 none \"$D\"; exec \"$0\" \"$@\"";
    shell.args(["-m", "sh", "-ec", script]).arg(serve.get_program()).args(serve.get_args()).env("D", home.data());
    for (name, value) in serve.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    let server = home.start_as(shell);
    let client = &server.client;
    let id = machines::run(client, "boot-ms=1", json!({"Password": "FullDisk+Passw0rd"}))["InstanceId"].clone();
    // Each writes some pages of 8 KiB to SQLite's own log.
    for number in 0..600 {
        let name = format!("{number:060}");
        client.call("ModifyInstancesAttribute", json!({"InstanceIds": [id], "InstanceName": name}));
    }
    server.stop();
}

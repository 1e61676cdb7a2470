//! Standard output and standard error that cannot be written to: nothing crashes, and a secret that is shown once is
//! not lost.

use crate::support::{self, Home, http::Client, machines, until};
use serde_json::{Value, json};
use std::{
    fs::File,
    io::{BufRead, BufReader, Read},
    process::{Child, Command, Output, Stdio},
};

/// The write end of a pipe without a reader.
fn closed_pipe() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn full_disk() -> Stdio {
    File::options().write(true).open("/dev/full").unwrap().into()
}

fn complaint(output: &Output) -> String {
    let message = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!message.contains("panicked"), "{message}");
    message
}

fn client_of(stdout: &mut impl Read) -> Client {
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).unwrap();
    let address = cvmd_testkit::listening_address(&line).expect("it prints where it listens");
    Client { address, secret_id: support::SECRET_ID.into(), secret_key: support::SECRET_KEY.into(), host: None }
}

fn stops_well(mut server: Child) {
    assert!(Command::new("kill").args(["-TERM", &server.id().to_string()]).status().unwrap().success());
    let mut ended = None;
    until("the server stops", || {
        ended = server.try_wait().unwrap();
        ended.is_some()
    });
    assert_eq!(ended.unwrap().code(), Some(0));
}

#[test]
fn a_log_that_cannot_be_written_costs_nobody_an_answer() {
    for stderr in [closed_pipe, full_disk] {
        let home = Home::new();
        let mut server = home.serve().stdout(Stdio::piped()).stderr(stderr()).spawn().unwrap();
        let client = client_of(server.stdout.as_mut().unwrap());
        for _ in 0..20 {
            client.call("DescribeZones", json!({}));
        }
        let run = json!({"Placement": {"Zone": "ap-guangzhou-3"}, "ImageId": "img-487zeit5"});
        client.call("RunInstances", run);
        assert_eq!(client.call("DescribeInstances", json!({}))["TotalCount"], 1, "a change is answered once");
        until("the lost lines are counted", || {
            let page = String::from_utf8(client.get("/_cvmd/metrics").unwrap().body).unwrap();
            let lost = page.lines().find_map(|line| line.strip_prefix("cvmd_log_lines_lost_total ")).unwrap();
            lost.parse::<u64>().unwrap() >= 20
        });
        stops_well(server);
    }
}

#[test]
fn a_log_that_nobody_reads_holds_nobody_up() {
    let home = Home::new();
    let (reader, writer) = std::io::pipe().unwrap();
    let mut server = home.serve().args(["--log", "debug"]).stdout(Stdio::piped()).stderr(writer).spawn().unwrap();
    let client = client_of(server.stdout.as_mut().unwrap());
    // A pipe holds 64 KiB; a line of these is longer than 100 bytes.
    for _ in 0..1_500 {
        client.call("DescribeZones", json!({}));
    }
    stops_well(server);
    drop(reader);
}

#[test]
fn a_server_that_cannot_announce_itself_serves() {
    for stdout in [closed_pipe, full_disk] {
        let home = Home::new();
        let server = home.serve().stdout(stdout()).stderr(Stdio::null()).spawn().unwrap();
        until("it answers", || home.ask(&["env"]).status.success());
        stops_well(server);
    }
}

#[test]
fn every_command_ends_quietly_at_a_closed_pipe_and_complains_of_a_full_disk() {
    let home = Home::new();
    let server = home.start();
    let machine = machines::run(&server.client, "boot-ms=50", json!({"Password": "Printing+Passw0rd"}));
    let id = machine["InstanceId"].as_str().unwrap();
    // Leaves a message, which is never shown here.
    machines::run(&server.client, "boot-ms=50", Value::Null);
    let request =
        server.client.call("StopInstances", json!({"InstanceIds": [id]}))["RequestId"].as_str().unwrap().to_owned();
    let data = home.data();
    let data = ["--data", data.to_str().unwrap()];
    for (words, asks) in [
        (vec!["env"], true),
        (vec!["env", "--for", "python"], true),
        (vec!["ca"], true),
        (vec!["account", "list"], true),
        (vec!["credential", "list", "--output", "json"], true),
        (vec!["request", &request], true),
        (vec!["messages"], true),
        (vec!["ssh-config"], true),
        (vec!["host-key", id], true),
        (vec!["login-user", id], true),
        (vec!["--help"], false),
        (vec!["--version"], false),
        (vec!["serve", "--help"], false),
        (vec!["demo"], false),
    ] {
        let run = |stdout: Stdio| {
            let mut command = home.cvmd(&words);
            command.args(if asks { &data[..] } else { &[] });
            command.stdout(stdout).stderr(Stdio::piped()).output().unwrap()
        };
        let closed = run(closed_pipe());
        assert_eq!((closed.status.code(), complaint(&closed).as_str()), (Some(141), ""), "{words:?}");
        let full = run(full_disk());
        let message = complaint(&full);
        assert_eq!(full.status.code(), Some(1), "{words:?}: {message}");
        assert_eq!(message.trim_end(), "cvmd: cannot write to standard output: No space left on device", "{words:?}");
    }
    // An error of the command line goes to stderr, which is closed here.
    let unheard = home.cvmd(&["nonsense"]).stdout(Stdio::null()).stderr(full_disk()).status().unwrap();
    assert_eq!(unheard.code(), Some(1));
    let unheard = home.cvmd(&["env", "--data", "/nowhere"]).stderr(closed_pipe()).status().unwrap();
    assert_eq!(unheard.code(), Some(1));
    server.stop();
}

#[test]
fn what_is_shown_once_is_gone_only_when_it_was_shown() {
    let home = Home::new().expecting("a message cannot be shown").expecting("master.key is another than");
    let server = home.start();
    let machine = machines::run(&server.client, "boot-ms=50", Value::Null);
    let data = home.data();
    let to = |stdout: Stdio, words: &[&str]| {
        let mut command = home.cvmd(words);
        command.arg("--data").arg(&data).stdout(stdout).stderr(Stdio::piped()).output().unwrap()
    };
    // As after a shell's `>&-`: not even /dev/null is open.
    for words in [&["messages"][..], &["account", "add", "unseen"], &["credential", "add", "default"]] {
        let line = format!("exec \"$0\" {} --data \"$1\" >&-", words.join(" "));
        let mut shell = support::script("sh", &line);
        shell.arg(&data);
        let lost = shell.output().unwrap();
        assert!(!lost.status.success() && complaint(&lost).contains("it is closed"), "{words:?}: {lost:?}");
    }
    for stdout in [closed_pipe, full_disk] {
        assert!(!to(stdout(), &["messages"]).status.success());
        let lost = to(stdout(), &["account", "add", "unseen"]);
        assert_eq!(lost.status.code(), Some(1));
        assert!(complaint(&lost).contains("the account unseen was not kept"), "{lost:?}");
        let lost = to(stdout(), &["credential", "add", "default"]);
        assert_eq!(lost.status.code(), Some(1));
        assert!(complaint(&lost).contains("was not kept"), "{lost:?}");
    }
    assert_eq!(home.ask_json(&["account", "list"]).as_array().unwrap().len(), 1, "nobody has a key to the others");
    let credentials = home.ask_json(&["credential", "list"]);
    let valid = credentials.as_array().unwrap().iter().filter(|row| row["Revoked"].is_null());
    assert_eq!(valid.count(), 1, "{credentials}");
    let messages = home.ask_json(&["messages", "--delete"]);
    assert_eq!(messages[0]["InstanceId"], machine["InstanceId"], "{messages}");
    assert_eq!(home.ask_json(&["messages"]), json!([]), "once");
    // A message that was sealed with another master key stays until that key is back.
    machines::run(&server.client, "boot-ms=50", Value::Null);
    server.stop();
    let (key, away) = (data.join("master.key"), data.join("master.key.away"));
    std::fs::rename(&key, &away).unwrap();
    std::fs::write(&key, format!("{}=", "A".repeat(43))).unwrap();
    let server = home.start();
    for _ in 0..2 {
        let sealed = home.ask(&["messages"]);
        assert!(!sealed.status.success() && complaint(&sealed).contains("another master.key"), "{sealed:?}");
    }
    server.stop();
    std::fs::rename(&away, &key).unwrap();
    let server = home.start();
    assert_eq!(home.ask_json(&["messages"]).as_array().unwrap().len(), 1);
    server.stop();
}

#[test]
fn a_message_is_deleted_when_it_is_where_it_stays_and_not_before() {
    let home = Home::new();
    let server = home.start();
    let run = json!({"Placement": {"Zone": "ap-guangzhou-3"}, "ImageId": "img-487zeit5", "InstanceCount": 6});
    server.client.call("RunInstances", run);
    let all = home.ask_json(&["messages"]);
    let passwords = |messages: &Value| -> Vec<String> {
        let all = messages.as_array().unwrap().iter();
        all.map(|message| message["Password"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(passwords(&all).len(), 6);
    let shell = |line: &str| {
        let mut shell = support::script("sh", line);
        shell.arg(home.data()).current_dir(home.beside(""));
        shell.output().unwrap()
    };
    // A reader of a pipe may stop early, whatever was written into it.
    let seen = shell("\"$0\" messages --data \"$1\" | head -3");
    assert_eq!(String::from_utf8_lossy(&seen.stdout).lines().count(), 3);
    assert_eq!(home.ask_json(&["messages"]), all, "not one is lost");
    let read = shell("\"$0\" messages --data \"$1\" | cat");
    assert!(complaint(&read).contains("kept: 6 messages, as nobody can tell"), "{read:?}");
    let thrown_away = shell("\"$0\" messages --data \"$1\" > /dev/null");
    assert!(complaint(&thrown_away).contains("kept: 6 messages, as a device that is no terminal"), "{thrown_away:?}");
    assert_eq!(home.ask_json(&["messages"]), all, "nobody has read them");
    // A file that takes only its first 512 bytes: messages that are complete in it are deleted, the one that was cut is
    // not.
    let cut = shell("trap '' XFSZ; ulimit -f 1; exec \"$0\" messages --data \"$1\" > cut");
    assert!(!cut.status.success() && complaint(&cut).contains("cannot write to standard output"), "{cut:?}");
    let held = std::fs::read_to_string(home.beside("cut")).unwrap();
    let left = home.ask_json(&["messages"]);
    assert!((1..6).contains(&passwords(&left).len()), "{left}");
    for password in passwords(&all) {
        let is_left = left.to_string().contains(&password);
        assert!(is_left || held.contains(&password), "one is nowhere");
    }
    assert!(shell("\"$0\" messages --data \"$1\" > rest").status.success());
    let rest = std::fs::read_to_string(home.beside("rest")).unwrap();
    assert!(passwords(&left).iter().all(|password| rest.contains(password)));
    assert_eq!(home.ask_json(&["messages"]), json!([]));
    server.stop();
}

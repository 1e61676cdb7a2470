//! How a server and the demo end: by signals, when their directory is removed, when their parent ends.

use crate::support::{self, Home, LIMIT, http::Client, machines, until};
use cvmd_testkit::{first_line, listening_address};
use std::{
    io::{BufRead, BufReader, Read},
    net::TcpStream,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

fn send(pid: u32, signal: &str) {
    assert!(Command::new("kill").args([signal, &pid.to_string()]).status().unwrap().success());
}

fn ended(child: &mut Child, what: &str) -> ExitStatus {
    let mut ended = None;
    until(what, || {
        ended = child.try_wait().unwrap();
        ended.is_some()
    });
    ended.unwrap()
}

#[test]
fn a_slow_guest_holds_no_stop_up_and_its_operation_goes_on_afterwards() {
    let home = Home::new();
    let server = home.start();
    let id = machines::write_slowly(&server.client);
    let begun = Instant::now();
    server.stop();
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    let server = home.start();
    assert_eq!(machines::instance(&server.client, &id)["LatestOperationState"], "OPERATING");
    server.stop();
}

#[test]
fn a_second_signal_ends_a_server_at_once() {
    for (signal, code) in [("-TERM", 143), ("-INT", 130)] {
        let home = Home::new();
        let mut child = home.serve().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (line, _) = first_line(child.stdout.take().unwrap(), LIMIT).unwrap();
        let client = Client {
            address: listening_address(&line).unwrap(),
            secret_id: support::SECRET_ID.into(),
            secret_key: support::SECRET_KEY.into(),
            host: None,
        };
        machines::write_slowly(&client);
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        send(child.id(), signal);
        assert!(log.any(|line| line.unwrap().contains("stopping")));
        // A second signal right after it still counts as the first request.
        send(child.id(), signal);
        let begun = Instant::now();
        let mut status = None;
        until("it ends", || {
            // By the time that it accepts a second request it has got a third, a fourth, ...
            send(child.id(), signal);
            status = child.try_wait().unwrap();
            status.is_some()
        });
        assert!(begun.elapsed() >= Duration::from_millis(400), "one request that came twice ended it");
        assert_eq!(status.unwrap().code(), Some(code));
    }
}

#[test]
fn a_signal_that_was_blocked_before_the_start_ends_a_server_too() {
    let home = Home::new();
    let serve = home.serve();
    let mut blocking = Command::new("env");
    blocking.arg("--block-signal").arg(serve.get_program()).args(serve.get_args());
    blocking.envs(serve.get_envs().filter_map(|(name, value)| Some((name, value?))));
    home.start_as(blocking).stop();
}

#[test]
fn a_closed_terminal_stops_a_server_as_sigterm_does_and_nohup_keeps_it() {
    let home = Home::new();
    let mut child = home.serve().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut String::new()).unwrap();
    send(child.id(), "-HUP");
    assert_eq!(ended(&mut child, "it ends").code(), Some(0));
    let mut log = String::new();
    child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    assert!(log.contains("stopping"), "{log}");
    let mut shell = support::script("sh", "trap '' HUP; exec \"$0\" \"$@\"");
    shell.args(["serve", "--listen", "127.0.0.1:0", "--ssh-ports", "0", "--data"]).arg(home.data());
    let server = home.start_as(shell);
    server.signal("-HUP");
    // The signal is handled before what is asked here.
    assert!(server.is_healthy() && home.ask(&["env"]).status.success());
    server.stop();
}

#[test]
fn a_server_whose_directory_is_deleted_says_so_and_ends() {
    let spoil: [fn(&Path); 5] = [
        |data| std::fs::remove_dir_all(data).unwrap(),
        |data| std::fs::remove_file(data.join("state/log.db")).unwrap(),
        // The last commits are only in that file.
        |data| std::fs::remove_file(data.join("state/log.db-wal")).unwrap(),
        |data| std::fs::remove_file(data.join("machines/log.db-wal")).unwrap(),
        |data| std::fs::rename(data, data.with_extension("away")).unwrap(),
    ];
    for spoil in spoil {
        let home = Home::new();
        let mut child = home.serve().stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut String::new()).unwrap();
        until("it answers", || home.ask(&["env"]).status.success());
        spoil(&home.data());
        assert_eq!(ended(&mut child, "it ends").code(), Some(1));
        let mut log = String::new();
        child.stderr.take().unwrap().read_to_string(&mut log).unwrap();
        assert!(log.contains("deleted or replaced under the running server") && !log.contains("panicked"), "{log}");
    }
}

#[test]
fn the_demo_leaves_neither_its_server_nor_its_directory_however_it_ends() {
    for (signal, code) in [("-TERM", Some(143)), ("-INT", Some(130)), ("-HUP", Some(129)), ("-KILL", None)] {
        let home = Home::new();
        let temporary = tempfile::tempdir().unwrap();
        let mut demo = home.cvmd(&["demo"]);
        // The settings of this shell are for other servers.
        demo.env("CVMD_LISTEN", "nowhere").env("CVMD_SEED", "/nowhere").env("CVMD_DATA", "/nowhere");
        demo.env("CVMD_RUNNING_KEY_CHANGE", "shutdown").env("CVMD_METRICS_TOKEN", "short");
        demo.env("TMPDIR", temporary.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut demo = demo.spawn().unwrap();
        let mut story = BufReader::new(demo.stdout.take().unwrap()).lines();
        let first = story.next().unwrap().unwrap();
        let address = first.split_once("http://").unwrap().1.split_once(',').unwrap().0.to_owned();
        assert!(TcpStream::connect(&address).is_ok(), "its server runs");
        assert!(story.nth(2).unwrap().unwrap().contains("ok"), "in the middle of the story");
        assert_eq!(std::fs::read_dir(temporary.path()).unwrap().count(), 1);
        send(demo.id(), signal);
        assert_eq!(ended(&mut demo, "the demo ends").code(), code, "{signal}");
        cvmd_testkit::until(Duration::from_secs(10), "its server ends", || TcpStream::connect(&address).is_err());
        cvmd_testkit::until(Duration::from_secs(10), "its directory goes", || {
            std::fs::read_dir(temporary.path()).unwrap().next().is_none()
        });
    }
}

//! The ways to a machine: `CONNECT` on the one port leads to its sshd and nowhere else.

mod house;

use house::{
    Home, Server,
    machines::{self, run, settled},
    until,
};
use serde_json::{Value, json};
use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
};

/// Asks for a tunnel; the answer's status, what it says beside, and the connection.
fn connect(server: &Server, target: &str) -> (u16, String, TcpStream) {
    let mut stream = server.client.connect().unwrap();
    write!(stream, "CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n\r\n").unwrap();
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(char::from(byte[0]));
    }
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    let mut said = String::new();
    if status != 200 {
        stream.read_to_string(&mut said).unwrap();
    }
    (status, said, stream)
}

/// A tunnel whose other end has spoken first, as sshd does.
#[track_caller]
fn greeted(server: &Server, target: &str) -> TcpStream {
    let (status, said, mut stream) = connect(server, target);
    assert_eq!(status, 200, "{target}: {said}");
    let mut greeting = [0; 12];
    stream.read_exact(&mut greeting).unwrap();
    assert_eq!(&greeting, b"SSH-2.0-cvmd", "{target}");
    stream
}

/// The other side closes, or resets, within the limit.
#[track_caller]
fn ends(stream: &mut TcpStream) {
    if let Err(error) = stream.read_to_end(&mut Vec::new()) {
        assert!(!matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut), "never let go: {error}");
    }
}

fn id(instance: &Value) -> &str {
    instance["InstanceId"].as_str().unwrap()
}

fn tunnels(server: &Server) -> String {
    let metrics = server.client.get("/_cvmd/metrics").unwrap();
    let text = String::from_utf8(metrics.body).unwrap();
    text.lines().find_map(|line| line.strip_prefix("cvmd_tunnels ")).unwrap().to_owned()
}

#[test]
fn a_machine_is_reached_by_its_id_and_its_address_at_ports_22_and_its_own() {
    let home = Home::new();
    let server = home.start();
    let instance = run(&server.client, "boot-ms=1", Value::Null);
    let address = instance["PrivateIpAddresses"][0].as_str().unwrap();
    let own = &instance["DefaultLoginPort"];
    for target in [format!("{}:22", id(&instance)), format!("{address}:22"), format!("{address}:{own}")] {
        greeted(&server, &target);
    }
    until("all tunnels are closed", || tunnels(&server) == "0");
    server.stop();
}

#[test]
fn what_leads_to_no_sshd_is_refused_in_one_line_that_says_why() {
    let home = Home::new();
    let server = home.start();
    let instance = run(&server.client, "boot-ms=1", Value::Null);
    let silent = machines::begin_run(&server.client, "boot-ms=1,unreachable", Value::Null);
    let stopped = run(&server.client, "boot-ms=1,shutdown-ms=1", Value::Null);
    server.client.call("StopInstances", json!({"InstanceIds": [id(&stopped)]}));
    assert_eq!(settled(&server.client, id(&stopped))["InstanceState"], "STOPPED");
    until("the silent one has booted", || connect(&server, &format!("{silent}:22")).0 != 503);
    let (running, off) = (id(&instance), id(&stopped));
    let address = instance["PrivateIpAddresses"][0].as_str().unwrap();
    for (target, status, why) in [
        ("ins-00000000:22".to_owned(), 404, "there is no instance ins-00000000"),
        ("127.0.0.1:22".into(), 404, "no instance has the address 127.0.0.1"),
        (format!("{running}:25"), 403, "only the sshd"),
        (format!("{running}:443"), 403, "no open proxy"),
        (format!("{address}:80"), 403, "no open proxy"),
        (format!("{address}:3306"), 403, "only the sshd"),
        (format!("{off}:22"), 503, "is not running"),
        (format!("{silent}:22"), 502, "its sshd does not answer"),
        ("localhost:22".into(), 403, "no open proxy"),
        ("ins-1:22".into(), 403, "no open proxy"),
    ] {
        let (told, said, _) = connect(&server, &target);
        assert!(told == status && said.contains(why) && said.lines().count() == 1, "{target}: {told} {said}");
    }
    greeted(&server, &format!("{running}:22"));
    server.stop();
}

#[test]
fn a_machine_that_stops_ends_the_tunnels_to_it_and_no_others() {
    let home = Home::new();
    let server = home.start();
    let stops = run(&server.client, "boot-ms=1,shutdown-ms=1", Value::Null);
    let stays = run(&server.client, "boot-ms=1", Value::Null);
    let mut cut = greeted(&server, &format!("{}:22", id(&stops)));
    let mut kept = greeted(&server, &format!("{}:22", id(&stays)));
    assert_eq!(tunnels(&server), "2");
    server.client.call("StopInstances", json!({"InstanceIds": [id(&stops)]}));
    ends(&mut cut);
    drop(cut);
    until("one tunnel is left", || tunnels(&server) == "1");
    // The end of sshd's greeting, and what it proposes once the client has greeted.
    kept.write_all(b"SSH-2.0-test\r\n").unwrap();
    kept.read_exact(&mut [0; 64]).unwrap();
    server.stop();
}

#[test]
fn a_client_that_leaves_in_any_way_leaves_no_tunnel_behind() {
    let home = Home::new();
    let server = home.start();
    let instance = run(&server.client, "boot-ms=1", Value::Null);
    let target = format!("{}:22", id(&instance));
    drop(greeted(&server, &target));
    // Gone before it has heard the answer.
    let mut hasty = server.client.connect().unwrap();
    write!(hasty, "CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n\r\n").unwrap();
    drop(hasty);
    // It has sent everything, and still listens: sshd hears the end, and hangs up.
    let mut half = greeted(&server, &target);
    half.shutdown(Shutdown::Write).unwrap();
    ends(&mut half);
    drop(half);
    until("no tunnel is left", || tunnels(&server) == "0");
    server.stop();
}

#[test]
fn a_stopping_server_ends_its_tunnels() {
    let home = Home::new();
    let server = home.start();
    let instance = run(&server.client, "boot-ms=1", Value::Null);
    let mut open = greeted(&server, &format!("{}:22", id(&instance)));
    let log = server.stop();
    ends(&mut open);
    assert!(!log.contains("some requests were cut off"), "{log}");
}

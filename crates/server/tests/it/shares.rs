//! The limits of one account's effect on another: its place in the queue, and memory for replies that it does not read.
//! The same for the operator's socket, and for tunnels when there are few descriptors.

use crate::support::{
    self, Home, Server,
    http::{self, Client, Tc3},
    machines, until,
};
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    net::TcpStream,
    os::unix::net::UnixStream,
    time::Instant,
};

const MIB: usize = 1024 * 1024;

/// Another account at the same server.
fn second_account(home: &Home, server: &Server) -> Client {
    let added = home.ask_json(&["account", "add", "second"]);
    server.client.with(added["SecretId"].as_str().unwrap(), added["SecretKey"].as_str().unwrap())
}

/// Makes a hundred instances, and signs a request whose reply has about half a megabyte.
fn large_question(client: &Client) -> Vec<u8> {
    let mut tags = vec![json!({"Key": support::GUEST_TAG, "Value": "boot-ms=50"})];
    tags.extend((0..20).map(|number| json!({"Key": format!("k{number}"), "Value": "v".repeat(200)})));
    let request = json!({
        "Placement": {"Zone": "ap-guangzhou-3"},
        "ImageId": "img-487zeit5",
        "InstanceCount": 100,
        "TagSpecification": [{"ResourceType": "instance", "Tags": tags}],
    });
    client.call("RunInstances", request);
    client.tc3("DescribeInstances", &json!({"Limit": 100}).to_string(), &Tc3::default())
}

fn asked(client: &Client, question: &[u8], times: usize) -> Vec<TcpStream> {
    let mut streams: Vec<_> = (0..times).map(|_| client.connect().unwrap()).collect();
    streams.iter_mut().for_each(|stream| stream.write_all(question).unwrap());
    streams
}

/// The accounts that were answered this action, in that order.
fn answered(log: &str, action: &str) -> Vec<String> {
    let field = |line: &str, name: &str| {
        let value = line.split(&format!("{name}=")).nth(1)?;
        Some(value.split(' ').next()?.trim_matches('"').to_owned())
    };
    let lines = log.lines().filter(|line| line.contains("answered"));
    lines
        .filter(|line| field(line, "action").as_deref() == Some(action))
        .filter_map(|line| field(line, "account"))
        .collect()
}

#[test]
fn large_answers_to_one_account_leave_another_its_turn() {
    const CROWD: usize = 300;
    const CALLS: usize = 10;
    let home = Home::new();
    let server = home.start();
    let second = second_account(&home, &server);
    let question = large_question(&server.client);
    let mut crowd = asked(&server.client, &question, CROWD);
    for _ in 0..CALLS {
        second.call("DescribeInstances", json!({}));
    }
    // Each is read as soon as it comes: a reader that waits for one of them delays the others.
    std::thread::scope(|scope| {
        for stream in &mut crowd {
            scope.spawn(|| {
                let reply = http::read_reply(stream).unwrap().answer().unwrap();
                assert_eq!(reply["InstanceSet"].as_array().unwrap().len(), 100);
            });
        }
    });
    let log = server.stop();
    let (order, crowds) = (answered(&log, "DescribeInstances"), &answered(&log, "RunInstances")[0]);
    let of_second = order.iter().enumerate().filter(|(_, account)| *account != crowds).map(|(at, _)| at);
    let of_second: Vec<_> = of_second.collect();
    assert_eq!((order.len(), of_second.len()), (CROWD + CALLS, CALLS));
    // They are served in turn: with first come, first served the first would wait for most of the crowd.
    assert!(of_second[CALLS - 1] < CROWD * 3 / 4, "{of_second:?}");
}

#[test]
fn replies_that_nobody_reads_hold_a_share_of_the_memory_and_no_other_account_up() {
    let home = Home::new();
    let server = home.start();
    let second = second_account(&home, &server);
    let question = large_question(&server.client);
    let kept_alive = String::from_utf8(question).unwrap().replace("connection: close\r\n", "").into_bytes();
    // More than the system itself buffers for a connection.
    let mut silent = asked(&server.client, &kept_alive.repeat(6), 100);
    until("some wait in vain", || server.metric("cvmd_bounds_reached_total{bound=\"replies\"} ") > 0);
    let held = usize::try_from(server.metric("cvmd_reply_bytes ")).unwrap();
    assert!(held < 64 * MIB, "{held} bytes of replies");
    let begun = Instant::now();
    second.call("DescribeInstances", json!({}));
    assert!(begun.elapsed() < support::LIMIT / 10, "took {:?}", begun.elapsed());
    let resident = server.resident_bytes();
    assert!(resident < 160 * MIB, "{resident} bytes of memory");
    // A client that reads in the end gets its reply, or the reason why not.
    let reply = http::read_reply(&mut silent[0]).unwrap().answer();
    assert!(reply.as_ref().map_or_else(|refused| refused.code == "RequestLimitExceeded", Value::is_object));
    drop(silent);
    until("what was held is free", || server.metric("cvmd_reply_bytes ") < 1_000_000);
    server.client.call("DescribeInstances", json!({}));
    server.stop();
}

#[test]
fn requests_of_one_account_that_wait_take_half_of_the_connections() {
    // The server has 96 connections with so many descriptors.
    const CROWD: usize = 80;
    let home = Home::new();
    let server = support::with_descriptors(&home, 256);
    let second = second_account(&home, &server);
    let mut crowd: Vec<_> = (0..CROWD).map(|_| server.client.connect().unwrap()).collect();
    // Each takes a while, because a key is made.
    for (number, stream) in crowd.iter_mut().enumerate() {
        let request = json!({"KeyName": format!("k{number}"), "ProjectId": 0}).to_string();
        stream.write_all(&server.client.tc3("CreateKeyPair", &request, &Tc3::default())).unwrap();
    }
    until("some are one too many", || server.metric("cvmd_bounds_reached_total{bound=\"turns\"} ") > 0);
    let begun = Instant::now();
    second.call("DescribeInstances", json!({}));
    assert!(begun.elapsed() < support::LIMIT / 10, "took {:?}", begun.elapsed());
    let answers = crowd.iter_mut().map(|stream| http::read_reply(stream).unwrap().answer());
    let refused: Vec<_> = answers.filter_map(Result::err).collect();
    assert!(refused.iter().all(|refused| refused.code == "RequestLimitExceeded"), "{refused:?}");
    assert!((1..=CROWD - 48).contains(&refused.len()), "{} were refused", refused.len());
    server.stop();
}

#[test]
fn connections_to_the_operators_socket_that_ask_nothing_make_room() {
    let home = Home::new();
    let server = home.start();
    let socket = home.data().join("cvmd.sock");
    let mut silent: Vec<_> = (0..200).map(|_| UnixStream::connect(&socket).unwrap()).collect();
    let begun = Instant::now();
    assert!(home.ask(&["account", "list"]).status.success());
    // Waiting for each of the others would take 5 s.
    assert!(begun.elapsed() < support::LIMIT / 10, "took {:?}", begun.elapsed());
    assert!(server.metric("cvmd_bounds_reached_total{bound=\"operator\"} ") >= 200 - 64);
    silent[0].set_read_timeout(Some(support::LIMIT)).unwrap();
    assert_eq!(silent[0].read_to_end(&mut Vec::new()).unwrap(), 0, "the oldest has gone");
    drop(silent);
    server.stop();
}

#[test]
fn where_there_are_few_descriptors_the_oldest_tunnel_without_a_login_makes_room() {
    let home = Home::new();
    let server = support::with_descriptors(&home, 256);
    let ids: Vec<String> = (0..2)
        .map(|_| machines::run(&server.client, "boot-ms=50", Value::Null)["InstanceId"].as_str().unwrap().to_owned())
        .collect();
    let tunnel = |id: &str| {
        let mut stream = server.client.connect().unwrap();
        stream.write_all(format!("CONNECT {id}:22 HTTP/1.1\r\nhost: {id}:22\r\n\r\n").as_bytes()).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        (stream, String::from_utf8_lossy(&answer).into_owned())
    };
    // More tunnels than allowed with this many descriptors.
    let silent: Vec<_> = (0..70).map(|number| tunnel(&ids[number % 2])).collect();
    let refused: Vec<_> = silent.iter().filter(|(_, answer)| answer != "HTTP/1.1 200").collect();
    assert!(refused.is_empty(), "{} were refused: {:?}", refused.len(), refused[0]);
    assert!(server.metric("cvmd_bounds_reached_total{bound=\"ssh_startups\"} ") > 0);
    assert_eq!(server.metric("cvmd_bounds_reached_total{bound=\"tunnels\"} "), 0);
    drop(silent);
    server.stop();
}

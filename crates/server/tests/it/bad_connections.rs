//! Connections that send too much, too little, or no HTTP at all: each is answered or closed within its limit, while
//! others are served.

use crate::support::{
    self, Home,
    http::{self, LEGACY, Tc3, request},
    refusals::{
        Bad,
        Dialect::{Api3, Legacy},
        api3, code, refused_all,
    },
};
use serde_json::json;
use std::{
    io::{Read, Write},
    net::{Shutdown, TcpStream},
    time::{Duration, Instant},
};

const TEN_MB: usize = 10 * 1024 * 1024;
const ONE_MB: usize = 1024 * 1024;

#[test]
fn what_is_too_large_is_refused_and_the_limit_itself_is_not() {
    let home = Home::new();
    let server = home.start();
    let client = &server.client;
    let tc3_of = |bytes: usize| {
        let frame = "{\"Colour\":\"\"}".len();
        client.tc3("DescribeInstances", &format!("{{\"Colour\":\"{}\"}}", "x".repeat(bytes - frame)), &Tc3::default())
    };
    let form_of = |path: &str, bytes: usize| {
        let mut parameters = client.v1("DescribeInstances", &[("Colour", "")]);
        let body = |bytes: &[u8]| bytes.len() - bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap() - 4;
        // The signature's own escapes make a length vary by a few bytes: aim below or above.
        let bare = body(&client.signed_post(path, &parameters));
        let value = parameters.iter_mut().find(|(name, _)| name == "Colour").unwrap();
        value.1 = "x".repeat(bytes.saturating_sub(bare));
        client.signed_post(path, &parameters)
    };
    let long_query = client.signed_query(LEGACY, &client.v1("DescribeInstances", &[("Colour", &"x".repeat(40_000))]));
    let bad = |what, dialect, code, bytes| Bad { what, dialect, code, bytes };
    // The wire's maximum is above that of any action's parameters: the refusals differ.
    refused_all(
        &server,
        vec![
            bad("10 MB", Api3, "InvalidParameterValue", tc3_of(TEN_MB)),
            bad("10 MB and one byte", Api3, "RequestSizeLimitExceeded", tc3_of(TEN_MB + 1)),
            bad("11 MB unsigned", Api3, "RequestSizeLimitExceeded", api3(client, &[], &vec![b'x'; TEN_MB + ONE_MB])),
            bad(
                "11 MB to the legacy dialect",
                Legacy,
                "InvalidParameterValue",
                request("POST", LEGACY, &[("host", client.address.to_string())], &vec![b'x'; TEN_MB + ONE_MB]),
            ),
            bad("v1 below 1 MB", Api3, "InvalidParameterValue", form_of("/", ONE_MB - 100)),
            bad("v1 above 1 MB", Api3, "RequestSizeLimitExceeded", form_of("/", ONE_MB + 100)),
            bad("v1 above 1 MB in the legacy dialect", Legacy, "InvalidParameterValue", form_of(LEGACY, ONE_MB + 100)),
            bad("v1 below 1 MB in the legacy dialect", Legacy, "InvalidParameterValue", form_of(LEGACY, ONE_MB - 100)),
            bad("a query of 40 kB", Legacy, "InvalidParameterValue", long_query),
        ],
    );
    server.stop();
}

#[test]
fn others_are_served_while_some_send_half_or_nothing() {
    let home = Home::new();
    let server = home.start();
    let client = &server.client;
    let whole = client.tc3("DescribeInstances", "{\"Limit\":10}", &Tc3::default());
    let mut held: Vec<TcpStream> = Vec::new();
    for number in 0..100 {
        let mut stream = client.connect().unwrap();
        stream.write_all(&whole[..whole.len() * number / 100]).unwrap();
        held.push(stream);
    }
    for _ in 0..20 {
        let begun = Instant::now();
        client.call("DescribeInstances", json!({}));
        assert!(begun.elapsed() < Duration::from_secs(5), "took {:?}", begun.elapsed());
    }
    // A client that announces the end of its input is answered, or disconnected, at once.
    for mut stream in held {
        stream.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        // A reset ends it too.
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        assert!(
            answer.is_empty() || answer.starts_with("HTTP/1.1 200 ") || answer.starts_with("HTTP/1.1 400 "),
            "{answer}"
        );
    }
    assert!(server.is_healthy());
    server.stop();
}

#[test]
fn a_half_sent_body_is_answered_by_the_limit_and_not_later() {
    let home = Home::new();
    let server = home.start();
    let client = &server.client;
    let whole = client.tc3("DescribeInstances", "{\"Limit\":10}", &Tc3::default());
    let mut legacy = client.signed_post(LEGACY, &client.v1("DescribeInstances", &[]));
    legacy.truncate(legacy.len() - 1);
    let mut streams: Vec<_> = [(Api3, whole[..whole.len() - 1].to_vec()), (Legacy, legacy)]
        .into_iter()
        .map(|(dialect, bytes)| {
            let mut stream = client.connect().unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            stream.write_all(&bytes).unwrap();
            (dialect, stream)
        })
        .collect();
    for (dialect, stream) in &mut streams {
        let reply = http::read_reply(stream).unwrap();
        let wanted = if *dialect == Api3 { "InvalidRequest" } else { "InvalidRequest.Forbidden" };
        assert_eq!(code("half a body", *dialect, reply.answer()), wanted);
    }
    server.stop();
}

#[test]
fn a_tunnel_in_which_nothing_or_half_a_head_comes_is_let_go_by_the_limit() {
    let home = Home::new();
    let server = home.start();
    let streams: Vec<_> = ["", "GET / HTTP/1.1\r\nhost: h\r\n"]
        .into_iter()
        .map(|half| {
            let mut stream = server.client.connect().unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
            stream.write_all(b"CONNECT cvm.tencentcloudapi.com:80 HTTP/1.1\r\nhost: h\r\n\r\n").unwrap();
            assert_eq!(http::read_reply(&mut stream).unwrap().status, 200);
            stream.write_all(half.as_bytes()).unwrap();
            stream
        })
        .collect();
    for mut stream in streams {
        let mut rest = Vec::new();
        let read = stream.read_to_end(&mut rest);
        assert!(read.is_ok() && (rest.is_empty() || rest.starts_with(b"HTTP/1.1 408 ")), "{read:?} {rest:?}");
    }
    server.stop();
}

#[test]
fn garbage_and_a_thousand_connections_leave_the_server_as_it_was() {
    let home = Home::new();
    let server = home.start();
    let client = &server.client;
    let mut chance = support::Chance(7);
    let mut garbage: Vec<Vec<u8>> = [
        &b"\r\n\r\n"[..],
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"POST / HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 99999999999999999999\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello\r\n",
        b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nffffffffffffffff\r\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: \xff\xfe\r\n\r\n",
        b"POST / HTTP/1.1\r\nauthorization: TC3-HMAC-SHA256 \xff\r\ncontent-length: 0\r\n\r\n",
        b"GET http://[::1/ HTTP/1.1\r\n\r\n",
    ]
    .map(<[u8]>::to_vec)
    .into();
    garbage.push([b"GET / HTTP/1.1\r\n".to_vec(), b"x: y\r\n".repeat(200), b"\r\n".to_vec()].concat());
    garbage.push([b"GET / HTTP/1.1\r\nx: ".to_vec(), vec![b'y'; 300_000], b"\r\n\r\n".to_vec()].concat());
    for _ in 0..100 {
        garbage.push((0..chance.between(1, 400)).map(|_| u8::try_from(chance.between(0, 255)).unwrap()).collect());
    }
    for bytes in &garbage {
        let mut stream = client.connect().unwrap();
        // The server may close before it has read it all.
        let _ = stream.write_all(bytes);
        let _ = stream.shutdown(Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        let answer = String::from_utf8_lossy(&answer);
        let status = answer.split(' ').nth(1).unwrap_or("closed");
        assert!(["closed", "200", "400", "413", "414", "431", "505"].contains(&status), "{bytes:?}: {answer}");
    }
    let open: Vec<_> = (0..500).map(|_| client.connect().unwrap()).collect();
    client.call("DescribeInstances", json!({}));
    drop(open);
    for _ in 0..500 {
        drop(client.connect().unwrap());
    }
    client.call("DescribeInstances", json!({}));
    assert!(server.is_healthy());
    server.stop();
}

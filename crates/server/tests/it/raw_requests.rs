//! Requests that two readers could understand differently: a proxy between client and server may have read the other
//! meaning. Raw bytes, because no client sends such requests.

use crate::support::{
    Home,
    http::{self, Client, Tc3},
};
use std::io::{Read, Write};

/// A signed request, with and without additional header lines.
fn with(client: &Client, lines: &str) -> Vec<u8> {
    let whole = String::from_utf8(client.tc3("DescribeInstances", "{\"Limit\":1}", &Tc3::default())).unwrap();
    let (first, rest) = whole.split_once("\r\n").unwrap();
    format!("{first}\r\n{lines}{rest}").into_bytes()
}

/// What comes back until the server closes.
fn answer(client: &Client, bytes: &[u8]) -> String {
    let mut stream = client.connect().unwrap();
    // The server may answer and close before it has read everything.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn a_request_that_can_be_read_in_two_ways_is_refused_and_says_why() {
    let home = Home::new();
    let server = home.start();
    let client = &server.client;
    let address = client.address;
    let chunked = "transfer-encoding: chunked\r\n";
    for (what, bytes, why) in [
        ("two hosts", with(client, "host: elsewhere\r\n"), "two `Host` headers"),
        ("the same host twice", with(client, &format!("Host: {address}\r\n")), "two `Host` headers"),
        ("no host", b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n".to_vec(), "no `Host` header"),
        ("no host on a page", b"GET /_cvmd/metrics HTTP/1.1\r\nconnection: close\r\n\r\n".to_vec(), "no `Host` header"),
        ("no host of a tunnel", b"CONNECT cvm.tencentcloudapi.com:80 HTTP/1.1\r\n\r\n".to_vec(), "no `Host` header"),
        ("a coding before the length", with(client, chunked), "both `Content-Length` and `Transfer-Encoding`"),
        (
            "a coding after the length",
            format!("POST / HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n{chunked}\r\n0\r\n\r\n").into_bytes(),
            "both `Content-Length` and `Transfer-Encoding`",
        ),
        (
            "behind another request",
            format!("GET /_cvmd/health HTTP/1.1\r\nhost: h\r\n\r\nPOST / HTTP/1.1\r\nhost: h\r\n{chunked}content-length: 5\r\n\r\n0\r\n\r\n")
                .into_bytes(),
            "both `Content-Length` and `Transfer-Encoding`",
        ),
        (
            "a coding of the coding",
            b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: gzip, chunked\r\n\r\n0\r\n\r\n".to_vec(),
            "other than `chunked`",
        ),
        (
            "codings in two lines",
            b"POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: gzip\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n".to_vec(),
            "other than `chunked`",
        ),
        ("two lengths", with(client, "content-length: 5\r\n"), ""),
        ("another coding", "POST / HTTP/1.1\r\nhost: h\r\ntransfer-encoding: gzip\r\n\r\n".as_bytes().to_vec(), ""),
        ("a coding in HTTP/1.0", format!("POST / HTTP/1.0\r\nhost: h\r\n{chunked}\r\n0\r\n\r\n").into_bytes(), ""),
    ] {
        let received = answer(client, &bytes);
        let status = if why.starts_with("other than") { "501" } else { "400" };
        let is_status = |version: &str| received.contains(&format!("HTTP/{version} {status} "));
        assert!(is_status("1.1") || is_status("1.0"), "{what}: {received}");
        assert!(received.contains(why) && !received.contains("TotalCount"), "{what}: {received}");
    }
    server.stop();
}

#[test]
fn a_header_that_decides_is_refused_when_it_stands_there_twice() {
    let home = Home::new();
    let server = home.start();
    let client = &server.client;
    let other = format!(
        "TC3-HMAC-SHA256 Credential=AKIDother/2026-11-27/cvm/tc3_request, SignedHeaders=content-type;host, Signature={}",
        "0".repeat(64)
    );
    for (name, value) in [
        ("x-tc-action", "DescribeInstances"),
        ("X-TC-Action", "TerminateInstances"),
        ("x-tc-version", "2017-03-12"),
        ("x-tc-region", "ap-beijing"),
        ("x-tc-timestamp", "1"),
        ("content-type", "application/json"),
        ("authorization", &other),
    ] {
        let reply = client.send(&with(client, &format!("{name}: {value}\r\n"))).unwrap();
        let refused = reply.answer().unwrap_err();
        let wanted = format!("The header `{}` is given more than once.", name.to_lowercase());
        assert_eq!((refused.code.as_str(), refused.message), ("InvalidParameter", wanted));
    }
    let harmless = client.send(&with(client, "accept: a\r\naccept: b\r\n")).unwrap();
    harmless.answer().unwrap();
    server.stop();
}

#[test]
fn a_header_that_is_no_text_is_not_taken_for_one_that_is_missing() {
    let home = Home::new();
    let server = home.start();
    let client = &server.client;
    let signed = client.tc3("DescribeZones", "{}", &Tc3 { region: Some("ap-guangzhou"), ..Tc3::default() });
    let signed = String::from_utf8(signed).unwrap();
    for (name, spelling, value) in [
        ("x-tc-action", "X-TC-Action", "DescribeZones"),
        ("x-tc-version", "X-TC-Version", "2017-03-12"),
        ("x-tc-region", "X-TC-Region", "ap-guangzhou"),
    ] {
        let line = format!("{name}: {value}");
        assert!(signed.contains(&line), "{signed}");
        let refused = client.send(signed.replace(&line, &format!("{name}: 广州")).as_bytes()).unwrap().answer();
        let wanted = format!("The value `广州` specified in the parameter `{spelling}` is not valid.");
        assert_eq!(refused.map_err(|refused| refused.message), Err(wanted), "{name}");
    }
    server.stop();
}

#[test]
fn a_coded_body_alone_is_a_request_like_any_other_and_the_last_on_its_connection() {
    let home = Home::new();
    let server = home.start();
    let client = &server.client;
    let body = "{\"Limit\":1}";
    let signed = String::from_utf8(client.tc3("DescribeInstances", body, &Tc3::default())).unwrap();
    let head: String = signed.lines().take_while(|line| !line.is_empty()).map(|line| format!("{line}\r\n")).collect();
    let head = head.replace("content-length: 11\r\nconnection: close\r\n", "transfer-encoding: chunked\r\n");
    let mut stream = client.connect().unwrap();
    write!(stream, "{head}\r\n5\r\n{}\r\n6\r\n{}\r\n0\r\n\r\n", &body[..5], &body[5..]).unwrap();
    http::read_reply(&mut stream).unwrap().answer().unwrap();
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty(), "{rest:?}");
    server.stop();
}

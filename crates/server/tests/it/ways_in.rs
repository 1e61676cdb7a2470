//! The protocols on the one port: http, https, requests to a proxy, and tunnels to the vendor's hosts, which cvmd
//! answers itself.

use crate::support::{
    self, Home, LIMIT, Server,
    http::{Client, LEGACY, Reply, Tc3, read_reply, request},
};
use rustls::{
    ClientConfig, ClientConnection, RootCertStore, StreamOwned,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use serde_json::json;
use std::{
    io::{self, Read, Write},
    net::TcpStream,
    os::unix::fs::PermissionsExt,
    path::Path,
    sync::Arc,
    time::Instant,
};

const VENDOR: &str = "cvm.tencentcloudapi.com";

/// A client for `host` that trusts one authority only.
fn secure(ca: &Path, host: &str, stream: TcpStream) -> io::Result<StreamOwned<ClientConnection, TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(ca).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from(host.to_owned()).unwrap();
    let mut stream = StreamOwned::new(ClientConnection::new(Arc::new(config), name).unwrap(), stream);
    stream.conn.complete_io(&mut stream.sock)?;
    Ok(stream)
}

/// Opens a tunnel; returns the answer's status line and the connection.
fn connect(server: &Server, target: &str) -> (String, TcpStream) {
    let mut stream = server.client.connect().unwrap();
    write!(stream, "CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n\r\n").unwrap();
    let mut head = Vec::new();
    // Byte by byte: what follows the head belongs to the tunnel.
    while !head.ends_with(b"\r\n\r\n") && (&stream).take(1).read_to_end(&mut head).unwrap() == 1 {}
    (String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned(), stream)
}

fn tunnel(server: &Server, target: &str) -> TcpStream {
    let (status, stream) = connect(server, target);
    assert_eq!(status, "HTTP/1.1 200 OK", "{target}");
    stream
}

/// The first account's client, which signs for another host.
fn called(server: &Server, host: &str) -> Client {
    Client { host: Some(host.into()), ..server.client.clone() }
}

fn exchange(mut stream: impl Read + Write, bytes: &[u8]) -> Reply {
    stream.write_all(bytes).unwrap();
    read_reply(&mut stream).unwrap()
}

fn describe(client: &Client, path: &str) -> Vec<u8> {
    client.tc3("DescribeInstances", "{}", &Tc3 { path: Some(path), ..Tc3::default() })
}

/// Checks that the other side closes or resets within the limit.
fn ends(stream: &mut TcpStream) {
    if let Err(error) = stream.read_to_end(&mut Vec::new()) {
        assert!(!matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut), "never let go: {error}");
    }
}

#[test]
fn a_proxied_request_is_answered_like_any_other() {
    let home = Home::new();
    let server = home.start();
    let client = called(&server, VENDOR);
    for path in ["http://cvm.tencentcloudapi.com/", "http://cvm.tencentcloudapi.com", "http://other.example/"] {
        let reply = exchange(client.connect().unwrap(), &describe(&client, path));
        assert_eq!(reply.answer().unwrap()["TotalCount"], 0, "{path}");
    }
    // Without a Host header, which the signature covers, the target names the host.
    let bare = String::from_utf8(describe(&client, "http://cvm.tencentcloudapi.com/")).unwrap();
    let bare = bare.replace("host: cvm.tencentcloudapi.com\r\n", "");
    assert!(!bare.contains("host: "));
    assert_eq!(exchange(client.connect().unwrap(), bare.as_bytes()).answer().unwrap()["TotalCount"], 0);
    // A signature for one host is invalid at another.
    let other = String::from_utf8(describe(&client, "/")).unwrap().replace("host: cvm.", "host: vpc.");
    let refused = exchange(client.connect().unwrap(), other.as_bytes()).answer().unwrap_err();
    assert_eq!(refused.code, "AuthFailure.SignatureFailure");

    let legacy = called(&server, "cvm.api.qcloud.com");
    let query = legacy.signed_query(LEGACY, &legacy.v1("DescribeInstances", &[]));
    let query = String::from_utf8(query).unwrap().replace("GET /", "GET http://cvm.api.qcloud.com/");
    assert_eq!(exchange(legacy.connect().unwrap(), query.as_bytes()).answer().unwrap()["TotalCount"], 0);
    server.stop();
}

#[test]
fn a_proxied_request_for_somebody_else_is_refused_in_one_line() {
    let home = Home::new();
    let server = home.start();
    for (target, status) in [
        ("http://example.com/", 403),
        ("http://example.com/_cvmd/health", 403),
        ("http://example.com:8312/_cvmd/metrics", 403),
        ("http://127.0.0.1:8312/_cvmd/health", 200),
        ("http://localhost/_cvmd/health", 200),
        ("http://[::1]/_cvmd/health", 200),
        ("http://cvm.tencentcloudapi.com/_cvmd/health", 200),
    ] {
        let reply = exchange(server.client.connect().unwrap(), &request("GET", target, &[("host", "h".into())], b""));
        assert_eq!(reply.status, status, "{target}");
        let body = String::from_utf8(reply.body).unwrap();
        assert_eq!(body.starts_with("cvmd is no open proxy"), status == 403, "{target}: {body}");
        assert_eq!(body.lines().count(), 1, "{body}");
    }
    server.stop();
}

#[test]
fn a_connect_leads_to_the_vendors_hosts_over_tls_and_in_clear() {
    let home = Home::new();
    let server = home.start();
    let ca = home.data().join("ca.pem");
    for host in [VENDOR, "cvm.ap-guangzhou.tencentcloudapi.com", "cvm.intl.tencentcloudapi.com"] {
        let client = called(&server, host);
        let stream = secure(&ca, host, tunnel(&server, &format!("{host}:443"))).unwrap();
        assert_eq!(exchange(stream, &describe(&client, "/")).answer().unwrap()["TotalCount"], 0, "{host}");
        let clear = tunnel(&server, &format!("{host}:80"));
        assert_eq!(exchange(clear, &describe(&client, "/")).answer().unwrap()["TotalCount"], 0, "{host}");
    }
    let legacy = called(&server, "cvm.api.qcloud.com");
    let stream = secure(&ca, "cvm.api.qcloud.com", tunnel(&server, "CVM.api.qcloud.com:443")).unwrap();
    let query = legacy.signed_query(LEGACY, &legacy.v1("DescribeInstances", &[]));
    assert_eq!(exchange(stream, &query).answer().unwrap()["TotalCount"], 0);

    // The certificate is that of the tunnel's host, and clients must trust the authority.
    assert!(secure(&ca, "vpc.tencentcloudapi.com", tunnel(&server, "cvm.tencentcloudapi.com:443")).is_err());
    let stranger = Home::new();
    stranger.start().stop();
    assert!(secure(&stranger.data().join("ca.pem"), VENDOR, tunnel(&server, &format!("{VENDOR}:443"))).is_err());
    server.stop();
}

#[test]
fn a_connect_to_anywhere_else_is_refused_in_one_line() {
    let home = Home::new();
    let server = home.start();
    for (target, status) in [
        ("example.com:443", 403),
        ("tencentcloudapi.com.example.com:443", 403),
        ("tencentcloudapi.com:443", 403),
        ("cvm.tencentcloudapi.com:25", 403),
        ("169.254.169.254:80", 403),
        ("cvm.tencentcloudapi.com", 400),
        ("/", 400),
    ] {
        let bytes = request("CONNECT", target, &[("host", "h".into())], b"");
        let reply = exchange(server.client.connect().unwrap(), &bytes);
        assert_eq!(reply.status, status, "{target}");
        assert!(reply.body.ends_with(b"\n") || reply.body.is_empty(), "{reply:?}");
        let words = String::from_utf8(reply.body).unwrap();
        assert_eq!(words.contains("no open proxy"), status == 403, "{target}: {words}");
    }
    // A tunnel cannot lead out of a tunnel.
    let inner = secure(&home.data().join("ca.pem"), VENDOR, tunnel(&server, &format!("{VENDOR}:443"))).unwrap();
    let bytes = request("CONNECT", &format!("{VENDOR}:443"), &[("host", "h".into())], b"");
    assert_eq!(exchange(inner, &bytes).status, 400);
    server.stop();
}

#[test]
fn http_and_https_are_served_on_one_port() {
    let home = Home::new();
    let server = home.start();
    let ca = home.data().join("ca.pem");
    for (path, mode) in [(ca.clone(), 0o600), (home.data().join("ca.key"), 0o600)] {
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, mode, "{}", path.display());
    }
    for host in ["127.0.0.1", "localhost", "cvm.localhost", VENDOR] {
        let client = called(&server, host);
        let stream = secure(&ca, host, client.connect().unwrap()).unwrap();
        assert_eq!(exchange(stream, &describe(&client, "/")).answer().unwrap()["TotalCount"], 0, "{host}");
    }
    assert!(secure(&ca, "example.com", server.client.connect().unwrap()).is_err());
    server.client.call("DescribeInstances", json!({}));
    // A proxy that is reached over TLS.
    let mut outer = secure(&ca, "127.0.0.1", server.client.connect().unwrap()).unwrap();
    write!(outer, "CONNECT {VENDOR}:80 HTTP/1.1\r\nhost: {VENDOR}\r\n\r\n").unwrap();
    let reply = exchange(outer, &describe(&called(&server, VENDOR), "/"));
    assert_eq!(reply.status, 200);

    let shown = home.ask(&["ca"]);
    assert_eq!(shown.stdout, std::fs::read(&ca).unwrap());
    let before = std::fs::read(&ca).unwrap();
    server.stop();
    home.start().stop();
    assert_eq!(std::fs::read(&ca).unwrap(), before, "what clients trust outlives a restart");
}

#[test]
fn a_machine_is_reached_by_a_connect_inside_tls_too() {
    let home = Home::new();
    let server = home.start();
    let instance = support::machines::run(&server.client, "boot-ms=1", serde_json::Value::Null);
    let target = format!("{}:22", instance["InstanceId"].as_str().unwrap());
    let mut stream = secure(&home.data().join("ca.pem"), "localhost", server.client.connect().unwrap()).unwrap();
    write!(stream, "CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n\r\n").unwrap();
    let mut received = Vec::new();
    while !received.ends_with(b"SSH-2.0-cvmd") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        received.push(byte[0]);
    }
    assert!(received.starts_with(b"HTTP/1.1 200"), "{}", String::from_utf8_lossy(&received));
    server.stop();
}

#[test]
fn a_given_certificate_is_shown_and_one_that_does_not_fit_is_refused_at_the_start() {
    let home = Home::new();
    let (certificate, key) = (home.beside("own.pem"), home.beside("own.key"));
    let own = rcgen::generate_simple_self_signed(["cvm.cloud.test".to_owned()]).unwrap();
    std::fs::write(&certificate, own.cert.pem()).unwrap();
    std::fs::write(&key, own.signing_key.serialize_pem()).unwrap();
    let other = home.beside("other.key");
    std::fs::write(&other, rcgen::KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let text = |path: &Path| path.to_str().unwrap().to_owned();
    let with = |certificate: &Path, key: &Path| {
        let mut command = home.serve();
        command.args(["--tls-cert", &text(certificate), "--tls-key", &text(key)]);
        command
    };
    for (mut command, words) in [
        (with(&certificate, &other), "other.key is not the key of "),
        (with(&home.beside("none.pem"), &key), "cannot read the certificate "),
        (with(&key, &key), "there is no certificate in "),
        (with(&certificate, &certificate), "cannot read the key "),
    ] {
        let message = home.refuses_to_serve(&mut command);
        assert!(message.contains(words), "{message}");
    }
    let mut half = home.serve();
    let message = home.refuses_to_serve(half.args(["--tls-cert", &text(&certificate)]));
    assert!(message.contains("are given together"), "{message}");

    let server = home.start_as(with(&certificate, &key));
    assert!(std::fs::read_to_string(home.data().join("endpoint")).unwrap().starts_with("https://127.0.0.1:"));
    let client = called(&server, "cvm.cloud.test");
    let stream = secure(&certificate, "cvm.cloud.test", client.connect().unwrap()).unwrap();
    assert_eq!(exchange(stream, &describe(&client, "/")).answer().unwrap()["TotalCount"], 0);
    // Tunnels to the vendor's hosts use the authority's certificate all the same, and http is served too.
    let inner = secure(&home.data().join("ca.pem"), VENDOR, tunnel(&server, &format!("{VENDOR}:443"))).unwrap();
    let reply = exchange(inner, &describe(&called(&server, VENDOR), "/"));
    assert_eq!(reply.answer().unwrap()["TotalCount"], 0);
    server.client.call("DescribeInstances", json!({}));
    server.stop();
}

#[test]
fn an_authority_whose_files_do_not_belong_together_is_refused_at_the_start() {
    let home = Home::new();
    home.start().stop();
    let (certificate, key) = (home.data().join("ca.pem"), home.data().join("ca.key"));
    let saved = std::fs::read(&key).unwrap();
    std::fs::write(&key, rcgen::KeyPair::generate().unwrap().serialize_pem()).unwrap();
    let message = home.refuses_to_serve(&mut home.serve());
    assert!(message.contains("ca.pem is not the certificate of ca.key beside it"), "{message}");
    std::fs::remove_file(&key).unwrap();
    let message = home.refuses_to_serve(&mut home.serve());
    assert!(message.contains("put the key back, or remove both for a new authority"), "{message}");
    std::fs::write(&key, "nothing").unwrap();
    let message = home.refuses_to_serve(&mut home.serve());
    assert!(message.contains("ca.key holds no private key"), "{message}");
    // The certificate alone can be made again from the key.
    std::fs::write(&key, saved).unwrap();
    std::fs::remove_file(&certificate).unwrap();
    let server = home.start();
    assert!(secure(&certificate, "localhost", server.client.connect().unwrap()).is_ok());
    server.stop();
}

#[test]
fn garbage_in_a_tunnel_and_half_a_handshake_are_let_go_and_others_are_served_meanwhile() {
    let home = Home::new();
    let server = home.start();
    let target = format!("{VENDOR}:443");
    let begun = Instant::now();
    let mut silent: Vec<TcpStream> = Vec::new();
    for _ in 0..20 {
        silent.push(tunnel(&server, &target));
        let mut half = server.client.connect().unwrap();
        half.write_all(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").unwrap();
        silent.push(half);
    }
    let mut chance = support::Chance(11);
    for number in 0..60 {
        let mut stream = if number % 2 == 0 { tunnel(&server, &target) } else { server.client.connect().unwrap() };
        let mut bytes: Vec<u8> = (0..400).map(|_| u8::try_from(chance.between(0, 255)).unwrap()).collect();
        bytes[0] = 0x16;
        let _ = stream.write_all(&bytes);
        let _ = stream.shutdown(std::net::Shutdown::Write);
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    }
    // Bytes sent together with the CONNECT belong to the tunnel.
    let mut eager = server.client.connect().unwrap();
    let mut bytes = format!("CONNECT {VENDOR}:80 HTTP/1.1\r\nhost: {VENDOR}\r\n\r\n").into_bytes();
    bytes.extend(request("GET", "/_cvmd/health", &[("host", VENDOR.into())], b""));
    eager.write_all(&bytes).unwrap();
    let mut answer = String::new();
    eager.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("ok\n"), "{answer}");

    server.client.call("DescribeInstances", json!({}));
    assert!(begun.elapsed() < LIMIT);
    silent.iter_mut().for_each(ends);
    assert!(server.is_healthy());
    server.stop();
}

#[test]
fn open_tunnels_do_not_keep_the_server_from_stopping() {
    let home = Home::new();
    let server = home.start();
    let target = format!("{VENDOR}:443");
    let silent = tunnel(&server, &target);
    let mut idle = secure(&home.data().join("ca.pem"), VENDOR, tunnel(&server, &target)).unwrap();
    let keep_alive = String::from_utf8(describe(&called(&server, VENDOR), "/")).unwrap();
    let keep_alive = keep_alive.replace("connection: close\r\n", "");
    for _ in 0..2 {
        idle.write_all(keep_alive.as_bytes()).unwrap();
        assert_eq!(read_reply(&mut idle).unwrap().answer().unwrap()["TotalCount"], 0);
    }
    let untouched = server.client.connect().unwrap();
    let log = server.stop();
    assert!(!log.contains("were cut off"), "{log}");
    ends(&mut idle.sock);
    drop((silent, untouched));
}

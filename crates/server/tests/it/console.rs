//! A machine's console over a WebSocket that the test implements: who may log in, and how long an address is valid.

use crate::support::{self, GUEST_TAG, Home, Server, http::Client, machines, ssh, ssh::Key, until};
use serde_json::{Value, json};
use std::{
    io::{Read, Write},
    net::TcpStream,
    time::Duration,
};

const KEY: &str = "skey-console1";
const ID: &str = "ins-console1";
const PASSWORD: &str = "Console+Password7";

/// The test's own WebSocket, so that the server's is not compared with itself.
struct Socket {
    stream: TcpStream,
    screen: String,
}

/// Opens one; returns why it was refused.
fn connect(url: &str) -> Result<Socket, String> {
    connect_from(url, "")
}

/// The same with additional header lines.
fn connect_from(url: &str, lines: &str) -> Result<Socket, String> {
    let (address, path) = url.strip_prefix("ws://").unwrap().split_once('/').unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13";
    let request = format!("GET /{path} HTTP/1.1\r\nHost: {address}\r\n{upgrade}\r\n{lines}");
    write!(stream, "{request}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n").unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    if !head.starts_with("HTTP/1.1 101") {
        return Err(head.lines().next().unwrap().to_owned());
    }
    assert!(head.to_lowercase().contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
    Ok(Socket { stream, screen: String::new() })
}

impl Socket {
    fn send(&mut self, first: u8, text: &str) {
        self.send_bytes(first, text.as_bytes());
    }

    fn send_bytes(&mut self, first: u8, bytes: &[u8]) {
        let mut frame = vec![first, 0x80 | u8::try_from(bytes.len()).unwrap(), 9, 8, 7, 6];
        frame.extend(bytes.iter().zip([9, 8, 7, 6].iter().cycle()).map(|(byte, mask)| byte ^ mask));
        self.stream.write_all(&frame).unwrap();
    }

    /// The status in the closing frame. All frames before it must be complete.
    #[track_caller]
    fn ends_with(&mut self) -> u16 {
        loop {
            match self.frame() {
                Some((0x88, payload)) => return u16::from_be_bytes([payload[0], payload[1]]),
                Some((0x82 | 0x8a, _)) => {}
                other => panic!("{other:?}"),
            }
        }
    }

    fn types(&mut self, line: &str) {
        self.send(0x81, &format!("{line}\r"));
    }

    /// One frame, or `None` at the end.
    fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let mut head = [0; 2];
        self.stream.read_exact(&mut head).ok()?;
        let length = match head[1] {
            126 => {
                let mut wide = [0; 2];
                self.stream.read_exact(&mut wide).unwrap();
                usize::from(u16::from_be_bytes(wide))
            }
            short => usize::from(short),
        };
        let mut payload = vec![0; length];
        self.stream.read_exact(&mut payload).unwrap();
        Some((head[0], payload))
    }

    /// What the screen shows up to this text, which is removed from it.
    #[track_caller]
    fn until(&mut self, text: &str) -> String {
        loop {
            if let Some(at) = self.screen.find(text) {
                let rest = self.screen.split_off(at + text.len());
                return std::mem::replace(&mut self.screen, rest);
            }
            let (kind, payload) = self.frame().unwrap_or_else(|| panic!("no {text:?}: {:?}", self.screen));
            assert_eq!(kind, 0x82, "waiting for {text:?}: {:?}", self.screen);
            self.screen.push_str(&String::from_utf8(payload).unwrap());
        }
    }

    #[track_caller]
    fn logs_in(&mut self, user: &str, password: &str) {
        self.until("login: ");
        self.types(user);
        self.until("Password: ");
        self.types(password);
    }

    #[track_caller]
    fn ends(&mut self) {
        let closes = std::iter::from_fn(|| self.frame()).any(|(kind, payload)| (kind, &*payload) == (0x88, &[3, 232]));
        assert!(closes, "closed without a word");
    }
}

struct World {
    home: Home,
    server: Server,
    key: Key,
}

impl World {
    /// One RUNNING instance with a known password, whose sshd accepts only keys.
    fn new() -> World {
        let home = Home::new();
        let key = Key::new(&home, "bound");
        let home = home.seed(json!({
            "KeyPairs": [{"KeyId": KEY, "PublicKey": key.public}],
            "Instances": [{
                "InstanceId": ID,
                "LoginSettings": {"Password": PASSWORD},
                "Tags": [{"Key": GUEST_TAG, "Value": "boot-ms=100,shutdown-ms=50"}],
            }],
        }));
        let world = World { server: home.start(), home, key };
        let bind = json!({"InstanceIds": [ID], "KeyIds": [KEY], "ForceStop": true});
        world.server.client.call("AssociateInstancesKeyPairs", bind);
        machines::running(&world.server.client, ID);
        world
    }

    fn url(&self) -> String {
        let answer = self.server.client.call("DescribeInstanceVncUrl", json!({"InstanceId": ID}));
        answer["InstanceVncUrl"].as_str().unwrap().to_owned()
    }
}

#[test]
fn a_password_enters_the_console_where_sshd_takes_none_and_mends_what_ssh_needs() {
    let world = World::new();
    let seen = machines::instance(&world.server.client, ID);
    assert_eq!(ssh::methods(&seen), ["publickey"]);
    let other = Key::new(&world.home, "other");
    ssh::with_key(&seen, &other, "true").refused();
    let mut console = connect(&world.url()).unwrap();
    console.logs_in("root", "Console+Password8");
    console.until("Login incorrect");
    console.logs_in("nobody", PASSWORD);
    console.until("Login incorrect");
    console.logs_in("root", PASSWORD);
    let shown = console.until(":~# ");
    assert!(!shown.contains(PASSWORD), "a password is not shown: {shown}");
    console.types("whoami");
    assert_eq!(console.until(":~# ").split("\r\n").nth(1), Some("root"));
    // Two lines, each short enough for one small frame.
    let (first, second) = other.public.split_at(60);
    console.send(0x01, &format!("echo '{first}"));
    console.send(0x80, second);
    console.types("' >> ~/.ssh/authorized_keys");
    console.until(":~# ");
    ssh::with_key(&seen, &other, "true").entered();
    ssh::with_key(&seen, &world.key, "true").entered();
    console.send(0x89, "are you there");
    assert_eq!(console.frame(), Some((0x8a, b"are you there".to_vec())));
    console.types("exit");
    console.until("login: ");
    console.send_bytes(0x88, &1000_u16.to_be_bytes());
    console.ends();
    world.server.stop();
}

#[test]
fn what_breaks_the_protocol_ends_the_console_and_says_so_by_number() {
    let world = World::new();
    for (what, first, bytes, code) in [
        ("a continuation of nothing", 0x80, &b"who"[..], 1002),
        ("text that is not UTF-8", 0x81, b"\xff\xfe", 1007),
        ("a reserved bit", 0xc1, b"who", 1002),
        ("an unknown kind", 0x83, b"who", 1002),
        ("a ping in parts", 0x09, b"", 1002),
    ] {
        let mut console = connect(&world.url()).unwrap();
        console.until("login: ");
        console.send_bytes(first, bytes);
        assert_eq!(console.ends_with(), code, "{what}");
        let mut rest = Vec::new();
        assert!(console.stream.read_to_end(&mut rest).is_ok_and(|_| rest.is_empty()), "{what}: {rest:?}");
    }
    let mut console = connect(&world.url()).unwrap();
    console.send(0x01, "half");
    console.send(0x81, "another");
    assert_eq!(console.ends_with(), 1002, "another message amid one in parts");
    let mut console = connect(&world.url()).unwrap();
    console.until("login: ");
    // 70 kB in one frame.
    console.stream.write_all(&[0x82, 0xff, 0, 0, 0, 0, 0, 1, 0x11, 0x70, 0, 0, 0, 0]).unwrap();
    assert_eq!(console.ends_with(), 1009);
    world.server.stop();
}

#[test]
fn no_frame_is_cut_by_another_however_slowly_its_client_reads() {
    let world = World::new();
    let mut console = connect(&world.url()).unwrap();
    console.logs_in("root", PASSWORD);
    console.until(":~# ");
    // A megabyte of output, which is more than the pipes hold, for a client that does not read.
    console.types(&format!("echo {} > a", "x".repeat(99)));
    for (from, to) in ["ab", "bc", "cd", "de"].map(|names| names.split_at(1)) {
        console.types(&format!("cat{} > {to}", format!(" {from}").repeat(10)));
        console.until(":~# ");
    }
    console.until(":~# ");
    console.types("cat e e e e e e e e");
    let mut waiting = vec![0; 64 * 1024];
    until("much is on its way", || console.stream.peek(&mut waiting).unwrap() == waiting.len());
    // It ends the other way, in the middle of a frame.
    console.send_bytes(0x80, b"");
    assert_eq!(console.ends_with(), 1002);
    world.server.stop();
}

#[test]
fn a_page_from_elsewhere_opens_no_console() {
    let world = World::new();
    let url = world.url();
    let refusal = connect_from(&url, "Origin: http://example.com\r\n").err().unwrap();
    assert_eq!(refusal, "HTTP/1.1 403 Forbidden");
    let refusal = connect_from(&url, "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n").err().unwrap();
    assert_eq!(refusal, "HTTP/1.1 400 Bad Request");
    // That does not use the address up: it opens from a page of the server's own.
    let host = url.strip_prefix("ws://").unwrap().split_once('/').unwrap().0;
    connect_from(&url, &format!("Origin: http://{host}\r\n")).unwrap().until("login: ");
    world.server.stop();
}

#[test]
fn an_address_opens_one_console_once() {
    let world = World::new();
    let (url, another) = (world.url(), world.url());
    assert_ne!(url, another);
    connect(&url).unwrap().until("login: ");
    assert_eq!(connect(&url).err().unwrap(), "HTTP/1.1 403 Forbidden");
    connect(&another).unwrap().until("login: ");
    let forged = format!("{}x", world.url());
    assert_eq!(connect(&forged).err().unwrap(), "HTTP/1.1 403 Forbidden");
    let bare = url.split_once('?').unwrap().0;
    assert_eq!(connect(bare).err().unwrap(), "HTTP/1.1 403 Forbidden");
    // A browser that opens the address sends no WebSocket request; that does not use it up either.
    let fresh = world.url();
    let mut plain = TcpStream::connect(fresh[5..].split_once('/').unwrap().0).unwrap();
    let path = &fresh[fresh.find("/_cvmd").unwrap()..];
    write!(plain, "GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    plain.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 400") && answer.contains("WebSocket"), "{answer}");
    connect(&fresh).unwrap().until("login: ");
    world.server.stop();
}

#[test]
fn a_console_ends_with_its_machine_and_none_is_had_of_a_stopped_one() {
    let world = World::new();
    let client = &world.server.client;
    let mut console = connect(&world.url()).unwrap();
    console.until("login: ");
    let late = world.url();
    client.call("StopInstances", json!({"InstanceIds": [ID], "StopType": "HARD"}));
    console.ends();
    let stopped = machines::settled(client, ID);
    assert_eq!(stopped["InstanceState"], "STOPPED");
    assert_eq!(connect(&late).err().unwrap(), "HTTP/1.1 503 Service Unavailable");
    let refused = client.refusal("DescribeInstanceVncUrl", json!({"InstanceId": ID}));
    assert_eq!(refused, "UnsupportedOperation.InstanceStateStopped");
    let rescue: Value = json!({"InstanceId": ID, "Password": "Rescue+Password7"});
    client.call("EnterRescueMode", rescue);
    machines::settled(client, ID);
    let mut console = connect(&world.url()).unwrap();
    console.logs_in("root", PASSWORD);
    console.until("Login incorrect");
    console.logs_in("root", "Rescue+Password7");
    console.until("root@rescue:~# ");
    console.types("poweroff");
    console.ends();
    world.server.stop();
}

#[test]
fn consoles_of_one_account_leave_another_and_its_other_machines_theirs() {
    let home = Home::new();
    // 32 connections and 4 consoles: 2 for one account.
    let server = support::with_descriptors(&home, 128);
    let added = home.ask_json(&["account", "add", "second"]);
    let second = server.client.with(added["SecretId"].as_str().unwrap(), added["SecretKey"].as_str().unwrap());
    let run = |client: &Client| {
        let instance = machines::run(client, "boot-ms=1", json!({"Password": PASSWORD}));
        (client.clone(), instance["InstanceId"].clone())
    };
    let ([first, other], foreign) = ([run(&server.client), run(&server.client)], run(&second));
    let open = |(client, id): &(Client, Value)| {
        let answer = client.call("DescribeInstanceVncUrl", json!({"InstanceId": id}));
        let mut console = connect(answer["InstanceVncUrl"].as_str().unwrap())?;
        console.until("login: ");
        Ok::<_, String>(console)
    };
    let mut mine = [open(&first).unwrap(), open(&first).unwrap()];
    assert_eq!(open(&first).err().unwrap(), "HTTP/1.1 503 Service Unavailable");
    let _theirs = [open(&foreign).unwrap(), open(&foreign).unwrap()];
    mine[0].types("in use");
    mine[0].until("Password: ");
    // The account's other machine takes the place of its longest idle console.
    let _others = open(&other).unwrap();
    assert!(std::iter::from_fn(|| mine[1].frame()).all(|(kind, _)| kind != 0x8a), "it has ended");
    mine[0].types(PASSWORD);
    mine[0].until("Login incorrect");
    assert_eq!(server.metric("cvmd_bounds_reached_total{bound=\"consoles\"} "), 2);
    server.stop();
}

//! A server that is somebody else's, or none: what it says is never the terminal's command, and silence has an end.

use crate::support::{Home, refused};
use serde_json::json;
use std::{
    io::{BufRead, BufReader, Write},
    net::{SocketAddr, TcpListener},
    process::Output,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

const ID: &str = "ins-1e4r6y8i";

/// Answers every request with these bytes, or, without any, never; until the program ends. Counts the requests.
fn server(answer: Option<Vec<u8>>) -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let asked = Arc::<AtomicUsize>::default();
    let counted = Arc::clone(&asked);
    std::thread::spawn(move || {
        let mut silent = Vec::new();
        for stream in listener.incoming() {
            counted.fetch_add(1, Ordering::SeqCst);
            let mut stream = BufReader::new(stream.unwrap());
            let Some(answer) = &answer else {
                silent.push(stream);
                continue;
            };
            let mut line = String::new();
            while stream.read_line(&mut line).unwrap() > 2 {
                line.clear();
            }
            // A client that has read enough hangs up.
            let _ = stream.get_mut().write_all(answer);
        }
    });
    (address, asked)
}

fn answering(status: &str, body: &str) -> SocketAddr {
    let head = format!("HTTP/1.1 {status}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", body.len());
    server(Some((head + body).into_bytes())).0
}

fn ask(server: SocketAddr, words: &[&str]) -> Output {
    let endpoint = format!("http://{server}");
    let (command, words) = words.split_first().unwrap();
    Home::new().cvmd(&[&[*command, "--endpoint", &endpoint], words].concat()).output().unwrap()
}

#[test]
fn what_another_server_says_never_commands_the_terminal() {
    let hostile = "\u{1b}]0;owned\u{7}\u{1b}[2J\u{9b}31m\rroot";
    let long = format!("{hostile}{}", "x".repeat(1 << 20));
    let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA";
    let mut answers = Vec::new();
    for (user, host_key, trouble) in
        [(hostile, key, ""), ("root", hostile, ""), ("root\nProxyCommand x", key, ""), ("", "", hostile)]
    {
        let body = json!({"User": user, "HostKey": host_key, "Trouble": trouble, "State": hostile, "ComesUp": false});
        answers.push(answering("200 OK", &body.to_string()));
    }
    // A tunnel that opens carries whatever there is, to ssh.
    let refusals = [hostile, &long].map(|line| answering("404 Not Found", line));
    let relays = refusals.iter().map(|server| (*server, vec!["relay", ID]));
    let asked = answers.iter().chain(&refusals).flat_map(|server| {
        [vec!["host-key", ID], vec!["login-user", ID], vec!["ssh", ID, "true"]].map(|words| (*server, words))
    });
    for (server, words) in asked.chain(relays) {
        let output = ask(server, &words);
        let said = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        let sign = said.chars().find(|sign| sign.is_control() && *sign != '\n');
        assert!(sign.is_none() && said.lines().count() <= 1, "{words:?}: {said:?}");
        assert!(said.len() < 2_000, "{words:?}: {} bytes", said.len());
    }
}

#[test]
fn a_user_that_is_an_option_of_ssh_is_none() {
    let body = json!({"User": "-oProxyCommand=touch owned", "HostKey": "ssh-ed25519 AAAA"});
    let server = answering("200 OK", &body.to_string());
    let said = refused(&ask(server, &["ssh", ID, "true"]));
    assert!(said.contains("lacks the machine's user or host key"), "{said}");
}

#[test]
fn a_server_that_accepts_and_says_nothing_is_given_up_after_ten_seconds_and_not_asked_again() {
    std::thread::scope(|scope| {
        for words in [["relay", ID], ["host-key", ID]] {
            scope.spawn(move || {
                let (address, asked) = server(None);
                let said = refused(&ask(address, &words));
                assert!(said.contains(&format!("{address} does not answer within 10 s")), "{words:?}: {said}");
                assert_eq!(asked.load(Ordering::SeqCst), 1, "{words:?}");
            });
        }
    });
}

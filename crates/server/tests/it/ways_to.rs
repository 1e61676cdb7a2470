//! The ways to a machine: `CONNECT` on the one port leads to its sshd and nowhere else.

use crate::support::{
    self, Home, Server,
    http::Client,
    machines::{self, run, settled},
    ssh::Key,
    until,
};
use serde_json::{Value, json};
use std::{
    io::{self, Read, Write},
    net::{Shutdown, TcpStream},
    path::Path,
    process::{Command, Output, Stdio},
};

/// Opens a tunnel; returns the answer's status, its text and the connection.
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
    let mut message = String::new();
    if status != 200 {
        stream.read_to_string(&mut message).unwrap();
    }
    (status, message, stream)
}

/// A tunnel whose other end has sent its greeting, as sshd does.
#[track_caller]
fn greeted(server: &Server, target: &str) -> TcpStream {
    let (status, message, mut stream) = connect(server, target);
    assert_eq!(status, 200, "{target}: {message}");
    let mut greeting = [0; 12];
    stream.read_exact(&mut greeting).unwrap();
    assert_eq!(&greeting, b"SSH-2.0-cvmd", "{target}");
    stream
}

/// Checks that the other side closes or resets within the limit.
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
    // As OpenBSD's nc and corkscrew ask: HTTP/1.0, and no Host.
    let mut old = server.client.connect().unwrap();
    write!(old, "CONNECT {address}:22 HTTP/1.0\r\n\r\n").unwrap();
    let mut received = Vec::new();
    while !received.ends_with(b"\r\n\r\nSSH-2.0-cvmd") {
        let mut byte = [0];
        old.read_exact(&mut byte).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&received)));
        received.push(byte[0]);
    }
    assert_eq!(received.iter().position(|byte| *byte == b' '), Some(8));
    assert!(received[9..].starts_with(b"200"), "{}", String::from_utf8_lossy(&received));
    drop(old);
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
        let (answered, message, _) = connect(&server, &target);
        assert!(
            answered == status && message.contains(why) && message.lines().count() == 1,
            "{target}: {answered} {message}"
        );
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
    let mut staying = greeted(&server, &format!("{}:22", id(&stays)));
    assert_eq!(tunnels(&server), "2");
    server.client.call("StopInstances", json!({"InstanceIds": [id(&stops)]}));
    ends(&mut cut);
    drop(cut);
    until("one tunnel is left", || tunnels(&server) == "1");
    // The rest of sshd's greeting, and the algorithms that it sends once the client has greeted.
    staying.write_all(b"SSH-2.0-test\r\n").unwrap();
    staying.read_exact(&mut [0; 64]).unwrap();
    server.stop();
}

#[test]
fn logged_in_tunnels_of_one_account_leave_another_and_its_other_machines_theirs() {
    let home = Home::new();
    // 32 connections, 16 tunnels: 8 for one account.
    let server = support::with_descriptors(&home, 128);
    let added = home.ask_json(&["account", "add", "second"]);
    let second = server.client.with(added["SecretId"].as_str().unwrap(), added["SecretKey"].as_str().unwrap());
    let key = Key::new(&home, "laptop");
    let entered_by = |client: &Client| {
        let imported = json!({"KeyName": "laptop", "ProjectId": 0, "PublicKey": key.public});
        json!({"KeyIds": [client.call("ImportKeyPair", imported)["KeyId"]]})
    };
    let (mine, theirs) = (entered_by(&server.client), entered_by(&second));
    let [first, other] = [0, 1].map(|_| run(&server.client, "boot-ms=1", mine.clone()));
    let foreign = run(&second, "boot-ms=1", theirs);
    let include = include(&home, "relay", &["--data", home.data().to_str().unwrap(), "--relay"]);
    let stays = |instance: &Value| {
        let mut ssh = ssh(&include, &key, id(instance), &["echo in; sleep 60"]);
        let mut child = ssh.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = [0; 3];
        child.stdout.as_mut().unwrap().read_exact(&mut line).unwrap();
        assert_eq!(&line, b"in\n");
        child
    };
    let mut open: Vec<_> = (0..8).map(|_| stays(&first)).collect();
    assert_eq!(tunnels(&server), "8");
    let refused = ssh(&include, &key, id(&first), &["true"]).output().unwrap();
    let (status, _, words) = ended(&refused);
    assert!(status == Some(255) && words.contains("8 tunnels to machines of one account are open"), "{refused:?}");
    assert_eq!(ended(&ssh(&include, &key, id(&foreign), &["hostname"]).output().unwrap()).0, Some(0));
    // The account's other machine takes the place of its longest idle tunnel.
    assert_eq!(ended(&ssh(&include, &key, id(&other), &["hostname"]).output().unwrap()).0, Some(0));
    assert_eq!(open[0].wait().unwrap().code(), Some(255));
    assert!(open[1..].iter_mut().all(|child| child.try_wait().unwrap().is_none()));
    assert_eq!(server.metric("cvmd_bounds_reached_total{bound=\"tunnels\"} "), 2);
    server.stop();
    open.iter_mut().for_each(|child| drop(child.wait()));
}

#[test]
fn a_client_that_leaves_in_any_way_leaves_no_tunnel_behind() {
    let home = Home::new();
    let server = home.start();
    let instance = run(&server.client, "boot-ms=1", Value::Null);
    let target = format!("{}:22", id(&instance));
    drop(greeted(&server, &target));
    // The client leaves before it has read the answer.
    let mut hasty = server.client.connect().unwrap();
    write!(hasty, "CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n\r\n").unwrap();
    drop(hasty);
    // The client has sent everything and still reads: sshd sees the end, and closes.
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

/// A plain `ssh NAME` with an include of ours and one private key.
fn ssh(include: &Path, key: &Key, name: &str, words: &[&str]) -> Command {
    let mut ssh = Command::new("ssh");
    ssh.arg("-F").arg(include).arg("-i").arg(&key.file).args(["-o", "IdentitiesOnly=yes", "-o", "IdentityAgent=none"]);
    ssh.args(["-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-T", name]).args(words).stdin(Stdio::null());
    ssh
}

fn ended(output: &Output) -> (Option<i32>, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// Writes what `cvmd ssh-config` prints into a file.
fn include(home: &Home, name: &str, arguments: &[&str]) -> std::path::PathBuf {
    let printed = home.cvmd(&[&["ssh-config"], arguments].concat()).output().unwrap();
    assert!(printed.status.success(), "{printed:?}");
    let path = home.beside(name);
    std::fs::write(&path, &printed.stdout).unwrap();
    path
}

/// The three includes: at the machines' addresses, through the port, and through the port of a server whose data
/// directory is not at hand.
fn includes(home: &Home, server: &Server) -> [std::path::PathBuf; 3] {
    let data = home.data();
    let (data, endpoint) = (data.to_str().unwrap(), format!("http://{}", server.client.address));
    [
        include(home, "direct", &["--data", data]),
        include(home, "relay", &["--data", data, "--relay"]),
        include(home, "far", &["--endpoint", &endpoint]),
    ]
}

fn imported(server: &Server, key: &Key, name: &str) -> Value {
    server.client.call("ImportKeyPair", json!({"KeyName": name, "ProjectId": 0, "PublicKey": key.public}))["KeyId"]
        .clone()
}

#[test]
fn a_plain_ssh_enters_by_every_include_also_what_is_younger_than_it() {
    let home = Home::new();
    let server = home.start();
    let (mine, other) = (Key::new(&home, "mine"), Key::new(&home, "other"));
    let login = json!({"KeyIds": [imported(&server, &mine, "mine")]});
    let older = run(&server.client, "boot-ms=1", login.clone());
    let includes = includes(&home, &server);
    let younger = json!({"Placement": {"Zone": "ap-guangzhou-3"}, "ImageId": "img-487zeit6", "LoginSettings": login});
    let younger = server.client.call("RunInstances", younger)["InstanceIdSet"][0].as_str().unwrap().to_owned();
    let ubuntu = machines::running(&server.client, &younger);
    for include in &includes {
        for (instance, user) in [(&older, "root"), (&ubuntu, "ubuntu")] {
            let entered = ssh(include, &mine, id(instance), &["whoami"]).output().unwrap();
            assert_eq!(ended(&entered), (Some(0), user.into(), String::new()), "{}", include.display());
        }
        let refused = ended(&ssh(include, &other, id(&older), &["true"]).output().unwrap()).2;
        assert!(refused.contains("Permission denied"), "{refused}");
        let nowhere = ended(&ssh(include, &mine, "ins-00000000", &["true"]).output().unwrap());
        assert!(nowhere.0 == Some(255) && nowhere.2.contains("there is no"), "{nowhere:?}");
    }
    server.stop();
}

#[test]
fn a_machine_that_shows_another_key_than_the_servers_is_not_spoken_to() {
    let home = Home::new();
    let server = home.start();
    let mine = Key::new(&home, "mine");
    let login = json!({"KeyIds": [imported(&server, &mine, "mine")]});
    let (instance, impostor) =
        (run(&server.client, "boot-ms=1", login.clone()), run(&server.client, "boot-ms=1", login));
    let address = impostor["PrivateIpAddresses"][0].as_str().unwrap();
    for include in includes(&home, &server) {
        let mut diverted = Command::new("ssh");
        diverted.args(["-o", "ProxyCommand=none", "-o", &format!("HostName={address}")]);
        diverted.args(["-o", &format!("Port={}", impostor["DefaultLoginPort"])]);
        diverted.args(["-o", &format!("HostKeyAlias={}", id(&instance))]);
        diverted.args(ssh(&include, &mine, id(&instance), &["whoami"]).get_args()).stdin(Stdio::null());
        let message = ended(&diverted.output().unwrap()).2;
        assert!(message.contains("Host key verification failed"), "{}: {message}", include.display());
        let entered = ssh(&include, &mine, id(&instance), &["whoami"]).output().unwrap();
        assert_eq!(ended(&entered).1, "root");
    }
    server.stop();
}

#[test]
fn a_foreign_accounts_machine_is_reached_and_its_own_keys_decide() {
    let home = Home::new();
    let server = home.start();
    let (mine, theirs) = (Key::new(&home, "mine"), Key::new(&home, "theirs"));
    imported(&server, &mine, "mine");
    let other = home.ask_json(&["account", "add", "others"]);
    let text = |name: &str| other[name].as_str().unwrap();
    let client = server.client.with(text("SecretId"), text("SecretKey"));
    let body = json!({"KeyName": "theirs", "ProjectId": 0, "PublicKey": theirs.public});
    let key = client.call("ImportKeyPair", body)["KeyId"].clone();
    let instance = run(&client, "boot-ms=1", json!({"KeyIds": [key]}));
    let far = include(&home, "far", &["--endpoint", &format!("http://{}", server.client.address)]);
    let refused = ended(&ssh(&far, &mine, id(&instance), &["true"]).output().unwrap());
    assert!(refused.0 == Some(255) && refused.2.contains("Permission denied (publickey)"), "{refused:?}");
    assert_eq!(ended(&ssh(&far, &theirs, id(&instance), &["whoami"]).output().unwrap()).1, "root");
    server.stop();
}

#[test]
fn a_session_through_the_port_ends_with_its_machine() {
    let home = Home::new();
    let server = home.start();
    let mine = Key::new(&home, "mine");
    let login = json!({"KeyIds": [imported(&server, &mine, "mine")]});
    let instance = run(&server.client, "boot-ms=1,shutdown-ms=1", login);
    let far = include(&home, "far", &["--endpoint", &format!("http://{}", server.client.address)]);
    let mut session = ssh(&far, &mine, id(&instance), &[]);
    let mut session = session.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut input = session.stdin.take().unwrap();
    input.write_all(b"whoami\n").unwrap();
    let mut answer = [0; 5];
    session.stdout.as_mut().unwrap().read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"root\n");
    server.client.call("StopInstances", json!({"InstanceIds": [id(&instance)]}));
    let mut ended = None;
    until("the session ends", || {
        ended = session.try_wait().unwrap();
        ended.is_some()
    });
    assert_eq!(ended.unwrap().code(), Some(255));
    drop(input);
    until("its tunnel is closed", || tunnels(&server) == "0");
    server.stop();
}

#[test]
fn cvmd_ssh_takes_a_key_and_either_way() {
    let home = Home::new();
    let server = home.start();
    let mine = Key::new(&home, "mine");
    let login = json!({"KeyIds": [imported(&server, &mine, "mine")]});
    let instance = run(&server.client, "boot-ms=1", login);
    let (data, key, endpoint) = (home.data(), mine.file.to_str().unwrap(), format!("http://{}", server.client.address));
    for place in [
        &["--data", data.to_str().unwrap()][..],
        &["--data", data.to_str().unwrap(), "--relay"],
        &["--endpoint", &endpoint],
    ] {
        let words = [&["ssh"], place, &["-i", key, id(&instance), "whoami"]].concat();
        let output = home.cvmd(&words).env("HOME", home.beside("nowhere")).output().unwrap();
        assert_eq!(ended(&output), (Some(0), "root".into(), String::new()), "{place:?}");
    }
    // What `cvmd env` has left in a shell counts where no option is given and no server runs in the default place.
    let nowhere = home.beside("nowhere");
    let far = |endpoint: &str| {
        let mut command = home.cvmd(&["ssh", "-i", key, id(&instance), "whoami"]);
        command.env("CVMD_ENDPOINT", endpoint).env("HOME", &nowhere).env("XDG_DATA_HOME", &nowhere);
        ended(&command.output().unwrap())
    };
    assert_eq!(far(&endpoint), (Some(0), "root".into(), String::new()));
    // As `cvmd env` prints it where a certificate was given: on the way to this host nobody listens.
    assert_eq!(far(&endpoint.replace("http://", "https://")), (Some(0), "root".into(), String::new()));
    let (status, _, why) = far("https://192.0.2.1:8312");
    assert!(status == Some(2) && why.contains("--data DIR") && why.contains("http://192.0.2.1:8312"), "{why}");
    server.stop();
}

#[test]
fn ssh_prints_once_why_a_machine_that_is_off_or_missing_cannot_be_entered() {
    let home = Home::new();
    let server = home.start();
    let mine = Key::new(&home, "mine");
    let bound = imported(&server, &mine, "mine");
    let instance = run(&server.client, "boot-ms=1,shutdown-ms=1", json!({"KeyIds": [bound]}));
    let (data, key) = (home.data(), mine.file.to_str().unwrap());
    let enter = || {
        ended(
            &home.cvmd(&["ssh", "--data", data.to_str().unwrap(), "-i", key, id(&instance), "true"]).output().unwrap(),
        )
    };
    assert_eq!(enter(), (Some(0), String::new(), String::new()));
    let unbind = json!({"InstanceIds": [id(&instance)], "KeyIds": [bound], "ForceStop": true});
    server.client.call("DisassociateInstancesKeyPairs", unbind);
    machines::running(&server.client, id(&instance));
    let (status, _, words) = enter();
    assert!(status == Some(255) && words.contains("no key pair is bound to ins-"), "{words}");
    let include = include(&home, "direct", &["--data", data.to_str().unwrap()]);
    let (status, _, words) = ended(&ssh(&include, &mine, "ins-00000000", &["true"]).output().unwrap());
    assert!(status == Some(255) && words.matches("cvmd: ").count() == 1, "{words}");
    server.stop();
}

#[test]
fn at_ports_of_their_own_machines_are_told_apart_by_the_port_over_restarts() {
    let home = Home::new().flag("--ssh-mode", "port").flag("--ssh-port-range", "23000-23999");
    let server = home.start();
    let (one, two) = (Key::new(&home, "one"), Key::new(&home, "two"));
    let run_with =
        |key: &Key, name: &str| run(&server.client, "boot-ms=1", json!({"KeyIds": [imported(&server, key, name)]}));
    let (first, second) = (run_with(&one, "one"), run_with(&two, "two"));
    let port = |instance: &Value| instance["DefaultLoginPort"].clone();
    assert_ne!(port(&first), port(&second));
    let direct = include(&home, "direct", &["--data", home.data().to_str().unwrap()]);
    let text = std::fs::read_to_string(&direct).unwrap();
    assert!(text.contains(&format!("HostName 127.0.0.1\n    Port {}\n", port(&first))), "{text}");
    let enter = |key: &Key, instance: &Value| {
        let output = ssh(&direct, key, id(instance), &["whoami"]).output().unwrap();
        (output.status.code(), ended(&output).2.contains("Permission denied"))
    };
    let seen = || [enter(&one, &first), enter(&one, &second), enter(&two, &first), enter(&two, &second)];
    let wanted = [(Some(0), false), (Some(255), true), (Some(255), true), (Some(0), false)];
    assert_eq!(seen(), wanted);
    server.stop();
    let server = home.start();
    assert_eq!(seen(), wanted);
    assert_eq!(port(&machines::instance(&server.client, id(&first))), port(&first));
    server.stop();
}

#[test]
fn a_seeds_machines_show_their_own_ports_from_the_first_answer_on() {
    let seed = json!({"Instances": [{"InstanceId": "ins-1e4r6y8i"}, {"InstanceId": "ins-2e4r6y8i"}]});
    let home = Home::new().flag("--ssh-mode", "port").flag("--ssh-port-range", "25000-25999").seed(seed);
    let server = home.start();
    let port =
        |server: &Server, name: &str| machines::instance(&server.client, name)["DefaultLoginPort"].as_u64().unwrap();
    let (one, two) = (port(&server, "ins-1e4r6y8i"), port(&server, "ins-2e4r6y8i"));
    assert!((25_000..=25_999).contains(&one) && (25_000..=25_999).contains(&two) && one != two, "{one} {two}");
    greeted(&server, &format!("ins-1e4r6y8i:{one}"));
    let (status, why, _) = connect(&server, &format!("ins-1e4r6y8i:{two}"));
    assert!(status == 403, "{why}");
    server.stop();
}

#[test]
fn a_row_forgets_its_port_when_the_mode_is_left() {
    let home = Home::new().environment("CVMD_SSH_MODE", "port");
    let server = home.start();
    let before = run(&server.client, "boot-ms=1", Value::Null);
    server.stop();
    let mut serve = home.serve();
    serve.env("CVMD_SSH_MODE", "address");
    let server = home.start_as(serve);
    until("the row holds the shared port", || {
        let after = machines::instance(&server.client, id(&before));
        after["DefaultLoginPort"] != before["DefaultLoginPort"]
    });
    server.stop();
}

#[test]
fn the_demo_is_true_at_ports_of_the_machines_own() {
    let home = Home::new();
    let output = home.cvmd(&["demo"]).env("CVMD_SSH_MODE", "port").output().unwrap();
    let (status, out, err) = ended(&output);
    assert!(status == Some(0) && out.contains("Every step is true"), "{out} {err}");
}

#[test]
fn a_client_that_fails_again_and_again_through_the_port_must_wait() {
    for (penalties, waits) in [("on", true), ("outside", false)] {
        let home = Home::new().flag("--ssh-penalties", penalties);
        let server = home.start();
        let (mine, other) = (Key::new(&home, "mine"), Key::new(&home, "other"));
        let instance = run(&server.client, "boot-ms=1", json!({"KeyIds": [imported(&server, &mine, "mine")]}));
        let far = include(&home, "far", &["--endpoint", &format!("http://{}", server.client.address)]);
        for _ in 0..4 {
            let refused = ended(&ssh(&far, &other, id(&instance), &["true"]).output().unwrap());
            assert_eq!(refused.0, Some(255), "{refused:?}");
        }
        let last = ended(&ssh(&far, &mine, id(&instance), &["whoami"]).output().unwrap());
        let (status, why, _) = connect(&server, &format!("{}:22", id(&instance)));
        if waits {
            let words = "logins from this address failed too often: no machine answers it for another";
            assert!(last.0 == Some(255) && last.2.contains(words), "{last:?}");
            assert!(status == 429 && why.starts_with(words) && why.lines().count() == 1, "{status} {why}");
        } else {
            assert_eq!((last.0, &*last.1, status), (Some(0), "root", 200), "{last:?}");
        }
        let log = server.stop();
        let line = log.lines().find(|line| line.contains("a login failed")).unwrap_or_else(|| panic!("{log}"));
        for field in
            [&format!("instance={}", id(&instance)), "user=\"root\"", "method=\"publickey\"", "peer=\"127.0.0.1\""]
        {
            assert!(line.contains(field), "{field}: {line}");
        }
    }
}

//! How commands find their server, and what they report where there is none: `cvmd env` above all.

use crate::support::{self, Home, Server, machines, refused, text, until};
use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader, Write},
    os::unix::{fs::PermissionsExt, net::UnixListener, process::CommandExt},
    process::{Command, Stdio},
};

#[test]
fn a_server_that_could_not_start_is_reported_by_env_and_an_eval_of_that_leaves_no_other_endpoint() {
    let (first, second) = (Home::new(), Home::new());
    let server = first.start();
    let address = server.client.address.to_string();
    let mut serve = second.cvmd(&["serve", "--listen", &address, "--ssh-ports", "0", "--data"]);
    let message = second.refuses_to_serve(serve.arg(second.data()));
    assert!(message.contains(&address) && message.contains("--listen 127.0.0.1:0"), "{message}");
    let failed = second.ask(&["env"]);
    let message = refused(&failed);
    assert!(message.contains("the last one ended with: cannot listen on") && message.contains(&address), "{message}");
    let script =
        "CVMD_ENDPOINT=http://old; eval \"$(\"$0\" env --data \"$1\")\" && echo went on; echo \"left:$CVMD_ENDPOINT\"";
    for shell in ["sh", "bash", "zsh"] {
        // Some shells may not be installed.
        if let Ok(done) = support::script(shell, script).arg(second.data()).output() {
            assert_eq!(String::from_utf8_lossy(&done.stdout), "left:\n", "{shell}");
        }
    }
    second.start().stop();
    let message = refused(&second.ask(&["env"]));
    assert!(message.contains("no cvmd is running there") && !message.contains("ended with"), "{message}");
    server.stop();
}

#[test]
fn a_server_that_ends_as_it_is_asked_is_asked_again_when_the_next_one_runs() {
    let home = Home::new();
    std::fs::create_dir_all(home.data()).unwrap();
    let listener = UnixListener::bind(home.data().join("cvmd.sock")).unwrap();
    let answering = std::thread::spawn(move || {
        drop(listener.accept().unwrap());
        let (mut next, _) = listener.accept().unwrap();
        BufReader::new(&next).read_line(&mut String::new()).unwrap();
        let answer =
            json!({"Ok": {"Endpoint": "http://127.0.0.1:1", "SecretId": "i", "SecretKey": "k", "Region": "r"}});
        writeln!(next, "{answer}").unwrap();
    });
    assert!(text(&home.ask(&["env"])).contains("CVMD_ENDPOINT=http://127.0.0.1:1\n"));
    answering.join().unwrap();
}

#[test]
fn a_server_that_is_stopped_as_by_ctrl_z_hangs_no_command() {
    let home = Home::new();
    let server = home.start();
    // The operator's socket opens a moment after the port.
    until("it answers", || home.ask(&["account", "list"]).status.success());
    server.signal("-STOP");
    // All of its threads: on a busy computer one may still answer.
    let is_stopped = |task: std::fs::DirEntry| {
        std::fs::read_to_string(task.path().join("stat")).is_ok_and(|stat| stat.contains(") T "))
    };
    let tasks = || std::fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap();
    until("it is stopped", || tasks().all(|task| task.is_ok_and(is_stopped)));
    let message = refused(&home.ask(&["account", "list"]));
    server.signal("-CONT");
    assert!(message.contains(&format!("process {}", server.pid())) && message.contains("stopped"), "{message}");
    assert!(home.ask(&["account", "list"]).status.success());
    server.stop();
}

#[test]
fn a_server_of_another_user_is_reported() {
    if text(&Command::new("id").arg("-u").output().unwrap()).trim() != "0" {
        eprintln!("skipped: only root can be somebody else");
        return;
    }
    let home = Home::new();
    let server = home.start();
    // The other user must be able to reach the data directory, and needs a program to run.
    let program = home.beside("cvmd");
    // Copied by another process: a file that this one has open for writing could not be run while another test forks.
    assert!(Command::new("cp").args([&support::program(), &program]).status().unwrap().success());
    for path in [program.parent().unwrap(), &program] {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut command = Command::new(&program);
    command.args(["account", "list", "--data"]).arg(home.data()).env_clear().current_dir("/").uid(65534).gid(65534);
    let message = refused(&command.output().unwrap());
    assert!(message.contains("belongs to another user (uid 0)") && message.contains("--data DIR"), "{message}");
    server.stop();
}

#[test]
fn a_command_waits_for_a_server_that_is_starting() {
    let home = Home::new();
    let data = home.data();
    let mut asked = home.cvmd(&["env", "--data", data.to_str().unwrap()]);
    let mut asked = asked.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    assert!(asked.try_wait().unwrap().is_none(), "it waits");
    let server = home.start();
    let output = asked.wait_with_output().unwrap();
    assert!(text(&output).contains("CVMD_ENDPOINT"));
    server.stop();
}

#[test]
fn what_env_left_in_a_shell_beats_the_usual_directory_and_an_option_beats_that() {
    let (usual, ours) = (Home::new(), Home::new());
    let xdg = usual.data();
    let started = |home: &Home, serve: &mut Command| home.start_as(std::mem::replace(serve, Command::new("true")));
    let mut serve = usual.cvmd(&["serve", "--listen", "127.0.0.1:0", "--ssh-ports", "0"]);
    serve.env("XDG_DATA_HOME", &xdg);
    let there = started(&usual, &mut serve);
    let here = ours.start();
    let machine = |server: &Server| machines::run(&server.client, "boot-ms=50", json!({"Password": "Which+Passw0rd"}));
    let (there_id, here_id) = (machine(&there)["InstanceId"].take(), machine(&here)["InstanceId"].take());
    let user = |id: &Value, environment: &[(&str, String)], more: &[&str]| {
        let mut command = ours.cvmd(&["login-user"]);
        command.args(more).arg(id.as_str().unwrap()).env("XDG_DATA_HOME", &xdg);
        command.envs(environment.iter().map(|(name, value)| (name, value))).output().unwrap().status.success()
    };
    let endpoint = ("CVMD_ENDPOINT", format!("http://{}", here.client.address));
    let data = ("CVMD_DATA", ours.data().display().to_string());
    let gone = ("CVMD_DATA", "/nowhere/at/all".to_owned());
    assert!(user(&there_id, &[], &[]) && !user(&here_id, &[], &[]), "the usual directory");
    assert!(user(&here_id, &[endpoint.clone(), data], &[]), "what env printed");
    assert!(user(&here_id, std::slice::from_ref(&endpoint), &[]), "the endpoint alone, as from another computer");
    assert!(user(&here_id, &[endpoint.clone(), gone], &[]), "a directory of another computer is none");
    let usual_data = xdg.join("cvmd");
    assert!(user(&there_id, &[endpoint], &["--data", usual_data.to_str().unwrap()]), "given with the command");
    there.stop();
    here.stop();
}

#[test]
fn what_env_prints_can_be_evaluated() {
    let home = Home::new();
    let server = home.start();
    let script = text(&home.ask(&["env"]))
        + "printf '%s\\n' \"$TENCENTCLOUD_SECRET_ID\" \"$TENCENTCLOUD_SECRET_KEY\" \"$TENCENTCLOUD_REGION\" \"$CVMD_ENDPOINT\" \"$CVMD_DATA\"";
    let shell = Command::new("sh").args(["-e", "-u", "-c", &script]).env_clear().output().unwrap();
    let endpoint = format!("http://{}", server.client.address);
    let printed = text(&shell);
    assert_eq!(
        printed.lines().collect::<Vec<_>>(),
        [support::SECRET_ID, support::SECRET_KEY, "ap-guangzhou", &endpoint, home.data().to_str().unwrap()]
    );
    let written = std::fs::read_to_string(home.data().join("endpoint")).unwrap();
    assert_eq!(written.trim(), endpoint);
    assert!(text(&home.ask(&["env", "--for", "tccli"])).contains(&endpoint));
    let seen = |client: &str, variables: &str| {
        let script = text(&home.ask(&["env", "--for", client])) + "printf '%s ' " + variables;
        let mut shell = Command::new("sh");
        shell.args(["-e", "-u", "-c", &script]).env_clear();
        // A company's proxy and its exceptions.
        for name in ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"] {
            shell.env(name, "http://proxy.example:3128");
        }
        shell.env("no_proxy", "tencentcloudapi.com").env("NO_PROXY", "tencentcloudapi.com");
        text(&shell.output().unwrap())
    };
    let ca = home.data().join("ca.pem").display().to_string();
    let (plain, secure) = ("$http_proxy $HTTP_PROXY", "$https_proxy $HTTPS_PROXY");
    let around = "${no_proxy-none} ${NO_PROXY-none}";
    let led = format!("{endpoint} {endpoint}");
    for client in ["packer", "qcloud", "custodian"] {
        let wanted = format!("{led} none none {ca} ");
        assert_eq!(seen(client, &format!("{secure} {around} $SSL_CERT_FILE")), wanted, "{client}");
    }
    for client in ["go", "terraform"] {
        let wanted = format!("{led} {led} none none {ca} ");
        assert_eq!(seen(client, &format!("{plain} {secure} {around} $SSL_CERT_FILE")), wanted, "{client}");
    }
    assert_eq!(seen("terraform", "$TENCENTCLOUD_PROTOCOL"), "HTTP ");
    assert_eq!(seen("node", &format!("{plain} {around} $NODE_EXTRA_CA_CERTS")), format!("{led} none none {ca} "));
    // A client with its own proxy configuration leaves the variables as they are.
    let company = "http://proxy.example:3128 http://proxy.example:3128 tencentcloudapi.com tencentcloudapi.com ";
    assert_eq!(seen("tccli", &format!("{plain} {around}")), company);
    assert!(seen("java", "\"$JAVA_TOOL_OPTIONS\"").contains("-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort="));
    assert!(text(&home.ask(&["env", "--for", "python"])).contains(&server.client.address.to_string()));
    server.stop();
    assert!(refused(&home.ask(&["env"])).contains("cvmd serve"), "it says what to start");
}

#[test]
fn an_include_is_of_the_directory_that_was_given_and_of_no_endpoint_that_is_gone() {
    let home = Home::new();
    home.start().stop();
    let stale = "http://127.0.0.1:1";
    let printed = |name: &str, value: &std::path::Path| {
        let mut command = home.cvmd(&["ssh-config"]);
        command.env("CVMD_ENDPOINT", stale).env("HOME", home.beside("nowhere")).env(name, value);
        command.output().unwrap()
    };
    assert!(refused(&printed("CVMD_DATA", &home.data())).contains("no cvmd is running"));
    assert!(refused(&printed("XDG_DATA_HOME", &home.beside("nowhere"))).contains("cannot reach 127.0.0.1:1"));
    let server = home.start();
    let include = text(&printed("CVMD_DATA", &home.data()));
    assert!(include.contains("--data") && !include.contains(stale), "{include}");
    server.stop();
}

#[test]
fn an_include_calls_cvmd_as_it_was_called() {
    let home = Home::new();
    let server = home.start();
    let program = home.cvmd(&[]).get_program().to_owned();
    let bin = home.beside("bin");
    std::fs::create_dir(&bin).unwrap();
    let link = bin.join("cvmd");
    std::os::unix::fs::symlink(&program, &link).unwrap();
    let printed = |mut command: Command| {
        let command = command.args(["ssh-config", "--data", home.data().to_str().unwrap()]).env("PATH", &bin);
        text(&command.output().unwrap())
    };
    let of_link = format!("{} ", link.to_str().unwrap());
    let message = printed(Command::new(&link));
    assert!(message.contains(&of_link) && !message.contains(program.to_str().unwrap()), "by its path: {message}");
    let mut by_name = Command::new("cvmd");
    by_name.env("PATH", &bin);
    assert!(printed(by_name).contains(&of_link), "by a name that is in PATH");
    let message = printed(Command::new(&program));
    assert!(!message.contains(&of_link), "{message}");
    // A link of that name to another program is not ours.
    let mut disguised = Command::new(&program);
    disguised.arg0("/bin/sh");
    assert!(printed(disguised).contains(&format!("{} ", program.to_str().unwrap())));
    server.stop();
}

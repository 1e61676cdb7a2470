//! The operator's commands and the program's settings, as a person at a terminal uses them.

use crate::support::{self, Home, Server, machines, refused, ssh, ssh::Key, text};
use serde_json::{Value, json};
use std::{path::Path, process::Output, time::Duration};

#[test]
fn accounts_and_credentials_are_added_and_listed() {
    let home = Home::new();
    let server = home.start();
    let added = home.ask_json(&["account", "add", "second"]);
    let fields: Vec<_> = added.as_object().unwrap().keys().cloned().collect();
    assert_eq!(fields, ["AccountName", "AppId", "RequestId", "SecretId", "SecretKey", "Uin"], "and no others");
    let listed = home.ask_json(&["account", "list"]);
    let names: Vec<_> = listed.as_array().unwrap().iter().map(|account| account["AccountName"].clone()).collect();
    assert_eq!(names, ["default", "second"]);
    assert_eq!((&listed[1]["Uin"], &listed[1]["AppId"]), (&added["Uin"], &added["AppId"]));
    let more = home.ask_json(&["credential", "add", "second"]);
    let credentials = home.ask_json(&["credential", "list"]);
    assert_eq!(credentials.as_array().unwrap().len(), 3);
    assert!(!credentials.to_string().contains("SecretKey"), "a key is shown once");
    for credential in [&added, &more] {
        let field = |name: &str| credential[name].as_str().unwrap();
        server.client.with(field("SecretId"), field("SecretKey")).call("DescribeZones", json!({}));
    }
    let for_people = text(&home.ask(&["account", "list"]));
    assert!(for_people.contains("second") && serde_json::from_str::<Value>(&for_people).is_err(), "{for_people}");
    let third = text(&home.ask(&["account", "add", "third"]));
    assert!(third.lines().any(|line| line.starts_with("SecretKey")), "{third}");
    assert!(refused(&home.ask(&["account", "add", "second"])).contains("second"));
    refused(&home.ask(&["account", "add", "no spaces allowed"]));
    assert!(refused(&home.ask(&["credential", "add", "nobody"])).contains("nobody"));
    server.stop();
}

#[test]
fn a_request_is_found_by_its_id_in_any_case_with_what_came_of_it() {
    let home = Home::new();
    let server = home.start();
    let client = &server.client;
    let instance = machines::run(client, "boot-ms=50,shutdown-ms=20", json!({"Password": "Operator+Passw0rd"}));
    let id = instance["InstanceId"].as_str().unwrap();
    let accepted = client.call("StopInstances", json!({"InstanceIds": [id]}))["RequestId"].as_str().unwrap().to_owned();
    machines::settled(client, id);
    let failing = client.answer("DeleteKeyPairs", json!({"KeyIds": ["skey-nowhere1"]})).unwrap_err();
    let legacy = client.legacy("StopInstances", &[("InstanceIds.1", "ins-nowhere1")]).unwrap_err();
    assert_eq!(legacy.request, legacy.request.to_uppercase(), "the legacy dialect prints upper case");
    assert_eq!(accepted, accepted.to_lowercase(), "API 3.0 prints lower case");
    for (request, action, decision) in [
        (&accepted, "StopInstances", "accepted"),
        (&failing.request, "DeleteKeyPairs", "InvalidKeyPairId.NotFound"),
        (&legacy.request, "StopInstances", "InvalidInstanceId.NotFound"),
    ] {
        for spelled in [request.to_lowercase(), request.to_uppercase()] {
            let lines = home.ask_json(&["request", &spelled]);
            let first = &lines[0];
            assert_eq!((&first["Action"], &first["AccountName"]), (&json!(action), &json!("default")), "{lines}");
            assert_eq!(first["SecretId"], support::SECRET_ID, "{lines}");
            assert!(first["Decision"].as_str().unwrap().contains(decision), "{decision}: {lines}");
            let message = text(&home.ask(&["request", &spelled]));
            assert!(message.contains(action) && message.contains(decision), "{message}");
        }
    }
    let lines = home.ask_json(&["request", &accepted]);
    assert_eq!((&lines[0]["SecretId"], lines[1].get("SecretId")), (&json!(support::SECRET_ID), None), "{lines}");
    assert_eq!(lines[0]["InstanceIds"], json!([id]));
    // A refusal is recorded with its reason, and with the key pairs that it was about.
    let refusal = home.ask_json(&["request", &failing.request])[0].clone();
    assert_eq!((&refusal["Target"], &refusal["Message"]), (&json!("skey-nowhere1"), &json!(failing.message)));
    // An action on one instance names it too, also when it is refused.
    let one = client.answer("ResetInstance", json!({"InstanceId": "ins-nowhere1"})).unwrap_err();
    assert_eq!(home.ask_json(&["request", &one.request])[0]["InstanceIds"], json!(["ins-nowhere1"]));
    assert!(
        lines.as_array().unwrap().len() > 1 && lines[1].to_string().contains("SUCCESS"),
        "what came of it: {lines}"
    );
    refused(&home.ask(&["request", "00000000-0000-4000-8000-000000000000"]));
    assert!(refused(&home.ask(&["request", "no-uuid"])).contains("0f8e2c4a-"), "it says what one looks like");
    // The journal outlives the server.
    server.kill();
    let server = home.start();
    assert_eq!(home.ask_json(&["request", &accepted]), lines);
    server.stop();
}

#[test]
fn the_journal_names_what_was_made_and_deleted_and_marks_dry_runs() {
    let home = Home::new();
    let server = home.start();
    let client = &server.client;
    let line = |answer: &Value| home.ask_json(&["request", answer["RequestId"].as_str().unwrap()])[0].clone();
    let key = client.call("CreateKeyPair", json!({"KeyName": "mine", "ProjectId": 0}));
    assert_eq!(line(&key)["Target"], key["KeyPair"]["KeyId"]);
    let group = client.call("CreateDisasterRecoverGroup", json!({"Name": "mine", "Type": "HOST"}));
    assert_eq!(line(&group)["Target"], group["DisasterRecoverGroupId"]);
    let mut launch = json!({"Placement": {"Zone": "ap-guangzhou-3"}, "ImageId": "img-487zeit5", "DryRun": true});
    let rehearsed = client.call("RunInstances", launch.clone());
    let entry = line(&rehearsed);
    assert_eq!((&entry["DryRun"], &entry["Decision"]), (&json!(true), &json!("accepted")), "{entry}");
    let message = text(&home.ask(&["request", rehearsed["RequestId"].as_str().unwrap()]));
    assert!(message.contains("accepted (dry run") && !message.contains("true"), "{message}");
    launch["DryRun"] = json!(false);
    let launched = client.call("RunInstances", launch);
    assert_eq!(
        (&line(&launched)["DryRun"], &line(&launched)["InstanceIds"]),
        (&Value::Null, &launched["InstanceIdSet"])
    );
    let id = launched["InstanceIdSet"][0].as_str().unwrap();
    machines::running(client, id);
    // An image, and its snapshots.
    let image = client.call("CreateImage", json!({"InstanceId": id, "ImageName": "mine"}));
    let snapshot = |entry: &Value| {
        let target = entry["Target"].as_str().unwrap_or_else(|| panic!("no target: {entry}")).to_owned();
        target
            .split(' ')
            .find(|id| id.starts_with("snap-"))
            .unwrap_or_else(|| panic!("no snapshot: {entry}"))
            .to_owned()
    };
    let (entry, image) = (line(&image), image["ImageId"].as_str().unwrap());
    assert!(entry["Target"].as_str().unwrap().contains(image) && entry["InstanceIds"] == json!([id]), "{entry}");
    let of_image = snapshot(&entry);
    let refusal = client.answer("DeleteImages", json!({"ImageIds": ["img-nowhere1"]})).unwrap_err();
    let entry = home.ask_json(&["request", &refusal.request])[0].clone();
    assert_eq!(entry["Target"], json!("img-nowhere1"), "a refused one names what it was about");
    machines::settled(client, id);
    let deleted = client.call("DeleteImages", json!({"ImageIds": [image], "DeleteBindedSnap": true}));
    let entry = line(&deleted);
    assert_eq!((entry["Target"].as_str().unwrap(), snapshot(&entry)), (&*format!("{image} {of_image}"), of_image));
    server.stop();
}

#[test]
fn a_random_password_is_shown_once_and_enters() {
    let home = Home::new();
    let server = home.start();
    assert_eq!(home.ask_json(&["messages"]), json!([]));
    let instance = machines::run(&server.client, "boot-ms=50", Value::Null);
    let messages = home.ask_json(&["messages", "--delete"]);
    assert_eq!(messages.as_array().unwrap().len(), 1);
    assert_eq!((&messages[0]["InstanceId"], &messages[0]["AccountName"]), (&instance["InstanceId"], &json!("default")));
    let password = messages[0]["Password"].as_str().unwrap();
    ssh::with_password(&home, &instance, password, "true").entered();
    ssh::with_password(&home, &instance, &format!("{password}x"), "true").refused();
    assert_eq!(home.ask_json(&["messages"]), json!([]), "once");
    assert!(!text(&home.ask(&["messages"])).contains(password));
    let again = machines::run(&server.client, "boot-ms=50", Value::Null);
    let message = text(&home.ask(&["messages"]));
    assert!(message.contains(again["InstanceId"].as_str().unwrap()) && message.contains("Password"), "{message}");
    server.stop();
}

#[test]
fn cvmd_ssh_enters_and_passes_the_exit_code_through() {
    let home = Home::new();
    // OpenSSH takes a password only from a program here, because there is no terminal.
    let server = home.start();
    let password = "Through+cvmd+ssh7";
    let instance = machines::run(&server.client, "boot-ms=50", json!({"Password": password}));
    let id = instance["InstanceId"].as_str().unwrap();
    let data = home.data();
    let ask = ssh::askpass(&home);
    let enter = |password: &str, words: &[&str]| {
        let mut command = home.cvmd(&["ssh", "--data", data.to_str().unwrap(), id]);
        command.args(words).env("ASKED_PASSWORD", password).env("SSH_ASKPASS", &ask);
        command.env("SSH_ASKPASS_REQUIRE", "force").env("DISPLAY", ":0").env("HOME", home.beside("nowhere"));
        command.output().unwrap()
    };
    let entered = enter(password, &["whoami"]);
    assert_eq!((entered.status.code(), text(&entered).as_str()), (Some(0), "root\n"));
    assert_eq!(enter(password, &["exit", "7"]).status.code(), Some(7));
    assert_eq!(enter(password, &["no-such-command"]).status.code(), Some(127));
    let refused_there = enter("Wrong+Password7", &["whoami"]);
    assert_eq!(refused_there.status.code(), Some(255));
    assert!(String::from_utf8_lossy(&refused_there.stderr).contains("Permission denied"));
    for wrong in ["ins-nowhere1", "ins-1", "-nothing"] {
        refused(&home.cvmd(&["ssh", "--data", data.to_str().unwrap(), "--", wrong, "true"]).output().unwrap());
    }
    server.stop();
}

#[test]
fn cvmd_ssh_waits_for_an_instance_that_is_coming_up_and_heeds_its_options_wherever_they_stand() {
    let home = Home::new();
    let server = home.start();
    let password = "Coming+Up+Passw0rd";
    let tag =
        |words: &str| json!([{"ResourceType": "instance", "Tags": [{"Key": support::GUEST_TAG, "Value": words}]}]);
    let request = json!({"Placement": {"Zone": "ap-guangzhou-3"}, "ImageId": "img-487zeit5",
        "LoginSettings": {"Password": password}, "TagSpecification": tag("boot-ms=2000,shutdown-ms=1500")});
    let id = server.client.call("RunInstances", request)["InstanceIdSet"][0].as_str().unwrap().to_owned();
    let data = home.data().display().to_string();
    let ask = ssh::askpass(&home);
    let enter = |words: &[&str]| {
        let mut command = home.cvmd(&["ssh"]);
        command.args(words).env("ASKED_PASSWORD", password).env("SSH_ASKPASS", &ask);
        command.env("SSH_ASKPASS_REQUIRE", "force").env("DISPLAY", ":0").env("HOME", home.beside("nowhere"));
        command.output().unwrap()
    };
    let message = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    let entered = enter(&[&id, "--data", &data, "whoami"]);
    assert_eq!(text(&entered), "root\n");
    assert!(message(&entered).contains("is PENDING, as RunInstances is under way: waiting up to 30 s"), "{entered:?}");
    assert_eq!(text(&enter(&[&id, "--relay", "--data", &data, "whoami"])), "root\n");
    assert_eq!(text(&enter(&["--data", &data, &format!("root@{id}"), "whoami"])), "root\n");
    let refused_there = enter(&["--data", &data, "-o", "User=nobody-here", &id, "whoami"]);
    assert_eq!(refused_there.status.code(), Some(255), "{refused_there:?}");
    let careless = enter(&["--data", &data, "-o", "StrictHostKeyChecking=no", &id, "whoami"]);
    assert!(text(&careless) == "root\n" && message(&careless).contains("means nothing here"), "{careless:?}");
    assert!(refused(&enter(&["--data", &data, "-p", "22", &id])).contains("-p cannot be heeded"));
    let key = server.client.call("CreateKeyPair", json!({"KeyName": "any", "ProjectId": 0}))["KeyPair"]["KeyId"].take();
    let bind = json!({"InstanceIds": [id], "KeyIds": [key], "ForceStop": true});
    server.client.call("AssociateInstancesKeyPairs", bind);
    // The bind removes password login; this checks only the waiting.
    let waited = message(&enter(&["--data", &data, "-o", "NumberOfPasswordPrompts=0", &id, "whoami"]));
    assert!(
        waited.contains("AssociateInstancesKeyPairs is under way") && !waited.contains("StartInstances"),
        "{waited}"
    );
    server.stop();
}

#[test]
fn a_listener_that_others_can_reach_must_be_asked_for() {
    let home = Home::new();
    let mut command = home.cvmd(&["serve", "--listen", "0.0.0.0:0", "--ssh-ports", "0"]);
    let message = home.refuses_to_serve(command.arg("--data").arg(home.data()));
    assert!(message.contains("--expose"), "{message}");
    assert!(!home.data().exists(), "refused before anything was made");
    let home = Home::new()
        .flag("--listen", "0.0.0.0:0")
        .expecting("other machines can reach this listener")
        .expecting("exposed: ");
    let mut command = home.cvmd(&["serve", "--expose", "--listen", "0.0.0.0:0", "--ssh-ports", "0"]);
    command.arg("--data").arg(home.data());
    let server = home.start_as(command);
    let log = server.stop();
    assert!(log.contains("other machines can reach this listener"), "a warning: {log}");
    for (what, remedy) in [
        ("clear text", "--tls-cert"),
        ("/_cvmd/metrics", "metrics.token"),
        ("CONNECT", "connect.peers"),
        ("/_cvmd/machines/ID", "connect.peers"),
    ] {
        let warned = |line: &str| line.contains("exposed: ") && line.contains(what) && line.contains(remedy);
        assert!(log.lines().any(warned), "{what}: {log}");
    }
}

#[test]
fn machines_ports_that_others_can_reach_are_warned_of_too() {
    let home = Home::new().expecting("exposed: ");
    let mut command =
        home.cvmd(&["serve", "--listen", "127.0.0.1:0", "--ssh-mode", "port", "--ssh-address", "0.0.0.0"]);
    command.arg("--data").arg(home.data());
    let message = home.refuses_to_serve(&mut command);
    assert!(message.contains("--expose"), "{message}");
    command.arg("--expose");
    let log = home.start_as(command).stop();
    assert!(log.contains("exposed: everybody can try to log in to the machines at ssh.address"), "{log}");
    assert!(!log.contains("other machines can reach this listener"), "the API's own is for this host alone: {log}");
}

#[test]
fn settings_that_nobody_knows_or_that_make_no_sense_are_refused_by_name() {
    let home = Home::new();
    let path = home.beside("cvmd.toml");
    for (line, named) in [
        ("listne = \"127.0.0.1:0\"", "listne"),
        ("[ssh]\nprots = [0]", "prots"),
        ("[networks]\nblock = 64", "networks"),
        ("shutdown_timeout_s = \"soon\"", "shutdown_timeout_s"),
        ("region = \"ap-atlantis\"", "ap-atlantis"),
        ("associate = \"subtract\"", "associate"),
        ("running_key_change = \"perhaps\"", "running_key_change"),
        ("running_key_change = \"live\"", "no hypervisor can do it yet"),
        ("[network]\nblock = 65", "network.block"),
        ("listen = \"nowhere\"", "localhost:9999"),
        ("log = \"bogus\"", "off, error, warn"),
        ("log = \"info,cvmd_bogus=debug\"", "no part of the program"),
        ("shutdown_timeout_s = 0", "shutdown_timeout_s is 1 to 3600 seconds"),
        ("shutdown_timeout_s = 99999999999", "shutdown_timeout_s is 1 to 3600 seconds"),
        ("boot_timeout_s = 0", "boot_timeout_s is 1 to 3600 seconds"),
        ("boot_timeout_s = 3601", "boot_timeout_s is 1 to 3600 seconds"),
        ("snapshot_kib = 0", "snapshot_kib is 1 to 1048576 KiB"),
        ("snapshot_kib = 1048577", "snapshot_kib is 1 to 1048576 KiB"),
        ("[prices]\nmonth_hours = 0", "prices.month_hours is 1 to 744"),
        ("[prices]\nspot_percent = 101", "prices.spot_percent is 0 to 100"),
        ("[metrics]\ntoken = \"short\"", "metrics.token"),
        ("[connect]\npeers = [\"nowhere\"]", "connect.peers"),
        ("log_format = \"verse\"", "log_format"),
    ] {
        std::fs::write(&path, line).unwrap();
        let message = home.refuses_to_serve(home.serve().arg("--config").arg(&path));
        assert!(message.contains(named), "{line}: {message}");
    }
    let message = home.refuses_to_serve(home.serve().args(["--config", "/nowhere/cvmd.toml"]));
    assert!(message.contains("/nowhere/cvmd.toml"), "{message}");
    let mut exposed = home.cvmd(&["serve", "--expose", "--listen", "0.0.0.0:0", "--data"]);
    let message = home.refuses_to_serve(exposed.arg(home.data()).env("CVMD_SECRET_KEY", "abc"));
    assert!(message.contains("has 3 characters") && message.contains("16 to 256"), "{message}");
    let message = home.refuses_to_serve(home.serve().env_remove("CVMD_SECRET_KEY"));
    assert!(message.contains("CVMD_SECRET_KEY"), "{message}");
    assert!(!home.data().exists(), "refused before anything was made");
}

/// The region of a legacy request without one shows which setting won.
#[test]
fn flags_beat_environment_beats_file() {
    let path = |home: &Home| home.beside("cvmd.toml");
    let region_of = |server: &Server| {
        let zones = server.client.call("DescribeRegions", json!({}));
        assert!(zones["TotalCount"].as_u64().unwrap() > 3);
        let bytes =
            server.client.signed_query(support::http::LEGACY, &server.client.v1("DescribeZones", &[("Region", "")]));
        let answer = server.client.send(&bytes).unwrap().answer().unwrap();
        let zone = answer["ZoneSet"][0]["Zone"].as_str().unwrap().to_owned();
        zone.rsplit_once('-').unwrap().0.to_owned()
    };
    let flag = "ap-shanghai";
    for (file, environment, flag, wins) in [
        (None, None, None, "ap-guangzhou"),
        (Some("ap-beijing"), None, None, "ap-beijing"),
        (Some("ap-beijing"), Some("ap-singapore"), None, "ap-singapore"),
        (Some("ap-beijing"), Some("ap-singapore"), Some(flag), flag),
        (None, Some("ap-singapore"), None, "ap-singapore"),
    ] {
        let mut home = Home::new().expecting("nobody reads this variable");
        if let Some(region) = file {
            std::fs::write(path(&home), format!("region = \"{region}\"\n")).unwrap();
            let config = path(&home);
            home = home.flag("--config", config.to_str().unwrap());
        }
        if let Some(region) = environment {
            home = home.environment("CVMD_REGION", region);
        }
        if let Some(region) = flag {
            home = home.flag("--region", region);
        }
        // An unknown variable is no error.
        let home = home.environment("CVMD_NOBODY_KNOWS_THIS", "1");
        let server = home.start();
        assert_eq!(region_of(&server), wins, "file {file:?}, environment {environment:?}, flag {flag:?}");
        server.stop();
    }
}

#[test]
fn the_limits_of_the_file_reach_the_engine() {
    let home = Home::new();
    let config = home.beside("cvmd.toml");
    std::fs::write(&config, "shutdown_timeout_s = 1\n[ssh]\nmode = \"address\"\n").unwrap();
    let key = Key::new(&home, "any");
    let home = home.flag("--config", config.to_str().unwrap());
    let server = home.start();
    let parameters = json!({"KeyName": "any", "ProjectId": 0, "PublicKey": key.public});
    let key_id = server.client.call("ImportKeyPair", parameters)["KeyId"].take();
    let instance = machines::run(&server.client, "ignores-shutdown,boot-ms=50", json!({"KeyIds": [key_id]}));
    let id = instance["InstanceId"].as_str().unwrap();
    server.client.call("StopInstances", json!({"InstanceIds": [id], "StopType": "SOFT_FIRST"}));
    // Sooner than the default of 20 seconds.
    cvmd_testkit::until(Duration::from_secs(12), "it is powered off", || {
        machines::instance(&server.client, id)["InstanceState"] == "STOPPED"
    });
    server.stop();
}

#[test]
fn the_metrics_ask_for_their_token() {
    let token = "a-token-of-this-test";
    let home = Home::new().environment("CVMD_METRICS_TOKEN", token);
    let server = home.start();
    let get = |more: &[(&str, String)]| {
        let headers = [&[("Host", "here".to_owned())], more].concat();
        server.client.send(&support::http::request("GET", "/_cvmd/metrics", &headers, b"")).unwrap()
    };
    assert_eq!(get(&[]).status, 401);
    assert_eq!(get(&[("Authorization", "Bearer another-token-of-it".into())]).status, 401);
    let shown = get(&[("Authorization", format!("Bearer {token}"))]);
    assert_eq!(shown.status, 200);
    assert!(!server.stop().contains(token));
    let home = Home::new().environment("CVMD_METRICS_TOKEN", "short");
    assert!(home.refuses_to_serve(&mut home.serve()).contains("metrics.token has 16 to 256"));
}

#[test]
fn an_instance_that_is_stopped_and_a_server_of_another_user_are_reported() {
    let home = Home::new();
    let server = home.start();
    let instance = machines::run(&server.client, "boot-ms=50,shutdown-ms=20", json!({"Password": "Stopped+Passw0rd"}));
    let id = instance["InstanceId"].as_str().unwrap();
    server.client.call("StopInstances", json!({"InstanceIds": [id]}));
    machines::settled(&server.client, id);
    let data = home.data();
    let enter =
        |words: &[&str]| home.cvmd(&[&["ssh", "--data", data.to_str().unwrap()], words].concat()).output().unwrap();
    let message = refused(&enter(&[id, "true"]));
    assert!(message.contains("STOPPED") && message.contains("StartInstances"), "{message}");
    assert!(
        refused(&enter(&["-v", "-o", "LogLevel=DEBUG", id])).contains("STOPPED"),
        "options of ssh come first or later"
    );
    assert!(refused(&enter(&["-v"])).contains("an instance id is missing"));
    assert!(refused(&home.ask(&["host-key", "ins-nowhere1"])).contains("there is no instance ins-nowhere1"));
    server.stop();
}

#[test]
fn ssh_ports_that_are_set_later_are_used() {
    let home = Home::new();
    let server = home.start();
    let port = |server: &Server| {
        machines::run(&server.client, "boot-ms=50", Value::Null)["DefaultLoginPort"].as_u64().unwrap()
    };
    let before = port(&server);
    server.stop();
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let start = |ports: &str| {
        let mut serve = home.cvmd(&["serve", "--listen", "127.0.0.1:0", "--ssh-ports", ports]);
        serve.arg("--data").arg(home.data());
        home.start_as(serve)
    };
    let server = start(&free.to_string());
    assert_eq!(port(&server), u64::from(free));
    assert!(
        server
            .stop()
            .contains(&format!("chosen anew, as the ports that are said do not hold the last one was={before}"))
    );
    let server = start("2222,0");
    assert_eq!(port(&server), u64::from(free), "clients know it");
    assert!(server.stop().contains("stays as clients know it"));
}

/// A flood of clients takes the threads that answer clients.
#[test]
fn commands_are_answered_by_a_thread_of_their_own() {
    let home = Home::new();
    let server = home.start();
    let threads =
        std::fs::read_dir(format!("/proc/{}/task", server.pid())).unwrap().map(|thread| thread.unwrap().path());
    let read = |path: &Path, name: &str| std::fs::read_to_string(path.join(name)).unwrap();
    let operators: Vec<_> = threads.filter(|thread| read(thread, "comm").trim() == "operator").collect();
    let waits = || {
        let status = read(&operators[0], "status");
        let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).unwrap();
        line.trim().parse::<usize>().unwrap()
    };
    let before = waits();
    (0..20).for_each(|_| server.client.call("DescribeZones", json!({})).as_object().map(|_| ()).unwrap());
    assert!(waits() < before + 20);
    let before = waits();
    (0..20).for_each(|_| drop(text(&home.ask(&["account", "list"]))));
    assert!(waits() >= before + 20);
    server.stop();
}

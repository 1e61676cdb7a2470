//! Invalid values: the message names where the value comes from, and the command ends with the right status.

use crate::support::{Home, refused, text};
use serde_json::{Value, json};
use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

#[test]
fn an_invalid_value_is_refused_with_its_source() {
    let home = Home::new();
    let config = home.beside("cvmd.toml");
    let named = config.to_str().unwrap();
    let with = |text: &str| std::fs::write(&config, text).unwrap();
    with("");
    for (arguments, variables, by) in [
        (vec!["--boot-timeout-s", "x"], vec![], "'--boot-timeout-s <SECONDS>'"),
        (vec!["--boot-timeout-s", "0"], vec![], "--boot-timeout-s: "),
        (vec![], vec![("CVMD_BOOT_TIMEOUT_S", "x")], "'CVMD_BOOT_TIMEOUT_S'"),
        (vec![], vec![("CVMD_BOOT_TIMEOUT_S", "0")], "CVMD_BOOT_TIMEOUT_S: "),
        (vec![], vec![("CVMD_ASSOCIATE", "x")], "CVMD_ASSOCIATE: "),
        (vec!["--associate", "x"], vec![("CVMD_ASSOCIATE", "add")], "--associate: "),
        (vec![], vec![("CVMD_SSH_PORTS", "x")], "'CVMD_SSH_PORTS'"),
        (vec![], vec![("CVMD_REGION", "x")], "CVMD_REGION: "),
        (vec!["--log", "x"], vec![], "--log: "),
    ] {
        // Without another flag of the same name.
        let mut serve = home.cvmd(&["serve", "--listen", "127.0.0.1:0", "--data"]);
        serve.arg(home.data()).args(&arguments).envs(variables.iter().copied());
        let (status, message) = home.refused_start(&mut serve);
        assert!(message.contains(by), "{by}: {message}");
        assert_eq!(status, 2, "{message}");
    }
    for (text, why) in [
        ("boot_timeout_s = 0", "boot_timeout_s is 1 to 3600"),
        ("associate = \"x\"", "associate is"),
        ("listen = \"x\"", "listen is ADDR:PORT"),
        ("rate_limits = true", "rate_limits cannot"),
        ("log_format = \"x\"", "log_format is"),
        ("[prices]\nspot_percent = 200", "prices.spot_percent is"),
        ("[network]\nblock = 3", "network.block is 64, 128 or 192, not 3"),
    ] {
        with(text);
        let mut serve = home.serve();
        serve.args(["--config", named]);
        let (status, message) = home.refused_start(&mut serve);
        assert!(message.contains(why) && message.contains(named) && !message.contains("--boot"), "{message}");
        assert_eq!(status, 2, "{message}");
    }
    assert!(!home.data().exists(), "refused before anything is begun");
}

#[test]
fn a_value_that_is_no_text_is_named_and_a_long_one_is_shown_in_part() {
    let home = Home::new();
    let serve = || home.cvmd(&["serve", "--listen", "127.0.0.1:0"]);
    let no_text = OsStr::from_bytes(b"\xff0123456789abcdef");
    for name in ["CVMD_REGION", "CVMD_BOOT_TIMEOUT_S", "CVMD_CONNECT_PEERS", "CVMD_METRICS_TOKEN", "CVMD_SECRET_KEY"] {
        let (status, message) = home.refused_start(serve().arg("--data").arg(home.data()).env(name, no_text));
        assert!(message.contains(&format!("{name} is no text in UTF-8")), "{name}: {message}");
        assert_eq!(status, 2, "{message}");
    }
    // A path may be any bytes.
    let (_, message) = home.refused_start(serve().env("CVMD_DATA", no_text).env("CVMD_REGION", no_text));
    assert!(message.contains("CVMD_REGION is no text"), "{message}");
    let long = "x".repeat(5_000);
    let config = home.beside("cvmd.toml");
    std::fs::write(&config, format!("[connect]\npeers = [\"{long}\"]")).unwrap();
    let config = ["--config", config.to_str().unwrap()];
    for flag in [
        "listen",
        "region",
        "boot-timeout-s",
        "associate",
        "running-key-change",
        "log",
        "log-format",
        "ssh-mode",
        "ssh-ports",
        "connect-peers",
        "network-block",
        "expose",
        &long,
    ] {
        let words = [format!("--{flag}={long}")];
        let (status, message) = home.refused_start(serve().arg("--data").arg(home.data()).args(words));
        assert!(message.len() < 1_000 && !message.contains(&long[..150]), "{flag}: {message}");
        assert_eq!(status, 2, "{message}");
    }
    let (_, message) = home.refused_start(serve().arg("--data").arg(home.data()).args(config));
    assert!(message.contains("such as 192.0.2.7") && !message.contains(&long[..150]), "{message}");
    for words in [[&*long, "x"], ["ssh", &long], ["host-key", &long], ["requests", &long]] {
        assert!(refused(&home.cvmd(&words).output().unwrap()).len() < 1_000, "{}", words[0]);
    }
}

#[test]
fn the_usage_shows_what_is_required_and_an_error_is_explained_once() {
    let home = Home::new();
    let add = home.cvmd(&["account", "add"]).env("CVMD_DATA", home.data()).output().unwrap();
    let message = refused(&add);
    assert!(message.contains("Usage: cvmd account add <NAME>\n"), "{message}");
    let message = refused(&home.cvmd(&["ssh", "nothing"]).output().unwrap());
    assert_eq!(message, "cvmd: nothing is no instance id: one looks like ins-1e4r6y8i\n");
}

#[test]
fn an_empty_variable_is_none_and_one_that_nobody_reads_is_warned_of() {
    let mut home = Home::new().expecting("nobody reads this variable");
    for name in
        ["CONFIG", "SEED", "LISTEN", "BOOT_TIMEOUT_S", "EXPOSE", "SSH_PORTS", "SSH_MODE", "CONNECT_PEERS", "LOG"]
    {
        home = home.environment(&format!("CVMD_{name}"), "");
    }
    let home = home.environment("CVMD_LSITEN", "127.0.0.1:0").environment("CVMD_METRICS_TOKEN", "");
    let server = home.start();
    assert!(text(&home.ask(&["env"])).contains("CVMD_ENDPOINT"));
    let log = server.stop();
    let warned: Vec<_> = log.lines().filter(|line| line.contains("nobody reads this variable")).collect();
    assert!(matches!(&warned[..], [line] if line.contains("CVMD_LSITEN")), "{log}");
}

#[test]
fn an_invalid_argument_ends_with_2_and_a_failed_command_with_1() {
    let home = Home::new();
    let server = home.start();
    for (arguments, status) in [
        (vec!["account", "add", "no blanks"], 2),
        (vec!["account", "remove", "no blanks"], 2),
        (vec!["account", "remove", "nobody"], 1),
        (vec!["credential", "add", "no blanks"], 2),
        (vec!["credential", "revoke", "no/slash"], 2),
        (vec!["credential", "revoke", "AKIDofNobody"], 1),
        (vec!["request", "x"], 2),
        (vec!["requests", "--lines", "0"], 2),
        (vec!["requests", "--lines", "1001"], 2),
        (vec!["requests", "--instance", "x"], 2),
        (vec!["requests", "--account", "no blanks"], 2),
        (vec!["requests", "--account", "nobody"], 1),
        (vec!["host-key", "x"], 2),
        (vec!["host-key", "ins-nowhere1"], 1),
        (vec!["relay", "x"], 2),
    ] {
        let output = home.ask(&arguments);
        let message = refused(&output);
        assert_eq!(output.status.code(), Some(status), "{arguments:?}: {message}");
    }
    let wrong = home.cvmd(&["host-key", "--endpoint", "nowhere", "ins-nowhere1"]).output().unwrap();
    assert_eq!(wrong.status.code(), Some(2), "{}", refused(&wrong));
    server.stop();
}

#[test]
fn the_last_requests_are_listed_by_account_and_instance() {
    let home = Home::new();
    let server = home.start();
    let client = &server.client;
    assert_eq!(text(&home.ask(&["requests"])).lines().count(), 1, "a sentence");
    let key = |name: &str| client.call("CreateKeyPair", json!({"KeyName": name, "ProjectId": 0}))["RequestId"].clone();
    let made = [key("one"), key("two")];
    client.answer("StopInstances", json!({"InstanceIds": ["ins-nowhere1"]})).unwrap_err();
    client.call("DescribeKeyPairs", json!({}));
    let refused_between = client.answer("DeleteKeyPairs", json!({"KeyIds": ["skey-nowhere1"]})).unwrap_err().request;
    let added = home.ask_json(&["account", "add", "second"]);
    let all = home.ask_json(&["requests"]);
    let actions: Vec<_> = all.as_array().unwrap().iter().map(|line| line["Action"].as_str().unwrap()).collect();
    let in_order = ["CreateKeyPair", "CreateKeyPair", "StopInstances", "DeleteKeyPairs", "AddAccount"];
    assert_eq!(actions, in_order, "refused ones among the others, by their time: {all}");
    let ids: Vec<_> = all.as_array().unwrap().iter().map(|line| &line["RequestId"]).collect();
    assert!(made.iter().chain([&added["RequestId"], &json!(refused_between)]).all(|id| ids.contains(&id)), "{all}");
    let times: Vec<_> = all.as_array().unwrap().iter().map(|line| line["Time"].as_str().unwrap()).collect();
    assert!(times.is_sorted() && times.iter().all(|time| time.len() == "2026-01-31T08:00:00.123Z".len()), "{times:?}");
    assert_eq!(home.ask_json(&["requests", "--lines", "2"]).as_array().unwrap().len(), 2);
    let about = home.ask_json(&["requests", "--instance", "ins-nowhere1"]);
    assert_eq!((about.as_array().unwrap().len(), &about[0]["Decision"]), (1, &json!("InvalidInstanceId.NotFound")));
    let of = home.ask_json(&["requests", "--account", "second"]);
    assert!(of.as_array().unwrap().iter().all(|line| line["AccountName"] == "second"), "{of}");
    // A removed account keeps its name in its journal lines, and is found by it.
    home.ask(&["account", "remove", "second"]);
    let of = home.ask_json(&["requests", "--account", "second"]);
    // The name is shown as it was, and beside it whether the account was removed.
    let whose = |line: &Value| [line["AccountName"].clone(), line["Uin"].clone(), line["Removed"].clone()];
    let gone = [json!("second"), added["Uin"].clone(), json!(true)];
    assert_eq!(of.as_array().unwrap().iter().map(whose).collect::<Vec<_>>(), std::slice::from_ref(&gone), "{of}");
    let message = text(&home.ask(&["requests", "--account", "second"]));
    assert!(message.contains("AccountName  second (removed)\n") && !message.contains("true"), "{message}");
    // A later account with the same name does not take them over.
    let again = home.ask_json(&["account", "add", "second"]);
    let client = client.with(again["SecretId"].as_str().unwrap(), again["SecretKey"].as_str().unwrap());
    client.call("CreateKeyPair", json!({"KeyName": "one", "ProjectId": 0}));
    let of = home.ask_json(&["requests", "--account", "second"]);
    let present = [json!("second"), again["Uin"].clone(), Value::Null];
    assert_eq!(of.as_array().unwrap().iter().map(whose).collect::<Vec<_>>(), [gone, present], "{of}");
    let nobody = refused(&home.ask(&["requests", "--account", "nobody"]));
    assert!(nobody.contains("no account nobody, nor was one removed"), "{nobody}");
    let message = text(&home.ask(&["requests", "--instance", "ins-nowhere2"]));
    assert!(message.contains("no lines of those that were asked for"), "{message}");
    // A file is meant to hold messages, not the remark that there are none.
    let none = home.ask(&["messages"]);
    assert!(none.stdout.is_empty() && none.stderr.starts_with(b"no messages: "), "{none:?}");
    server.stop();
}

#[test]
fn a_browser_gets_a_page_and_a_client_its_answer() {
    let home = Home::new();
    let server = home.start();
    let get = |target: &str, more: &str| {
        let host = server.client.address;
        let head = format!(
            "GET {target} HTTP/1.1\r\nhost: {host}\r\naccept: text/html,*/*\r\nconnection: close\r\n{more}\r\n"
        );
        server.client.send(head.as_bytes()).unwrap()
    };
    let page = get("/", "");
    assert_eq!((page.status, &*page.content_type), (200, "text/html; charset=utf-8"));
    assert!(String::from_utf8(page.body).unwrap().contains("cvmd env"));
    for (target, more) in
        [("/?Action=DescribeZones", ""), ("/v2/index.php", ""), ("/", "x-tc-action: DescribeZones\r\n")]
    {
        assert_eq!(get(target, more).content_type, "application/json", "{target} {more}");
    }
    server.stop();
}

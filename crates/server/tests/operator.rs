//! The operator's commands and the program's settings, as a person at a terminal meets them.

mod house;

use house::{Home, Server, machines, ssh, ssh::Key};
use serde_json::{Value, json};
use std::{
    process::{Command, Output, Stdio},
    time::Duration,
};

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn refused(output: &Output) -> String {
    assert!(!output.status.success(), "it succeeded: {output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!said.is_empty() && !said.contains("panicked"), "{said}");
    said
}

#[test]
fn what_env_prints_can_be_evaluated() {
    let home = Home::new();
    let server = home.start();
    let script = text(&home.ask(&["env"]))
        + "printf '%s\\n' \"$TENCENTCLOUD_SECRET_ID\" \"$TENCENTCLOUD_SECRET_KEY\" \"$TENCENTCLOUD_REGION\" \"$CVMD_ENDPOINT\"";
    let shell = Command::new("sh").args(["-e", "-u", "-c", &script]).env_clear().output().unwrap();
    let endpoint = format!("http://{}", server.client.address);
    let printed = text(&shell);
    assert_eq!(printed.lines().collect::<Vec<_>>(), [house::SECRET_ID, house::SECRET_KEY, "ap-guangzhou", &endpoint]);
    let kept = std::fs::read_to_string(home.data().join("endpoint")).unwrap();
    assert_eq!(kept.trim(), endpoint);
    assert!(text(&home.ask(&["env", "--for", "tccli"])).contains(&endpoint));
    let seen = |client: &str, variables: &str| {
        let script = text(&home.ask(&["env", "--for", client])) + "printf '%s ' " + variables;
        text(&Command::new("sh").args(["-e", "-u", "-c", &script]).env_clear().output().unwrap())
    };
    let ca = home.data().join("ca.pem").display().to_string();
    assert_eq!(seen("qcloud", "$https_proxy $SSL_CERT_FILE"), format!("{endpoint} {ca} "));
    assert_eq!(seen("go", "$HTTP_PROXY $HTTPS_PROXY $SSL_CERT_FILE"), format!("{endpoint} {endpoint} {ca} "));
    assert_eq!(seen("packer", "$https_proxy $HTTPS_PROXY $SSL_CERT_FILE"), format!("{endpoint} {endpoint} {ca} "));
    assert_eq!(seen("node", "$http_proxy $NODE_EXTRA_CA_CERTS"), format!("{endpoint} {ca} "));
    let terraform = seen("terraform", "$TENCENTCLOUD_PROTOCOL $http_proxy $HTTP_PROXY");
    assert_eq!(terraform, format!("HTTP {endpoint} {endpoint} "));
    assert!(seen("java", "\"$JAVA_TOOL_OPTIONS\"").contains("-Dhttps.proxyHost=127.0.0.1 -Dhttps.proxyPort="));
    assert!(text(&home.ask(&["env", "--for", "python"])).contains(&server.client.address.to_string()));
    server.stop();
    assert!(refused(&home.ask(&["env"])).contains("cvmd serve"), "it says what to start");
}

#[test]
fn accounts_and_credentials_are_added_and_listed() {
    let home = Home::new();
    let server = home.start();
    let added = home.ask_json(&["account", "add", "second"]);
    let fields: Vec<_> = added.as_object().unwrap().keys().cloned().collect();
    assert_eq!(fields, ["AccountName", "AppId", "SecretId", "SecretKey", "Uin"], "and no others");
    let listed = home.ask_json(&["account", "list"]);
    let names: Vec<_> = listed.as_array().unwrap().iter().map(|account| account["AccountName"].clone()).collect();
    assert_eq!(names, ["default", "second"]);
    assert_eq!((&listed[1]["Uin"], &listed[1]["AppId"]), (&added["Uin"], &added["AppId"]));
    let more = home.ask_json(&["credential", "add", "second"]);
    let credentials = home.ask_json(&["credential", "list"]);
    assert_eq!(credentials.as_array().unwrap().len(), 3);
    assert!(!credentials.to_string().contains("SecretKey"), "a key is told once");
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
    assert_eq!(legacy.request, legacy.request.to_uppercase(), "the legacy door prints upper case");
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
            assert_eq!(first["SecretId"], house::SECRET_ID, "{lines}");
            assert!(first["Decision"].as_str().unwrap().contains(decision), "{decision}: {lines}");
            let said = text(&home.ask(&["request", &spelled]));
            assert!(said.contains(action) && said.contains(decision), "{said}");
        }
    }
    let lines = home.ask_json(&["request", &accepted]);
    assert_eq!(lines[0]["InstanceIds"], json!([id]));
    // An action that takes one instance names it too, also when it is refused.
    let one = client.answer("ResetInstance", json!({"InstanceId": "ins-nowhere1"})).unwrap_err();
    assert_eq!(home.ask_json(&["request", &one.request])[0]["InstanceIds"], json!(["ins-nowhere1"]));
    assert!(
        lines.as_array().unwrap().len() > 1 && lines[1].to_string().contains("SUCCESS"),
        "what came of it: {lines}"
    );
    refused(&home.ask(&["request", "00000000-0000-4000-8000-000000000000"]));
    refused(&home.ask(&["request", "no-uuid"]));
    // The journal outlives the server.
    server.kill();
    let server = home.start();
    assert_eq!(home.ask_json(&["request", &accepted]), lines);
    server.stop();
}

#[test]
fn a_random_password_is_shown_once_and_enters() {
    let home = Home::new();
    let server = home.start();
    assert_eq!(home.ask_json(&["messages"]), json!([]));
    let instance = machines::run(&server.client, "boot-ms=50", Value::Null);
    let messages = home.ask_json(&["messages"]);
    assert_eq!(messages.as_array().unwrap().len(), 1);
    assert_eq!((&messages[0]["InstanceId"], &messages[0]["AccountName"]), (&instance["InstanceId"], &json!("default")));
    let password = messages[0]["Password"].as_str().unwrap();
    ssh::with_password(&home, &instance, password, "true").entered();
    ssh::with_password(&home, &instance, &format!("{password}x"), "true").refused();
    assert_eq!(home.ask_json(&["messages"]), json!([]), "once");
    assert!(!text(&home.ask(&["messages"])).contains(password));
    let again = machines::run(&server.client, "boot-ms=50", Value::Null);
    let said = text(&home.ask(&["messages"]));
    assert!(said.contains(again["InstanceId"].as_str().unwrap()) && said.contains("Password"), "{said}");
    server.stop();
}

#[test]
fn cvmd_ssh_enters_and_passes_the_exit_code_through() {
    let home = Home::new();
    // OpenSSH takes a password from a program only; it looks for no terminal then.
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
fn a_listener_that_others_can_reach_must_be_asked_for() {
    let home = Home::new();
    let mut command = home.cvmd(&["serve", "--listen", "0.0.0.0:0", "--ssh-ports", "0"]);
    let said = home.refuses_to_serve(command.arg("--data").arg(home.data()));
    assert!(said.contains("--expose"), "{said}");
    assert!(!home.data().exists(), "refused before anything was made");
    let home = Home::new().flag("--listen", "0.0.0.0:0").expecting("other machines can reach this listener");
    let mut command = home.cvmd(&["serve", "--expose", "--listen", "0.0.0.0:0", "--ssh-ports", "0"]);
    command.arg("--data").arg(home.data());
    let server = home.start_as(command);
    let log = server.stop();
    assert!(log.contains("other machines can reach this listener"), "a warning: {log}");
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
        ("listen = \"nowhere\"", "listen"),
        ("log_format = \"verse\"", "log_format"),
    ] {
        std::fs::write(&path, line).unwrap();
        let said = home.refuses_to_serve(home.serve().arg("--config").arg(&path));
        assert!(said.contains(named), "{line}: {said}");
    }
    let said = home.refuses_to_serve(home.serve().args(["--config", "/nowhere/cvmd.toml"]));
    assert!(said.contains("/nowhere/cvmd.toml"), "{said}");
    let said = home.refuses_to_serve(home.serve().env_remove("CVMD_SECRET_KEY"));
    assert!(said.contains("CVMD_SECRET_KEY"), "{said}");
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
            server.client.signed_query(house::http::LEGACY, &server.client.v1("DescribeZones", &[("Region", "")]));
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
        let mut home = Home::new();
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
        // A variable that nobody knows is no error.
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
    // Sooner than the 20 seconds that are usual.
    house::until_within(Duration::from_secs(12), "it is powered off", || {
        machines::instance(&server.client, id)["InstanceState"] == "STOPPED"
    });
    server.stop();
}

#[test]
fn accounts_added_at_once_each_get_a_number_of_their_own() {
    let home = Home::new();
    let server = home.start();
    let names: Vec<String> = (0..24).map(|number| format!("at-once-{number}")).collect();
    let data = home.data();
    let children: Vec<_> = names
        .iter()
        .map(|name| {
            let mut add = home.cvmd(&["account", "add", name, "--output", "json"]);
            add.arg("--data").arg(&data).stdout(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let added: Vec<Value> = children
        .into_iter()
        .map(|child| serde_json::from_slice(&child.wait_with_output().unwrap().stdout).unwrap())
        .collect();
    let uins: std::collections::BTreeSet<_> = added.iter().map(|account| account["Uin"].as_str().unwrap()).collect();
    assert_eq!(uins.len(), names.len());
    let listed = home.ask_json(&["account", "list"]);
    assert_eq!(listed.as_array().unwrap().len(), names.len() + 1, "none has overwritten another: {listed}");
    // Of those who want one name, one gets it.
    let twin = || {
        home.cvmd(&["account", "add", "twin", "--data", data.to_str().unwrap()])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
    };
    let twins: Vec<_> = (0..8).map(|_| twin().unwrap()).collect();
    let won = twins.into_iter().filter_map(|mut twin| twin.wait().unwrap().success().then_some(())).count();
    assert_eq!(won, 1);
    server.stop();
}

#[test]
fn a_revoked_credential_is_refused_at_once_and_after_a_restart_and_the_journal_says_so() {
    let home = Home::new();
    let server = home.start();
    let added = home.ask_json(&["account", "add", "second"]);
    let id = added["SecretId"].as_str().unwrap();
    let other = home.ask_json(&["credential", "add", "second"]);
    let with = |server: &Server, credential: &Value| {
        server.client.with(credential["SecretId"].as_str().unwrap(), credential["SecretKey"].as_str().unwrap())
    };
    with(&server, &added).call("DescribeZones", json!({}));
    let revoked = home.ask_json(&["credential", "revoke", id]);
    assert_eq!((&revoked["AccountName"], &revoked["SecretId"]), (&json!("second"), &added["SecretId"]));
    assert_eq!(with(&server, &added).refusal("DescribeZones", json!({})), "AuthFailure.SecretIdNotFound");
    with(&server, &other).call("DescribeZones", json!({}));
    let journal = home.ask_json(&["request", revoked["RequestId"].as_str().unwrap()]);
    assert_eq!((&journal[0]["Action"], &journal[0]["SecretId"]), (&json!("RevokeCredential"), &json!("operator")));
    assert!(refused(&home.ask(&["credential", "revoke", id])).contains(id), "once");
    assert!(refused(&home.ask(&["credential", "revoke", "AKIDnobody"])).contains("credential list"));
    let listed = home.ask_json(&["credential", "list"]);
    let row = listed.as_array().unwrap().iter().find(|row| row["SecretId"] == added["SecretId"]).unwrap();
    assert!(row["Revoked"].is_string(), "{listed}");
    server.stop();
    let server = home.start();
    assert_eq!(with(&server, &added).refusal("DescribeZones", json!({})), "AuthFailure.SecretIdNotFound");
    with(&server, &other).call("DescribeZones", json!({}));
    // The first account's own, which comes with every start.
    home.ask_json(&["credential", "revoke", house::SECRET_ID]);
    assert!(refused(&home.ask(&["env"])).contains("cvmd credential add default"));
    server.stop();
    let said = home.refuses_to_serve(&mut home.serve());
    assert!(said.contains(house::SECRET_ID) && said.contains("revoked"), "{said}");
}

#[test]
fn a_credential_that_the_first_start_made_does_not_come_back_when_it_was_revoked() {
    let home = Home::new();
    let without = |home: &Home| {
        let mut serve = home.serve();
        serve.env_remove("CVMD_SECRET_ID").env_remove("CVMD_SECRET_KEY");
        serve
    };
    let server = home.start_as(without(&home));
    let first = home.ask_json(&["credential", "list"])[0]["SecretId"].as_str().unwrap().to_owned();
    home.ask_json(&["credential", "revoke", &first]);
    server.stop();
    let server = home.start_as(without(&home));
    let listed = home.ask_json(&["credential", "list"]);
    let valid: Vec<_> = listed.as_array().unwrap().iter().filter(|row| row["Revoked"].is_null()).collect();
    assert_eq!(valid.len(), 1, "{listed}");
    assert_ne!(valid[0]["SecretId"], json!(first));
    server.stop();
}

#[test]
fn another_credential_at_a_start_is_said_in_the_log() {
    let home = Home::new().expecting("earlier ones still sign").expecting("the old key signs nothing");
    home.start().stop();
    let with = |id: &str, key: &str| {
        let mut serve = home.serve();
        serve.env("CVMD_SECRET_ID", id).env("CVMD_SECRET_KEY", key);
        home.start_as(serve).stop()
    };
    let log = with("AKIDanother", "key-of-another");
    assert!(log.contains("earlier ones still sign") && log.contains(house::SECRET_ID), "{log}");
    let log = with("AKIDanother", "another-key");
    assert!(log.contains("the old key signs nothing") && !log.contains("another-key"), "{log}");
    assert!(!with("AKIDanother", "another-key").contains("WARN"));
}

#[test]
fn an_account_is_removed_when_it_owns_nothing_or_with_all_that_it_owns() {
    let home = Home::new();
    let server = home.start();
    let added = home.ask_json(&["account", "add", "second"]);
    let client = server.client.with(added["SecretId"].as_str().unwrap(), added["SecretKey"].as_str().unwrap());
    let instance = machines::run(&client, "boot-ms=50,shutdown-ms=20", Value::Null);
    let id = instance["InstanceId"].as_str().unwrap();
    client.call("ModifyInstancesAttribute", json!({"InstanceIds": [id], "DisableApiTermination": true}));
    client.call("CreateKeyPair", json!({"KeyName": "mine", "ProjectId": 0}));
    client.call("CreateDisasterRecoverGroup", json!({"Name": "mine", "Type": "HOST"}));
    let said = refused(&home.ask(&["account", "remove", "second"]));
    assert!(said.contains("1 instances") && said.contains("1 key_pairs") && said.contains("--force"), "{said}");
    assert!(refused(&home.ask(&["account", "remove", "default", "--force"])).contains("stays"));
    refused(&home.ask(&["account", "remove", "nobody"]));
    client.call("DescribeInstances", json!({}));
    let gone = home.ask(&["account", "remove", "second", "--force"]);
    assert!(
        String::from_utf8_lossy(&gone.stderr).contains("1 disaster_recover_groups, 1 instances, 1 key_pairs"),
        "{gone:?}"
    );
    assert!(text(&gone).contains("Removed"), "{gone:?}");
    assert_eq!(client.refusal("DescribeZones", json!({})), "AuthFailure.SecretIdNotFound");
    assert_eq!(home.ask_json(&["account", "list"]).as_array().unwrap().len(), 1);
    assert_eq!(home.ask_json(&["credential", "list"]).as_array().unwrap().len(), 1);
    assert!(refused(&home.ask(&["host-key", id])).contains(id));
    // A number that was another's would lead to what is left of it in journals and elsewhere.
    let third = home.ask_json(&["account", "add", "second"]);
    assert_ne!(third["Uin"], added["Uin"]);
    home.ask_json(&["account", "remove", "second"]);
    server.stop();
    let server = home.start();
    assert_eq!(home.ask_json(&["account", "list"]).as_array().unwrap().len(), 1);
    assert_ne!(home.ask_json(&["account", "add", "fourth"])["Uin"], third["Uin"]);
    server.stop();
}

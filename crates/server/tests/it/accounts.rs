//! Accounts and credentials as an operator adds, revokes and removes them.

use crate::support::{self, Home, Server, machines, refused, text};
use serde_json::{Value, json};
use std::process::Stdio;

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
    // Of several requests for one name, one succeeds.
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
    assert_eq!(journal[0]["Target"], json!(format!("credential {id}")));
    assert!(refused(&home.ask(&["credential", "revoke", id])).contains(id), "once");
    assert!(refused(&home.ask(&["credential", "revoke", "AKIDnobody"])).contains("credential list"));
    let listed = home.ask_json(&["credential", "list"]);
    let row = listed.as_array().unwrap().iter().find(|row| row["SecretId"] == added["SecretId"]).unwrap();
    assert!(row["Revoked"].is_string(), "{listed}");
    server.stop();
    let server = home.start();
    assert_eq!(with(&server, &added).refusal("DescribeZones", json!({})), "AuthFailure.SecretIdNotFound");
    with(&server, &other).call("DescribeZones", json!({}));
    // The first account's own credential, which every start needs.
    let message = refused(&home.ask(&["credential", "revoke", support::SECRET_ID]));
    assert!(message.contains("the last credential of the first account") && message.contains("--force"), "{message}");
    home.ask(&["env"]).status.success().then_some(()).expect("nothing was revoked");
    home.ask_json(&["credential", "revoke", support::SECRET_ID, "--force"]);
    assert!(refused(&home.ask(&["env"])).contains("cvmd credential add default"));
    server.stop();
    let message = home.refuses_to_serve(&mut home.serve());
    assert!(message.contains(support::SECRET_ID) && message.contains("revoked"), "{message}");
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
    let file = home.data().join("credential");
    assert!(std::fs::read_to_string(&file).unwrap().contains(&first));
    // Revoking another credential leaves the file alone.
    let other = home.ask_json(&["credential", "add", "default"]);
    home.ask_json(&["credential", "revoke", other["SecretId"].as_str().unwrap()]);
    assert!(file.exists());
    home.ask_json(&["credential", "revoke", &first, "--force"]);
    assert!(!file.exists(), "a key that signs nothing is not left there");
    server.stop();
    let server = home.start_as(without(&home));
    let listed = home.ask_json(&["credential", "list"]);
    let valid: Vec<_> = listed.as_array().unwrap().iter().filter(|row| row["Revoked"].is_null()).collect();
    assert_eq!(valid.len(), 1, "{listed}");
    assert_ne!(valid[0]["SecretId"], json!(first));
    server.stop();
}

#[test]
fn another_credential_at_a_start_is_logged() {
    let home = Home::new().expecting("earlier ones still sign").expecting("the old key signs nothing");
    home.start().stop();
    let with = |id: &str, key: &str| {
        let mut serve = home.serve();
        serve.env("CVMD_SECRET_ID", id).env("CVMD_SECRET_KEY", key);
        home.start_as(serve).stop()
    };
    let log = with("AKIDanother", "key-of-another");
    assert!(log.contains("earlier ones still sign") && log.contains(support::SECRET_ID), "{log}");
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
    let message = refused(&home.ask(&["account", "remove", "second"]));
    assert!(message.contains("1 instance, 1 key pair, 1 placement group") && message.contains("--force"), "{message}");
    assert!(refused(&home.ask(&["account", "remove", "default", "--force"])).contains("stays"));
    refused(&home.ask(&["account", "remove", "nobody"]));
    client.call("DescribeInstances", json!({}));
    let gone = home.ask(&["account", "remove", "second", "--force"]);
    assert!(
        String::from_utf8_lossy(&gone.stderr).contains("with 1 placement group, 1 instance, 1 key pair\n"),
        "{gone:?}"
    );
    assert!(text(&gone).contains("Removed"), "{gone:?}");
    assert_eq!(client.refusal("DescribeZones", json!({})), "AuthFailure.SecretIdNotFound");
    assert_eq!(home.ask_json(&["account", "list"]).as_array().unwrap().len(), 1);
    assert_eq!(home.ask_json(&["credential", "list"]).as_array().unwrap().len(), 1);
    assert!(refused(&home.ask(&["host-key", id])).contains(id));
    // A reused number would lead to the old account's traces in journals and elsewhere.
    let third = home.ask_json(&["account", "add", "second"]);
    assert_ne!(third["Uin"], added["Uin"]);
    home.ask_json(&["account", "remove", "second"]);
    server.stop();
    let server = home.start();
    assert_eq!(home.ask_json(&["account", "list"]).as_array().unwrap().len(), 1);
    assert_ne!(home.ask_json(&["account", "add", "fourth"])["Uin"], third["Uin"]);
    server.stop();
}

#[test]
fn what_the_operator_changes_stands_in_the_journal_with_its_target_and_never_a_key() {
    let home = Home::new();
    let server = home.start();
    let line = |answer: &Value| {
        let lines = home.ask_json(&["request", answer["RequestId"].as_str().unwrap()]);
        assert!(lines[0]["Time"].as_str().unwrap().ends_with('Z'), "as the API writes times: {lines}");
        assert!(!lines.to_string().contains(answer["SecretKey"].as_str().unwrap_or("no key")), "{lines}");
        let message = |name: &str| lines[0][name].as_str().unwrap().to_owned();
        [message("Action"), message("SecretId"), message("Target")]
    };
    let entry = |action: &str, target: String| [action.to_owned(), "operator".into(), target];
    let added = home.ask_json(&["account", "add", "second"]);
    let id = |of: &Value| of["SecretId"].as_str().unwrap().to_owned();
    assert_eq!(line(&added), entry("AddAccount", format!("account second, credential {}", id(&added))));
    let of_account = |answer: &Value| {
        let lines = home.ask_json(&["request", answer["RequestId"].as_str().unwrap()]);
        lines[0]["AccountName"].as_str().map(str::to_owned)
    };
    assert_eq!(of_account(&added), None, "it is about an account that was not there");
    assert!(!text(&home.ask(&["requests"])).contains("AccountName"), "and about no other one");
    let more = home.ask_json(&["credential", "add", "second"]);
    assert_eq!(of_account(&more).as_deref(), Some("second"));
    assert_eq!(line(&more), entry("AddCredential", format!("credential {}", id(&more))));
    let revoked = home.ask_json(&["credential", "revoke", &id(&more)]);
    assert_eq!(line(&revoked), entry("RevokeCredential", format!("credential {}", id(&more))));
    let removed = home.ask_json(&["account", "remove", "second"]);
    assert_eq!(line(&removed), entry("RemoveAccount", "account second".into()));
    let long = "x".repeat(100_000);
    for name in [&*long, "", "no blanks"] {
        for words in [["account", "add", name], ["account", "remove", name], ["credential", "add", name]] {
            let message = refused(&home.ask(&words));
            assert!(message.contains("1 to 64 letters") && message.len() < 400, "{words:?}: {message}");
        }
    }
    assert!(refused(&home.ask(&["credential", "revoke", &long])).contains("a SecretId has at most"));
    server.stop();
}

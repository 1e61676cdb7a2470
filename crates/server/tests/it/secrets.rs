//! Secrets on disk and between accounts: nothing in clear text on the disk or in a log, and one account learns nothing
//! of another.

use crate::support::{self, Home, Server, http::Client, machines, rows, ssh, ssh::Key};
use serde_json::{Value, json};
use std::{os::unix::fs::PermissionsExt, path::Path};

const AT_LAUNCH: &str = "At+Launch+Passw0rd";
const RESET: &str = "Reset+Passw0rd+Later";
const LEGACY_RESET: &str = "Legacy+Passw0rd+Too";
const REFUSED: &str = "refusedpasswordwithoutdigits";

/// Runs a whole story in both dialects, and returns the secrets that must not be in clear text anywhere.
fn story(home: &Home, log: &mut String) -> Vec<(&'static str, String)> {
    let mut secrets = vec![("the first account's SecretKey", support::SECRET_KEY.to_owned())];
    let server = home.start();
    let client = &server.client;
    let quick = "boot-ms=50,shutdown-ms=20";
    let made = client.call("CreateKeyPair", json!({"KeyName": "made", "ProjectId": 0}))["KeyPair"].take();
    let private = made["PrivateKey"].as_str().unwrap();
    let lines = private.lines().filter(|line| !line.starts_with("-----") && line.len() > 16);
    secrets.extend(lines.map(|line| ("a line of the private key", line.to_owned())));
    let key = Key::saved(home, "made", private);
    let with_key = machines::run(client, quick, json!({"KeyIds": [made["KeyId"]]}));
    ssh::with_key(&with_key, &key, "true").entered();
    let with_password = machines::run(client, quick, json!({"Password": AT_LAUNCH}));
    ssh::with_password(home, &with_password, AT_LAUNCH, "true").entered();
    let id = with_password["InstanceId"].as_str().unwrap().to_owned();
    client.call("ResetInstancesPassword", json!({"InstanceIds": [id], "Password": RESET, "ForceStop": true}));
    ssh::with_password(home, &machines::running(client, &id), RESET, "true").entered();
    let reset = [("InstanceIds.1", id.as_str()), ("Password", LEGACY_RESET), ("ForceStop", "TRUE")];
    client.legacy("ResetInstancesPassword", &reset).unwrap();
    ssh::with_password(home, &machines::running(client, &id), LEGACY_RESET, "true").entered();
    let parameters = json!({"InstanceIds": [id], "Password": REFUSED, "ForceStop": true});
    assert_eq!(client.refusal("ResetInstancesPassword", parameters), "InvalidParameterValue.InvalidPassword");
    secrets.extend([AT_LAUNCH, RESET, LEGACY_RESET, REFUSED].map(|password| ("a password", password.to_owned())));
    // Two random passwords: one is shown, the other is not yet.
    for shown in [true, false] {
        let random = machines::run(client, quick, Value::Null);
        if shown {
            let messages = home.ask_json(&["messages", "--delete"]);
            let password = messages[0]["Password"].as_str().unwrap();
            ssh::with_password(home, &random, password, "true").entered();
            secrets.push(("a random password", password.to_owned()));
        }
    }
    let other = home.ask_json(&["account", "add", "other"]);
    secrets.push(("the other account's SecretKey", other["SecretKey"].as_str().unwrap().to_owned()));
    let more = home.ask_json(&["credential", "add", "other"]);
    secrets.push(("one more SecretKey", more["SecretKey"].as_str().unwrap().to_owned()));
    for credential in [&other, &more] {
        let client = client.with(credential["SecretId"].as_str().unwrap(), credential["SecretKey"].as_str().unwrap());
        assert_eq!(client.call("DescribeInstances", json!({}))["TotalCount"], 0);
    }
    // With the write-ahead logs, and again when they have been written back.
    refuse_clear(home, &server.output(), &secrets);
    server.kill();
    refuse_clear(home, "", &secrets);
    let server = home.start();
    let waiting = home.ask_json(&["messages"]);
    secrets.push(("a random password that waited", waiting[0]["Password"].as_str().unwrap().to_owned()));
    *log += &server.stop();
    secrets
}

#[track_caller]
fn refuse_clear(home: &Home, log: &str, secrets: &[(&str, String)]) {
    let mut files = support::files(&home.data());
    files.push(("the log".into(), log.as_bytes().to_vec()));
    for (what, secret) in secrets {
        assert!(secret.len() >= 8, "{what}");
        for (path, bytes) in &files {
            assert!(!holds(bytes, secret.as_bytes()), "{what} stands in {}", path.display());
        }
    }
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn no_secret_stands_in_clear_on_the_disk_or_in_the_log() {
    // The log at its most verbose level.
    let home = Home::new().flag("--log", "debug");
    let mut log = String::new();
    let secrets = story(&home, &mut log);
    refuse_clear(&home, &log, &secrets);
    // The search finds what is there.
    let files = support::files(&home.data());
    assert!(
        files.iter().any(|(path, bytes)| path.ends_with("state/log.db") && holds(bytes, support::SECRET_ID.as_bytes()))
    );
    assert!(
        files.iter().any(|(path, bytes)| path.ends_with("machines/log.db") && holds(bytes, b"$6$")),
        "hashes are there"
    );
}

#[test]
fn a_credential_that_was_made_is_stored_only_in_its_file() {
    let home = Home::new().environment("CVMD_SECRET_ID", "").environment("CVMD_SECRET_KEY", "");
    let server = home.start();
    let saved = std::fs::read_to_string(home.data().join("credential")).unwrap();
    let (id, key) = saved.trim().split_once('\n').unwrap();
    let client = server.client.with(id, key);
    assert_eq!(client.call("DescribeInstances", json!({}))["TotalCount"], 0);
    let log = server.stop();
    assert!(!log.contains(key), "not printed where nobody looks on");
    for (path, bytes) in support::files(&home.data()) {
        assert!(path.ends_with("credential") || !holds(&bytes, key.as_bytes()), "{}", path.display());
    }
    // The same one after a restart.
    let server = home.start();
    server.client.with(id, key).call("DescribeInstances", json!({}));
    server.stop();
}

#[test]
fn the_data_directory_is_its_owners_alone() {
    let home = Home::new();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let check = || {
        assert_eq!(mode(&home.data()), 0o700);
        let inside = |directory: &str| std::fs::read_dir(home.data().join(directory)).unwrap();
        for entry in inside("").chain(inside("state")).chain(inside("machines")) {
            let path = entry.unwrap().path();
            let expected = if path.is_dir() { 0o700 } else { 0o600 };
            assert!(mode(&path) == expected, "{}: {:o}", path.display(), mode(&path));
        }
    };
    let server = home.start();
    machines::run(&server.client, "boot-ms=10", Value::Null);
    check();
    server.kill();
    check();
    home.start().stop();
    check();
}

#[test]
fn what_one_account_owns_another_can_neither_see_nor_touch() {
    let home = Home::new();
    let key = Key::new(&home, "owners");
    let server = home.start();
    let owner = &server.client;
    let parameters = json!({"KeyName": "owners", "ProjectId": 0, "PublicKey": key.public});
    let key_id = owner.call("ImportKeyPair", parameters.clone())["KeyId"].as_str().unwrap().to_owned();
    let instance = machines::run(owner, "boot-ms=10", json!({"KeyIds": [key_id]}));
    let id = instance["InstanceId"].as_str().unwrap();
    let stranger = stranger(&home, owner);
    for (action, set) in [
        ("DescribeInstances", "InstanceSet"),
        ("DescribeKeyPairs", "KeyPairSet"),
        ("DescribeInstancesStatus", "InstanceStatusSet"),
    ] {
        let all = stranger.call(action, json!({}));
        assert_eq!((&all["TotalCount"], &all[set]), (&json!(0), &json!([])), "{action}");
    }
    for (action, set, ids) in [
        ("DescribeInstances", "InstanceSet", json!({"InstanceIds": [id]})),
        ("DescribeInstancesStatus", "InstanceStatusSet", json!({"InstanceIds": [id]})),
        ("DescribeKeyPairs", "KeyPairSet", json!({"KeyIds": [key_id]})),
    ] {
        match stranger.answer(action, ids) {
            Ok(answer) => assert_eq!(answer[set], json!([]), "{action}"),
            Err(refused) => assert!(refused.code.ends_with(".NotFound"), "{action}: {refused:?}"),
        }
    }
    let instances = json!({"InstanceIds": [id]});
    let both = json!({"InstanceIds": [id], "KeyIds": [key_id], "ForceStop": true});
    for (action, parameters, code) in [
        ("AssociateInstancesKeyPairs", both.clone(), "InvalidInstanceId.NotFound"),
        ("DisassociateInstancesKeyPairs", both, "InvalidInstanceId.NotFound"),
        (
            "ResetInstancesPassword",
            json!({"InstanceIds": [id], "Password": RESET, "ForceStop": true}),
            "InvalidInstanceId.NotFound",
        ),
        ("StartInstances", instances.clone(), "InvalidInstanceId.NotFound"),
        ("StopInstances", instances.clone(), "InvalidInstanceId.NotFound"),
        ("RebootInstances", instances.clone(), "InvalidInstanceId.NotFound"),
        ("TerminateInstances", instances, "InvalidInstanceId.NotFound"),
        (
            "ModifyInstancesAttribute",
            json!({"InstanceIds": [id], "InstanceName": "mine"}),
            "InvalidInstanceId.NotFound",
        ),
        ("ModifyKeyPairAttribute", json!({"KeyId": key_id, "KeyName": "mine"}), "InvalidKeyPairId.NotFound"),
        ("DeleteKeyPairs", json!({"KeyIds": [key_id]}), "InvalidKeyPairId.NotFound"),
        (
            "RunInstances",
            json!({"Placement": {"Zone": "ap-guangzhou-3"}, "ImageId": "img-487zeit5", "LoginSettings": {"KeyIds": [key_id]}}),
            "InvalidParameterValue.KeyPairNotFound",
        ),
    ] {
        assert_eq!(stranger.refusal(action, parameters), code, "{action}");
    }
    let refused = stranger.legacy("TerminateInstances", &[("InstanceIds.1", id)]).unwrap_err();
    assert_eq!(refused.code, "InvalidInstanceId.NotFound");
    // Not even whether a name or a key is in use.
    stranger.call("ImportKeyPair", parameters);
    assert_eq!(machines::instance(owner, id), instance, "nothing has happened to it");
    ssh::with_key(&instance, &key, "true").entered();
    server.stop();
}

fn stranger(home: &Home, owner: &Client) -> Client {
    let account = home.ask_json(&["account", "add", "stranger"]);
    owner.with(account["SecretId"].as_str().unwrap(), account["SecretKey"].as_str().unwrap())
}

/// Puts a member of each of a table's last two rows into the other one.
fn exchange(home: &Home, table: &str, member: &str) {
    let found: Vec<Value> = rows::of(home, "state", table);
    let [.., one, other] = &found[..] else { panic!("{table} has fewer rows") };
    assert_ne!(one[member], other[member]);
    rows::change(home, "state", |_, body| {
        let from = if body == one { other } else { one };
        let mut body = body.clone();
        if body == *one || body == *other {
            body[member] = from[member].clone();
        }
        Some(body)
    });
}

#[test]
fn what_is_sealed_opens_in_no_other_row() {
    let home = Home::new().expecting("a message cannot be shown");
    let server = home.start();
    for name in ["one", "other"] {
        home.ask_json(&["account", "add", name]);
        machines::run(&server.client, "boot-ms=50", Value::Null);
    }
    server.stop();
    exchange(&home, "messages", "text_encrypted");
    let server = home.start();
    assert!(!home.ask(&["messages"]).status.success());
    let log = server.stop();
    assert!(log.contains("not made with this master key, or not for this row"), "{log}");
    exchange(&home, "messages", "text_encrypted");
    let server = home.start();
    assert_eq!(home.ask_json(&["messages"]).as_array().map(Vec::len), Some(2));
    server.stop();
}

const UNDECRYPTED: &str = "credentials that cannot be decrypted sign nothing";

#[test]
fn credentials_that_cannot_be_decrypted_are_refused_and_nobody_else_is() {
    let home = Home::new().expecting(UNDECRYPTED);
    let server = home.start();
    let [one, other, whole] = ["one", "other", "whole"].map(|name| home.ask_json(&["account", "add", name]));
    let of = |server: &Server, added: &Value| {
        server.client.with(added["SecretId"].as_str().unwrap(), added["SecretKey"].as_str().unwrap())
    };
    home.ask_json(&["account", "remove", "whole"]);
    server.stop();
    exchange(&home, "credentials", "secret_key_encrypted");
    let server = home.start();
    for added in [&one, &other] {
        let refused = of(&server, added).answer("DescribeZones", json!({})).unwrap_err();
        assert_eq!(refused.code, "AuthFailure.SecretIdNotFound");
        assert!(refused.message.contains("cannot read the SecretKey"), "{}", refused.message);
        let refused = of(&server, added).legacy("DescribeZones", &[]).unwrap_err();
        assert!(refused.message.contains("cannot read the SecretKey"), "{}", refused.message);
    }
    assert_eq!(of(&server, &whole).refusal("DescribeZones", json!({})), "AuthFailure.SecretIdNotFound");
    server.client.call("DescribeZones", json!({}));
    let id = one["SecretId"].as_str().unwrap();
    let row = || {
        let listed = home.ask_json(&["credential", "list"]);
        listed.as_array().unwrap().iter().find(|row| row["SecretId"] == id).unwrap().clone()
    };
    assert_eq!(row()["Unusable"], "its key cannot be decrypted");
    home.ask_json(&["credential", "revoke", id]);
    assert!(row()["Unusable"].is_null() && row()["Revoked"].is_string(), "{}", row());
    let more = home.ask_json(&["credential", "add", "one"]);
    of(&server, &more).call("DescribeZones", json!({}));
    let log = server.stop();
    let lines: Vec<_> = log.lines().filter(|line| line.contains(" ERROR ")).collect();
    let [line] = lines[..] else { panic!("{lines:?}") };
    let other = other["SecretId"].as_str().unwrap();
    assert!(line.contains(&format!("{id} of one")) && line.contains(&format!("{other} of other")), "{line}");
}

#[test]
fn a_master_key_that_opens_no_credential_refuses_the_start_before_anything_is_sealed_with_it() {
    let home = Home::new();
    home.start().stop();
    let (key, aside) = (home.data().join("master.key"), home.data().join("aside"));
    let server = home.start();
    home.ask_json(&["account", "add", "one"]);
    server.stop();
    std::fs::rename(&key, &aside).unwrap();
    std::fs::write(&key, format!("{}=", "A".repeat(43))).unwrap();
    for _ in 0..2 {
        let said = home.refuses_to_serve(&mut home.serve());
        assert!(said.contains("cannot be decrypted: a sealed text was not made with this master key"), "{said}");
    }
    std::fs::rename(&aside, &key).unwrap();
    let server = home.start();
    assert!(home.ask_json(&["credential", "list"]).as_array().unwrap().iter().all(|row| row["Unusable"].is_null()));
    server.stop();
}

//! Data directories of earlier versions, whose servers were killed with every goal under way: this version opens each
//! and finishes the operations, and real logins have the promised outcome.
//!
//! A directory is in `older/VERSION`; `older/make.py` shows how it was made. It is never made again: a change of rows
//! must stay able to read it.

use crate::support::{self, Home, http::Client, machines, rows, ssh, ssh::Key};
use rusqlite::Connection;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{DirBuilder, Permissions},
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::{Path, PathBuf},
};

/// The goals of operations; one of each is under way in such a directory.
const GOALS: &[&str] = &[
    "CaptureImage",
    "ChangeLogin",
    "EnterRescue",
    "ExitRescue",
    "Isolate",
    "Launch",
    "Reboot",
    "Reset",
    "Reshape",
    "Start",
    "Stop",
    "Terminate",
];

const TABLES: &[&str] = &[
    "accounts",
    "client_tokens",
    "credentials",
    "custom_images",
    "disaster_recover_groups",
    "instances",
    "journal",
    "key_pairs",
    "launch_templates",
    "messages",
    "security_groups",
    "settings",
    "subnets",
    "vpcs",
];

fn fixture(version: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/older").join(version)
}

/// A copy to work on, with the two private keys beside it.
pub(crate) fn home(version: &str) -> (Home, Key, Key) {
    let home = Home::new()
        .environment("CVMD_SECRET_ID", "AKIDofTheKeptDirectory")
        .environment("CVMD_SECRET_KEY", "clearSecretKeyOfTheKeptDirectory");
    DirBuilder::new().mode(0o700).create(home.data()).unwrap();
    for entry in std::fs::read_dir(fixture(version).join("data")).unwrap() {
        let entry = entry.unwrap();
        let copy = home.data().join(entry.file_name());
        std::fs::copy(entry.path(), &copy).unwrap();
        // A checkout does not preserve file modes.
        std::fs::set_permissions(&copy, Permissions::from_mode(0o600)).unwrap();
    }
    let key = |name: &str| {
        let private = std::fs::read_to_string(fixture(version).join(name)).unwrap();
        Key::saved(&home, name, &private)
    };
    let (stays, removed) = (key("stays"), key("removed"));
    (home, stays, removed)
}

/// The rows of a table: of the earlier version's database before a start, and of the state's directory after it.
fn table(home: &Home, name: &str) -> Vec<Value> {
    if home.data().join("state").exists() {
        return rows::of(home, "state", name);
    }
    let database = Connection::open(home.data().join("state.db")).unwrap();
    let mut bodies = database.prepare(&format!("SELECT body FROM {name}")).unwrap();
    let bodies = bodies.query_map([], |row| row.get::<_, String>(0)).unwrap();
    bodies.map(|body| serde_json::from_str(&body.unwrap()).unwrap()).collect()
}

/// All that stands in the state under the master key.
fn sealed(home: &Home) -> Vec<String> {
    let of = |name: &str, member: &str| -> Vec<String> {
        table(home, name).iter().map(|row| row[member].as_str().unwrap().to_owned()).collect()
    };
    let (keys, texts) = (of("credentials", "secret_key_encrypted"), of("messages", "text_encrypted"));
    assert!(keys.len() > 2 && !texts.is_empty(), "{keys:?} {texts:?}");
    [keys, texts].concat()
}

fn named(client: &Client, name: &str) -> Value {
    let filter = json!({"Filters": [{"Name": "instance-name", "Values": [name]}]});
    let mut answer = client.call("DescribeInstances", filter);
    answer["InstanceSet"].get_mut(0).map(Value::take).unwrap_or_default()
}

#[test]
fn the_older_directory_has_every_kind_of_row_and_every_goal_under_way() {
    let (home, _, _) = home("0.1.0");
    for name in TABLES {
        assert!(!table(&home, name).is_empty(), "{name} is empty");
    }
    let goal = |row: &Value| match &row["operation"]["goal"] {
        Value::String(name) => Some(name.clone()),
        Value::Object(goal) => goal.keys().next().cloned(),
        _ => None,
    };
    let goals: BTreeSet<String> = table(&home, "instances").iter().filter_map(goal).collect();
    assert_eq!(goals.iter().map(String::as_str).collect::<Vec<_>>(), GOALS);
}

#[test]
fn a_directory_of_0_1_0_opens_and_everything_that_was_under_way_ends_as_promised() {
    let (home, stays, removed) = home("0.1.0");
    let expected = std::fs::read(fixture("0.1.0").join("expected.json")).unwrap();
    let expected: BTreeMap<String, Value> = serde_json::from_slice(&expected).unwrap();
    assert!(sealed(&home).iter().all(|text| !text.starts_with("v1.")), "for no row of their own");
    let server = home.start();
    let client = server.client.with("AKIDofTheKeptDirectory", "clearSecretKeyOfTheKeptDirectory");
    for (name, end) in &expected {
        let mut instance = Value::Null;
        support::until(&format!("{name} is settled"), || {
            instance = named(&client, name);
            instance["LatestOperationState"] != "OPERATING"
        });
        if end["State"] == "GONE" {
            assert_eq!(instance, Value::Null, "{name}");
            continue;
        }
        let keys = match &instance["LoginSettings"]["KeyIds"] {
            Value::Null => &json!([]),
            keys => keys,
        };
        assert_eq!((&instance["InstanceState"], keys), (&end["State"], &end["KeyIds"]));
        assert_ne!(instance["LatestOperationState"], "FAILED", "{name}: {instance}");
        // Its disk agrees with the API, also while it is off.
        let machine = machines::row(&home, instance["InstanceId"].as_str().unwrap());
        let holds = |key: &Key| machine_holds(&machine, key);
        assert_eq!((holds(&stays), holds(&removed)), (end["KeyIds"] != json!([]), false), "{name}");
    }
    for name in
        ["launch-starting", "launch-writing", "unbind-stopping", "unbind-writing", "unbind-starting", "of-an-image"]
    {
        let instance = named(&client, name);
        ssh::with_key(&instance, &stays, "true").entered();
        ssh::with_key(&instance, &removed, "true").refused();
    }
    let instance = named(&client, "password");
    ssh::with_password(&home, &instance, "Newer-password-2", "true").entered();
    ssh::with_password(&home, &instance, "Kept-password-1", "true").refused();
    other_rows_are_whole(&home, &client);
    server.stop();
    home.is_whole();
    assert!(sealed(&home).iter().all(|text| text.starts_with("v1.")), "each for its row");
}

#[test]
fn what_an_earlier_version_sealed_is_taken_once_and_not_out_of_an_old_copy_later() {
    let home = home("0.1.0").0.expecting("credentials that cannot be decrypted");
    let of_another = |row: &&Value| row["secret_id"] != "AKIDofTheKeptDirectory";
    let old = table(&home, "credentials").iter().find(of_another).unwrap().clone();
    let now = |home: &Home| table(home, "credentials").into_iter().find(|row| row["secret_id"] == old["secret_id"]);
    home.start().stop();
    assert_ne!(now(&home).as_ref(), Some(&old), "it was sealed anew");
    rows::change(&home, "state", |name, body| {
        let is_it = name == "credentials" && body["secret_id"] == old["secret_id"];
        Some(if is_it { old.clone() } else { body.clone() })
    });
    let server = home.start();
    let listed = home.ask_json(&["credential", "list"]);
    let unusable = listed.as_array().unwrap().iter().filter(|row| row["Unusable"].is_string()).count();
    assert_eq!(unusable, 1, "{listed}");
    let log = server.stop();
    assert!(log.contains("of an earlier version") && log.contains("out of an old copy"), "{log}");
    assert_eq!(now(&home), Some(old.clone()), "left as it was found");
}

fn machine_holds(machine: &cvmd_hypervisor_simulated::Machine, key: &Key) -> bool {
    let public = std::process::Command::new("ssh-keygen").arg("-yf").arg(&key.file).output().unwrap();
    let public = String::from_utf8(public.stdout).unwrap();
    let blob = public.split(' ').nth(1).unwrap();
    serde_json::to_string(machine).unwrap().contains(blob)
}

/// The rows other than instances are still answered, and can be used.
fn other_rows_are_whole(home: &Home, client: &Client) {
    for (action, total) in
        [("DescribeLaunchTemplates", 1), ("DescribeKeyPairs", 2), ("DescribeDisasterRecoverGroups", 1)]
    {
        assert_eq!(client.call(action, json!({}))["TotalCount"], total, "{action}");
    }
    let template = client.call("DescribeLaunchTemplates", json!({}))["LaunchTemplateSet"][0].clone();
    assert_eq!((&template["LatestVersionNumber"], &template["LaunchTemplateVersionCount"]), (&json!(2), &json!(2)));
    let versions = json!({"LaunchTemplateId": template["LaunchTemplateId"]});
    assert_eq!(client.call("DescribeLaunchTemplateVersions", versions)["TotalCount"], 2);
    let images =
        client.call("DescribeImages", json!({"Filters": [{"Name": "image-type", "Values": ["PRIVATE_IMAGE"]}]}));
    let normal = |image: &Value| image["ImageState"] == "NORMAL";
    let images = images["ImageSet"].as_array().unwrap();
    assert!(images.len() == 2 && images.iter().all(normal), "{images:?}");
    let launched = client.call(
        "RunInstances",
        json!({
            "Placement": {"Zone": "ap-guangzhou-3"},
            "LaunchTemplate": {"LaunchTemplateId": template["LaunchTemplateId"], "LaunchTemplateVersion": 2},
        }),
    );
    let instance = machines::running(client, launched["InstanceIdSet"][0].as_str().unwrap());
    assert_eq!(instance["InstanceName"], "of-the-template");
    let names: Vec<_> =
        home.ask_json(&["account", "list"]).as_array().unwrap().iter().map(|row| row["AccountName"].clone()).collect();
    assert_eq!(names, ["default", "other"]);
    assert_eq!(home.ask_json(&["messages"]).as_array().map(Vec::len), Some(1));
}

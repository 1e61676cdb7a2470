//! `cvmd state check`: clean on what commands have made, and red on each kind of fault that a row can have.

use crate::{
    older,
    support::{Home, machines, refused, rows, text, until},
};
use serde::de::IgnoredAny;
use serde_json::{Value, json};

/// A stopped directory with every kind of row.
fn whole() -> Home {
    let (home, ..) = older::home("0.1.0");
    let server = home.start();
    until("what was under way has ended", || server.metric("cvmd_operations_under_way ") == 0);
    let client = server.client.with("AKIDofTheKeptDirectory", "clearSecretKeyOfTheKeptDirectory");
    let instance = machines::run(&client, "boot-ms=0", json!({"Password": "CheckMe+Passw0rd"}));
    let zone = json!({"Placement": {"Zone": "ap-guangzhou-3"}, "ImageId": "img-487zeit5"});
    let template = json!({"LaunchTemplateName": "checked", "LaunchTemplateVersionDescription": "one"});
    let template =
        [zone, template].iter().flat_map(|part| part.as_object().unwrap().clone()).collect::<serde_json::Map<_, _>>();
    client.call("CreateLaunchTemplate", template.into());
    client.call("CreateImage", json!({"InstanceId": instance["InstanceId"], "ImageName": "checked"}));
    until("the image is made", || server.metric("cvmd_operations_under_way ") == 0);
    // While it runs.
    home.is_whole();
    server.stop();
    home.is_whole();
    home
}

fn copy(of: &Home) -> Home {
    let home = Home::new();
    for truth in ["state", "machines"] {
        rows::copy_files(&of.data().join(truth), &home.data().join(truth));
    }
    home
}

/// The lines that the check of a changed copy prints.
fn checked(of: &Home, change: impl FnOnce(&Home)) -> String {
    let home = copy(of);
    change(&home);
    let output = home.ask(&["state", "check"]);
    assert!(refused(&output).contains("fault"), "it counts them");
    String::from_utf8(output.stdout).unwrap()
}

/// What a change of one row, the first of its table, is found by.
type Case = (&'static str, fn(&mut Value), &'static str);

const STATE: &[Case] = &[
    ("instances", |row| row["account"] = 77.into(), "its account 77 is not there"),
    ("key_pairs", |row| row["account"] = 77.into(), "its account 77 is not there"),
    ("credentials", |row| row["account"] = 77.into(), "its account 77 is not there"),
    ("messages", |row| row["account"] = 77.into(), "the message about ins-"),
    ("vpcs", |row| row["account"] = 77.into(), "its account 77 is not there"),
    ("instances", |row| row["login"]["keys"] = json!(["skey-11112222"]), "its key pair skey-11112222 is not there"),
    ("instances", |row| row["vpc"] = "vpc-11112222".into(), "its VPC vpc-11112222 is not there"),
    ("instances", |row| row["subnet"] = "subnet-11112222".into(), "its subnet subnet-11112222 is not there"),
    ("instances", |row| row["security_groups"] = json!(["sg-11112222"]), "its security group sg-11112222 is not there"),
    ("instances", |row| row["rare"]["group"] = "ps-11112222".into(), "its placement group ps-11112222 is not there"),
    ("instances", |row| row["private_address"] = "127.1.2.3".into(), "its address 127.1.2.3 is outside of its subnet"),
    ("instances", |row| row["latest"]["state"] = "OPERATING".into(), "it is OPERATING, and no operation is under way"),
    ("instances", |row| row["state"] = "PENDING".into(), "it is PENDING, and no operation is under way"),
    ("instances", |row| row["sequence"] = 987_654.into(), "it is row 987654 of instances, and stored as "),
    ("instances", |row| row["zone"] = "ap-nowhere-1".into(), "which is not in the catalogue"),
    ("instances", |row| row["login"] = Value::Null, "cannot be read"),
    ("custom_images", |row| row["login"]["keys"] = json!(["skey-11112222"]), "a line of the key pair skey-11112222"),
    ("custom_images", |row| row["snapshots"] = json!(["snap-11112222"]), "its snapshot snap-11112222 is not there"),
    ("custom_images", |row| row["id"] = "img-11112222".into(), "img-11112222: an image without a disk"),
    ("launch_templates", |row| row["default_version"] = 99.into(), "its default version 99 is none of its versions"),
    ("launch_templates", |row| row["versions"] = json!([1, 77]), "its version 77 is not there"),
    ("launch_templates", |row| row["latest_version"] = 0.into(), "is newer than its latest one, 0"),
    ("launch_template_versions", |row| row["number"] = 55.into(), "its version 55 is of no template"),
    ("subnets", |row| row["vpc"] = "vpc-11112222".into(), "its VPC vpc-11112222 is not there"),
    ("settings", |row| row["block"] = 7.into(), "127.7.0.0/10 is no block of addresses"),
    ("settings", |row| row["directory"] = json!(uuid::Uuid::nil()), "are not of the same data directory"),
];

/// The same, as a text: numbers in these rows are too large for a `Value`.
type TextCase = (&'static str, fn(&str) -> String, &'static str);

const MACHINES: &[TextCase] = &[
    ("machines", |row| renamed(row, "ins-11112222"), "and has no machine"),
    ("machines", |row| renamed(row, "ins-11112222"), "ins-11112222: a machine that no instance has"),
    ("machines", |row| renamed(row, "ins-11112222"), "machines: the row of machine ins-"),
    ("machines", |row| row.replacen("\"disk\":", "\"dusk\":", 1), "machines: the row of machine ins-"),
    ("images", |row| renamed(row, "img-11112222"), "img-11112222: the disk of an image that is not there"),
    ("images", |row| renamed(row, "img-11112222"), "an image without a disk"),
    ("directory", |_| "no id".into(), "row 1 of directory"),
];

fn renamed(row: &str, id: &str) -> String {
    let begin = row.find("\"id\":\"").unwrap() + 6;
    format!("{}{id}{}", &row[..begin], &row[begin + id.len()..])
}

#[test]
fn each_kind_of_fault_in_a_row_is_found_and_a_whole_directory_has_none() {
    let home = whole();
    for (table, change, expected) in STATE {
        let first = std::cell::Cell::new(true);
        let lines = checked(&home, |home| {
            rows::change(home, "state", |of, row| {
                let mut row = row.clone();
                if of == *table && first.replace(false) {
                    change(&mut row);
                }
                Some(row)
            });
        });
        assert!(lines.contains(expected), "{table}: {expected}:\n{lines}");
    }
    for (table, edit, expected) in MACHINES {
        let lines = checked(&home, |home| rows::edit(home, "machines", table, edit));
        assert!(lines.contains(expected), "{table}: {expected}:\n{lines}");
    }
}

#[test]
fn what_is_there_twice_or_not_at_all_is_found() {
    let home = whole();
    // What only one row may have, all have.
    let all = |table: &'static str, change: fn(&mut Value)| {
        checked(&home, |home| {
            rows::change(home, "state", |of, row| {
                let mut row = row.clone();
                if of == table {
                    change(&mut row);
                }
                Some(row)
            });
        })
    };
    let lines = all("instances", |row| row["private_address"] = "127.64.9.9".into());
    assert!(lines.contains("another instance has its address 127.64.9.9 too"), "{lines}");
    let lines = all("instances", |row| row["system_disk"]["id"] = "disk-11112222".into());
    assert!(lines.contains("another instance has its disk disk-11112222 too"), "{lines}");
    let lines = all("key_pairs", |row| row["name"] = "same".into());
    assert!(lines.contains("has its name same too"), "{lines}");
    // The same instance twice, under another number: the indexes have it twice too.
    let lines = checked(&home, |home| {
        let instances: Vec<Value> = rows::of(home, "state", "instances");
        let mut twice = instances[0].clone();
        twice["sequence"] = 900_000.into();
        rows::put(home, "state", "instances", 900_000, twice.to_string().as_bytes());
    });
    assert!(
        lines.contains("it is twice in instances") && lines.contains("the index of instances by account"),
        "{lines}"
    );
    let lines = checked(&home, |home| rows::put(home, "state", "strange", 1, b"{}"));
    assert!(lines.contains("strange: it is no table of this version"), "{lines}");
    let lines = checked(&home, |home| rows::put(home, "machines", "strange", 1, b"{}"));
    assert!(lines.contains("row 1 of strange"), "{lines}");
    let lines = checked(&home, |home| {
        let keys: Vec<Value> = rows::of(home, "state", "key_pairs");
        let mut blob = keys[0].clone();
        blob["sequence"] = 900_001.into();
        blob["id"] = "skey-11112222".into();
        blob["name"] = "another".into();
        rows::put(home, "state", "key_pairs", 900_001, blob.to_string().as_bytes());
    });
    assert!(lines.contains("has its public key too"), "{lines}");
    let lines = checked(&home, |home| std::fs::remove_dir_all(home.data().join("machines")).unwrap());
    assert!(lines.contains("machines is missing: put it back"), "{lines}");
    let nothing = Home::new();
    assert!(refused(&nothing.ask(&["state", "check"])).contains("there is no data directory"));
}

#[test]
fn a_dump_has_the_rows_of_each_table_together_and_in_their_order() {
    let home = whole();
    let dumped = text(&home.ask(&["state", "dump"]));
    let lines: Vec<Value> = dumped.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let number = |line: &Value| line["sequence"].as_str().unwrap().parse::<u64>().unwrap();
    // The state comes first.
    let key = |line: &Value| (line["in"] == "machines", line["table"].as_str().unwrap().to_owned(), number(line));
    assert!(lines.is_sorted_by_key(key), "{dumped}");
    for (truth, table) in [("state", "instances"), ("state", "vpcs"), ("machines", "machines")] {
        let dumped = lines.iter().filter(|line| line["in"] == truth && line["table"] == table).count();
        assert_eq!(dumped, rows::of::<IgnoredAny>(&home, truth, table).len(), "{table}");
    }
}

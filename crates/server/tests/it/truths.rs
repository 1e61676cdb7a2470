//! The state and the machines must belong to one data directory, or the server refuses to start. Single disagreements
//! are logged, counted and shown, but do not prevent the start.

use crate::support::{self, Home, http::Client, machines, rows, until};
use serde_json::{Value, json};
use std::path::PathBuf;

const TRUTHS: [&str; 2] = ["state", "machines"];
const GONE: &str = "going on without what is missing";
const NEEDLESS: &str = "nothing is missing";
const NO_MACHINE: &str = "the instance has no machine";
const NO_INSTANCE: &str = "no instance has this machine";

/// A stopped directory with one running instance; returns its id and address.
fn used() -> (Home, String, String) {
    let home = Home::new().expecting(GONE).expecting(NO_MACHINE).expecting(NO_INSTANCE).expecting(NEEDLESS);
    let server = home.start();
    let instance = machines::run(&server.client, "boot-ms=0", json!({"Password": "Abcdefg1"}));
    server.stop();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    (home, text(&instance["InstanceId"]), text(&instance["PrivateIpAddresses"][0]))
}

fn file(home: &Home, name: &str) -> PathBuf {
    home.data().join(name)
}

fn delete(home: &Home, name: &str) {
    std::fs::remove_dir_all(file(home, name)).unwrap();
}

/// As a copy that did not reach its files.
fn empty(home: &Home, name: &str) {
    delete(home, name);
    std::fs::create_dir(file(home, name)).unwrap();
}

/// The start is refused with both texts, twice, because nothing has changed.
fn refused(home: &Home, texts: [&str; 2]) {
    for _ in 0..2 {
        let message = home.refuses_to_serve(&mut home.serve());
        assert!(texts.iter().all(|text| message.contains(text)), "{message}");
    }
}

/// As an older version left it: neither holds the directory's id.
fn without_directory(home: &Home) {
    rows::change(home, "machines", |table, body| Some(body.clone()).filter(|_| table != "directory"));
    rows::change(home, "state", |table, body| {
        let mut body = body.clone();
        if table == "settings" {
            body.as_object_mut().unwrap().remove("directory");
        }
        Some(body)
    });
}

fn gauge(client: &Client, name: &str) -> u64 {
    let text = String::from_utf8(client.get("/_cvmd/metrics").unwrap().body).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')).unwrap();
    line.parse().unwrap()
}

/// With the flag it starts, and later without: the instance is shown STOPPED with the reason, and can be terminated.
fn goes_on_without_machine(home: &Home, id: &str) {
    let mut serve = home.serve();
    serve.args(["--accept-missing", "machines"]);
    home.start_as(serve).stop();
    let server = home.start();
    let client = &server.client;
    until("it is shown STOPPED", || machines::instance(client, id)["InstanceState"] == "STOPPED");
    assert_eq!(gauge(client, "cvmd_instances_without_machine"), 1);
    client.call("StartInstances", json!({"InstanceIds": [id]}));
    let instance = machines::settled(client, id);
    assert_eq!((&instance["InstanceState"], &instance["LatestOperationState"]), (&json!("STOPPED"), &json!("FAILED")));
    assert!(instance["LatestOperationErrorMsg"].as_str().is_some_and(|why| !why.is_empty()), "{instance}");
    client.call("TerminateInstances", json!({"InstanceIds": [id]}));
    until("it is gone", || client.call("DescribeInstances", json!({}))["TotalCount"] == 0);
    assert_eq!(gauge(client, "cvmd_instances_without_machine"), 0);
    let message = server.stop();
    assert!(message.contains(NO_MACHINE) && message.contains(id), "{message}");
}

#[test]
fn machines_that_are_lost_refuse_the_start_until_that_is_accepted() {
    for lose in [delete, empty] {
        let (home, id, _) = used();
        lose(&home, "machines");
        refused(&home, ["machines/ is missing or empty", "--accept-missing machines"]);
        let message = home.refuses_to_serve(home.serve().args(["--accept-missing", "state"]));
        assert!(message.contains("machines/ is missing or empty"), "the other half is not what is missing: {message}");
        goes_on_without_machine(&home, &id);
    }
}

#[test]
fn machines_that_nobody_wants_any_more_are_erased_when_that_is_asked_for() {
    let (home, _, _) = used();
    delete(&home, "state");
    let mut serve = home.serve();
    serve.args(["--accept-missing", "state"]);
    let server = home.start_as(serve);
    assert_eq!(gauge(&server.client, "cvmd_machines_without_instance"), 1);
    let intact = machines::run(&server.client, "boot-ms=0", json!({"Password": "Abcdefg1"}));
    server.stop();
    let mut serve = home.serve();
    serve.arg("--erase-orphans");
    let server = home.start_as(serve);
    assert_eq!(gauge(&server.client, "cvmd_machines_without_instance"), 0);
    server.stop();
    assert_eq!(machines::rows(&home).len(), 1);
    let server = home.start();
    assert_eq!(gauge(&server.client, "cvmd_machines_without_instance"), 0);
    machines::running(&server.client, intact["InstanceId"].as_str().unwrap());
    server.stop();
}

#[test]
fn nothing_is_answered_before_instances_without_a_machine_are_shown_stopped() {
    let tags = json!([{"Key": support::GUEST_TAG, "Value": "boot-ms=1"}]);
    let instance = |number: u32| json!({"InstanceId": format!("ins-{number:08}"), "Tags": tags});
    let home = Home::new()
        .seed(json!({"Instances": (0..600).map(instance).collect::<Vec<_>>()}))
        .expecting(NO_MACHINE)
        .expecting(GONE);
    home.start().stop();
    delete(&home, "machines");
    let mut serve = home.serve();
    serve.args(["--accept-missing", "machines"]);
    let server = home.start_as(serve);
    let running = json!({"Filters": [{"Name": "instance-state", "Values": ["RUNNING"]}]});
    assert_eq!(server.client.call("DescribeInstances", running)["TotalCount"], 0);
    server.stop();
}

#[test]
fn machines_of_another_directory_refuse_the_start_until_that_is_accepted() {
    let (home, id, address) = used();
    let (other, other_id, _) = used();
    let (own, aside) = (file(&home, "machines"), file(&home, "aside"));
    std::fs::rename(&own, &aside).unwrap();
    rows::copy_files(&file(&other, "machines"), &own);
    refused(&home, ["are not of the same data directory", "--accept-missing machines"]);
    // With the right one back, the server starts.
    delete(&home, "machines");
    std::fs::rename(&aside, &own).unwrap();
    let server = home.start();
    assert_eq!(machines::running(&server.client, &id)["PrivateIpAddresses"][0], json!(address));
    server.stop();
    delete(&home, "machines");
    rows::copy_files(&file(&other, "machines"), &own);
    let mut serve = home.serve();
    serve.args(["--accept-missing", "machines"]);
    let server = home.start_as(serve);
    assert_eq!(gauge(&server.client, "cvmd_machines_without_instance"), 1);
    assert!(server.stop().contains(&other_id), "the machine without an instance is named");
    goes_on_without_machine(&home, &id);
}

#[test]
fn a_start_that_is_refused_for_a_lost_state_makes_no_key_that_would_be_taken_for_its_own() {
    let (home, ..) = used();
    delete(&home, "state");
    std::fs::remove_file(home.data().join("master.key")).unwrap();
    refused(&home, ["state/ is missing or empty", "--accept-missing state"]);
    assert!(!home.data().join("master.key").exists());
}

#[test]
fn halves_of_different_times_refuse_the_start_until_that_is_accepted() {
    let (home, id, _) = used();
    let copy = |from: PathBuf, to: PathBuf| {
        let _ = std::fs::remove_dir_all(&to);
        rows::copy_files(&from, &to);
    };
    let keep =
        |age: &str| TRUTHS.iter().for_each(|name| copy(file(&home, name), home.beside(&format!("{age}-{name}"))));
    let put = |age: &str, name: &str| copy(home.beside(&format!("{age}-{name}")), file(&home, name));
    keep("old");
    let server = home.start();
    server.client.call("StopInstances", json!({"InstanceIds": [id], "StopType": "HARD"}));
    machines::settled(&server.client, &id);
    server.stop();
    keep("new");
    for (older, newer) in [("state", "machines"), ("machines", "state")] {
        put("old", older);
        put("new", newer);
        let message = format!("{older}/ is of an earlier time than {newer}/");
        refused(&home, [&message, &format!("--accept-missing {older}")]);
        let other = home.refuses_to_serve(home.serve().args(["--accept-missing", newer]));
        assert!(other.contains(&message), "{other}");
        let checked = support::refused(&home.ask(&["state", "check"]));
        assert!(checked.contains("1 fault"), "{checked}");
        let mut serve = home.serve();
        serve.args(["--accept-missing", older]);
        home.start_as(serve).stop();
        home.start().stop();
        home.is_whole();
        // Of one time they are served as they are, older or newer.
        for age in ["old", "new"] {
            TRUTHS.iter().for_each(|name| put(age, name));
            home.start().stop();
        }
    }
}

#[test]
fn a_start_that_is_killed_between_the_halves_again_and_again_takes_them_for_no_others() {
    let (home, ..) = used();
    let before = home.beside("before");
    rows::copy_files(&file(&home, "machines"), &before);
    for _ in 0..3 {
        home.start().kill();
        delete(&home, "machines");
        rows::copy_files(&before, &file(&home, "machines"));
        home.is_whole();
    }
    home.start().stop();
    // The end of a server begins with the machines.
    rows::edit(&home, "machines", "epoch", |epoch| (epoch.parse::<u64>().unwrap() + 1).to_string());
    home.is_whole();
    home.start().stop();
}

#[test]
fn both_lost_beside_the_keys_refuse_the_start_until_that_is_accepted() {
    for lose in [delete, empty] {
        let (home, id, _) = used();
        lose(&home, "state");
        lose(&home, "machines");
        refused(&home, ["state/ and machines/ are missing or empty", "--accept-missing state"]);
        let message = home.refuses_to_serve(home.serve().args(["--accept-missing", "machines"]));
        assert!(message.contains("state/ and machines/ are missing or empty"), "{message}");
        let mut serve = home.serve();
        serve.args(["--accept-missing", "state"]);
        let server = home.start_as(serve);
        assert!(machines::instance(&server.client, &id).is_null());
        server.stop();
        home.start().stop();
    }
    // Without the key too, what is lost is named.
    let (home, ..) = used();
    empty(&home, "state");
    std::fs::remove_file(home.data().join("master.key")).unwrap();
    refused(&home, ["state/ is missing or empty", "--accept-missing state"]);
}

#[test]
fn a_first_start_that_was_killed_before_the_key_was_made_is_taken_up_again() {
    let home = Home::new();
    home.start().stop();
    // The state then has the directory's id, and no account.
    rows::change(&home, "state", |table, body| Some(body.clone()).filter(|_| table == "settings"));
    delete(&home, "machines");
    std::fs::remove_file(home.data().join("master.key")).unwrap();
    home.start().stop();
    rows::change(&home, "state", |table, body| Some(body.clone()).filter(|_| table == "settings"));
    home.start().stop();
}

#[test]
fn a_link_that_leads_nowhere_is_named_and_nothing_is_made_in_its_place() {
    let (home, ..) = used();
    for name in ["state", "machines", "master.key", "state/log.db"] {
        let (link, away) = (file(&home, name), home.beside("away"));
        std::fs::rename(&link, &away).unwrap();
        std::os::unix::fs::symlink(home.beside("unmounted"), &link).unwrap();
        refused(&home, [&format!("{name} is a link that leads nowhere"), "put back what it led to"]);
        assert!(link.is_symlink() && !link.exists(), "{name}");
        std::fs::remove_file(&link).unwrap();
        std::fs::rename(&away, &link).unwrap();
    }
    let away = home.beside("away");
    std::fs::rename(home.data(), &away).unwrap();
    std::os::unix::fs::symlink(home.beside("unmounted"), home.data()).unwrap();
    refused(&home, ["data is a link that leads nowhere", "put back what it led to"]);
    std::fs::remove_file(home.data()).unwrap();
    std::fs::rename(&away, home.data()).unwrap();
    home.start().stop();
}

#[test]
fn a_state_that_is_lost_refuses_the_start_and_orphans_keep_their_address_and_answer_nobody() {
    for (lose, is_deleted) in [(delete as fn(&Home, &str), true), (empty, false)] {
        let (home, id, address) = used();
        lose(&home, "state");
        refused(&home, ["state/ is missing or empty", "--accept-missing state"]);
        assert_eq!(file(&home, "state").exists(), !is_deleted, "a refused start makes none");
        let mut serve = home.serve();
        serve.args(["--accept-missing", "state", "--network-block", address.split('.').nth(1).unwrap()]);
        let server = home.start_as(serve);
        assert_eq!(server.client.call("DescribeInstances", json!({}))["TotalCount"], 0);
        assert_eq!(gauge(&server.client, "cvmd_machines_without_instance"), 1);
        for _ in 0..3 {
            let new = machines::run(&server.client, "boot-ms=0", json!({"Password": "Abcdefg1"}));
            assert_ne!(new["PrivateIpAddresses"][0], json!(address), "it is the orphan's");
        }
        let port = machines::instances(&server.client, &[])[0]["DefaultLoginPort"].as_u64().unwrap() as u16;
        let mut greeting = [0; 4];
        let reached = std::net::TcpStream::connect((address.as_str(), port))
            .and_then(|mut stream| std::io::Read::read(&mut stream, &mut greeting));
        assert!(!reached.is_ok_and(|bytes| bytes > 0), "the orphan answers");
        let message = server.stop();
        assert!(message.contains(NO_INSTANCE) && message.contains(&id), "{message}");
        home.start().stop();
    }
}

#[test]
fn disks_of_images_are_missed_too_and_an_older_directory_may_have_nothing_else() {
    let (home, id, _) = used();
    let server = home.start();
    let image = server.client.call("CreateImage", json!({"InstanceId": id, "ImageName": "kept"}));
    machines::settled(&server.client, &id);
    server.client.call("TerminateInstances", json!({"InstanceIds": [id]}));
    until("the instance is gone", || machines::instance(&server.client, &id).is_null());
    server.stop();
    without_directory(&home);
    let server = home.start();
    let images = server.client.call("DescribeImages", json!({"ImageIds": [image["ImageId"]]}));
    assert_eq!(images["TotalCount"], 1);
    server.stop();
    delete(&home, "machines");
    refused(&home, ["machines/ is missing or empty", "0 instances and 1 images"]);
}

#[test]
fn a_single_disagreement_is_reported_and_does_not_prevent_the_start() {
    let (home, id, _) = used();
    let server = home.start();
    let intact = machines::run(&server.client, "boot-ms=0", json!({"Password": "Abcdefg1"}));
    server.stop();
    rows::change(&home, "machines", |_, body| Some(body.clone()).filter(|body| body["id"] != *id));
    let server = home.start();
    until("it is counted", || gauge(&server.client, "cvmd_instances_without_machine") == 1);
    let intact = intact["InstanceId"].as_str().unwrap();
    assert_eq!(machines::instance(&server.client, intact)["InstanceState"], "RUNNING");
    server.stop();
}

#[test]
fn a_directory_of_before_is_adopted_and_one_without_machines_asks_nothing() {
    let (home, id, _) = used();
    without_directory(&home);
    let server = home.start();
    machines::running(&server.client, &id);
    server.stop();
    delete(&home, "machines");
    refused(&home, ["machines/ is missing or empty", "--accept-missing machines"]);
    let unused = Home::new();
    unused.start().stop();
    delete(&unused, "machines");
    unused.start().stop();
}

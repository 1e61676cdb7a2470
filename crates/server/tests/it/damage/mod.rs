//! Directories that are not as a server has left them: each is named with its place and what to do, by a start and by `cvmd
//! state check`, and looking makes nothing worse.

mod directories;
mod disks;
mod flips;

use crate::support::{self, GUEST_TAG, Home, machines, rows};
use serde_json::json;
use std::{
    collections::BTreeMap,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
};

/// Rows enough for some pages of each database.
const INSTANCES: usize = 30;
const TRUTHS: [&str; 2] = ["state", "machines"];

/// A stopped directory in which both truths have a snapshot, a log behind it, and lines in every stream.
fn used() -> Home {
    let home = Home::new().flag("--snapshot-kib", "1");
    let server = home.start();
    let client = &server.client;
    let launch = json!({
        "Placement": {"Zone": "ap-guangzhou-3"},
        "ImageId": "img-487zeit5",
        "InstanceCount": INSTANCES,
        "LoginSettings": {"Password": "Abcdefg1"},
        "UserData": "c29tZXRoaW5n".repeat(300),
        "TagSpecification": [{"ResourceType": "instance", "Tags": [{"Key": GUEST_TAG, "Value": "boot-ms=1"}]}],
    });
    let ids = client.call("RunInstances", launch)["InstanceIdSet"].take();
    let ids: Vec<String> = serde_json::from_value(ids).unwrap();
    ids.iter().for_each(|id| drop(machines::running(client, id)));
    let mut number = 0;
    let has_snapshots = || TRUTHS.iter().all(|truth| snapshot(&home.data().join(truth)).is_some());
    while !has_snapshots() {
        number += 1;
        let change = json!({"InstanceIds": ids, "InstanceName": format!("number {number}")});
        client.call("ModifyInstancesAttribute", change);
        machines::becomes(&home, client, &ids[number % INSTANCES], &format!("boot-ms={number}"));
    }
    client.call("StopInstances", json!({"InstanceIds": ids, "StopType": "HARD"}));
    ids.iter().for_each(|id| drop(machines::settled(client, id)));
    (0..20).for_each(|_| drop(client.refusal("StopInstances", json!({"InstanceIds": ids}))));
    client.legacy("DescribeInstances", &[]).unwrap();
    client.legacy("StartInstances", &[("InstanceIds.0", &ids[0])]).unwrap();
    machines::running(client, &ids[0]);
    server.stop();
    home
}

/// The newest snapshot's file.
fn snapshot(directory: &Path) -> Option<PathBuf> {
    let files = std::fs::read_dir(directory).unwrap().map(|file| file.unwrap().path());
    files.filter(|file| file.extension().is_some_and(|end| end == "db")).filter(|file| !file.ends_with("log.db")).max()
}

/// The databases of a directory that a server has left.
fn databases(data: &Path) -> Vec<PathBuf> {
    let of = |truth: &&str| {
        let directory = data.join(truth);
        [directory.join("log.db"), snapshot(&directory).unwrap()]
    };
    TRUTHS.iter().flat_map(of).collect()
}

/// All bytes of both truths, without what SQLite makes for looking.
fn bytes(data: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let is_kept = |(path, bytes): &(PathBuf, Vec<u8>)| {
        let is_of_truth = TRUTHS.iter().any(|truth| path.starts_with(data.join(truth)));
        is_of_truth && !path.to_string_lossy().ends_with("-shm") && !bytes.is_empty()
    };
    support::files(data).into_iter().filter(is_kept).collect()
}

/// A copy of its truths, in a home of its own.
fn copy(home: &Home) -> Home {
    let copy = Home::new().flag("--snapshot-kib", "1");
    std::fs::DirBuilder::new().mode(0o700).create(copy.data()).unwrap();
    for file in ["master.key", "ca.pem", "ca.key"] {
        std::fs::copy(home.data().join(file), copy.data().join(file)).unwrap();
    }
    TRUTHS.iter().for_each(|truth| rows::copy_files(&home.data().join(truth), &copy.data().join(truth)));
    copy
}

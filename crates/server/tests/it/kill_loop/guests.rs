//! What machines hold and whom they admit, compared with what the API has promised.

use super::{worker::Worker, world};
use crate::support::{self, Chance, Home, http::Client, machines, ssh};
use cvmd_hypervisor_simulated::Machine;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// Instances that are logged in to after each kill.
const ENTERED: usize = 2;

/// Waits until no operation is under way. None may have failed.
pub(super) fn settle(client: &Client) {
    let mut seen = Vec::new();
    support::until("all operations end", || {
        seen = world::instances(client);
        seen.iter().all(|instance| instance["LatestOperationState"] != "OPERATING")
    });
    let is_good =
        |instance: &&Value| ["SUCCESS", ""].contains(&instance["LatestOperationState"].as_str().unwrap_or(""));
    let failed: Vec<_> = seen.iter().filter(|instance| !is_good(instance)).collect();
    assert!(failed.is_empty(), "{failed:?}");
}

/// Each machine has exactly the keys that are bound to its instance on its disk; some are entered.
pub(super) fn check(home: &Home, client: &Client, workers: &[Worker], chance: &mut Chance) {
    let shown: BTreeMap<_, _> =
        world::instances(client).into_iter().map(|row| (row["InstanceId"].as_str().unwrap().to_owned(), row)).collect();
    let mut stored: BTreeMap<_, _> =
        machines::rows(home).into_iter().map(|machine| (machine.id.to_string(), machine)).collect();
    let mut running = Vec::new();
    for worker in workers {
        for (id, row) in worker.world.iter().filter(|(id, _)| id.starts_with("ins-")) {
            let machine = stored.remove(id).unwrap_or_else(|| panic!("{id} has no machine"));
            holds_its_keys(worker, row, &machine);
            if row["state"] == "RUNNING" {
                running.push((worker, row, &shown[id]));
            }
        }
    }
    assert!(stored.is_empty(), "nobody has these machines: {:?}", stored.keys());
    let first = chance.between(0, 1 << 20) as usize;
    let count = running.len().min(ENTERED);
    let chosen: Vec<_> = (0..count).map(|number| running[(first + number) % running.len()]).collect();
    support::side_by_side(&chosen, |(worker, row, instance)| admits_its_keys(home, worker, row, instance));
}

/// The numbers of the keys that are bound. Those that the server has made have none.
fn bound(worker: &Worker, row: &Value) -> Vec<usize> {
    row["keys"].as_array().unwrap().iter().filter_map(|key| worker.key_of(key.as_str().unwrap())).collect()
}

fn holds_its_keys(worker: &Worker, row: &Value, machine: &Machine) {
    let bound = bound(worker, row);
    for (number, key) in worker.keys.iter().enumerate() {
        let holds = machine.disk.authorized_keys.contains(key.public.split(' ').nth(1).unwrap());
        assert_eq!(holds, bound.contains(&number), "key {number}: {row}, {machine:?}");
    }
}

/// Keys that are not bound are refused, where another login enters.
fn admits_its_keys(home: &Home, worker: &Worker, row: &Value, instance: &Value) {
    let bound = bound(worker, row);
    let (on, password) = (&row["login"]["on"], row["login"]["password"].as_str().filter(|password| *password != "?"));
    if let Some(key) = bound.first() {
        ssh::with_key(instance, &worker.keys[*key], "true").entered();
    } else if let Some(password) = password.filter(|_| *on == json!(true)) {
        ssh::with_password(home, instance, password, "true").entered();
    } else {
        return;
    }
    if let Some(removed) = (0..worker.keys.len()).find(|key| !bound.contains(key)) {
        ssh::with_key(instance, &worker.keys[removed], "true").refused();
    }
    if let Some(password) = password.filter(|_| *on == json!(false)) {
        ssh::with_password(home, instance, password, "true").refused();
    }
}

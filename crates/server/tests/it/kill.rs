//! SIGKILL at seeded moments of forced unbinds: after the restart every machine has gone through exactly one power
//! cycle and refuses the key.
//!
//! All machines are seeded once. Each round forces a key off a batch of them, kills the server at a moment drawn from
//! a fixed run of numbers, and reads in `machines.db` what each machine was doing then. The guests' times to shut
//! down, to be written and to boot differ, so that one kill meets machines of the same batch in different phases.

use crate::support::{self, Chance, GUEST_TAG, Home, machines, ssh, ssh::Key};
use cvmd_hypervisor_simulated::Machine;
use cvmd_model::Power;
use serde_json::{Value, json};
use std::{
    collections::{BTreeMap, BTreeSet},
    time::{Duration, Instant},
};

const KILLS: usize = 20;
const BATCH: usize = 5;
const SEED: u64 = 20_170_312;
const REMOVED: &str = "skey-removed1";
const STAYS: &str = "skey-stays001";

/// What a machine was doing when the server died.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    NotYetAsked,
    Stopping,
    /// Off, and the key is still on the disk: it is being written.
    Off,
    /// Off, the key is gone, and the start has not come yet.
    Written,
    Starting,
    RunsAgain,
}

struct Batch {
    ids: Vec<String>,
    kill_after: Duration,
}

#[test]
fn a_forced_unbind_survives_sigkill_at_any_moment_with_one_boot_and_a_dead_key() {
    let mut chance = Chance(SEED);
    let home = Home::new();
    let (removed, stays) = (Key::new(&home, "removed"), Key::new(&home, "stays"));
    let (seed, batches) = world(&mut chance, &removed, &stays);
    let home = home.seed(seed);
    let mut server = home.start();
    let mut kills: BTreeMap<Phase, BTreeSet<usize>> = BTreeMap::new();
    let mut met: BTreeMap<Phase, usize> = BTreeMap::new();
    for (round, batch) in batches.iter().enumerate() {
        let parameters = json!({"InstanceIds": batch.ids, "KeyIds": [REMOVED], "ForceStop": true});
        server.client.call("DisassociateInstancesKeyPairs", parameters);
        cvmd_testkit::at(Instant::now() + batch.kill_after);
        let killed_ms = server.kill();
        home.is_whole();
        for row in rows(&home, &batch.ids) {
            let phase = phase(&row, killed_ms, &removed);
            kills.entry(phase).or_default().insert(round);
            *met.entry(phase).or_default() += 1;
        }
        server = home.start();
        for instance in machines::instances(&server.client, &batch.ids) {
            assert_eq!(instance["LoginSettings"]["KeyIds"], json!([STAYS]), "the unbind was accepted: {instance}");
        }
        let after: Vec<_> = batch.ids.iter().map(|id| machines::running(&server.client, id)).collect();
        for row in rows(&home, &batch.ids) {
            assert_eq!(row.boot_count, 2, "the seed's boot and one more: {row:?}");
        }
        support::side_by_side(&after, |instance| {
            ssh::with_key(instance, &removed, "true").refused();
            ssh::with_key(instance, &stays, "true").entered();
        });
    }
    server.stop();
    home.is_whole();
    // Nothing was repeated afterwards: not by a later restart, nor for a batch that was finished.
    let all = machines::rows(&home);
    assert_eq!(all.len(), KILLS * BATCH);
    assert!(all.iter().all(|row| row.boot_count == 2));
    let met_by: BTreeMap<_, _> = kills.iter().map(|(phase, kills)| (phase, kills.len())).collect();
    eprintln!("machines met in each phase: {met:?}; kills that met one: {met_by:?}");
    for phase in [Phase::Stopping, Phase::Off, Phase::Starting] {
        assert!(met_by.get(&phase).is_some_and(|kills| *kills >= 3), "{phase:?} was met too seldom: {met_by:?}");
    }
}

/// Running machines that admit both keys, and the times of the kills after their key was unbound.
fn world(chance: &mut Chance, removed: &Key, stays: &Key) -> (Value, Vec<Batch>) {
    let mut instances = Vec::new();
    let mut batches = Vec::new();
    for round in 0..KILLS {
        let ids: Vec<_> = (0..BATCH).map(|number| format!("ins-kill{round:02}{number:02}")).collect();
        for id in &ids {
            let mut ms = || chance.between(80, 350);
            let guest = format!("shutdown-ms={},write-ms={},boot-ms={}", ms(), ms(), ms());
            instances.push(json!({
                "InstanceId": id,
                "LoginSettings": {"KeyIds": [REMOVED, STAYS]},
                "Tags": [{"Key": GUEST_TAG, "Value": guest}],
            }));
        }
        batches.push(Batch { ids, kill_after: Duration::from_millis(chance.between(10, 800)) });
    }
    let keys = json!([
        {"KeyId": REMOVED, "KeyName": "removed", "PublicKey": removed.public},
        {"KeyId": STAYS, "KeyName": "stays", "PublicKey": stays.public},
    ]);
    (json!({"KeyPairs": keys, "Instances": instances}), batches)
}

fn rows(home: &Home, ids: &[String]) -> Vec<Machine> {
    let mut rows = machines::rows(home);
    rows.retain(|row| ids.contains(&row.id.to_string()));
    assert_eq!(rows.len(), ids.len());
    rows
}

fn phase(machine: &Machine, at_ms: u64, removed: &Key) -> Phase {
    let blob = removed.public.split(' ').nth(1).unwrap();
    match (machine.boot_count, machine.power(at_ms)) {
        (1, Power::Running) => Phase::NotYetAsked,
        (1, Power::ShuttingDown) => Phase::Stopping,
        (1, Power::Off) if machine.disk.authorized_keys.contains(blob) => Phase::Off,
        (1, Power::Off) => Phase::Written,
        (2, Power::Starting) => Phase::Starting,
        (2, Power::Running) => Phase::RunsAgain,
        _ => panic!("no part of a forced unbind: {machine:?}"),
    }
}

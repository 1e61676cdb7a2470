//! Machines that are changed to what their instance's row describes: their type, their disks, their name, whatever
//! happens meanwhile.

use crate::{
    crashes::{Promise, REQUEST, RUNS, Scenario},
    harness::{Harness, Life, assert_success, by},
};
use cvmd_model::{Instance, InstanceId, InstanceState as S, InstanceTypeId, Refusal, Running, StopType};
use std::net::Ipv4Addr;

fn larger() -> InstanceTypeId {
    InstanceTypeId::find("S5.LARGE8").expect("a type")
}

/// Checks that the machine is what the row describes, and that the row has these values.
fn has(life: &Life, id: InstanceId, cpu: u32, system_disk_gib: u32, when: &str) {
    let row = life.instance(id);
    let definition = life.machines.machine(id).expect("a machine").definition;
    assert_eq!((definition.size(), definition.host_name), (row.size(), row.host_name.clone()), "{when}");
    assert_eq!((row.size().cpu, row.size().disks_gib), (cpu, vec![system_disk_gib]), "{when}");
}

#[test]
fn a_change_of_type_shows_stopping_stopped_starting_running_and_boots_once() {
    Harness::new().live(async |life| {
        let id = life.launched(1, &[1]).await;
        life.settle().await;
        life.plan.history().clear();
        life.ask(id, |instance| instance.reset_type(larger(), true, by(1))).await;
        life.until_ended(id).await.unwrap();
        assert_eq!(life.plan.states(id), [S::Stopping, S::Stopped, S::Starting, S::Running]);
        assert_eq!(life.machines.machine(id).unwrap().boots, 2);
        has(life, id, 4, 50, "in the end");
        assert_success(life, id, 1).await;
    });
}

#[test]
fn a_change_of_type_survives_and_boots_once() {
    for (from, boots) in [(S::Running, 2), (S::Stopped, 1)] {
        let promise = Promise { state: Some(from), boots, ..RUNS };
        let mut scenario = Scenario::new(from, promise, |instance| instance.reset_type(larger(), true, by(REQUEST)));
        scenario.also = |life, id, when| has(life, id, 4, 50, when);
        scenario.crash_everywhere();
        scenario.quirks = |quirks| quirks.ignores_shutdown = true;
        scenario.crash_everywhere();
    }
}

#[test]
fn a_change_of_type_that_is_refused_brings_the_old_one_back_and_runs_again() {
    let promise = Promise { boots: 2, failed: Some("is what it was"), ..RUNS };
    let mut scenario = Scenario::new(S::Running, promise, |instance| instance.reset_type(larger(), true, by(REQUEST)));
    scenario.quirks = |quirks| {
        quirks.fails.insert("reshape", u32::MAX);
    };
    scenario.also = |life, id, when| has(life, id, 1, 50, when);
    scenario.crash_everywhere();
}

#[test]
fn a_machine_that_comes_up_no_more_keeps_its_new_type_and_is_off() {
    let promise = Promise { state: Some(S::Stopped), boots: 2, failed: Some("did not come up"), ..RUNS };
    let mut scenario = Scenario::new(S::Running, promise, |instance| instance.reset_type(larger(), true, by(REQUEST)));
    scenario.quirks = |quirks| quirks.never_boots = true;
    scenario.also = |life, id, when| has(life, id, 4, 50, when);
    scenario.crash_everywhere();
}

#[test]
fn a_disk_that_grows_under_a_running_machine_survives_and_boots_nothing() {
    let mut scenario =
        Scenario::new(S::Running, RUNS, |instance| instance.resize_disk(None, 80, Running::Untouched, by(REQUEST)));
    scenario.also = |life, id, when| has(life, id, 1, 80, when);
    scenario.crash_everywhere();
}

const PUBLIC: Ipv4Addr = Ipv4Addr::new(127, 64, 9, 9);

#[test]
fn a_stop_without_charging_takes_the_public_address_and_a_start_brings_another() {
    Harness::new().live(async |life| {
        let id = life.launched(1, &[1]).await;
        life.settle().await;
        life.ask(id, |instance| instance.reset_bandwidth(5, Some(PUBLIC), by(1))).await;
        life.until_ended(id).await.unwrap();
        let addresses = |life: &Life| life.machines.machine(id).unwrap().definition.addresses().collect::<Vec<_>>();
        let private = life.instance(id).private_address;
        assert_eq!(addresses(life), [private, PUBLIC]);
        life.ask(id, |instance| instance.stop(StopType::Soft, true, by(2))).await;
        let stopping = life.instance(id);
        assert_eq!((stopping.public_address, stopping.leaving_address()), (None, Some(PUBLIC)), "nobody else's yet");
        life.until_ended(id).await.unwrap();
        assert_success(life, id, 2).await;
        assert_eq!((life.instance(id).state, life.instance(id).leaving_address()), (S::Stopped, None));
        assert_eq!(addresses(life), [private]);
        assert!(life.instance(id).lacks_public_address());
        let other = Ipv4Addr::new(127, 64, 9, 10);
        life.ask(id, move |instance| instance.start(Some(other), by(3))).await;
        life.until_ended(id).await.unwrap();
        assert_success(life, id, 3).await;
        assert_eq!((life.instance(id).state, life.instance(id).public_address), (S::Running, Some(other)));
        assert_eq!(addresses(life), [private, other]);
    });
}

fn stop_and_release(instance: &mut Instance) -> Result<(), Refusal> {
    instance.internet.max_bandwidth_out = 5;
    instance.public_address = Some(PUBLIC);
    instance.stop(StopType::SoftFirst, true, by(REQUEST))
}

#[test]
fn a_release_of_an_address_survives_and_one_that_is_refused_brings_it_back() {
    let promise = Promise { state: Some(S::Stopped), ..RUNS };
    let mut scenario = Scenario::new(S::Running, promise, stop_and_release);
    scenario.also = |life, id, when| {
        assert_eq!(life.instance(id).public_address, None, "{when}");
        assert!(life.instance(id).is_asleep(), "{when}");
    };
    scenario.crash_everywhere();
    scenario.quirks = |quirks| quirks.ignores_shutdown = true;
    scenario.crash_everywhere();
    let promise = Promise { state: Some(S::Stopped), failed: Some("refused"), ..RUNS };
    let mut scenario = Scenario::new(S::Running, promise, stop_and_release);
    scenario.quirks = |quirks| {
        quirks.fails.insert("reshape", u32::MAX);
    };
    scenario.also = |life, id, when| {
        assert_eq!(life.instance(id).public_address, Some(PUBLIC), "{when}");
        assert!(!life.instance(id).is_asleep(), "{when}: it is charged as it has its address");
    };
    scenario.crash_everywhere();
}

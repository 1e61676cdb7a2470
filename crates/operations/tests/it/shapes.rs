//! Machines that become what their instance's row says: their type, their disks, their name, whatever happens on the way.

use crate::{
    crashes::{Promise, REQUEST, RUNS, Scenario},
    house::{House, Life, assert_success, by},
};
use cvmd_model::{InstanceId, InstanceState as S, InstanceTypeId, Running};

fn larger() -> InstanceTypeId {
    InstanceTypeId::find("S5.LARGE8").expect("a type")
}

/// The machine is what the row says, and the row says this.
fn has(life: &Life, id: InstanceId, cpu: u32, system_disk_gib: u32, when: &str) {
    let row = life.instance(id);
    let definition = life.machines.machine(id).expect("a machine").definition;
    assert_eq!((definition.size, definition.host_name), (row.size(), row.host_name.clone()), "{when}");
    assert_eq!((row.size().cpu, row.size().disks_gib), (cpu, vec![system_disk_gib]), "{when}");
}

#[test]
fn a_change_of_type_shows_stopping_stopped_starting_running_and_boots_once() {
    House::new().live(async |life| {
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

//! Every goal, crashed before and after every effect and every commit, and then again on the way back: the end is
//! always the promised one.

use crate::{
    harness::{
        Crashed, FORCED, Harness, Life, assert_failed, assert_success, by, instance, key_id, key_pair, pay_in_advance,
        rescue_login,
    },
    images::custom_image,
    machines::Quirks,
};
use cvmd_hypervisor::Boot;
use cvmd_model::{Goal, Instance, InstanceId, InstanceState as S, LatestState, Refusal, StopType};

pub(crate) const REQUEST: u128 = 1;

/// One goal, with its start and its promised end.
pub(crate) struct Scenario {
    from: S,
    ask: fn(&mut Instance) -> Result<(), Refusal>,
    pub(crate) quirks: fn(&mut Quirks),
    promise: Promise,
    /// Further promises.
    pub(crate) also: fn(&Life, InstanceId, &str),
}

#[derive(Clone, Copy)]
pub(crate) struct Promise {
    /// `None`: the row is gone.
    pub(crate) state: Option<S>,
    /// What the disk admits, and what the row shows.
    pub(crate) keys: &'static [u8],
    pub(crate) boots: u32,
    pub(crate) failed: Option<&'static str>,
}

pub(crate) const RUNS: Promise = Promise { state: Some(S::Running), keys: &[1, 2], boots: 1, failed: None };

impl Scenario {
    pub(crate) fn new(from: S, promise: Promise, ask: fn(&mut Instance) -> Result<(), Refusal>) -> Scenario {
        Scenario { from, ask, quirks: |_| {}, promise, also: |_, _, _| {} }
    }

    /// Crashes at every point of the walk, and for each at every point of the way back; the next engine starts at once,
    /// or an hour later.
    pub(crate) fn crash_everywhere(&self) {
        self.crash_and_stand_empty_ms(0);
        self.crash_and_stand_empty_ms(3_600_000);
    }

    fn crash_and_stand_empty_ms(&self, empty_ms: u64) {
        let mut points = 0;
        for first in 1.. {
            let mut crashed_twice = 0;
            for second in 1.. {
                let (mut harness, id) = self.prepare();
                harness.plan.arm(first);
                if harness.live(async |life| life.until_ended(id).await) == Ok(()) {
                    self.check(&mut harness, id, &format!("no crash at {first}"));
                    assert!(first > 2, "a walk without a point tests nothing");
                    return;
                }
                harness.stand_empty_ms(empty_ms);
                harness.plan.arm(second);
                let again = harness.live(async |life| life.until_ended(id).await);
                harness.plan.disarm();
                if again == Err(Crashed) {
                    crashed_twice += 1;
                    harness.stand_empty_ms(empty_ms);
                    assert_eq!(harness.live(async |life| life.until_ended(id).await), Ok(()));
                }
                self.check(&mut harness, id, &format!("crashes at {first} and {second}, empty {empty_ms} ms"));
                if again == Ok(()) {
                    break;
                }
            }
            points += crashed_twice;
            assert!(points < 10_000, "the walk has no end");
        }
    }

    /// A harness whose engine was stopped after the request was accepted and before anything was done.
    fn prepare(&self) -> (Harness, InstanceId) {
        let mut harness = Harness::new();
        // Short, so that a walk that waits in vain can be run a thousand times.
        harness.limits.shutdown_timeout_s = 2;
        harness.limits.boot_timeout_s = 6;
        harness.limits.attempts_max = 3;
        let (from, ask, quirks) = (self.from, self.ask, self.quirks);
        let id = harness.live(async |life| {
            let id = match from {
                S::Running => life.launched(1, &[1, 2]).await,
                S::Stopped => life.stopped(1, &[1, 2]).await,
                S::RescueMode => life.rescued(1, &[1, 2]).await,
                S::Pending => {
                    life.engine.take().unwrap().stop().await;
                    life.machines.quirks(None, quirks);
                    return life.launch(1, &[1, 2]).await;
                }
                other => panic!("no scenario begins {}", other.name()),
            };
            life.settle().await;
            life.engine.take().unwrap().stop().await;
            life.machines.quirks(Some(id), quirks);
            life.put(|tx| tx.put(custom_image())).await;
            life.ask(id, ask).await;
            id
        });
        (harness, id)
    }

    fn check(&self, harness: &mut Harness, id: InstanceId, when: &str) {
        let (promise, also) = (self.promise, self.also);
        harness.plan.disarm();
        harness.live(async |life| {
            life.settle().await;
            check_now(life, id, promise, when).await;
            also(life, id, when);
        });
    }
}

async fn check_now(life: &Life, id: InstanceId, promise: Promise, when: &str) {
    let request = if promise.failed.is_none() && life.lines(REQUEST).await.is_empty() { 1001 } else { REQUEST };
    let Some(state) = promise.state else {
        assert!(life.state.view().instance(id).is_none(), "{when}: the row is there");
        assert!(life.machines.machine(id).is_none(), "{when}: the machine is there");
        assert_eq!(life.lines(request).await.len(), 1, "{when}");
        return;
    };
    let row = life.instance(id);
    assert_eq!(row.state, state, "{when}");
    let machine = life.machines.machine(id).unwrap();
    assert_eq!(machine.boots, promise.boots, "{when}: boots");
    assert_eq!(life.keys_on_disk(id), promise.keys, "{when}");
    let boots = if state == S::RescueMode { Boot::Rescue(rescue_login()) } else { Boot::Disk };
    assert_eq!(machine.boots_from, boots, "{when}");
    assert_eq!(row.login.keys, promise.keys.iter().map(|key| key_id(*key)).collect::<Vec<_>>(), "{when}");
    match promise.failed {
        None => assert_success(life, id, request).await,
        Some(text) => assert_failed(life, id, request, text).await,
    }
}

#[test]
fn a_launch_survives() {
    Scenario::new(S::Pending, RUNS, |_| Ok(())).crash_everywhere();
}

#[test]
fn a_start_survives() {
    Scenario::new(S::Stopped, Promise { boots: 2, ..RUNS }, |instance| instance.start(None, by(REQUEST)))
        .crash_everywhere();
}

#[test]
fn stops_survive() {
    let stopped = Promise { state: Some(S::Stopped), ..RUNS };
    for ask in [
        (|instance| instance.stop(StopType::Soft, false, by(REQUEST))) as fn(&mut Instance) -> Result<(), Refusal>,
        |instance| instance.stop(StopType::SoftFirst, false, by(REQUEST)),
        |instance| instance.stop(StopType::Hard, false, by(REQUEST)),
    ] {
        Scenario::new(S::Running, stopped, ask).crash_everywhere();
    }
}

#[test]
fn a_stop_of_a_guest_that_does_not_listen_survives() {
    let mut scenario = Scenario::new(S::Running, Promise { state: Some(S::Stopped), ..RUNS }, |instance| {
        instance.stop(StopType::SoftFirst, false, by(REQUEST))
    });
    scenario.quirks = |quirks| quirks.ignores_shutdown = true;
    scenario.crash_everywhere();
}

#[test]
fn reboots_survive_and_boot_once() {
    for ask in [
        (|instance| instance.reboot(StopType::Soft, by(REQUEST))) as fn(&mut Instance) -> Result<(), Refusal>,
        |instance| instance.reboot(StopType::SoftFirst, by(REQUEST)),
        |instance| instance.reboot(StopType::Hard, by(REQUEST)),
    ] {
        Scenario::new(S::Running, Promise { boots: 2, ..RUNS }, ask).crash_everywhere();
    }
}

#[test]
fn an_unbind_on_a_stopped_instance_survives() {
    let promise = Promise { state: Some(S::Stopped), keys: &[2], ..RUNS };
    Scenario::new(S::Stopped, promise, |instance| instance.disassociate(&[key_id(1)], None, by(REQUEST)))
        .crash_everywhere();
}

#[test]
fn a_forced_unbind_survives_and_boots_once() {
    let promise = Promise { keys: &[2], boots: 2, ..RUNS };
    Scenario::new(S::Running, promise, |instance| instance.disassociate(&[key_id(1)], FORCED, by(REQUEST)))
        .crash_everywhere();
}

#[test]
fn a_forced_unbind_of_all_keys_survives_and_boots_once() {
    let promise = Promise { keys: &[], boots: 2, ..RUNS };
    Scenario::new(S::Running, promise, |instance| instance.disassociate(&[key_id(2), key_id(1)], FORCED, by(REQUEST)))
        .crash_everywhere();
}

#[test]
fn an_unbind_of_a_guest_that_may_only_be_asked_survives_and_boots_once() {
    let promise = Promise { keys: &[2], boots: 2, ..RUNS };
    Scenario::new(S::Running, promise, |instance| {
        instance.disassociate(&[key_id(1)], Some(StopType::Soft), by(REQUEST))
    })
    .crash_everywhere();
}

#[test]
fn an_unbind_of_a_guest_that_does_not_listen_changes_nothing_and_boots_never() {
    let promise = Promise { failed: Some("did not shut down"), ..RUNS };
    let mut scenario = Scenario::new(S::Running, promise, |instance| {
        instance.disassociate(&[key_id(1)], Some(StopType::Soft), by(REQUEST))
    });
    scenario.quirks = |quirks| quirks.ignores_shutdown = true;
    scenario.crash_everywhere();
}

#[test]
fn an_unbind_that_cannot_be_written_brings_the_association_back() {
    let promise = Promise { boots: 2, failed: Some("could not be written"), ..RUNS };
    let mut scenario =
        Scenario::new(S::Running, promise, |instance| instance.disassociate(&[key_id(1)], FORCED, by(REQUEST)));
    scenario.quirks = |quirks| quirks.keeps_keys = true;
    scenario.crash_everywhere();
}

#[test]
fn a_machine_that_comes_up_no_more_is_off_in_the_end() {
    let promise = Promise { state: Some(S::Stopped), keys: &[2], boots: 2, failed: Some("did not come up") };
    let mut scenario =
        Scenario::new(S::Running, promise, |instance| instance.disassociate(&[key_id(1)], FORCED, by(REQUEST)));
    scenario.quirks = |quirks| quirks.never_boots = true;
    scenario.crash_everywhere();
}

#[test]
fn a_way_into_the_recycle_bin_survives() {
    let recycled = Promise { state: Some(S::Shutdown), ..RUNS };
    for (from, boots) in [(S::Running, 1), (S::Stopped, 1)] {
        let mut scenario = Scenario::new(from, Promise { boots, ..recycled }, |instance| {
            pay_in_advance(instance);
            instance.terminate(by(REQUEST))
        });
        scenario.crash_everywhere();
        scenario.quirks = |quirks| quirks.ignores_shutdown = true;
        scenario.crash_everywhere();
    }
}

#[test]
fn entering_rescue_survives_and_boots_once_each() {
    for (from, how) in [
        (S::Running, StopType::Soft),
        (S::Running, StopType::SoftFirst),
        (S::Running, StopType::Hard),
        (S::Stopped, StopType::Soft),
    ] {
        let ask: fn(&mut Instance) -> Result<(), Refusal> = match how {
            StopType::Soft => |instance| instance.enter_rescue(StopType::Soft, rescue_login(), by(REQUEST)),
            StopType::SoftFirst => |instance| instance.enter_rescue(StopType::SoftFirst, rescue_login(), by(REQUEST)),
            StopType::Hard => |instance| instance.enter_rescue(StopType::Hard, rescue_login(), by(REQUEST)),
        };
        let promise = Promise { state: Some(S::RescueMode), boots: 2, ..RUNS };
        Scenario::new(from, promise, ask).crash_everywhere();
    }
}

#[test]
fn entering_rescue_against_the_guests_will_changes_nothing() {
    let promise = Promise { failed: Some("did not shut down"), ..RUNS };
    let mut scenario = Scenario::new(S::Running, promise, |instance| {
        instance.enter_rescue(StopType::Soft, rescue_login(), by(REQUEST))
    });
    scenario.quirks = |quirks| quirks.ignores_shutdown = true;
    scenario.crash_everywhere();
}

#[test]
fn a_rescue_system_that_does_not_come_up_leaves_the_machine_off_with_its_disk_to_boot() {
    let promise = Promise { state: Some(S::Stopped), boots: 2, failed: Some("did not come up"), ..RUNS };
    let mut scenario = Scenario::new(S::Running, promise, |instance| {
        instance.enter_rescue(StopType::Hard, rescue_login(), by(REQUEST))
    });
    scenario.quirks = |quirks| quirks.never_boots = true;
    scenario.crash_everywhere();
}

#[test]
fn leaving_rescue_survives_and_a_guest_that_does_not_listen_is_powered_off() {
    let promise = Promise { state: Some(S::Stopped), boots: 2, ..RUNS };
    let mut scenario = Scenario::new(S::RescueMode, promise, |instance| instance.exit_rescue(by(REQUEST)));
    scenario.crash_everywhere();
    scenario.quirks = |quirks| quirks.ignores_shutdown = true;
    scenario.crash_everywhere();
}

#[test]
fn a_reboot_in_rescue_survives_and_stays_there() {
    let promise = Promise { state: Some(S::RescueMode), boots: 3, ..RUNS };
    Scenario::new(S::RescueMode, promise, |instance| instance.reboot(StopType::Soft, by(REQUEST))).crash_everywhere();
}

#[test]
fn a_terminate_in_rescue_survives() {
    Scenario::new(S::RescueMode, Promise { state: None, ..RUNS }, |instance| instance.terminate(by(REQUEST)))
        .crash_everywhere();
}

#[test]
fn a_terminate_survives() {
    Scenario::new(S::Running, Promise { state: None, ..RUNS }, |instance| instance.terminate(by(REQUEST)))
        .crash_everywhere();
}

#[test]
fn a_terminate_supersedes_at_every_point() {
    let scenario = Scenario::new(S::Running, RUNS, |instance| instance.disassociate(&[key_id(1)], FORCED, by(REQUEST)));
    for point in 1.. {
        let (mut harness, id) = scenario.prepare();
        harness.plan.arm(point);
        let crashed = harness.live(async |life| life.until_ended(id).await) == Err(Crashed);
        harness.plan.disarm();
        harness.live(async |life| {
            let ended = life.instance(id).operation.is_none();
            life.ask(id, |instance| instance.terminate(by(2))).await;
            life.until_ended(id).await.unwrap();
            assert!(life.state.view().instance(id).is_none());
            assert!(life.machines.machine(id).is_none(), "left at {point}");
            assert_eq!(&*life.lines(2).await[0].decision, "SUCCESS");
            // The superseded operation ended there: no success is recorded for it.
            assert_eq!(life.lines(REQUEST).await.len(), usize::from(ended));
        });
        if !crashed {
            return;
        }
    }
}

#[test]
fn a_terminate_supersedes_while_effects_are_in_flight() {
    for wait_ms in (0..2_000).step_by(50) {
        Harness::new().live(async |life| {
            let id = life.launched(1, &[1, 2]).await;
            life.machines.effects_take(200);
            life.ask(id, |instance| instance.disassociate(&[key_id(1)], FORCED, by(REQUEST))).await;
            life.pass_ms(wait_ms).await;
            let ended = life.latest(id).state == LatestState::Success;
            life.ask(id, |instance| instance.terminate(by(2))).await;
            life.until_ended(id).await.unwrap();
            life.settle().await;
            assert!(life.state.view().instance(id).is_none(), "{wait_ms}");
            assert!(life.machines.machine(id).is_none(), "{wait_ms}");
            assert_eq!(life.lines(REQUEST).await.len(), usize::from(ended));
            assert_eq!(life.lines(2).await.len(), 1);
        });
    }
}

/// An instance that is to be made and stay off, as a seed writes it.
async fn put_created(life: &Life) -> InstanceId {
    let mut instance = instance(1, &[1, 2]);
    let id = instance.id;
    instance.begin_unasked(Goal::Create, by(REQUEST).request);
    life.put(move |tx| {
        [1, 2].into_iter().for_each(|key| tx.put_key_pair(key_pair(key)));
        tx.put_instance(instance);
    })
    .await;
    id
}

#[test]
fn what_no_request_asked_for_goes_on_after_every_crash_and_leaves_no_journal_line() {
    for point in 1.. {
        let mut harness = Harness::new();
        let id = harness.live(async |life| {
            life.engine.take().unwrap().stop().await;
            put_created(life).await
        });
        harness.plan.arm(point);
        let crashed = harness.live(async |life| life.until_ended(id).await) == Err(Crashed);
        harness.plan.disarm();
        harness.live(async |life| {
            life.until_ended(id).await.unwrap();
            let row = life.instance(id);
            assert_eq!((row.state, &row.latest), (S::Stopped, &None), "left at {point}");
            assert_eq!(life.machines.machine(id).unwrap().boots, 0, "left at {point}");
            assert_eq!(life.keys_on_disk(id), [1, 2], "left at {point}");
            assert!(life.lines(REQUEST).await.is_empty());
        });
        if !crashed {
            assert!(point > 4, "two effects and a commit");
            return;
        }
    }
}

#[test]
fn what_no_request_asked_for_and_fails_says_why() {
    Harness::new().live(async |life| {
        life.machines.quirks(None, |quirks| quirks.keeps_keys = true);
        let id = put_created(life).await;
        life.until_ended(id).await.unwrap();
        assert_eq!(life.instance(id).state, S::LaunchFailed);
        let latest = life.latest(id);
        assert_eq!(latest.state, LatestState::Failed);
        assert!(latest.error.unwrap().contains("login could not be written"));
    });
}

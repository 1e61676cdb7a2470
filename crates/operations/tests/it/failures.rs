//! What fails, what is reported then, and what is left.

use crate::{
    harness::{FORCED, Harness, Life, assert_failed, assert_success, by, key_id},
    machines::Quirks,
};
use cvmd_model::{Goal, InstanceId, InstanceState as S, LatestState, Power, StopType};
use cvmd_state::Binding;

/// A RUNNING instance with keys 1 and 2, whose machine then has these quirks.
async fn running(life: &Life, quirks: impl FnOnce(&mut Quirks)) -> InstanceId {
    let id = life.launched(1, &[1, 2]).await;
    life.machines.quirks(Some(id), quirks);
    id
}

async fn unbind(life: &Life, id: InstanceId, how: Option<StopType>) {
    life.ask(id, move |instance| instance.disassociate(&[key_id(1)], how, by(1))).await;
    life.until_ended(id).await.unwrap();
    life.settle().await;
}

#[test]
fn a_guest_that_ignores_shutdown_is_powered_off_by_force_stop_after_its_time() {
    Harness::new().live(async |life| {
        let id = running(life, |quirks| quirks.ignores_shutdown = true).await;
        let began_ms = life.clock.now_ms();
        unbind(life, id, FORCED).await;
        assert_success(life, id, 1).await;
        let machine = life.machines.machine(id).unwrap();
        assert_eq!((machine.power_offs, machine.shut_downs, machine.boots), (1, 1, 2));
        assert_eq!(life.keys_on_disk(id), [2]);
        let spent_ms = life.clock.now_ms() - began_ms;
        assert!((20_000..23_000).contains(&spent_ms), "{spent_ms}");
    });
}

#[test]
fn a_soft_stop_of_a_guest_that_ignores_it_fails_and_it_runs_on() {
    Harness::new().live(async |life| {
        let id = running(life, |quirks| quirks.ignores_shutdown = true).await;
        life.ask(id, |instance| instance.stop(StopType::Soft, true, by(1))).await;
        life.until_ended(id).await.unwrap();
        assert_failed(life, id, 1, "did not shut down within 20 s").await;
        assert_eq!(life.instance(id).state, S::Running);
        assert!(!life.instance(id).stopped_without_charging);
        life.ask(id, |instance| instance.reboot(StopType::Soft, by(2))).await;
        life.until_ended(id).await.unwrap();
        assert_failed(life, id, 2, "did not shut down within 20 s").await;
        life.ask(id, |instance| instance.reboot(StopType::SoftFirst, by(3))).await;
        life.until_ended(id).await.unwrap();
        assert_success(life, id, 3).await;
        life.ask(id, |instance| instance.stop(StopType::Hard, true, by(4))).await;
        life.until_ended(id).await.unwrap();
        assert_success(life, id, 4).await;
        assert!(life.instance(id).stopped_without_charging);
        let machine = life.machines.machine(id).unwrap();
        assert_eq!((machine.power, machine.boots, machine.power_offs), (Power::Off, 2, 2));
    });
}

#[test]
fn a_machine_that_reboots_itself_is_asked_again_on_its_new_boot() {
    Harness::new().live(async |life| {
        let id = running(life, |quirks| quirks.reboots_instead = 2).await;
        unbind(life, id, FORCED).await;
        assert_success(life, id, 1).await;
        let machine = life.machines.machine(id).unwrap();
        // Its boots: launched, rebooted by itself twice, started.
        assert_eq!((machine.power_offs, machine.boots), (0, 4));
        // Asked on each boot, and on two of them also while it booted and did not react.
        assert_eq!(machine.shut_downs, 3 + 2);
        assert_eq!(life.keys_on_disk(id), [2]);
    });
}

#[test]
fn a_machine_that_always_reboots_itself_is_powered_off_in_the_end() {
    Harness::new().live(async |life| {
        let id = running(life, |quirks| quirks.reboots_instead = u32::MAX).await;
        unbind(life, id, FORCED).await;
        assert_success(life, id, 1).await;
        assert_eq!(life.machines.machine(id).unwrap().power_offs, 1);
        life.ask(id, |instance| instance.stop(StopType::Soft, false, by(2))).await;
        life.until_ended(id).await.unwrap();
        assert_failed(life, id, 2, "did not shut down").await;
        life.until_state(id, S::Running).await.unwrap();
    });
}

#[test]
fn a_reboot_by_the_guest_itself_is_a_reboot() {
    Harness::new().live(async |life| {
        let id = running(life, |quirks| quirks.reboots_instead = 1).await;
        life.ask(id, |instance| instance.reboot(StopType::Soft, by(1))).await;
        life.until_ended(id).await.unwrap();
        assert_success(life, id, 1).await;
        assert_eq!(life.machines.machine(id).unwrap().boots, 2);
    });
}

#[test]
fn a_disk_that_keeps_its_keys_gets_its_association_back_and_runs_again() {
    Harness::new().live(async |life| {
        let id = running(life, |quirks| quirks.keeps_keys = true).await;
        let before = life.instance(id).login.clone();
        life.ask(id, |instance| instance.disassociate(&[key_id(1)], FORCED, by(1))).await;
        assert_eq!(life.instance(id).login.keys, [key_id(2)]);
        let tie = |life: &Life| life.state.view().bindings(key_id(1)).next();
        assert_eq!(tie(life), Some((id, Binding::Leaving)));
        life.until_ended(id).await.unwrap();
        assert_failed(life, id, 1, "login could not be written").await;
        assert_eq!(life.instance(id).login, before);
        assert_eq!(tie(life), Some((id, Binding::Bound)));
        assert_eq!(life.instance(id).state, S::Running);
        assert_eq!(life.machines.machine(id).unwrap().boots, 2);
        assert_eq!(life.keys_on_disk(id), [1, 2]);
    });
}

#[test]
fn a_stopped_disk_that_keeps_its_keys_stays_stopped() {
    Harness::new().live(async |life| {
        let id = life.stopped(1, &[1, 2]).await;
        life.machines.quirks(Some(id), |quirks| quirks.keeps_keys = true);
        unbind(life, id, None).await;
        assert_failed(life, id, 1, "login could not be written").await;
        assert_eq!(life.instance(id).state, S::Stopped);
        assert_eq!(life.instance(id).login.keys, [key_id(1), key_id(2)]);
        assert_eq!(life.machines.machine(id).unwrap().boots, 1);
    });
}

#[test]
fn a_write_that_worked_though_it_was_denied_is_a_success() {
    Harness::new().live(async |life| {
        let id = running(life, |quirks| quirks.writes_but_says_no = true).await;
        unbind(life, id, FORCED).await;
        assert_success(life, id, 1).await;
        assert_eq!(life.keys_on_disk(id), [2]);
        assert_eq!(life.instance(id).login.keys, [key_id(2)]);
        assert_eq!(life.instance(id).state, S::Running);
    });
}

#[test]
fn what_comes_back_is_what_the_disk_holds() {
    Harness::new().live(async |life| {
        let id = running(life, |quirks| quirks.keeps_keys = true).await;
        // A person has removed key 2 by hand.
        life.machines.happen(id, |machine| machine.disk.keys.retain(|key| !key.comment().contains("key2")));
        unbind(life, id, FORCED).await;
        assert_failed(life, id, 1, "could not be written").await;
        assert_eq!(life.keys_on_disk(id), [1]);
        assert_eq!(life.instance(id).login.keys, [key_id(1)]);
    });
}

#[test]
fn a_machine_that_two_errors_leave_off_shows_stopped() {
    Harness::new().live(async |life| {
        let id = running(life, |quirks| {
            quirks.keeps_keys = true;
            quirks.never_boots = true;
        })
        .await;
        unbind(life, id, FORCED).await;
        assert_failed(life, id, 1, "could not be written").await;
        assert_eq!(life.instance(id).login.keys, [key_id(1), key_id(2)]);
        assert_eq!(life.instance(id).state, S::Stopped);
        assert_eq!(life.machines.machine(id).unwrap().power, Power::Off);
    });
}

#[test]
fn written_but_not_up_stays_gone_and_shows_stopped() {
    for quirk in [
        (|quirks: &mut Quirks| quirks.unreachable = true) as fn(&mut Quirks),
        |quirks| quirks.never_boots = true,
        |quirks| quirks.powers_itself_off = u32::MAX,
        |quirks| *quirks.fails.entry("start").or_default() = u32::MAX,
    ] {
        Harness::new().live(async |life| {
            let id = running(life, quirk).await;
            unbind(life, id, FORCED).await;
            assert_failed(life, id, 1, "did not come up").await;
            assert_eq!(life.instance(id).state, S::Stopped);
            assert_eq!(life.instance(id).login.keys, [key_id(2)]);
            assert_eq!(life.keys_on_disk(id), [2]);
            assert_eq!(life.machines.machine(id).unwrap().power, Power::Off);
            assert_eq!(life.state.view().bindings(key_id(1)).next(), None);
        });
    }
}

#[test]
fn a_guest_that_powers_itself_off_once_is_started_again() {
    Harness::new().live(async |life| {
        let id = running(life, |quirks| quirks.powers_itself_off = 1).await;
        unbind(life, id, FORCED).await;
        assert_success(life, id, 1).await;
        assert_eq!(life.machines.machine(id).unwrap().boots, 3);
    });
}

#[test]
fn a_launch_that_fails_says_so_and_leaves_the_machine_off() {
    for (quirk, text) in [
        ((|quirks: &mut Quirks| quirks.unreachable = true) as fn(&mut Quirks), "its sshd does not answer"),
        (|quirks| quirks.never_boots = true, "it did not finish booting"),
        (|quirks| quirks.powers_itself_off = u32::MAX, "it powered itself off"),
        (|quirks| quirks.keeps_keys = true, "could not be written"),
        (|quirks| *quirks.fails.entry("define").or_default() = u32::MAX, "could not be defined"),
    ] {
        Harness::new().live(async |life| {
            life.machines.quirks(None, quirk);
            let id = life.launch(1, &[1, 2]).await;
            life.until_state(id, S::LaunchFailed).await.unwrap();
            assert_failed(life, id, 1001, text).await;
            assert!(life.machines.machine(id).is_none_or(|machine| machine.power == Power::Off));
            life.pass_ms(10_000).await;
            assert_eq!(life.instance(id).state, S::LaunchFailed);
            life.ask(id, |instance| instance.terminate(by(1))).await;
            life.until_ended(id).await.unwrap();
            assert!(life.state.view().instance(id).is_none());
        });
    }
}

#[test]
fn a_start_that_fails_leaves_the_machine_off() {
    Harness::new().live(async |life| {
        let id = life.stopped(1, &[1]).await;
        life.machines.quirks(Some(id), |quirks| quirks.unreachable = true);
        life.ask(id, |instance| instance.start(None, by(1))).await;
        life.until_ended(id).await.unwrap();
        assert_failed(life, id, 1, "within 120 s").await;
        assert_eq!(life.instance(id).state, S::Stopped);
        assert_eq!(life.machines.machine(id).unwrap().power, Power::Off);
    });
}

#[test]
fn failures_that_pass_are_survived() {
    for name in ["define", "write_login", "start", "shut_down", "observe"] {
        Harness::new().live(async |life| {
            life.machines.quirks(None, |quirks| {
                quirks.fails.insert(name, 4);
            });
            let id = life.launched(1, &[1, 2]).await;
            life.machines.quirks(Some(id), |quirks| {
                quirks.fails.insert(name, 4);
            });
            unbind(life, id, FORCED).await;
            assert_success(life, id, 1).await;
            let machine = life.machines.machine(id).unwrap();
            assert_eq!((machine.boots, machine.power_offs), (2, 0), "{name}");
        });
    }
}

#[test]
fn a_machine_that_cannot_be_powered_off_keeps_its_keys_and_runs() {
    Harness::new().live(async |life| {
        let id = running(life, |quirks| {
            quirks.ignores_shutdown = true;
            quirks.fails.insert("power_off", u32::MAX);
        })
        .await;
        unbind(life, id, FORCED).await;
        assert_failed(life, id, 1, "cannot be powered off").await;
        assert_eq!(life.instance(id).state, S::Running);
        assert_eq!(life.instance(id).login.keys, [key_id(1), key_id(2)]);
        life.ask(id, |instance| instance.stop(StopType::Hard, false, by(2))).await;
        life.until_ended(id).await.unwrap();
        assert_failed(life, id, 2, "The hypervisor refused").await;
        assert_eq!(life.instance(id).state, S::Running);
    });
}

#[test]
fn a_machine_that_is_gone_fails_what_is_asked_of_it() {
    Harness::new().live(async |life| {
        let id = life.stopped(1, &[1]).await;
        cvmd_hypervisor::Hypervisor::erase(&life.machines, id).await.unwrap();
        unbind(life, id, None).await;
        assert_failed(life, id, 1, "there is no such machine").await;
        assert_eq!(life.instance(id).login.keys, [key_id(1)]);
        life.ask(id, |instance| instance.start(None, by(2))).await;
        life.until_ended(id).await.unwrap();
        assert_failed(life, id, 2, "there is no such machine").await;
        assert_eq!(life.instance(id).state, S::Stopped);
    });
}

#[test]
fn an_erase_is_tried_until_it_works() {
    Harness::new().live(async |life| {
        let id = running(life, |quirks| *quirks.fails.entry("erase").or_default() = 40).await;
        life.ask(id, |instance| instance.terminate(by(1))).await;
        life.until_ended(id).await.unwrap();
        assert!(life.machines.machine(id).is_none());
        assert!(life.state.view().instance(id).is_none());
    });
}

#[test]
fn a_store_that_fails_for_a_while_loses_nothing() {
    let mut harness = Harness::new();
    let rows = harness.rows.clone();
    harness.live(async |life| {
        let id = life.launched(1, &[1, 2]).await;
        life.ask(id, |instance| instance.disassociate(&[key_id(1)], FORCED, by(1))).await;
        rows.fail(true);
        let calls = life.machines.calls();
        life.pass_ms(60_000).await;
        assert!(life.machines.calls() - calls < 100, "it spins");
        assert_eq!(life.latest(id).state, LatestState::Operating);
        assert_eq!(life.machines.machine(id).unwrap().shut_downs, 0);
        rows.fail(false);
        life.until_ended(id).await.unwrap();
        assert_success(life, id, 1).await;
        assert_eq!(life.machines.machine(id).unwrap().boots, 2);
    });
}

#[test]
fn a_rename_during_an_operation_stays() {
    Harness::new().live(async |life| {
        let id = life.launched(1, &[1, 2]).await;
        life.ask(id, |instance| instance.disassociate(&[key_id(1)], FORCED, by(1))).await;
        life.pass_ms(100).await;
        life.ask(id, |instance| {
            instance.name = "renamed".into();
            Ok(())
        })
        .await;
        life.until_ended(id).await.unwrap();
        assert_eq!(&*life.instance(id).name, "renamed");
        assert_success(life, id, 1).await;
    });
}

#[test]
fn a_stopping_engine_abandons_an_effect_that_takes_too_long_and_the_next_one_goes_on() {
    let mut harness = Harness::new();
    let id = harness.live(async |life| {
        let id = life.launched(1, &[1, 2]).await;
        life.machines.effects_take(600_000);
        life.ask(id, |instance| instance.disassociate(&[key_id(1)], FORCED, by(1))).await;
        life.pass_ms(100).await;
        let engine = life.engine.take().unwrap();
        let stopped = tokio::spawn(engine.stop());
        life.pass_ms(1_900).await;
        assert!(!stopped.is_finished(), "an effect has two seconds to end");
        life.pass_ms(200).await;
        assert!(stopped.is_finished(), "and no longer");
        assert!(life.instance(id).operation.is_some());
        life.machines.effects_take(0);
        id
    });
    harness.live(async |life| {
        life.until_ended(id).await.unwrap();
        assert_success(life, id, 1).await;
    });
}

#[test]
fn a_stopped_engine_leaves_the_operation_to_the_next_one() {
    let mut harness = Harness::new();
    let id = harness.live(async |life| {
        let id = life.launched(1, &[1, 2]).await;
        life.machines.effects_take(1_000);
        life.ask(id, |instance| instance.disassociate(&[key_id(1)], FORCED, by(1))).await;
        life.pass_ms(100).await;
        let engine = life.engine.take().unwrap();
        let stopped = tokio::spawn(engine.stop());
        life.settle().await;
        assert!(!stopped.is_finished(), "an effect is running");
        life.until("stopped", |_| stopped.is_finished()).await.unwrap();
        let effects = life.machines.calls();
        life.pass_ms(5_000).await;
        assert_eq!(life.machines.calls(), effects);
        assert!(matches!(life.instance(id).operation.as_ref().unwrap().goal, Goal::ChangeLogin { .. }));
        id
    });
    harness.live(async |life| {
        life.until_ended(id).await.unwrap();
        assert_success(life, id, 1).await;
        assert_eq!(life.machines.machine(id).unwrap().boots, 2);
    });
}

//! Instances without an operation follow their machines.

use crate::harness::{FORCED, Harness, assert_success, by, key_id};
use cvmd_hypervisor::Boot;
use cvmd_model::{InstanceState as S, Power};
use cvmd_state::View;

#[test]
fn a_guest_that_powers_itself_off_is_shown_stopped_and_followed_up_again() {
    Harness::new().live(async |life| {
        let id = life.launched(1, &[1]).await;
        life.settle().await;
        life.plan.history().clear();
        life.machines.happen(id, |machine| machine.power = Power::Off);
        life.until_state(id, S::Stopped).await.unwrap();
        life.machines.boot_by_itself(id);
        life.until_state(id, S::Running).await.unwrap();
        life.settle().await;
        assert_eq!(life.plan.states(id), [S::Stopped, S::Starting, S::Running]);
        assert_eq!(life.plan.history().len(), 3);
        assert_eq!(life.engine.as_ref().unwrap().figures().followed, 3);
        assert_eq!(life.engine.as_ref().unwrap().figures().tasks, 0);
    });
}

#[test]
fn what_happened_while_no_engine_lived_is_seen_at_the_start() {
    let mut harness = Harness::new();
    let (off, on) = harness.live(async |life| {
        let off = life.launched(1, &[1]).await;
        let on = life.stopped(2, &[1]).await;
        life.engine.take().unwrap().stop().await;
        life.machines.happen(off, |machine| machine.power = Power::Off);
        life.machines.boot_by_itself(on);
        (off, on)
    });
    harness.live(async |life| {
        life.until_state(off, S::Stopped).await.unwrap();
        life.until_state(on, S::Running).await.unwrap();
    });
}

#[test]
fn an_instance_whose_machine_is_gone_is_shown_stopped() {
    Harness::new().live(async |life| {
        let id = life.launched(1, &[1]).await;
        cvmd_hypervisor::Hypervisor::erase(&life.machines, id).await.unwrap();
        life.pass_ms(5_000).await;
        // Nobody can log in to it; RUNNING would be a false promise.
        assert_eq!(life.instance(id).state, S::Stopped);
    });
}

#[test]
fn an_sshd_that_stops_answering_leaves_a_running_machine_running() {
    Harness::new().live(async |life| {
        let id = life.launched(1, &[1]).await;
        life.machines.quirks(Some(id), |quirks| quirks.unreachable = true);
        life.machines.happen(id, |_| {});
        life.pass_ms(5_000).await;
        assert_eq!(life.instance(id).state, S::Running);
    });
}

#[test]
fn an_operation_that_begins_meanwhile_wins_over_what_was_seen() {
    Harness::new().live(async |life| {
        let id = life.launched(1, &[1, 2]).await;
        life.settle().await;
        life.machines.happen(id, |machine| machine.power = Power::Off);
        life.ask(id, |instance| {
            if instance.state == S::Running {
                instance.disassociate(&[key_id(1)], FORCED, by(1))
            } else {
                instance.disassociate(&[key_id(1)], None, by(1))
            }
        })
        .await;
        life.until_ended(id).await.unwrap();
        life.settle().await;
        crate::harness::assert_success(life, id, 1).await;
        assert_eq!(life.keys_on_disk(id), [2]);
        assert_eq!(life.machines.machine(id).unwrap().power == Power::Off, life.instance(id).state == S::Stopped);
    });
}

#[test]
fn a_store_that_fails_while_following_is_tried_again() {
    let mut harness = Harness::new();
    let rows = harness.rows.clone();
    harness.live(async |life| {
        let id = life.launched(1, &[1]).await;
        life.settle().await;
        rows.fail(true);
        life.machines.happen(id, |machine| machine.power = Power::Off);
        life.pass_ms(20_000).await;
        assert_eq!(life.instance(id).state, S::Running);
        rows.fail(false);
        life.until_state(id, S::Stopped).await.unwrap();
    });
}

#[test]
fn an_operation_that_begins_during_a_look_is_not_lost() {
    Harness::new().live(async |life| {
        let id = life.launched(1, &[1, 2]).await;
        life.settle().await;
        life.machines.observations_take(200);
        life.machines.happen(id, |machine| machine.power = Power::Off);
        life.pass_ms(100).await;
        life.ask(id, |instance| instance.disassociate(&[key_id(1)], FORCED, by(1))).await;
        // The look ends now, and has observed a machine that is off.
        life.pass_ms(200).await;
        assert!(life.instance(id).operation.is_some());
        life.until_ended(id).await.unwrap();
        crate::harness::assert_success(life, id, 1).await;
        assert_eq!(life.instance(id).state, S::Running);
        assert_eq!(life.keys_on_disk(id), [2]);
    });
}

#[test]
fn what_happens_during_the_last_commit_of_an_operation_is_seen() {
    Harness::new().live(async |life| {
        let id = life.stopped(1, &[1]).await;
        life.ask(id, |instance| instance.start(None, by(1))).await;
        life.until("it boots", |view| {
            view.instance(id).unwrap().operation.as_ref().unwrap().trail.start_asked_ms.is_some()
        })
        .await
        .unwrap();
        let machines = life.machines.clone();
        life.plan.during_next_commit(move || {
            machines.happen(id, |machine| machine.power = Power::Off);
            // The engine is notified while the operation is still under way, and ignores it.
            (0..10_000).for_each(|_| std::thread::yield_now());
        });
        life.until_ended(id).await.unwrap();
        life.until_state(id, S::Stopped).await.unwrap();
    });
}

#[test]
fn a_row_shows_its_machines_own_port_as_long_as_machines_have_such() {
    let mut harness = Harness::new();
    let id = harness.live(async |life| {
        life.machines.own_ports(Some(40_000));
        let id = life.launched(1, &[1]).await;
        assert_eq!(life.instance(id).login_port, Some(40_000));
        id
    });
    harness.live(async |life| {
        life.machines.own_ports(Some(50_000));
        life.machines.happen(id, |_| {});
        let shows = |port| move |view: &View| view.instance(id).unwrap().login_port == port;
        life.until("the port is the new one", shows(Some(50_000))).await.unwrap();
        life.machines.own_ports(None);
        life.machines.happen(id, |_| {});
        life.until("the port is everybody's", shows(None)).await.unwrap();
        assert_eq!(life.instance(id).state, S::Running);
    });
}

#[test]
fn a_machine_in_rescue_is_never_shown_running_and_one_that_powers_itself_off_starts_from_its_disk() {
    Harness::new().live(async |life| {
        let id = life.rescued(1, &[1]).await;
        life.settle().await;
        life.plan.history().clear();
        life.machines.boot_by_itself(id);
        life.pass_ms(2_000).await;
        assert_eq!(life.instance(id).state, S::RescueMode);
        assert_eq!(life.plan.states(id), [], "nothing to be shown");
        life.machines.happen(id, |machine| machine.power = Power::Off);
        life.until_state(id, S::Stopped).await.unwrap();
        // Somebody starts it from outside: it is still the rescue system.
        life.machines.boot_by_itself(id);
        life.until_state(id, S::RescueMode).await.unwrap();
        life.machines.happen(id, |machine| machine.power = Power::Off);
        life.until_state(id, S::Stopped).await.unwrap();
        life.ask(id, |instance| instance.start(None, by(1))).await;
        life.until_ended(id).await.unwrap();
        assert_success(life, id, 1).await;
        assert_eq!(life.instance(id).state, S::Running);
        assert_eq!(life.machines.machine(id).unwrap().boots_from, Boot::Disk);
    });
}

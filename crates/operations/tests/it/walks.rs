//! Every goal without errors, and what clients see meanwhile.

use crate::harness::{
    FORCED, Harness, Life, assert_success, by, instance, key_id, key_pair, pay_in_advance, public_key, rescue_login,
};
use crate::images::custom_image;
use cvmd_hypervisor::Boot;
use cvmd_model::{Associate, CustomImage, DataDisk, DiskId, ImageState, InstanceState as S, Login, Power, StopType};
use cvmd_operations::definition;

#[test]
fn a_launch_defines_writes_and_starts() {
    Harness::new().live(async |life| {
        let id = life.launch(1, &[1, 2]).await;
        assert_eq!(life.instance(id).state, S::Pending);
        life.until_state(id, S::Running).await.unwrap();
        let machine = life.machines.machine(id).unwrap();
        assert_eq!((machine.power, machine.boots), (Power::Running, 1));
        assert_eq!(life.keys_on_disk(id), [1, 2]);
        assert_eq!(&*machine.definition.guest, "boot-ms=7");
        assert_eq!(machine.definition.addresses().collect::<Vec<_>>(), [life.instance(id).private_address]);
        assert!(machine.definition.has_sshd);
        assert_success(life, id, 1001).await;
    });
}

#[test]
fn a_definition_says_all_that_the_machine_is_made_of() {
    let mut instance = instance(1, &[]);
    instance.public_address = Some([127, 64, 9, 9].into());
    instance.user_data = Some("aGk=".into());
    let data = DataDisk::plain(DiskId::from_random(7), "CLOUD_SSD", 70);
    instance.data_disks = [data.clone()].into();
    let defined = definition(&instance);
    let (system, card) = (&instance.system_disk, &defined.network_cards[0]);
    let disks: Vec<_> = defined.disks.iter().map(|disk| (disk.id, &*disk.kind, disk.size_gib)).collect();
    assert_eq!(disks, [(system.id, &*system.kind, 50), (data.id, "CLOUD_SSD", 70)]);
    assert_eq!(defined.size(), instance.size());
    assert_eq!((card.vpc, card.subnet), (instance.vpc, instance.subnet));
    assert_eq!(defined.addresses().collect::<Vec<_>>(), instance.addresses().collect::<Vec<_>>());
    assert_eq!((&*defined.user, &defined.user_data), (instance.user(), &instance.user_data));
    assert_eq!((defined.base_image, defined.image), (instance.image, None));
    let (base, captured) = (instance.image, custom_image().id);
    instance.image = captured;
    instance.change_extras(|extras| extras.base_image = Some(base));
    let defined = definition(&instance);
    assert_eq!((defined.base_image, defined.image), (base, Some(captured)));
}

#[test]
fn the_engine_is_woken_by_each_request_once_and_never_by_its_own_commits() {
    Harness::new().live(async |life| {
        let mut announced = life.state.subscribe();
        let mut count = async |life: &Life| {
            // Those who wait are answered before it is announced.
            life.settle().await;
            std::iter::from_fn(|| announced.try_recv().ok()).count()
        };
        let id = life.launched(1, &[1, 2]).await;
        assert_eq!(count(life).await, 1, "a launch");
        life.ask(id, |instance| instance.disassociate(&[key_id(1)], FORCED, by(1))).await;
        life.until_ended(id).await.unwrap();
        assert_success(life, id, 1).await;
        assert_eq!(count(life).await, 1, "a forced unbind, which is committed step by step");
        life.machines.happen(id, |machine| machine.power = Power::Off);
        life.until_state(id, S::Stopped).await.unwrap();
        assert_eq!(count(life).await, 0, "what the machine does by itself");
        life.ask(id, |instance| instance.start(None, by(2))).await;
        life.ask(id, |instance| instance.terminate(by(3))).await;
        life.until("it is gone", |view| view.instance(id).is_none()).await.unwrap();
        assert_eq!(count(life).await, 2, "a start, and the end that took its place");
        let launched = life.launched(2, &[1]).await;
        assert_eq!(count(life).await, 1);
        life.ask(launched, |instance| {
            instance.tags = Box::default();
            Ok(())
        })
        .await;
        assert_eq!(count(life).await, 1, "other tags, to which a guest may listen");
    });
}

#[test]
fn an_unbind_on_a_stopped_instance_costs_one_commit() {
    Harness::new().live(async |life| {
        let id = life.stopped(1, &[1, 2]).await;
        life.ask(id, |instance| instance.disassociate(&[key_id(1)], None, by(1))).await;
        let (_, commands, _) = life.state.figures();
        life.until_ended(id).await.unwrap();
        life.settle().await;
        assert_eq!(life.state.figures().1 - commands, 1);
        assert_eq!(life.instance(id).state, S::Stopped);
        assert_eq!(life.keys_on_disk(id), [2]);
        assert_eq!(life.machines.machine(id).unwrap().boots, 1);
        assert_success(life, id, 1).await;
    });
}

#[test]
fn a_forced_unbind_shows_stopping_stopped_starting_running_and_boots_once() {
    Harness::new().live(async |life| {
        let id = life.launched(1, &[1, 2]).await;
        life.plan.history().clear();
        life.ask(id, |instance| instance.disassociate(&[key_id(1), key_id(2)], FORCED, by(1))).await;
        life.until_ended(id).await.unwrap();
        let states = life.plan.states(id);
        assert_eq!(states, [S::Stopping, S::Stopped, S::Starting, S::Running]);
        let machine = life.machines.machine(id).unwrap();
        assert_eq!((machine.boots, machine.shut_downs, machine.power_offs), (2, 1, 0));
        assert!(life.keys_on_disk(id).is_empty());
        assert_eq!(machine.disk.password_hash.as_deref(), Some("$6$salt$first"));
        assert!(machine.disk.password_login);
        assert_success(life, id, 1).await;
    });
}

#[test]
fn a_key_written_by_hand_goes_only_when_it_is_the_one_unbound() {
    Harness::new().live(async |life| {
        let id = life.stopped(1, &[1, 2]).await;
        life.machines.happen(id, |machine| machine.by_hand = vec![public_key(1), public_key(3)]);
        life.ask(id, |instance| instance.disassociate(&[key_id(1)], None, by(1))).await;
        life.until_ended(id).await.unwrap();
        assert_eq!(life.keys_on_disk(id), [2, 3]);
    });
}

#[test]
fn an_associate_replaces_and_turns_the_password_off() {
    Harness::new().live(async |life| {
        let id = life.launched(1, &[1, 2]).await;
        life.put(|tx| tx.put_key_pair(key_pair(3))).await;
        life.ask(id, |instance| instance.associate(&[key_id(2), key_id(3)], Associate::Replace, FORCED, by(1))).await;
        life.until_ended(id).await.unwrap();
        assert_success(life, id, 1).await;
        assert_eq!(life.keys_on_disk(id), [2, 3]);
        assert!(!life.machines.machine(id).unwrap().disk.password_login);
        life.ask(id, |instance| instance.reset_password("$6$salt$second", FORCED, by(2))).await;
        life.until_ended(id).await.unwrap();
        let disk = life.machines.machine(id).unwrap().disk;
        assert_eq!((disk.password_hash.as_deref(), disk.password_login), (Some("$6$salt$second"), true));
        assert_eq!(life.keys_on_disk(id), [2, 3]);
    });
}

#[test]
fn start_stop_and_reboot_come_to_their_end() {
    Harness::new().live(async |life| {
        let id = life.launched(1, &[1]).await;
        for (request, how) in [(1, StopType::Soft), (2, StopType::SoftFirst), (3, StopType::Hard)] {
            life.ask(id, move |instance| instance.stop(how, false, by(10 + request))).await;
            assert_eq!(life.instance(id).state, S::Stopping);
            life.until_state(id, S::Stopped).await.unwrap();
            assert_success(life, id, 10 + request).await;
            life.ask(id, move |instance| instance.start(None, by(20 + request))).await;
            assert_eq!(life.instance(id).state, S::Starting);
            life.until_state(id, S::Running).await.unwrap();
            assert_success(life, id, 20 + request).await;
            life.ask(id, move |instance| instance.reboot(how, by(30 + request))).await;
            assert_eq!(life.instance(id).state, S::Rebooting);
            life.until_state(id, S::Running).await.unwrap();
            assert_success(life, id, 30 + request).await;
        }
        let machine = life.machines.machine(id).unwrap();
        assert_eq!((machine.boots, machine.power_offs), (7, 2));
    });
}

#[test]
fn a_terminated_instance_is_gone_with_its_machine() {
    Harness::new().live(async |life| {
        let id = life.launched(1, &[1]).await;
        life.ask(id, |instance| instance.terminate(by(1))).await;
        life.until_ended(id).await.unwrap();
        assert!(life.state.view().instance(id).is_none());
        assert!(life.machines.machine(id).is_none());
        assert_eq!(life.lines(1).await.len(), 1);
        assert_eq!(&*life.lines(1).await[0].decision, "SUCCESS");
    });
}

#[test]
fn what_was_paid_in_advance_goes_into_the_recycle_bin_and_comes_back_as_it_was() {
    Harness::new().live(async |life| {
        let id = life.launched(1, &[1]).await;
        life.ask(id, |instance| {
            pay_in_advance(instance);
            instance.terminate(by(1))
        })
        .await;
        assert_eq!(life.instance(id).state, S::Stopping);
        life.until_state(id, S::Shutdown).await.unwrap();
        life.until_ended(id).await.unwrap();
        assert_success(life, id, 1).await;
        assert_eq!(life.machines.machine(id).unwrap().power, Power::Off);
        life.machines.boot_by_itself(id);
        life.pass_ms(5_000).await;
        assert_eq!(life.instance(id).state, S::Shutdown, "whatever its machine does");
        life.machines.happen(id, |machine| machine.power = Power::Off);
        life.ask(id, |instance| instance.renew(|prepaid| prepaid, by(2))).await;
        life.ask(id, |instance| instance.start(None, by(3))).await;
        life.until_state(id, S::Running).await.unwrap();
        assert_eq!(life.keys_on_disk(id), [1]);
        life.ask(id, |instance| instance.terminate(by(4))).await;
        life.until_ended(id).await.unwrap();
        life.ask(id, |instance| instance.terminate(by(5))).await;
        life.until_ended(id).await.unwrap();
        assert!(life.state.view().instance(id).is_none() && life.machines.machine(id).is_none());
    });
}

#[test]
fn a_windows_machine_is_cycled_but_nothing_is_written() {
    Harness::new().live(async |life| {
        let windows = cvmd_model::IMAGES.iter().find(|image| image.user == "Administrator").unwrap().id();
        let id = cvmd_model::InstanceId::from_random(1);
        life.put(move |tx| {
            let mut instance = crate::harness::instance(1, &[]);
            instance.image = windows;
            instance.begin(cvmd_model::Goal::Launch, by(1));
            tx.put_instance(instance);
        })
        .await;
        life.until_state(id, S::Running).await.unwrap();
        life.ask(id, |instance| instance.reset_password("$6$salt$second", FORCED, by(2))).await;
        life.until_ended(id).await.unwrap();
        assert_success(life, id, 2).await;
        let machine = life.machines.machine(id).unwrap();
        assert!(!machine.definition.has_sshd);
        assert_eq!((machine.boots, machine.disk.password_hash), (2, None));
    });
}

#[test]
fn effects_side_by_side_are_bounded_and_none_is_left_out() {
    let mut harness = Harness::new();
    harness.limits.parallel_max = 7;
    harness.live(async |life| {
        life.machines.effects_take(100);
        let mut ids = Vec::new();
        for number in 0..100 {
            ids.push(life.launch(number, &[1, 2]).await);
        }
        life.until("all run", |view| view.operating().next().is_none()).await.unwrap();
        assert_eq!(life.machines.running_max(), 4, "half of seven: all are one account's");
        for (request, id) in ids.iter().enumerate() {
            let by = by(5000 + request as u128);
            life.ask(*id, move |instance| instance.disassociate(&[key_id(1)], FORCED, by)).await;
        }
        life.until("all run again", |view| view.operating().next().is_none()).await.unwrap();
        for (request, id) in ids.iter().enumerate() {
            assert_success(life, *id, 5000 + request as u128).await;
            assert_eq!(life.keys_on_disk(*id), [2]);
            assert_eq!(life.machines.machine(*id).unwrap().boots, 2);
        }
        assert_eq!(life.machines.running_max(), 4, "half of seven: all are one account's");
        assert_eq!(life.engine.as_ref().unwrap().figures().tasks, 0);
    });
}

#[test]
fn an_accounts_many_machines_hold_no_other_accounts_up() {
    let mut harness = Harness::new();
    harness.limits.parallel_max = 1;
    harness.live(async |life| {
        life.machines.effects_take(100);
        for number in 0..50 {
            life.launch(number, &[]).await;
        }
        let other = cvmd_model::InstanceId::from_random(900);
        life.put(move |tx| {
            let mut instance = crate::harness::instance(900, &[]);
            instance.account = cvmd_model::AccountNumber(2);
            instance.begin(cvmd_model::Goal::Launch, by(1));
            tx.put_instance(instance);
        })
        .await;
        life.until_state(other, S::Running).await.unwrap();
        let left = life.state.view().operating_count();
        assert!(left >= 40, "{left} of the busy account's 50 are left: they took turns with the other's one");
        life.until("all run", |view| view.operating().next().is_none()).await.unwrap();
    });
}

#[test]
fn rescue_is_entered_and_left_and_each_state_is_shown() {
    Harness::new().live(async |life| {
        let id = life.launched(1, &[1, 2]).await;
        life.settle().await;
        life.plan.history().clear();
        let before = life.instance(id).login.clone();
        life.ask(id, |instance| instance.enter_rescue(StopType::Soft, rescue_login(), by(1))).await;
        life.until_ended(id).await.unwrap();
        assert_success(life, id, 1).await;
        life.ask(id, |instance| instance.exit_rescue(by(2))).await;
        life.until_ended(id).await.unwrap();
        assert_success(life, id, 2).await;
        assert_eq!(life.plan.states(id), [S::EnterRescueMode, S::RescueMode, S::ExitRescueMode, S::Stopped]);
        let machine = life.machines.machine(id).unwrap();
        assert_eq!((machine.power, machine.boots, machine.power_offs), (Power::Off, 2, 0));
        assert_eq!(life.instance(id).login, before);
        assert_eq!(life.keys_on_disk(id), [1, 2]);
    });
}

#[test]
fn a_second_rescue_admits_the_second_password_only() {
    Harness::new().live(async |life| {
        let id = life.rescued(1, &[1]).await;
        life.machines.happen(id, |machine| machine.power = Power::Off);
        life.until_state(id, S::Stopped).await.unwrap();
        let login = Login { password_hash: Some("$6$salt$another".into()), ..rescue_login() };
        let wanted = Boot::Rescue(login.clone());
        life.ask(id, |instance| instance.enter_rescue(StopType::Soft, login, by(1))).await;
        life.until_ended(id).await.unwrap();
        assert_success(life, id, 1).await;
        assert_eq!(life.machines.machine(id).unwrap().boots_from, wanted);
    });
}

#[test]
fn no_effect_is_started_while_somebody_holds_them_back() {
    Harness::new().live(async |life| {
        let id = life.stopped(1, &[1, 2]).await;
        let gate = life.engine.as_ref().unwrap().gate();
        let (hold, other) = (gate.hold(), gate.hold());
        let before = life.engine.as_ref().unwrap().figures().effects;
        life.ask(id, |instance| instance.disassociate(&[key_id(1)], None, by(1))).await;
        life.put(|tx| tx.put(CustomImage { state: ImageState::Deleting, ..custom_image() })).await;
        drop(other);
        life.pass_ms(5_000).await;
        assert_eq!((life.engine.as_ref().unwrap().figures().effects, life.keys_on_disk(id)), (before, vec![1, 2]));
        assert!(life.state.view().custom_images().get(custom_image().id).is_some());
        drop(hold);
        life.until_ended(id).await.unwrap();
        assert_eq!(life.keys_on_disk(id), [2]);
        life.until("the image is gone", |view| view.custom_images().get(custom_image().id).is_none()).await.unwrap();
    });
}

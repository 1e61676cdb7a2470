//! Images made of disks, machines made from images, and reinstalled system disks.

use crate::{
    crashes::{Promise, REQUEST, RUNS, Scenario},
    harness::{Crashed, FORCED, Harness, Life, assert_failed, assert_success, by, instance, key_id, public_key},
};
use cvmd_model::{
    AccountNumber, CustomImage, Goal, IMAGES, ImageId, ImageLogin, ImageState, Installed, Instance, InstanceId,
    InstanceState as S, LoginWanted, Password, RegionId,
};
use std::sync::Arc;

fn image_id() -> ImageId {
    ImageId::from_random(77)
}

/// An image of instance 1 with keys 1 and 2, as the action puts it.
pub(crate) fn custom_image() -> CustomImage {
    CustomImage {
        id: image_id(),
        sequence: 5_000,
        account: AccountNumber(1),
        region: RegionId::find("ap-guangzhou").expect("a region"),
        name: "golden".into(),
        description: "".into(),
        family: "".into(),
        deprecated: false,
        base: IMAGES[0].id(),
        source: InstanceId::from_random(1),
        size_gib: 50,
        login: ImageLogin { keys: vec![key_id(1), key_id(2)], password: false, password_login: false },
        state: ImageState::Creating,
        created_seconds: 0,
        tags: Box::default(),
        snapshots: Box::default(),
    }
}

fn row(life: &Life) -> Arc<CustomImage> {
    life.state.view().custom_images().get(image_id()).cloned().expect("an image")
}

async fn capture(life: &Life, id: InstanceId, shut_down: bool, request: u128) {
    life.put(|tx| tx.put(custom_image())).await;
    life.ask(id, move |instance| instance.capture(image_id(), shut_down, by(request))).await;
}

/// Launches instance `number` from the image, with that login.
async fn launch_from(life: &Life, number: u64, login: LoginWanted) -> InstanceId {
    life.put(move |tx| {
        let mut instance = Instance { image: image_id(), login, ..instance(number, &[]) };
        instance.change_extras(|extras| extras.base_image = Some(IMAGES[0].id()));
        instance.begin(Goal::Launch, by(1000 + u128::from(number)));
        tx.put_instance(instance);
    })
    .await;
    let id = InstanceId::from_random(number);
    life.until_ended(id).await.unwrap();
    id
}

fn with_keys(keys: &[u8]) -> LoginWanted {
    let keys = keys.iter().map(|key| key_id(*key)).collect();
    LoginWanted { keys, password: Password::Never, password_login: false }
}

fn anew(instance: &Instance) -> Installed {
    Installed { login: with_keys(&[2]), size_gib: 80, ..instance.installed() }
}

#[test]
fn a_running_instance_is_imaged_without_being_disturbed() {
    Harness::new().live(async |life| {
        let id = life.launched(1, &[1, 2]).await;
        life.plan.history().clear();
        capture(life, id, false, 1).await;
        assert_eq!((life.instance(id).state, row(life).state), (S::Running, ImageState::Creating));
        life.until_ended(id).await.unwrap();
        assert_success(life, id, 1).await;
        assert_eq!(life.plan.states(id), [S::Running]);
        let (machine, row) = (life.machines.machine(id).unwrap(), row(life));
        assert_eq!((machine.boots, machine.shut_downs, machine.power_offs), (1, 0, 0));
        assert_eq!(life.machines.image(image_id()).unwrap(), machine.disk);
        assert_eq!(row.state, ImageState::Normal);
        // This was unknown when the row was made.
        assert!(row.login.password && !row.login.password_login);
    });
}

#[test]
fn an_instance_shut_down_for_its_image_runs_again_afterwards() {
    Harness::new().live(async |life| {
        let id = life.launched(1, &[1, 2]).await;
        life.plan.history().clear();
        capture(life, id, true, 1).await;
        life.until_ended(id).await.unwrap();
        assert_success(life, id, 1).await;
        assert_eq!(life.plan.states(id), [S::Stopping, S::Stopped, S::Starting, S::Running]);
        let machine = life.machines.machine(id).unwrap();
        assert_eq!((machine.boots, machine.shut_downs, machine.power_offs), (2, 1, 0));
        assert_eq!(row(life).state, ImageState::Normal);
    });
}

#[test]
fn a_machine_of_an_image_gets_the_login_asked_for_and_not_the_images() {
    Harness::new().live(async |life| {
        let id = life.launched(1, &[1, 2]).await;
        life.machines.happen(id, |machine| {
            machine.by_hand.push(public_key(9));
            machine.disk.keys.push(public_key(9));
        });
        capture(life, id, false, 1).await;
        life.until_ended(id).await.unwrap();
        let second = launch_from(life, 2, with_keys(&[2])).await;
        assert_success(life, second, 1002).await;
        // The source admitted key 1 by us, and key 9 by a person's own hand.
        assert_eq!(life.keys_on_disk(second), [2, 9]);
        assert_eq!(life.machines.machine(second).unwrap().disk.password_hash, None);
        let third =
            launch_from(life, 3, LoginWanted { password: Password::Set("$6$x".into()), ..with_keys(&[]) }).await;
        assert_eq!(life.keys_on_disk(third), [9]);
        assert_eq!(life.machines.machine(third).unwrap().disk.password_hash.as_deref(), Some("$6$x"));
    });
}

#[test]
fn a_machine_that_keeps_the_images_login_keeps_its_password_through_every_change() {
    Harness::new().live(async |life| {
        let id = life.launched(1, &[1, 2]).await;
        capture(life, id, false, 1).await;
        life.until_ended(id).await.unwrap();
        let login = row(life).image_login();
        assert_eq!(login, LoginWanted { password: Password::FromImage, ..with_keys(&[1, 2]) });
        let second = launch_from(life, 2, login).await;
        assert_success(life, second, 1002).await;
        let disk = |life: &Life| life.machines.machine(second).unwrap().disk;
        assert_eq!(life.keys_on_disk(second), [1, 2]);
        assert_eq!((disk(life).password_hash.as_deref(), disk(life).password_login), (Some("$6$salt$first"), false));
        life.ask(second, |instance| instance.disassociate(&[key_id(1), key_id(2)], FORCED, by(2))).await;
        life.until_ended(second).await.unwrap();
        assert_success(life, second, 2).await;
        assert!(life.keys_on_disk(second).is_empty());
        assert_eq!((disk(life).password_hash.as_deref(), disk(life).password_login), (Some("$6$salt$first"), true));
        life.ask(second, |instance| instance.reset_password("$6$salt$own", FORCED, by(3))).await;
        life.until_ended(second).await.unwrap();
        assert_eq!(disk(life).password_hash.as_deref(), Some("$6$salt$own"));
    });
}

#[test]
fn a_password_from_an_image_that_could_not_be_replaced_is_still_the_images() {
    Harness::new().live(async |life| {
        let id = life.launched(1, &[1, 2]).await;
        capture(life, id, false, 1).await;
        life.until_ended(id).await.unwrap();
        let second = launch_from(life, 2, row(life).image_login()).await;
        life.machines.quirks(Some(second), |quirks| quirks.keeps_keys = true);
        life.ask(second, |instance| instance.reset_password("$6$salt$own", FORCED, by(2))).await;
        life.until_ended(second).await.unwrap();
        assert_failed(life, second, 2, "could not be written").await;
        assert_eq!(life.instance(second).login, row(life).image_login());
    });
}

#[test]
fn a_machine_of_an_image_that_is_gone_cannot_be_launched() {
    Harness::new().live(async |life| {
        let id = launch_from(life, 2, with_keys(&[])).await;
        assert_failed(life, id, 1002, "there is no disk of the image").await;
        assert_eq!(life.instance(id).state, S::LaunchFailed);
    });
}

#[test]
fn a_reset_leaves_no_way_in_that_was_there_before() {
    for running in [true, false] {
        Harness::new().live(async |life| {
            let id = if running { life.launched(1, &[1, 2]).await } else { life.stopped(1, &[1, 2]).await };
            life.machines.happen(id, |machine| machine.by_hand.push(public_key(9)));
            life.plan.history().clear();
            life.ask(id, |instance| instance.reset(anew(instance), by(1))).await;
            life.until_ended(id).await.unwrap();
            assert_success(life, id, 1).await;
            let stopping = if running { &[S::Stopping][..] } else { &[] };
            assert_eq!(life.plan.states(id), [stopping, &[S::Stopped, S::Starting, S::Running]].concat());
            let (machine, row) = (life.machines.machine(id).unwrap(), life.instance(id));
            assert_eq!((machine.boots, machine.resets, machine.power_offs), (2, 1, u32::from(!running)));
            assert_eq!((life.keys_on_disk(id), machine.disk.password_hash), (vec![2], None));
            assert_eq!((row.login.clone(), row.system_disk.size_gib), (with_keys(&[2]), 80));
        });
    }
}

#[test]
fn a_key_of_the_old_disk_cannot_be_deleted_before_the_disk_is_gone() {
    Harness::new().live(async |life| {
        let id = life.launched(1, &[1, 2]).await;
        life.ask(id, |instance| instance.reset(anew(instance), by(1))).await;
        let leaving = |key| life.state.view().bindings(key_id(key)).collect::<Vec<_>>();
        assert_eq!(leaving(1), [(id, cvmd_state::Binding::Leaving)]);
        assert_eq!(leaving(2), [(id, cvmd_state::Binding::Bound)]);
        life.until_ended(id).await.unwrap();
        assert_eq!(leaving(1), []);
    });
}

const CAPTURED: fn(&Life, InstanceId, &str) = |life, id, when| {
    assert_eq!(row(life).state, ImageState::Normal, "{when}");
    assert!(row(life).login.password, "{when}");
    assert_eq!(life.machines.image(image_id()).unwrap(), life.machines.machine(id).unwrap().disk, "{when}");
};

#[test]
fn a_capture_survives() {
    let asks: [fn(&mut Instance) -> _; 2] = [
        |instance| instance.capture(image_id(), false, by(REQUEST)),
        |instance| instance.capture(image_id(), true, by(REQUEST)),
    ];
    for (from, ask, boots) in [(S::Running, asks[0], 1), (S::Running, asks[1], 2), (S::Stopped, asks[1], 1)] {
        let mut scenario = Scenario::new(from, Promise { state: Some(from), boots, ..RUNS }, ask);
        scenario.also = CAPTURED;
        scenario.crash_everywhere();
    }
}

#[test]
fn a_capture_that_fails_leaves_the_instance_as_it_was_and_says_so() {
    let promise = Promise { boots: 2, failed: Some("could not be kept as an image"), ..RUNS };
    let mut scenario = Scenario::new(S::Running, promise, |instance| instance.capture(image_id(), true, by(REQUEST)));
    scenario.quirks = |quirks| {
        quirks.fails.insert("capture", u32::MAX);
    };
    scenario.also = |life, _, when| {
        assert_eq!(row(life).state, ImageState::CreateFailed, "{when}");
        assert_eq!(life.machines.image(image_id()), None, "{when}");
        assert_eq!(life.state.view().image_with_key(AccountNumber(1), key_id(1)), None, "{when}");
    };
    scenario.crash_everywhere();
}

#[test]
fn a_reset_survives_and_boots_once() {
    for from in [S::Running, S::Stopped] {
        let mut scenario = Scenario::new(from, Promise { keys: &[2], boots: 2, ..RUNS }, |instance| {
            instance.reset(anew(instance), by(REQUEST))
        });
        scenario.also = |life, id, when| {
            assert_eq!(life.instance(id).system_disk.size_gib, 80, "{when}");
            assert!((1..=3).contains(&life.machines.machine(id).unwrap().resets), "{when}");
        };
        scenario.crash_everywhere();
    }
}

#[test]
fn a_reset_that_is_refused_leaves_the_old_system_running() {
    let promise = Promise { boots: 2, failed: Some("is as it was"), ..RUNS };
    let mut scenario = Scenario::new(S::Running, promise, |instance| instance.reset(anew(instance), by(REQUEST)));
    scenario.quirks = |quirks| {
        quirks.fails.insert("reset", u32::MAX);
    };
    scenario.also = |life, id, when| {
        assert_eq!(life.instance(id).system_disk.size_gib, 50, "{when}");
        assert_eq!(life.instance(id).login.password, Password::Set("$6$salt$first".into()), "{when}");
    };
    scenario.crash_everywhere();
}

#[test]
fn a_new_system_whose_login_cannot_be_written_admits_nobody_and_is_off() {
    let promise = Promise { state: Some(S::Stopped), keys: &[], failed: Some("could not be written"), ..RUNS };
    let mut scenario = Scenario::new(S::Running, promise, |instance| instance.reset(anew(instance), by(REQUEST)));
    scenario.quirks = |quirks| quirks.keeps_keys = true;
    scenario.also = |life, id, when| {
        let login = &life.instance(id).login;
        assert_eq!((&login.password, login.password_login), (&Password::Never, false), "{when}");
    };
    scenario.crash_everywhere();
}

#[test]
fn a_capture_that_terminate_supersedes_has_failed() {
    Harness::new().live(async |life| {
        let id = life.launched(1, &[1, 2]).await;
        life.machines.effects_take(200);
        capture(life, id, true, 1).await;
        life.pass_ms(100).await;
        assert_eq!(life.state.view().image_state(&row(life)), ImageState::Creating);
        life.ask(id, |instance| instance.terminate(by(2))).await;
        assert_eq!(life.state.view().image_state(&row(life)), ImageState::CreateFailed);
        life.until_ended(id).await.unwrap();
        assert!(life.state.view().instance(id).is_none());
        assert_eq!(life.state.view().image_state(&row(life)), ImageState::CreateFailed);
    });
}

#[test]
fn a_deleted_image_goes_disk_first_at_every_crash() {
    for point in 1.. {
        let mut harness = Harness::new();
        harness.live(async |life| {
            let id = life.launched(1, &[1, 2]).await;
            capture(life, id, false, 1).await;
            life.until_ended(id).await.unwrap();
            life.settle().await;
            life.engine.take().unwrap().stop().await;
            life.put(|tx| tx.put(CustomImage { state: ImageState::Deleting, ..custom_image() })).await;
        });
        let gone = async |life: &mut Life| {
            life.until("the image is gone", |view| view.custom_images().get(image_id()).is_none()).await
        };
        harness.plan.arm(point);
        let crashed = harness.live(gone) == Err(Crashed);
        harness.plan.disarm();
        harness.live(async |life| {
            gone(life).await.unwrap();
            assert_eq!(life.machines.image(image_id()), None, "left at {point}");
        });
        if !crashed {
            assert!(point > 2, "a walk without a point tests nothing");
            return;
        }
    }
}

#[test]
fn an_image_that_cannot_be_deleted_is_tried_again() {
    Harness::new().live(async |life| {
        let id = life.launched(1, &[1, 2]).await;
        capture(life, id, false, 1).await;
        life.until_ended(id).await.unwrap();
        life.machines.images_stay(3);
        life.put(|tx| tx.put(CustomImage { state: ImageState::Deleting, ..custom_image() })).await;
        life.settle().await;
        assert!(life.machines.image(image_id()).is_some());
        life.until("the image is gone", |view| view.custom_images().get(image_id()).is_none()).await.unwrap();
        assert_eq!(life.machines.image(image_id()), None);
    });
}

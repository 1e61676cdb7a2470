//! Promises about whole disks: what an image holds, what is made from it, and what a reset leaves.

use super::{
    World,
    ground::{blob, defined, line, login, names, shut_down, start},
};
use crate::{Definition, Error};
use cvmd_model::{ImageId, InstanceId, Login, Observed, Power};

pub async fn a_captured_image_is_what_new_machines_begin_as(world: &mut dyn World) {
    let (hypervisor, source) = defined(world).await;
    world.write_by_hand(source, &format!("# mine\n{}\n", line(3))).await;
    hypervisor.write_login(source, &full(), &[]).await.unwrap();
    let (text, image) = (world.text(source).await, image(source));
    hypervisor.capture(source, image).await.unwrap();
    let holds = hypervisor.read_login(source).await.unwrap();
    assert_eq!(hypervisor.read_image(image).await.unwrap(), holds);
    let definition = Definition { image: Some(image), ..world.definition() };
    hypervisor.define(&definition).await.unwrap();
    let off = Observed {
        power: Power::Off,
        boot: cvmd_model::BootId::default(),
        ready: false,
        system: cvmd_model::System::Disk,
    };
    assert_eq!(hypervisor.observe(definition.id).await.unwrap(), off);
    assert_eq!(hypervisor.read_login(definition.id).await.unwrap(), holds);
    assert_eq!(world.text(definition.id).await, text);
    let keys = [source, definition.id].map(|id| hypervisor.endpoint(id));
    let [first, second] = keys;
    assert_ne!(first.await.unwrap().host_key, second.await.unwrap().host_key, "a host key is one machine's own");
    // From here on the two disks differ.
    hypervisor.write_login(definition.id, &login(&[4]), &[blob(1), blob(3)]).await.unwrap();
    assert_eq!(hypervisor.read_login(source).await.unwrap(), holds);
    assert_eq!(hypervisor.read_image(image).await.unwrap(), holds);
}

pub async fn an_image_is_the_disk_of_one_moment_and_capturing_it_again_changes_nothing(world: &mut dyn World) {
    let (hypervisor, source) = defined(world).await;
    hypervisor.write_login(source, &full(), &[]).await.unwrap();
    let image = image(source);
    let started = start(&*hypervisor, source).await;
    hypervisor.capture(source, image).await.unwrap();
    let running = hypervisor.observe(source).await.unwrap();
    assert_eq!((running.power, running.boot), (Power::Running, started.boot), "a machine runs on while it is captured");
    shut_down(&*hypervisor, source).await;
    hypervisor.write_login(source, &login(&[2]), &[blob(1)]).await.unwrap();
    assert_eq!(hypervisor.read_image(image).await.unwrap(), full());
    hypervisor.capture(source, image).await.unwrap();
    assert_eq!(hypervisor.read_image(image).await.unwrap(), full());
}

pub async fn an_image_outlives_its_machine_and_the_process_until_it_is_deleted(world: &mut dyn World) {
    let (hypervisor, source) = defined(world).await;
    hypervisor.write_login(source, &full(), &[]).await.unwrap();
    let image = image(source);
    hypervisor.capture(source, image).await.unwrap();
    hypervisor.erase(source).await.unwrap();
    world.reopen().await;
    let hypervisor = world.hypervisor();
    assert_eq!(hypervisor.read_image(image).await.unwrap(), full());
    let definition = Definition { image: Some(image), ..world.definition() };
    hypervisor.define(&definition).await.unwrap();
    hypervisor.delete_image(image).await.unwrap();
    hypervisor.delete_image(image).await.unwrap();
    world.reopen().await;
    let hypervisor = world.hypervisor();
    assert!(is_missing(hypervisor.read_image(image).await.unwrap_err(), image));
    assert_eq!(hypervisor.read_login(definition.id).await.unwrap(), full(), "what was made of it stays");
}

pub async fn nothing_can_be_made_of_an_image_that_is_not_there(world: &mut dyn World) {
    let (hypervisor, id) = defined(world).await;
    hypervisor.write_login(id, &full(), &[]).await.unwrap();
    let image = image(id);
    let absent = Definition { image: Some(image), ..world.definition() };
    assert!(is_missing(hypervisor.define(&absent).await.unwrap_err(), image));
    assert_eq!(hypervisor.observe(absent.id).await.unwrap().power, Power::Absent);
    let error = hypervisor.reset(&Definition { id, ..absent.clone() }).await.unwrap_err();
    assert!(is_missing(error, image));
    assert_eq!(hypervisor.read_login(id).await.unwrap(), full());
    let error = hypervisor.capture(absent.id, image).await.unwrap_err();
    assert!(matches!(error, Error::Absent(named) if named == absent.id), "{error}");
    assert!(is_missing(hypervisor.read_image(image).await.unwrap_err(), image));
}

pub async fn a_reset_leaves_nothing_of_the_old_disk(world: &mut dyn World) {
    let hypervisor = world.hypervisor();
    let definition = world.definition();
    let id = definition.id;
    let absent = hypervisor.reset(&definition).await.unwrap_err();
    assert!(matches!(absent, Error::Absent(named) if named == id), "{absent}");
    hypervisor.define(&definition).await.unwrap();
    world.write_by_hand(id, &format!("# mine\nno-pty {}\n", line(3))).await;
    hypervisor.write_login(id, &full(), &[]).await.unwrap();
    let image = image(id);
    hypervisor.capture(id, image).await.unwrap();
    start(&*hypervisor, id).await;
    shut_down(&*hypervisor, id).await;
    let before = (hypervisor.observe(id).await.unwrap(), hypervisor.endpoint(id).await.unwrap());
    for _ in 0..2 {
        hypervisor.reset(&definition).await.unwrap();
        assert_eq!(world.text(id).await, "");
        let nobody = hypervisor.read_login(id).await.unwrap();
        assert_eq!((nobody.keys, nobody.password_hash, nobody.password_login), (vec![], None, false));
    }
    let after = (hypervisor.observe(id).await.unwrap(), hypervisor.endpoint(id).await.unwrap());
    assert_eq!((before.0, before.1.address), (after.0, after.1.address));
    assert_ne!(before.1.host_key, after.1.host_key);
    hypervisor.reset(&Definition { image: Some(image), ..definition }).await.unwrap();
    world.reopen().await;
    let again = world.hypervisor().read_login(id).await.unwrap();
    assert!(names(&again, &blob(1)) && names(&again, &blob(3)) && again.password_hash.is_some());
}

pub async fn a_reset_of_a_machine_that_is_not_off_is_refused_and_changes_nothing(world: &mut dyn World) {
    let hypervisor = world.hypervisor();
    let definition = world.definition();
    hypervisor.define(&definition).await.unwrap();
    hypervisor.write_login(definition.id, &full(), &[]).await.unwrap();
    let running = start(&*hypervisor, definition.id).await;
    let error = hypervisor.reset(&definition).await.unwrap_err();
    assert!(matches!(error, Error::NotOff(named) if named == definition.id), "{error}");
    assert_eq!(hypervisor.read_login(definition.id).await.unwrap(), full());
    assert_eq!(hypervisor.observe(definition.id).await.unwrap().boot, running.boot);
}

/// A key, a password, and password login.
fn full() -> Login {
    Login { password_hash: Some("$6$salt$hash".into()), password_login: true, ..login(&[1]) }
}

/// An image that no other test has.
fn image(source: InstanceId) -> ImageId {
    ImageId::from_random(source.to_u64())
}

fn is_missing(error: Error, image: ImageId) -> bool {
    matches!(error, Error::NoImage(named) if named == image)
}

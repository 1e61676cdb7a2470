//! Promises about what a machine boots: its disk, or the rescue system beside it.

use super::{
    World,
    ground::{defined, login, rescue, shut_down, start, until},
};
use crate::{Boot, Error};
use cvmd_model::{Power, System};

pub async fn a_boot_is_chosen_only_while_the_machine_is_off(world: &mut dyn World) {
    let (hypervisor, id) = defined(world).await;
    let refused = async |when: &str| {
        let error = hypervisor.set_boot(id, &rescue()).await.unwrap_err();
        assert!(matches!(error, Error::NotOff(named) if named == id), "{when}: {error}");
        assert_eq!(hypervisor.observe(id).await.unwrap().system, System::Disk, "{when}");
    };
    hypervisor.start(id).await.unwrap();
    refused("starting").await;
    until(&*hypervisor, id, |observed| observed.power == Power::Running).await;
    refused("running").await;
    hypervisor.power_off(id).await.unwrap();
    hypervisor.set_boot(id, &rescue()).await.unwrap();
    assert_eq!(hypervisor.observe(id).await.unwrap().system, System::Rescue);
}

pub async fn a_rescue_system_boots_beside_the_disk_and_leaves_it_as_it_is(world: &mut dyn World) {
    let (hypervisor, id) = defined(world).await;
    hypervisor.write_login(id, &login(&[1]), &[]).await.unwrap();
    let text = world.text(id).await;
    let boot = start(&*hypervisor, id).await.boot;
    shut_down(&*hypervisor, id).await;
    hypervisor.set_boot(id, &rescue()).await.unwrap();
    hypervisor.start(id).await.unwrap();
    let rescued = until(&*hypervisor, id, |observed| observed.ready).await;
    assert_eq!(rescued.system, System::Rescue);
    assert_ne!(rescued.boot, boot);
    assert_eq!(hypervisor.read_login(id).await.unwrap(), login(&[1]), "the disk's, not the rescue system's");
    assert_eq!(world.text(id).await, text);
    shut_down(&*hypervisor, id).await;
    hypervisor.set_boot(id, &Boot::Disk).await.unwrap();
    hypervisor.start(id).await.unwrap();
    assert_eq!(until(&*hypervisor, id, |observed| observed.ready).await.system, System::Disk);
    assert_eq!(hypervisor.read_login(id).await.unwrap(), login(&[1]));
}

pub async fn a_chosen_boot_outlives_the_process_and_may_be_chosen_again(world: &mut dyn World) {
    let (hypervisor, id) = defined(world).await;
    hypervisor.set_boot(id, &rescue()).await.unwrap();
    hypervisor.set_boot(id, &rescue()).await.unwrap();
    let chosen = hypervisor.observe(id).await.unwrap();
    assert_eq!((chosen.power, chosen.system), (Power::Off, System::Rescue));
    world.reopen().await;
    assert_eq!(world.hypervisor().observe(id).await.unwrap(), chosen);
    let running = start(&*world.hypervisor(), id).await;
    world.reopen().await;
    let hypervisor = world.hypervisor();
    assert_eq!(hypervisor.observe(id).await.unwrap().system, running.system);
    hypervisor.power_off(id).await.unwrap();
    hypervisor.set_boot(id, &Boot::Disk).await.unwrap();
    hypervisor.set_boot(id, &Boot::Disk).await.unwrap();
    world.reopen().await;
    assert_eq!(world.hypervisor().observe(id).await.unwrap().system, System::Disk);
}

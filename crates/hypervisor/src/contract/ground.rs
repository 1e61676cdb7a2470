//! What all promises use: the suite's keys, and steps that wait for what a driver announces.

use super::world::World;
use crate::{Boot, Hypervisor};
use cvmd_model::{InstanceId, KeyBlob, Login, Observed, Power, PublicKey};
use std::{sync::Arc, time::Duration};
use tokio::sync::mpsc::UnboundedReceiver;

/// How long a machine may take to become what it must.
pub(super) const LIMIT: Duration = Duration::from_secs(300);

const KEYS: [&str; 4] = [
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMD",
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE",
];

pub(super) fn line(number: usize) -> &'static str {
    KEYS[number - 1]
}

pub(super) fn blob(number: usize) -> KeyBlob {
    KeyBlob::of_line(line(number)).expect("a key of the suite")
}

pub(super) fn names(login: &Login, blob: &KeyBlob) -> bool {
    login.keys.iter().any(|key| key.blob() == blob)
}

pub(super) fn login(numbers: &[usize]) -> Login {
    let key = |number: &usize| PublicKey::parse(line(*number)).expect("a key of the suite");
    Login { user: "root".into(), keys: numbers.iter().map(key).collect(), password_hash: None, password_login: false }
}

/// A rescue system that admits root with a password.
pub(super) fn rescue() -> Boot {
    Boot::Rescue(Login { password_hash: Some("$6$salt$hash".into()), password_login: true, ..login(&[]) })
}

pub(super) async fn defined(world: &dyn World) -> (Arc<dyn Hypervisor>, InstanceId) {
    let definition = world.definition();
    world.hypervisor().define(&definition).await.unwrap();
    (world.hypervisor(), definition.id)
}

pub(super) async fn start(hypervisor: &dyn Hypervisor, id: InstanceId) -> Observed {
    hypervisor.start(id).await.unwrap();
    until(hypervisor, id, |observed| observed.power == Power::Running).await
}

pub(super) async fn shut_down(hypervisor: &dyn Hypervisor, id: InstanceId) {
    hypervisor.shut_down(id).await.unwrap();
    until(hypervisor, id, |observed| observed.power == Power::Off).await;
}

/// Waits until the machine is as wanted, and returns what is observed then. It looks again at each announcement of the
/// driver.
///
/// # Panics
/// When the machine cannot be observed, or nothing is announced within a time limit.
pub async fn until(hypervisor: &dyn Hypervisor, id: InstanceId, wanted: impl Fn(&Observed) -> bool) -> Observed {
    let mut watch = hypervisor.watch();
    loop {
        let observed = hypervisor.observe(id).await.unwrap();
        if wanted(&observed) {
            return observed;
        }
        heard(&mut watch, id).await;
    }
}

pub(super) async fn heard(watch: &mut UnboundedReceiver<InstanceId>, id: InstanceId) {
    let announced = async { while watch.recv().await.expect("the driver is gone") != id {} };
    tokio::time::timeout(LIMIT, announced).await.expect("nothing was announced");
}

pub(super) fn drain(watch: &mut UnboundedReceiver<InstanceId>) {
    while watch.try_recv().is_ok() {}
}

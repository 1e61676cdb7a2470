//! Performs one step on the hypervisor, and reads what a disk really holds after a failed write.

use crate::Step;
use cvmd_hypervisor::{Boot, Definition, Error, Hypervisor, NetworkCard, VirtualDisk};
use cvmd_model::{GUEST_TAG, Goal, ImageId, Instance, KeyBlob, KeyPair, KeyPairId, Login, LoginWanted, Password};
use cvmd_state::View;
use std::sync::Arc;

/// Performs one step for the instance, with the values of its row in `view`.
pub(crate) async fn perform(
    hypervisor: &dyn Hypervisor,
    view: &View,
    instance: &Instance,
    step: Step,
) -> Result<(), Error> {
    match step {
        Step::Define => hypervisor.define(&definition(instance)).await,
        // A Windows guest has neither sshd nor keys; how it gets its password is the vendor's matter, and it counts as
        // set.
        Step::WriteLogin if instance.is_windows() => Ok(()),
        Step::WriteLogin => {
            let mut wanted = login(view, instance);
            if instance.login.password == Password::FromImage {
                // The disk's own password stays; the machine is off, so nobody else changes it meanwhile.
                wanted.password_hash = hypervisor.read_login(instance.id).await?.password_hash;
            }
            hypervisor.write_login(instance.id, &wanted, &gone(view, instance)).await
        }
        Step::Reset => hypervisor.reset(&definition(instance)).await,
        Step::CaptureImage => match captures(instance) {
            Some(image) => hypervisor.capture(instance.id, image).await,
            None => Err(Error::Other("the operation captures no image".into())),
        },
        Step::Reshape => hypervisor.reshape(&definition(instance)).await,
        Step::ShutDown => hypervisor.shut_down(instance.id).await,
        Step::PowerOff => hypervisor.power_off(instance.id).await,
        // The start may have given it a public address.
        Step::Start if instance.operation.as_ref().is_some_and(|operation| operation.goal == Goal::Start) => {
            hypervisor.reshape(&definition(instance)).await?;
            hypervisor.start(instance.id).await
        }
        Step::Start => hypervisor.start(instance.id).await,
        Step::SetDisk => hypervisor.set_boot(instance.id, &Boot::Disk).await,
        Step::SetRescue => match instance.operation.as_ref().map(|operation| &operation.goal) {
            Some(Goal::EnterRescue { login, .. }) => {
                hypervisor.set_boot(instance.id, &Boot::Rescue(login.clone())).await
            }
            // Superseded between the look and now: the next look decides by the new operation.
            _ => Err(Error::Other("no rescue is wanted any more".into())),
        },
        Step::Erase => hypervisor.erase(instance.id).await,
        Step::Prove => Err(Error::Other("its sshd is asked by another function".into())),
    }
}

/// The image that the instance's operation captures.
fn captures(instance: &Instance) -> Option<ImageId> {
    match instance.operation.as_ref()?.goal {
        Goal::CaptureImage { image, .. } => Some(image),
        _ => None,
    }
}

/// What a disk holds after writing it has failed for good.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Disk {
    /// Everything that was wanted: the write has worked.
    AsWanted,
    /// Something else, in the form of the row, so that the row claims nothing untrue.
    Holds(LoginWanted),
}

/// Reads the disk, and returns which of the wanted and the earlier login it holds.
pub(crate) async fn read_disk(hypervisor: &dyn Hypervisor, view: &View, instance: &Instance) -> Result<Disk, Error> {
    let found = hypervisor.read_login(instance.id).await?;
    let wanted = login(view, instance);
    let holds = |blob: &KeyBlob| found.keys.iter().any(|key| key.blob() == blob);
    let as_wanted = wanted.keys.iter().all(|key| holds(key.blob()))
        && !gone(view, instance).iter().any(holds)
        && holds_password(&instance.login.password, found.password_hash.as_deref())
        && found.password_login == wanted.password_login;
    if as_wanted {
        return Ok(Disk::AsWanted);
    }
    let before = match instance.operation.as_ref().map(|operation| &operation.goal) {
        Some(Goal::ChangeLogin { before, .. }) => before,
        Some(Goal::Reset { before, .. }) => &before.login,
        _ => &instance.login,
    };
    let mut keys: Vec<KeyPairId> = Vec::new();
    for key in before.keys.iter().chain(&instance.login.keys) {
        if !keys.contains(key) && blob(view, *key).is_some_and(|blob| holds(&blob)) {
            keys.push(*key);
        }
    }
    let known = [&before.password, &instance.login.password];
    // A known hash is more precise than "the image's".
    let password = known
        .into_iter()
        .filter(|password| **password != Password::FromImage)
        .chain(known)
        .find(|password| holds_password(password, found.password_hash.as_deref()))
        .unwrap_or(&before.password);
    Ok(Disk::Holds(LoginWanted { keys, password: password.clone(), password_login: found.password_login }))
}

/// The definition of the instance's machine.
#[must_use]
pub fn definition(instance: &Instance) -> Definition {
    let kind = instance.instance_type.get();
    let disk = |id, kind: &str, size_gib| VirtualDisk { id, kind: kind.into(), size_gib };
    let system_disk = &instance.system_disk;
    let data_disks = instance.data_disks.iter().map(|data| disk(data.id, &data.kind, data.size_gib));
    Definition {
        id: instance.id,
        host_name: instance.host_name.clone(),
        cpu: kind.cpu,
        memory_gib: kind.memory_gib,
        base_image: instance.extras().base_image.unwrap_or(instance.image),
        image: instance.extras().base_image.map(|_| instance.image),
        os_name: instance.system().map_or("Linux", |image| image.os_name).into(),
        user: instance.user().into(),
        has_sshd: !instance.is_windows(),
        disks: [disk(system_disk.id, &system_disk.kind, system_disk.size_gib)].into_iter().chain(data_disks).collect(),
        network_cards: vec![NetworkCard {
            vpc: instance.vpc,
            subnet: instance.subnet,
            private_address: instance.private_address,
            public_address: instance.public_address,
        }],
        user_data: instance.user_data.clone(),
        guest: guest(instance).into(),
    }
}

/// The behaviour of the guest, from the instance's tag.
#[must_use]
pub(crate) fn guest(instance: &Instance) -> &str {
    instance.tags.iter().find(|tag| &*tag.key == GUEST_TAG).map_or("", |tag| &tag.value)
}

/// The login that the instance's guest must have.
#[must_use]
pub fn login(view: &View, instance: &Instance) -> Login {
    let key = |id: &KeyPairId| view.key_pair(*id).map(|key| key.public_key.clone());
    Login {
        user: instance.user().into(),
        keys: instance.login.keys.iter().filter_map(key).collect(),
        password_hash: hash(&instance.login.password).map(Into::into),
        password_login: instance.login.password_login,
    }
}

/// The keys that must be refused. A key pair that is being unbound, or that an image holds, cannot be deleted, so its
/// key is known.
fn gone(view: &View, instance: &Instance) -> Vec<KeyBlob> {
    gone_keys(view, instance).map(|key| key.public_key.blob().clone()).collect()
}

/// The key pairs that the operation takes off.
pub(crate) fn gone_keys<'a>(view: &'a View, instance: &'a Instance) -> impl Iterator<Item = &'a Arc<KeyPair>> {
    let goal = instance.operation.as_ref().map(|operation| &operation.goal);
    let gone: &[KeyPairId] = match goal {
        Some(Goal::ChangeLogin { gone, .. }) => gone,
        // A new disk has the lines of the key pairs that were bound to the image's source.
        Some(Goal::Launch | Goal::Create | Goal::Reset { .. }) => {
            view.custom_images().get(instance.image).map_or(&[], |image| &image.login.keys)
        }
        _ => &[],
    };
    gone.iter().filter(|id| !instance.login.keys.contains(id)).filter_map(|id| view.key_pair(*id))
}

fn blob(view: &View, id: KeyPairId) -> Option<KeyBlob> {
    view.key_pair(id).map(|key| key.public_key.blob().clone())
}

fn hash(password: &Password) -> Option<&str> {
    match password {
        Password::Never | Password::FromImage => None,
        Password::Set(hash) => Some(hash),
    }
}

/// Whether a disk with that hash has the password.
fn holds_password(password: &Password, found: Option<&str>) -> bool {
    match password {
        Password::FromImage => found.is_some(),
        Password::Never | Password::Set(_) => hash(password) == found,
    }
}

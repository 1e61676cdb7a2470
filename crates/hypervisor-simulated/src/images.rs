//! Captured disks: rows of their own beside the machines, and machines that are made anew from them.

use crate::{SimulatedHypervisor, disk::Disk, driver::new_host_seed, machine::Machine, store::Work};
use cvmd_hypervisor::{Definition, Listener, Trouble};
use cvmd_model::{ImageId, InstanceId, Power};
use serde::{Deserialize, Serialize};
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// An image as `machines.db` holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Image {
    pub(crate) id: ImageId,
    pub(crate) disk: Disk,
}

/// All images, in memory.
#[derive(Debug, Default)]
pub(crate) struct Images(Mutex<HashMap<ImageId, Arc<Image>>>);

impl Images {
    pub(crate) fn of(images: Vec<Image>) -> Images {
        Images(Mutex::new(images.into_iter().map(|image| (image.id, Arc::new(image))).collect()))
    }

    pub(crate) fn get(&self, id: ImageId) -> Result<Arc<Image>, Trouble> {
        self.table().get(&id).cloned().ok_or(Trouble::NoImage(id))
    }

    fn table(&self) -> MutexGuard<'_, HashMap<ImageId, Arc<Image>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl SimulatedHypervisor {
    /// The disk that a machine of this definition begins with.
    pub(crate) fn new_disk(&self, definition: &Definition) -> Result<Disk, Trouble> {
        match definition.image {
            Some(image) => Ok(self.images.get(image)?.disk.clone()),
            None => Ok(Disk::admitting_nobody()),
        }
    }

    pub(crate) async fn capture_now(&self, id: InstanceId, image: ImageId) -> Result<(), Trouble> {
        let slot = self.census.slot(id).ok_or(Trouble::Absent(id))?;
        // The disk is one row, so it is whole at every moment; the verb's turn keeps two captures apart.
        let _verb = slot.verb.lock().await;
        let machine = slot.machine().ok_or(Trouble::Absent(id))?;
        if self.images.get(image).is_ok() {
            return Ok(());
        }
        let captured = Image { id: image, disk: machine.disk.clone() };
        let body = serde_json::to_string(&captured).map_err(|error| Trouble::Store(error.to_string().into()))?;
        self.store.work(image.to_u64(), Work::PutImage(body)).await.map_err(Trouble::Store)?;
        self.images.table().insert(image, Arc::new(captured));
        Ok(())
    }

    pub(crate) async fn delete_image_now(&self, image: ImageId) -> Result<(), Trouble> {
        if self.images.get(image).is_err() {
            return Ok(());
        }
        self.store.work(image.to_u64(), Work::DeleteImage).await.map_err(Trouble::Store)?;
        self.images.table().remove(&image);
        Ok(())
    }

    pub(crate) async fn reset_now(&self, definition: &Definition) -> Result<(), Trouble> {
        let id = definition.id;
        let disk = self.new_disk(definition)?;
        let fresh = Machine { disk, ..Machine::new(definition, new_host_seed()) };
        // A machine that had no sshd has no port of its own yet, where machines have those.
        let had_sshd = self.census.machine(id).ok_or(Trouble::Absent(id))?.has_sshd;
        let listener = if had_sshd { Ok(None) } else { self.doors.own_listener(&fresh, None) };
        let listener = listener.map_err(|error| Trouble::Other(format!("{id} gets no SSH port: {error}").into()))?;
        let own_port = listener.as_ref().map(Listener::port);
        let changed = self.change(id, move |machine, now_ms| {
            if machine.power(now_ms) != Power::Off {
                return Err(Trouble::NotOff(id));
            }
            let Machine { addresses, power, boot, boot_count, booted_ms, port, .. } = machine.clone();
            let port = own_port.or(port);
            Ok(Some(Machine { addresses, power, boot, boot_count, booted_ms, port, ..fresh }))
        });
        match (changed.await, listener) {
            (Ok(()), Some(listener)) => self.doors.serve(&self.me, id, listener),
            (Err(trouble), Some(_)) => {
                self.doors.close(id);
                return Err(trouble);
            }
            (outcome, None) => return outcome,
        }
        Ok(())
    }
}

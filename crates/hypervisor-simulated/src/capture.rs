//! Images: capturing machines' disks, and reinstalling disks from images.

use crate::{
    guest::disk::Disk,
    image::Image,
    machine::Machine,
    machines::{Machines, new_host_seed},
    store::Work,
};
use cvmd_hypervisor::{Definition, Error, Listener};
use cvmd_model::{ImageId, InstanceId, Power};

impl Machines {
    /// The disk with which a machine of this definition begins.
    pub(crate) fn new_disk(&self, definition: &Definition) -> Result<Disk, Error> {
        match definition.image {
            Some(image) => Ok(self.images.get(image)?.disk.clone()),
            None => Ok(Disk::admitting_nobody()),
        }
    }

    pub(crate) async fn capture_now(&self, id: InstanceId, image: ImageId) -> Result<(), Error> {
        let slot = self.registry.slot(id).ok_or(Error::Absent(id))?;
        // The disk is one row, so it is consistent at every moment; the lock separates two captures.
        let _verb = slot.verb.lock().await;
        let machine = slot.machine().ok_or(Error::Absent(id))?;
        if self.images.get(image).is_ok() {
            return Ok(());
        }
        let captured = Image { id: image, disk: machine.disk.clone() };
        let body = serde_json::to_vec(&captured).map_err(|error| Error::Store(error.to_string().into()))?;
        self.store.work(image.to_u64(), Work::PutImage(body)).await.map_err(Error::Store)?;
        self.images.put(captured);
        Ok(())
    }

    pub(crate) async fn delete_image_now(&self, image: ImageId) -> Result<(), Error> {
        if self.images.get(image).is_err() {
            return Ok(());
        }
        self.store.work(image.to_u64(), Work::DeleteImage).await.map_err(Error::Store)?;
        self.images.remove(image);
        Ok(())
    }

    pub(crate) async fn reset_now(&self, definition: &Definition) -> Result<(), Error> {
        let id = definition.id;
        let disk = self.new_disk(definition)?;
        let fresh = Machine { disk, ..Machine::new(definition, new_host_seed()) };
        // A machine without an sshd has no port of its own yet, if machines have those.
        let had_sshd = self.registry.machine(id).ok_or(Error::Absent(id))?.has_sshd;
        let listener = if had_sshd { Ok(None) } else { self.listeners.own_listener(&fresh, None) };
        let listener = listener.map_err(|error| Error::Other(format!("{id} gets no SSH port: {error}").into()))?;
        let own_port = listener.as_ref().map(Listener::port);
        let changed = self.change(id, move |machine, now_ms| {
            if machine.power(now_ms) != Power::Off {
                return Err(Error::NotOff(id));
            }
            let Machine { addresses, power, boot, boot_count, booted_ms, port, .. } = machine.clone();
            let port = own_port.or(port);
            Ok(Some(Machine { addresses, power, boot, boot_count, booted_ms, port, ..fresh }))
        });
        match (changed.await, listener) {
            (Ok(()), Some(listener)) => self.listeners.serve(id, listener),
            (Err(error), Some(_)) => {
                self.listeners.close(id);
                return Err(error);
            }
            (outcome, None) => return outcome,
        }
        Ok(())
    }
}

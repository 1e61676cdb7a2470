//! Defining and erasing a machine.

use crate::{
    machine::Machine,
    machines::{Machines, encode, new_host_seed},
    store::Work,
};
use cvmd_hypervisor::{Definition, Error, Listener};
use cvmd_model::InstanceId;
use std::sync::Arc;

impl Machines {
    pub(crate) async fn define_new(&self, definition: &Definition) -> Result<(), Error> {
        let id = definition.id;
        loop {
            let slot = self.registry.slot_for(id);
            let _verb = slot.verb.lock().await;
            // The machine was erased while we waited: this slot is no longer in the table.
            if !self.registry.slot(id).is_some_and(|there| Arc::ptr_eq(&there, &slot)) {
                continue;
            }
            if slot.machine().is_some() {
                return Ok(());
            }
            let disk = match self.new_disk(definition) {
                Ok(disk) => disk,
                Err(error) => {
                    self.registry.remove(id, &slot, &[]);
                    return Err(error);
                }
            };
            let mut machine = Machine { disk, ..Machine::new(definition, new_host_seed()) };
            let listener = match self.persist_new(&mut machine).await {
                Ok(listener) => listener,
                Err(error) => {
                    self.listeners.close(id);
                    self.registry.remove(id, &slot, &machine.addresses);
                    return Err(error);
                }
            };
            slot.set(Some(Arc::new(machine)));
            if let Some(listener) = listener {
                self.listeners.serve(id, listener);
            }
            self.announce(id);
            return Ok(());
        }
    }

    /// Reserves what must be unique to a machine, and makes its row durable.
    async fn persist_new(&self, machine: &mut Machine) -> Result<Option<Listener>, Error> {
        let id = machine.id;
        let other = |why: String| Error::Other(why.into());
        let taken = self.registry.take_addresses(id, &machine.addresses);
        taken.map_err(|(address, owner)| other(format!("{address} is the address of {owner}")))?;
        let listener = self.listeners.own_listener(machine, None);
        let listener = listener.map_err(|error| other(format!("{id} gets no SSH port: {error}")))?;
        machine.port = listener.as_ref().map(Listener::port);
        self.work(id, Work::Put(encode(machine)?)).await?;
        Ok(listener)
    }

    pub(crate) async fn erase_now(&self, id: InstanceId) -> Result<(), Error> {
        let Some(slot) = self.registry.slot(id) else { return Ok(()) };
        let _verb = slot.verb.lock().await;
        let Some(machine) = slot.machine() else { return Ok(()) };
        self.work(id, Work::Delete).await?;
        slot.set(None);
        self.registry.remove(id, &slot, &machine.addresses);
        self.listeners.close(id);
        self.sessions.end(id);
        self.announce(id);
        Ok(())
    }
}

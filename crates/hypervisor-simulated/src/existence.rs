//! How a machine comes to be, and how it ends.

use crate::{
    SimulatedHypervisor,
    driver::{encode, new_host_seed},
    machine::Machine,
    store::Work,
};
use cvmd_hypervisor::{Definition, Listener, Trouble};
use cvmd_model::InstanceId;
use std::sync::Arc;

impl SimulatedHypervisor {
    pub(crate) async fn define_new(&self, definition: &Definition) -> Result<(), Trouble> {
        let id = definition.id;
        loop {
            let slot = self.census.slot_for(id);
            let _verb = slot.verb.lock().await;
            // Erased while we waited: this place is out of the table.
            if !self.census.slot(id).is_some_and(|there| Arc::ptr_eq(&there, &slot)) {
                continue;
            }
            if slot.machine().is_some() {
                return Ok(());
            }
            let disk = match self.new_disk(definition) {
                Ok(disk) => disk,
                Err(trouble) => {
                    self.census.remove(id, &slot, &[]);
                    return Err(trouble);
                }
            };
            let mut machine = Machine { disk, ..Machine::new(definition, new_host_seed()) };
            let listener = match self.persist_new(&mut machine).await {
                Ok(listener) => listener,
                Err(trouble) => {
                    self.doors.close(id);
                    self.census.remove(id, &slot, &machine.addresses);
                    return Err(trouble);
                }
            };
            slot.set(Some(Arc::new(machine)));
            if let Some(listener) = listener {
                self.doors.serve(&self.me, id, listener);
            }
            self.announce(id);
            return Ok(());
        }
    }

    /// Takes what must be a machine's alone, and makes its row durable.
    async fn persist_new(&self, machine: &mut Machine) -> Result<Option<Listener>, Trouble> {
        let id = machine.id;
        let other = |why: String| Trouble::Other(why.into());
        let taken = self.census.take_addresses(id, &machine.addresses);
        taken.map_err(|(address, owner)| other(format!("{address} is the address of {owner}")))?;
        let listener = self.doors.own_listener(machine, None);
        let listener = listener.map_err(|error| other(format!("{id} gets no SSH port: {error}")))?;
        machine.port = listener.as_ref().map(Listener::port);
        self.work(id, Work::Put(encode(machine)?)).await?;
        Ok(listener)
    }

    pub(crate) async fn erase_now(&self, id: InstanceId) -> Result<(), Trouble> {
        let Some(slot) = self.census.slot(id) else { return Ok(()) };
        let _verb = slot.verb.lock().await;
        let Some(machine) = slot.machine() else { return Ok(()) };
        self.work(id, Work::Delete).await?;
        slot.set(None);
        self.census.remove(id, &slot, &machine.addresses);
        self.doors.close(id);
        self.sessions.end(id);
        self.announce(id);
        Ok(())
    }
}

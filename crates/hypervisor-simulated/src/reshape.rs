//! Changes machines' size, name and addresses; the rest of the disk stays as it is.

use crate::{
    machine::{Machine, met_at},
    machines::{Machines, encode},
    store::Work,
};
use cvmd_hypervisor::{Definition, Error};
use cvmd_model::{Behaviour, InstanceId, Power};
use std::{net::Ipv4Addr, sync::Arc};

impl Machines {
    pub(crate) async fn reshape_now(&self, definition: &Definition) -> Result<(), Error> {
        let id = definition.id;
        let slot = self.registry.slot(id).ok_or(Error::Absent(id))?;
        let _verb = slot.verb.lock().await;
        let before = slot.machine().ok_or(Error::Absent(id))?;
        let after = reshaped(&before, definition, before.power(self.clock.now_ms()))?;
        if after == *before {
            return Ok(());
        }
        let left = |from: &Machine, to: &Machine| -> Vec<Ipv4Addr> {
            from.addresses.iter().copied().filter(|address| !to.addresses.contains(address)).collect()
        };
        self.registry
            .take_addresses(id, &after.addresses)
            .map_err(|(address, owner)| Error::Other(format!("{address} is the address of {owner}").into()))?;
        if let Err(error) = self.work(id, Work::Put(encode(&after)?)).await {
            self.registry.give_back(id, &left(&after, &before));
            return Err(error);
        }
        self.registry.give_back(id, &left(&before, &after));
        slot.set(Some(Arc::new(after)));
        Ok(())
    }

    /// Changes its guest's behaviour. Called for each machine that the engine looks at, mostly without a difference.
    pub(crate) async fn behave_now(&self, id: InstanceId, guest: &str) -> Result<(), Error> {
        let same = |machine: &Machine| *machine.guest == *guest;
        if self.registry.machine(id).is_none_or(|machine| same(&machine)) {
            return Ok(());
        }
        let guest: Box<str> = guest.into();
        Behaviour::read(&guest, |word| {
            tracing::warn!(instance = %id, word, "cvmd:guest: this word means nothing, or asks for too much");
        });
        let changed = self.change(id, move |machine, _| Ok(Some(Machine { guest, ..machine.clone() }))).await;
        match changed {
            Err(Error::Absent(_)) => Ok(()),
            // This may have changed whether it can be reached.
            Ok(()) => {
                self.announce(id);
                Ok(())
            }
            other => other,
        }
    }
}

fn reshaped(machine: &Machine, definition: &Definition, power: Power) -> Result<Machine, Error> {
    let mut after = machine.clone();
    after.addresses = met_at(definition);
    after.size = definition.size();
    if power == Power::Off {
        after.host_name = definition.host_name.clone();
        after.next_host_name = None;
    } else {
        if (machine.size.cpu, machine.size.memory_gib) != (definition.cpu, definition.memory_gib) {
            return Err(Error::NotOff(machine.id));
        }
        after.next_host_name = Some(definition.host_name.clone()).filter(|name| *name != machine.host_name);
    }
    Ok(after)
}

//! The table of machines in memory, by id and by address.

use crate::machine::Machine;
use cvmd_model::InstanceId;
use foldhash::HashMap;
use parking_lot::RwLock;
use std::{net::Ipv4Addr, sync::Arc};

/// The slot of one machine. Empty while it is being defined and after it was erased.
#[derive(Debug, Default)]
pub(crate) struct Slot {
    /// Held by the running verb: verbs on one machine run one after the other.
    pub(crate) verb: tokio::sync::Mutex<()>,
    machine: RwLock<Option<Arc<Machine>>>,
}

impl Slot {
    pub(crate) fn machine(&self) -> Option<Arc<Machine>> {
        self.machine.read().clone()
    }

    /// Invariant: called by the holder of `verb`, after the machine's row is durable.
    pub(crate) fn set(&self, machine: Option<Arc<Machine>>) {
        *self.machine.write() = machine;
    }
}

/// All machines.
#[derive(Debug, Default)]
pub(crate) struct Registry(RwLock<Tables>);

#[derive(Debug, Default)]
struct Tables {
    slots: HashMap<InstanceId, Arc<Slot>>,
    addresses: HashMap<Ipv4Addr, InstanceId>,
}

impl Tables {
    fn give_back(&mut self, id: InstanceId, addresses: &[Ipv4Addr]) {
        for address in answered(addresses) {
            if self.addresses.get(&address) == Some(&id) {
                self.addresses.remove(&address);
            }
        }
    }
}

impl Registry {
    pub(crate) fn of(machines: Vec<Arc<Machine>>) -> Registry {
        let mut tables = Tables::default();
        tables.slots.reserve(machines.len());
        tables.addresses.reserve(machines.len());
        for machine in machines {
            tables.addresses.extend(answered(&machine.addresses).map(|address| (address, machine.id)));
            let slot = Slot::default();
            let id = machine.id;
            slot.set(Some(machine));
            tables.slots.insert(id, Arc::new(slot));
        }
        Registry(RwLock::new(tables))
    }

    pub(crate) fn slot(&self, id: InstanceId) -> Option<Arc<Slot>> {
        self.0.read().slots.get(&id).cloned()
    }

    pub(crate) fn machine(&self, id: InstanceId) -> Option<Arc<Machine>> {
        self.0.read().slots.get(&id)?.machine()
    }

    pub(crate) fn at(&self, address: Ipv4Addr) -> Option<Arc<Machine>> {
        let tables = self.0.read();
        tables.slots.get(tables.addresses.get(&address)?)?.machine()
    }

    pub(crate) fn count(&self) -> usize {
        self.0.read().slots.len()
    }

    /// The slot of a machine that may not exist yet.
    pub(crate) fn slot_for(&self, id: InstanceId) -> Arc<Slot> {
        self.0.write().slots.entry(id).or_default().clone()
    }

    /// Reserves addresses for a machine, or returns one of them that is taken, with its machine.
    pub(crate) fn take_addresses(&self, id: InstanceId, addresses: &[Ipv4Addr]) -> Result<(), (Ipv4Addr, InstanceId)> {
        let mut tables = self.0.write();
        for address in answered(addresses) {
            match tables.addresses.get(&address) {
                Some(owner) if *owner != id => return Err((address, *owner)),
                _ => {}
            }
        }
        tables.addresses.extend(answered(addresses).map(|address| (address, id)));
        Ok(())
    }

    /// Removes a machine's slot, if it is this one, and its addresses.
    pub(crate) fn remove(&self, id: InstanceId, slot: &Arc<Slot>, addresses: &[Ipv4Addr]) {
        let mut tables = self.0.write();
        if tables.slots.get(&id).is_some_and(|there| Arc::ptr_eq(there, slot)) {
            tables.slots.remove(&id);
        }
        tables.give_back(id, addresses);
    }

    /// Releases those of the addresses that belong to the machine.
    pub(crate) fn give_back(&self, id: InstanceId, addresses: &[Ipv4Addr]) {
        self.0.write().give_back(id, addresses);
    }
}

/// Addresses at which the listener answers. Other addresses may belong to several machines, each in a network of its
/// own.
fn answered(addresses: &[Ipv4Addr]) -> impl Iterator<Item = Ipv4Addr> {
    addresses.iter().copied().filter(Ipv4Addr::is_loopback)
}

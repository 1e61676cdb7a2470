//! What a session finds in a guest: the machine as it is, its files in memory, and the share of memory it may take.

use super::files::Files;
use crate::{machine::Machine, machines::Machines, memory::Memory};
use cvmd_hypervisor::Turn;
use cvmd_model::{BootId, InstanceId, Power};
use parking_lot::{Mutex, MutexGuard};
use russh::Error;
use std::sync::Arc;

/// A guest's userland, from one boot to its end.
#[derive(Debug, Clone)]
pub(crate) struct Userland {
    pub(crate) machines: Arc<Machines>,
    pub(crate) id: InstanceId,
    /// The boot that was connected to: another boot has other sessions.
    pub(crate) boot: BootId,
    files: Arc<Mutex<Files>>,
    pub(crate) memory: Arc<Memory>,
}

impl Userland {
    pub(crate) fn new(machines: Arc<Machines>, machine: &Machine, files: Arc<Mutex<Files>>) -> Userland {
        let memory = files.lock().memory();
        Userland { machines, id: machine.id, boot: machine.boot, files, memory }
    }

    /// The machine as it is at this moment, if it still is in the boot that was connected to.
    pub(crate) fn machine(&self) -> Result<Arc<Machine>, Error> {
        let up = |machine: &Arc<Machine>| {
            let observed = self.machines.observed(machine);
            observed.boot == self.boot && matches!(observed.power, Power::Running | Power::ShuttingDown)
        };
        self.machines.machine(self.id).filter(up).ok_or(Error::Disconnect)
    }

    /// What the guest has in memory. Held for no longer than a command.
    pub(crate) fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock()
    }

    /// The guest's turn to compute what is not heavy.
    pub(crate) async fn turn(&self) -> Option<Turn<InstanceId>> {
        self.machines.computing.turn(self.id).await
    }

    /// Computes in the guest's turn.
    pub(crate) async fn compute<T>(&self, weight: usize, work: impl FnOnce() -> T) -> T {
        let holder = || self.machines.sessions.holder_of(self.id);
        self.machines.computing.compute(self.id, holder, weight, work).await
    }
}

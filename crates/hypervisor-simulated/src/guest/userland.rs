//! What a session uses of a guest: the machine's current row, its files in memory, and its share of memory.

use super::{files::Files, input::Input, process::Guest, shell::Shell};
use crate::{machine::Machine, machines::Machines, memory::Memory};
use cvmd_hypervisor::Turn;
use cvmd_model::{BootId, InstanceId, Power};
use parking_lot::{Mutex, MutexGuard};
use russh::Error;
use std::sync::Arc;

/// A guest's userland, for one boot.
#[derive(Debug, Clone)]
pub(crate) struct Userland {
    pub(crate) machines: Arc<Machines>,
    pub(crate) id: InstanceId,
    /// The boot that the session connected to: sessions end with their boot.
    pub(crate) boot: BootId,
    files: Arc<Mutex<Files>>,
    pub(crate) memory: Arc<Memory>,
}

impl Userland {
    pub(crate) fn new(machines: Arc<Machines>, machine: &Machine, files: Arc<Mutex<Files>>) -> Userland {
        let memory = files.lock().memory();
        Userland { machines, id: machine.id, boot: machine.boot, files, memory }
    }

    /// The machine's current row, if it is still in that boot.
    pub(crate) fn machine(&self) -> Result<Arc<Machine>, Error> {
        let up = |machine: &Arc<Machine>| {
            let observed = self.machines.observed(machine);
            observed.boot == self.boot && matches!(observed.power, Power::Running | Power::ShuttingDown)
        };
        self.machines.machine(self.id).filter(up).ok_or(Error::Disconnect)
    }

    /// The guest's files in memory. The lock is held for one command at most.
    pub(crate) fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock()
    }

    /// Acts in the guest, as a command of that shell with that input.
    pub(crate) fn act<T>(
        &self,
        shell: &mut Shell,
        input: &Input,
        act: impl FnOnce(&mut Guest<'_>) -> T,
    ) -> Result<T, Error> {
        let (machine, mut files, now_ms) = (self.machine()?, self.files(), self.machines.clock.now_ms());
        Ok(act(&mut Guest { machine: &machine, files: &mut files, shell, input, now_ms }))
    }

    /// The guest's turn to compute, for work that is not heavy.
    pub(crate) async fn turn(&self) -> Option<Turn<InstanceId>> {
        self.machines.computing.turn(self.id).await
    }

    /// Computes in the guest's turn.
    pub(crate) async fn compute<T>(&self, weight: usize, work: impl FnOnce() -> T) -> T {
        let holder = || self.machines.sessions.holder_of(self.id);
        self.machines.computing.compute(self.id, holder, weight, work).await
    }
}

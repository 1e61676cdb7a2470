//! Changes from inside a guest, without the hypervisor: its owner edits a file, shuts it down, reboots it.

use crate::{
    machine::Machine,
    machines::{Machines, new_boot, running},
};
use cvmd_hypervisor::Error;
use cvmd_model::{BootId, InstanceId};

/// The maximum bytes of `authorized_keys` that a guest may write: they are in the machine's row, and each login reads
/// them.
const KEYS_BYTES_MAX: usize = 64 << 10;

impl Machines {
    /// As [`crate::SimulatedHypervisor::edit_keys`].
    pub(crate) async fn edit_keys(
        &self,
        id: InstanceId,
        edit: impl FnOnce(&str) -> String + Send + 'static,
    ) -> Result<(), Error> {
        self.change(id, move |machine, _| {
            let text = edit(&machine.disk.authorized_keys).into_boxed_str();
            let mut after = machine.clone();
            after.disk.authorized_keys = text;
            Ok(Some(after))
        })
        .await
    }

    /// Changes `authorized_keys` from inside the guest.
    pub(crate) async fn edit_keys_inside(
        &self,
        id: InstanceId,
        boot: BootId,
        edit: impl FnOnce(&str) -> String + Send + 'static,
    ) -> Result<(), Error> {
        self.change_inside(id, boot, move |machine, _| {
            let text = edit(&machine.disk.authorized_keys);
            // A text that grew under an earlier version may still become shorter.
            if text.len() > KEYS_BYTES_MAX && text.len() >= machine.disk.authorized_keys.len() {
                return Err(Error::Other(format!("authorized_keys has at most {KEYS_BYTES_MAX} bytes here").into()));
            }
            machine.disk.authorized_keys = text.into();
            Ok(())
        })
        .await
    }

    /// `poweroff` inside the guest.
    pub(crate) async fn power_off_inside(&self, id: InstanceId, boot: BootId) -> Result<(), Error> {
        self.change_inside(id, boot, |machine, now_ms| {
            machine.shut_down(now_ms);
            Ok(())
        })
        .await
    }

    /// `reboot` inside the guest: it goes down and starts again, with a new boot id.
    pub(crate) async fn reboot_inside(&self, id: InstanceId, boot: BootId) -> Result<(), Error> {
        let next = new_boot();
        self.change_inside(id, boot, move |machine, now_ms| {
            machine.boot(next, now_ms, machine.behaviour().shutdown_ms);
            Ok(())
        })
        .await
    }

    /// A change that a guest makes itself. A power cut ends it: a guest whose boot is over, or whose machine no longer
    /// runs, changes nothing, so that it cannot overwrite a disk that was written since.
    async fn change_inside(
        &self,
        id: InstanceId,
        boot: BootId,
        act: impl FnOnce(&mut Machine, u64) -> Result<(), Error> + Send + 'static,
    ) -> Result<(), Error> {
        self.change(id, move |machine, now_ms| {
            let mut after = running(machine, now_ms).filter(|machine| machine.boot == boot);
            if let Some(machine) = &mut after {
                act(machine, now_ms)?;
            }
            Ok(after)
        })
        .await
    }
}

//! Writes the login of a machine that is off, with the timing and the behaviour of its guest.

use crate::{
    guest::disk::Disk,
    machine::Machine,
    machines::{Machines, closed, encode},
    store::Work,
};
use cvmd_hypervisor::Error;
use cvmd_model::{InstanceId, KeyBlob, Login, Power};
use serde::Deserialize;
use std::sync::Arc;

/// What of a machine's row a login can change.
#[derive(Deserialize)]
struct ReadBack {
    disk: Disk,
}

impl Machines {
    pub(crate) async fn write_login_now(&self, id: InstanceId, wanted: &Login, gone: &[KeyBlob]) -> Result<(), Error> {
        let slot = self.registry.slot(id).ok_or(Error::Absent(id))?;
        let _verb = slot.verb.lock().await;
        let before = slot.machine().ok_or(Error::Absent(id))?;
        if before.power(self.clock.now_ms()) != Power::Off {
            return Err(Error::NotOff(id));
        }
        let behaviour = before.behaviour();
        if behaviour.write_ms > 0 {
            self.wait(behaviour.write_ms).await?;
        }
        let mut after = Machine::clone(&before);
        after.disk = before.disk.with_login(wanted, gone);
        if behaviour.restores_keys {
            after.restores = before.restored_besides(&after.disk);
        }
        let work =
            if behaviour.keeps_keys || after == *before { Work::Read } else { Work::PutAndRead(encode(&after)?) };
        let body = self.work(id, work).await?.ok_or(Error::Absent(id))?;
        let stored: ReadBack = serde_json::from_slice(&body).map_err(|error| Error::Store(error.to_string().into()))?;
        let agrees = stored.disk.agrees_with(wanted, gone);
        slot.set(Some(Arc::new(Machine { disk: stored.disk, ..after })));
        agrees.map_err(|difference| Error::NotAsWritten(difference.into()))
    }

    /// Waits for a slow guest, but not longer than the driver is open.
    async fn wait(&self, ms: u64) -> Result<(), Error> {
        let mut closing = self.closing.subscribe();
        tokio::select! {
            biased;
            _ = closing.wait_for(|closing| *closing) => Err(closed()),
            () = self.clock.sleep_until(self.clock.now_ms().saturating_add(ms)) => Ok(()),
        }
    }
}

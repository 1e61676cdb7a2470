//! The simulated hypervisor: the verbs, and the listeners that lead to the machines' sshd.

use crate::{
    machine::{Machine, Stored},
    machines::{Machines, OpenError, new_boot, running},
    settings::Settings,
    sshd::{self, Sshd},
    store::{StoredMachines, Work, Written},
    verb::Verb,
};
use async_trait::async_trait;
use cvmd_hypervisor::{Answer, Boot, Capabilities, Connection, Definition, Endpoint, Error, Hypervisor, Peer};
use cvmd_model::{Behaviour, BootId, ImageId, InstanceId, KeyBlob, Login, Observed, Power, System};
use parking_lot::Mutex;
use std::{net::IpAddr, sync::Arc};
use tokio::{sync::mpsc::UnboundedReceiver, task::AbortHandle};
use uuid::Uuid;

/// The buffer in each direction of a connection without a socket, in bytes; SSH's packets have up to 32 KiB.
const PIPE_BYTES: usize = 64 * 1024;

/// Machines in this process. Opened in a tokio runtime, whose tasks end with [`Hypervisor::close`] or when the last
/// reference goes.
#[derive(Debug)]
pub struct SimulatedHypervisor {
    machines: Arc<Machines>,
    tasks: Mutex<Vec<AbortHandle>>,
}

impl SimulatedHypervisor {
    /// Opens the machines of a directory; they are as they were left, and a boot or shutdown in progress ends at its
    /// stored time.
    ///
    /// # Errors
    /// The directory cannot be read, is a newer version's, or no port can be bound.
    pub fn open(settings: Settings) -> Result<Arc<SimulatedHypervisor>, OpenError> {
        let stored = StoredMachines::open(&settings.data)?;
        SimulatedHypervisor::run(stored, settings, None, |_| true)
    }

    /// The same for machines that were read before, and for a data directory of that id, which is written beside them.
    /// Machines that are not wanted are set aside: they stay in the directory and are absent until they are defined anew.
    ///
    /// # Errors
    /// As [`SimulatedHypervisor::open`].
    pub fn run(
        stored: StoredMachines,
        settings: Settings,
        directory: Option<Uuid>,
        is_wanted: impl Fn(InstanceId) -> bool,
    ) -> Result<Arc<SimulatedHypervisor>, OpenError> {
        let (machines, mut bound) = Machines::open(stored, settings, directory, is_wanted)?;
        let tasks = [
            tokio::spawn(machines.run_timers()).abort_handle(),
            tokio::spawn(machines.keep_ports(std::mem::take(&mut bound.moved))).abort_handle(),
        ];
        // Weak: a listener must not keep its machines alive.
        let (all, each) = (Arc::downgrade(&machines), Arc::downgrade(&machines));
        let of = move |id| Arc::new(Sshd { machines: each.clone(), of: Some(id) }) as Arc<dyn Answer>;
        machines.listeners.serve_all(bound, Arc::new(Sshd { machines: all, of: None }), of);
        Ok(Arc::new(SimulatedHypervisor { machines, tasks: Mutex::new(tasks.into()) }))
    }

    /// How often the machine has booted; `None` if it does not exist.
    #[must_use]
    pub fn boot_count(&self, id: InstanceId) -> Option<u64> {
        self.machine(id).map(|machine| machine.boot_count)
    }

    /// The stored machine; `None` if it does not exist.
    #[must_use]
    pub fn machine(&self, id: InstanceId) -> Option<Arc<Machine>> {
        self.machines.machine(id)
    }

    /// Machines that were set aside when this was opened.
    #[must_use]
    pub fn aside(&self) -> &[Arc<Machine>] {
        &self.machines.aside
    }

    /// The number of machines.
    #[must_use]
    pub fn count(&self) -> usize {
        self.machines.registry.count()
    }

    /// What was written since opening.
    #[must_use]
    pub fn written(&self) -> Written {
        self.machines.store.written()
    }

    /// Changes the text of `~/.ssh/authorized_keys` as the guest's owner may, whatever the machine's power.
    ///
    /// # Errors
    /// [`Error::Absent`], [`Error::Store`].
    pub async fn edit_keys(
        &self,
        id: InstanceId,
        edit: impl FnOnce(&str) -> String + Send + 'static,
    ) -> Result<(), Error> {
        self.machines.edit_keys(id, edit).await
    }
}

impl Drop for SimulatedHypervisor {
    fn drop(&mut self) {
        for task in self.tasks.get_mut() {
            task.abort();
        }
        self.machines.listeners.close_all();
        self.machines.sessions.close();
    }
}

#[async_trait]
impl Hypervisor for SimulatedHypervisor {
    async fn define(&self, definition: &Definition) -> Result<(), Error> {
        Behaviour::read(&definition.guest, |word| {
            tracing::warn!(instance = %definition.id, word, "cvmd:guest: this word means nothing, or asks for too much");
        });
        let (machines, definition) = (Arc::clone(&self.machines), definition.clone());
        Verb::new(async move { machines.define_new(&definition).await }).await
    }

    async fn observe(&self, id: InstanceId) -> Result<Observed, Error> {
        let absent = Observed { power: Power::Absent, boot: BootId::default(), ready: false, system: System::Disk };
        Ok(self.machines.registry.machine(id).map_or(absent, |machine| self.machines.observed(&machine)))
    }

    fn watch(&self) -> UnboundedReceiver<InstanceId> {
        self.machines.watch()
    }

    /// A machine that is shutting down is [`Error::NotOff`]: it will be off soon.
    async fn start(&self, id: InstanceId) -> Result<(), Error> {
        let boot = new_boot();
        self.machines
            .change(id, move |machine, now_ms| match machine.power(now_ms) {
                Power::Off => {
                    let mut after = machine.clone();
                    after.boot(boot, now_ms, 0);
                    Ok(Some(after))
                }
                Power::ShuttingDown => Err(Error::NotOff(id)),
                Power::Starting | Power::Running | Power::Absent => Ok(None),
            })
            .await
    }

    /// A guest that is still booting ignores it.
    async fn shut_down(&self, id: InstanceId) -> Result<(), Error> {
        self.machines
            .change(id, |machine, now_ms| {
                let heard = running(machine, now_ms).filter(|machine| !machine.behaviour().ignores_shutdown);
                Ok(heard.map(|mut after| {
                    after.shut_down(now_ms);
                    after
                }))
            })
            .await
    }

    async fn power_off(&self, id: InstanceId) -> Result<(), Error> {
        self.machines
            .change(id, |machine, now_ms| {
                let on = machine.power(now_ms) != Power::Off;
                Ok(on.then(|| Machine { power: Stored::Off, ..machine.clone() }))
            })
            .await
    }

    async fn write_login(&self, id: InstanceId, wanted: &Login, gone_keys: &[KeyBlob]) -> Result<(), Error> {
        let (machines, wanted, gone_keys) = (Arc::clone(&self.machines), wanted.clone(), gone_keys.to_vec());
        Verb::new(async move { machines.write_login_now(id, &wanted, &gone_keys).await }).await
    }

    async fn reshape(&self, definition: &Definition) -> Result<(), Error> {
        let (machines, definition) = (Arc::clone(&self.machines), definition.clone());
        Verb::new(async move { machines.reshape_now(&definition).await }).await
    }

    async fn behave(&self, id: InstanceId, guest: &str) -> Result<(), Error> {
        self.machines.behave_now(id, guest).await
    }

    async fn read_login(&self, id: InstanceId) -> Result<Login, Error> {
        Ok(self.machines.registry.machine(id).ok_or(Error::Absent(id))?.disk.login())
    }

    async fn set_boot(&self, id: InstanceId, boot: &Boot) -> Result<(), Error> {
        let boot = boot.clone();
        self.machines
            .change(id, move |machine, now_ms| {
                if machine.power(now_ms) != Power::Off {
                    return Err(Error::NotOff(id));
                }
                let mut after = machine.clone();
                after.choose(&boot);
                Ok((after != *machine).then_some(after))
            })
            .await
    }

    async fn endpoint(&self, id: InstanceId) -> Result<Endpoint, Error> {
        let machine = self.machines.registry.machine(id).ok_or(Error::Absent(id))?;
        if !machine.has_sshd {
            return Err(Error::Other(format!("{id} has no SSH endpoint").into()));
        }
        let host_key = sshd::ed25519_host_key(&machine).public_key().to_openssh();
        Ok(Endpoint {
            address: self.machines.listeners.address(&machine),
            user: machine.entrance().user.clone(),
            host_key: host_key.map_err(|error| Error::Other(error.to_string().into()))?.into(),
        })
    }

    fn set_aside(&self) -> usize {
        self.machines.aside.len()
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { own_ports: self.machines.listeners.are_own_ports(), consoles: true }
    }

    fn ssh_port(&self) -> Option<u16> {
        self.machines.listeners.common_port()
    }

    /// A verb that waits for its guest fails, and nothing of it is written.
    async fn close(&self) {
        self.machines.closing.send_replace(true);
        for task in self.tasks.lock().drain(..) {
            task.abort();
        }
        for listener in self.machines.listeners.close_all() {
            // It was cancelled; only its closed socket matters.
            let _ = listener.await;
        }
        self.machines.sessions.close();
        let machines = Arc::clone(&self.machines);
        // A join error would be the writer's panic, which was reported where it happened.
        let _ = tokio::task::spawn_blocking(move || machines.store.close()).await;
    }

    async fn connect(&self, id: InstanceId, peer: Option<IpAddr>) -> Result<Connection, Error> {
        let machines = Arc::clone(&self.machines);
        let session = sshd::Accepted::at(machines, id, peer.map(Peer::new))?;
        let (theirs, ours) = tokio::io::duplex(PIPE_BYTES);
        tokio::spawn(session.run(ours));
        Ok(Box::new(theirs))
    }

    async fn put_epoch(&self, epoch: u64) -> Result<(), Error> {
        self.machines.store.work(1, Work::PutEpoch(epoch)).await.map(drop).map_err(Error::Store)
    }

    fn trouble(&self) -> Option<Box<str>> {
        self.machines.store.trouble()
    }

    async fn try_again(&self) {
        // The store remembers the outcome.
        let _ = self.machines.store.work(0, Work::Nothing).await;
    }

    fn bounds_reached(&self) -> Vec<(&'static str, u64)> {
        self.machines.bounds().figures()
    }

    async fn console(&self, id: InstanceId, peer: Option<IpAddr>) -> Result<Connection, Error> {
        let machines = Arc::clone(&self.machines);
        let console = sshd::Console::at(machines, id, peer.map(Peer::new))?;
        let (theirs, ours) = tokio::io::duplex(PIPE_BYTES);
        tokio::spawn(console.run(ours));
        Ok(Box::new(theirs))
    }

    async fn reset(&self, definition: &Definition) -> Result<(), Error> {
        self.machines.reset_now(definition).await
    }

    async fn capture(&self, id: InstanceId, image: ImageId) -> Result<(), Error> {
        let machines = Arc::clone(&self.machines);
        Verb::new(async move { machines.capture_now(id, image).await }).await
    }

    async fn read_image(&self, image: ImageId) -> Result<Login, Error> {
        Ok(self.machines.images.get(image)?.disk.login())
    }

    async fn delete_image(&self, image: ImageId) -> Result<(), Error> {
        let machines = Arc::clone(&self.machines);
        Verb::new(async move { machines.delete_image_now(image).await }).await
    }

    async fn erase(&self, id: InstanceId) -> Result<(), Error> {
        let machines = Arc::clone(&self.machines);
        Verb::new(async move { machines.erase_now(id).await }).await
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::{SshSettings, machine::test::definition};
    use cvmd_clock::Clock;
    use std::net::Ipv4Addr;

    /// A guest whose power was cut cannot write to a disk that was written since.
    #[tokio::test(start_paused = true)]
    async fn what_a_guest_began_ends_with_its_boot() {
        let directory = tempfile::tempdir().unwrap();
        let ssh = SshSettings { listen: false, ..SshSettings::default() };
        let settings = Settings { data: directory.path().to_owned(), clock: Clock::tokio(1), ssh };
        let driver = SimulatedHypervisor::open(settings).unwrap();
        let definition = definition(Ipv4Addr::LOCALHOST, "boot-ms=0");
        let id = definition.id;
        driver.define(&definition).await.unwrap();
        driver.start(id).await.unwrap();
        let boot = driver.machine(id).unwrap().boot;
        let write = async |text: &'static str| {
            driver.machines.edit_keys_inside(id, boot, |_| text.into()).await.unwrap();
            driver.machine(id).unwrap().disk.authorized_keys.clone()
        };
        assert_eq!(&*write("first").await, "first");
        driver.power_off(id).await.unwrap();
        assert_eq!(&*write("off").await, "first");
        driver.start(id).await.unwrap();
        assert_eq!(&*write("another boot").await, "first");
        driver.machines.power_off_inside(id, boot).await.unwrap();
        assert_eq!(driver.observe(id).await.unwrap().power, Power::Running);
    }
}

//! The simulated hypervisor: the verbs, each of them durable before it answers.
//!
//! Order is always: decide, persist, change the memory, announce. A verb runs in a task of its own, so that a caller
//! that stops waiting cannot leave the file ahead of the memory.

use crate::{
    bounds::Bounds,
    census::{Census, Slot},
    computing::Computing,
    doors::{Bound, Doors},
    images::Images,
    machine::{Machine, Stored},
    penalties::Failures,
    sessions::Sessions,
    settings::Settings,
    ssh,
    store::{Contents, Store, StoreError, Work, Written},
    timers::Timers,
};
use async_trait::async_trait;
use cvmd_hypervisor::{Boot, Clock, Connection, Definition, Endpoint, Hypervisor, Peer, Trouble};
use cvmd_model::{Behaviour, BootId, ImageId, InstanceId, KeyBlob, Login, Observed, Power, System};
use std::{
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError, Weak},
};
use tokio::{
    sync::{
        mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
        watch,
    },
    task::AbortHandle,
};
use uuid::Uuid;

/// Bytes that wait in each direction of a connection without a socket; SSH's packets have up to 32 KiB.
const PIPE_BYTES: usize = 64 * 1024;

/// The machines could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("no port for the machines' SSH could be bound: {0}")]
    Listen(std::io::Error),
}

/// Machines in this process. Opened in a tokio runtime, whose tasks end with [`SimulatedHypervisor::close`] or when the last
/// reference goes.
#[derive(Debug)]
pub struct SimulatedHypervisor {
    pub(crate) me: Weak<SimulatedHypervisor>,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) census: Census,
    pub(crate) images: Images,
    aside: Vec<Arc<Machine>>,
    timers: Arc<Timers>,
    pub(crate) sessions: Sessions,
    pub(crate) failures: Failures,
    bounds: Arc<Bounds>,
    pub(crate) computing: Computing,
    watchers: Mutex<Vec<UnboundedSender<InstanceId>>>,
    pub(crate) doors: Doors,
    tasks: Mutex<Vec<AbortHandle>>,
    /// Told when it closes: no verb waits any longer.
    pub(crate) closing: watch::Sender<bool>,
}

impl SimulatedHypervisor {
    /// Opens the machines of a directory; they are as they were left, and a boot or shutdown in progress ends at its
    /// stored time.
    ///
    /// # Errors
    /// The file cannot be read, is of a newer schema, or no port can be bound.
    pub fn open(settings: Settings) -> Result<Arc<SimulatedHypervisor>, OpenError> {
        SimulatedHypervisor::open_for(settings, None, |_| true)
    }

    /// The same for a data directory of that id, which the file from then on tells. Machines that are not wanted are set
    /// aside: they stay in the file, and until a new one is defined in their place there is none.
    ///
    /// # Errors
    /// As [`SimulatedHypervisor::open`].
    pub fn open_for(
        settings: Settings,
        directory: Option<Uuid>,
        is_wanted: impl Fn(InstanceId) -> bool,
    ) -> Result<Arc<SimulatedHypervisor>, OpenError> {
        let (store, Contents { machines, images }) = Store::open(&settings.data.join("machines.db"), directory)?;
        let (mut machines, aside): (Vec<_>, Vec<_>) = machines.into_iter().partition(|machine| is_wanted(machine.id));
        let timers = Arc::new(Timers::default());
        for machine in &machines {
            if let Some(at_ms) = machine.changes_at_ms().filter(|at_ms| *at_ms > settings.clock.now_ms()) {
                timers.add(at_ms, machine.id);
            }
        }
        let (doors, bound) = Doors::bind(&settings.ssh, &mut machines).map_err(OpenError::Listen)?;
        let bounds = Arc::<Bounds>::default();
        let driver = Arc::new_cyclic(|me| SimulatedHypervisor {
            me: me.clone(),
            clock: settings.clock,
            store,
            census: Census::of(machines),
            images: Images::of(images),
            aside,
            timers,
            sessions: Sessions::new(Arc::clone(&bounds), settings.ssh.owners, settings.ssh.sessions_max),
            failures: Failures::new(settings.ssh.penalties, Arc::clone(&bounds)),
            bounds,
            computing: Computing::new(),
            watchers: Mutex::default(),
            doors,
            tasks: Mutex::default(),
            closing: watch::Sender::new(false),
        });
        driver.spawn_tasks(bound);
        Ok(driver)
    }

    fn spawn_tasks(&self, mut bound: Bound) {
        let mut tasks = self.tasks.lock().unwrap_or_else(PoisonError::into_inner);
        let (timers, clock, me) = (self.timers.clone(), self.clock, self.me.clone());
        tasks.push(
            tokio::spawn(async move {
                let due = |id| me.upgrade().is_some_and(|driver| driver.time_has_come(id));
                timers.run(clock, due).await;
            })
            .abort_handle(),
        );
        let (moved, me) = (std::mem::take(&mut bound.moved), self.me.clone());
        tasks.push(tokio::spawn(async move { keep_ports(&me, moved).await }).abort_handle());
        self.doors.serve_all(&self.me, bound);
    }

    /// The one port at which every machine's sshd answers; `None` without a listener, or where each has its own.
    #[must_use]
    pub fn ssh_port(&self) -> Option<u16> {
        self.doors.common_port()
    }

    /// How often the machine has booted; `None` when there is none.
    #[must_use]
    pub fn boot_count(&self, id: InstanceId) -> Option<u64> {
        self.census.machine(id).map(|machine| machine.boot_count)
    }

    /// The machine as it is stored; `None` when there is none.
    #[must_use]
    pub fn machine(&self, id: InstanceId) -> Option<Arc<Machine>> {
        self.census.machine(id)
    }

    /// Machines that were not wanted when this was opened.
    #[must_use]
    pub fn aside(&self) -> &[Arc<Machine>] {
        &self.aside
    }

    /// How many machines there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.census.count()
    }

    /// How much has been written since opening.
    #[must_use]
    pub fn written(&self) -> Written {
        self.store.written()
    }

    /// Ends the sessions, the listener and the timer, and closes the file when all that was asked for is written. A verb
    /// that waits for its guest waits no longer: it fails, and nothing of it is written.
    pub async fn close(&self) {
        self.closing.send_replace(true);
        for task in self.tasks.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            task.abort();
        }
        for listener in self.doors.close_all() {
            // It was told to end; what counts is that its socket is closed.
            let _ = listener.await;
        }
        self.sessions.close();
        if let Some(driver) = self.me.upgrade() {
            // A join error would be the writer's panic, which was reported where it happened.
            let _ = tokio::task::spawn_blocking(move || driver.store.close()).await;
        }
    }

    /// Runs a channel's work; the end of its connection ends it.
    pub(crate) fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) {
        tokio::spawn(work);
    }

    pub(crate) fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    pub(crate) fn observed(&self, machine: &Machine) -> Observed {
        let power = machine.power(self.clock.now_ms());
        let up = || !machine.has_sshd || (self.doors.are_open() && !machine.behaviour().unreachable);
        Observed { power, boot: machine.boot, ready: power == Power::Running && up(), system: machine.system() }
    }

    fn time_has_come(&self, id: InstanceId) -> bool {
        if let Some(machine) = self.census.machine(id) {
            self.end_sessions_unless_up(&machine);
            self.announce(id);
        }
        true
    }

    pub(crate) fn announce(&self, id: InstanceId) {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner).retain(|watcher| watcher.send(id).is_ok());
    }

    /// A guest's sessions live as long as its userland: also while it shuts down.
    fn end_sessions_unless_up(&self, machine: &Machine) {
        if !matches!(machine.power(self.clock.now_ms()), Power::Running | Power::ShuttingDown) {
            self.sessions.end(machine.id);
        }
    }

    /// Runs a verb to its end even if the caller stops waiting.
    pub(crate) async fn to_the_end<T: Send + 'static>(
        &self,
        verb: impl Future<Output = Result<T, Trouble>> + Send + 'static,
    ) -> Result<T, Trouble> {
        tokio::spawn(verb).await.map_err(|error| Trouble::Other(error.to_string().into()))?
    }

    /// Changes one machine: `decide` sees it as it is now and answers what it becomes, or `None` for no change.
    pub(crate) async fn change(
        &self,
        id: InstanceId,
        decide: impl FnOnce(&Machine, u64) -> Result<Option<Machine>, Trouble> + Send + 'static,
    ) -> Result<(), Trouble> {
        let driver = self.me.upgrade().ok_or_else(gone)?;
        self.to_the_end(async move {
            let slot = driver.census.slot(id).ok_or(Trouble::Absent(id))?;
            let _verb = slot.verb.lock().await;
            let before = slot.machine().ok_or(Trouble::Absent(id))?;
            let Some(after) = decide(&before, driver.clock.now_ms())? else { return Ok(()) };
            driver.work(id, Work::Put(encode(&after)?)).await?;
            driver.publish(&slot, &before, after);
            Ok(())
        })
        .await
    }

    pub(crate) async fn work(&self, id: InstanceId, work: Work) -> Result<Option<Vec<u8>>, Trouble> {
        self.store.work(id.to_u64(), work).await.map_err(Trouble::Store)
    }

    /// Makes a persisted machine visible.
    fn publish(&self, slot: &Slot, before: &Machine, after: Machine) {
        let after = Arc::new(after);
        slot.set(Some(after.clone()));
        if after.power == before.power && after.boot == before.boot && after.system() == before.system() {
            return;
        }
        if let Some(at_ms) = after.changes_at_ms() {
            self.timers.add(at_ms, after.id);
        }
        if after.boot != before.boot {
            self.sessions.end(after.id);
        }
        self.end_sessions_unless_up(&after);
        self.announce(after.id);
    }
}

impl Drop for SimulatedHypervisor {
    fn drop(&mut self) {
        for task in self.tasks.get_mut().unwrap_or_else(PoisonError::into_inner) {
            task.abort();
        }
        self.doors.close_all();
        self.sessions.close();
    }
}

#[async_trait]
impl Hypervisor for SimulatedHypervisor {
    async fn define(&self, definition: &Definition) -> Result<(), Trouble> {
        Behaviour::read(&definition.guest, |word| {
            tracing::warn!(instance = %definition.id, word, "cvmd:guest: this word means nothing, or asks for too much");
        });
        let (driver, definition) = (self.me.upgrade().ok_or_else(gone)?, definition.clone());
        self.to_the_end(async move { driver.define_new(&definition).await }).await
    }

    async fn observe(&self, id: InstanceId) -> Result<Observed, Trouble> {
        let absent = Observed { power: Power::Absent, boot: BootId::default(), ready: false, system: System::Disk };
        Ok(self.census.machine(id).map_or(absent, |machine| self.observed(&machine)))
    }

    fn watch(&self) -> UnboundedReceiver<InstanceId> {
        let (watcher, watch) = unbounded_channel();
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner).push(watcher);
        watch
    }

    /// A machine that is shutting down is [`Trouble::NotOff`]: it will be off soon.
    async fn start(&self, id: InstanceId) -> Result<(), Trouble> {
        let boot = new_boot();
        self.change(id, move |machine, now_ms| match machine.power(now_ms) {
            Power::Off => {
                let mut after = machine.clone();
                after.boot(boot, now_ms, 0);
                Ok(Some(after))
            }
            Power::ShuttingDown => Err(Trouble::NotOff(id)),
            Power::Starting | Power::Running | Power::Absent => Ok(None),
        })
        .await
    }

    /// A guest that is still booting does not hear it.
    async fn shut_down(&self, id: InstanceId) -> Result<(), Trouble> {
        self.change(id, |machine, now_ms| {
            let heard = running(machine, now_ms).filter(|machine| !machine.behaviour().ignores_shutdown);
            Ok(heard.map(|mut after| {
                after.shut_down(now_ms);
                after
            }))
        })
        .await
    }

    async fn power_off(&self, id: InstanceId) -> Result<(), Trouble> {
        self.change(id, |machine, now_ms| {
            let on = machine.power(now_ms) != Power::Off;
            Ok(on.then(|| Machine { power: Stored::Off, ..machine.clone() }))
        })
        .await
    }

    async fn write_login(&self, id: InstanceId, wanted: &Login, gone_keys: &[KeyBlob]) -> Result<(), Trouble> {
        let (driver, wanted, gone_keys) = (self.me.upgrade().ok_or_else(gone)?, wanted.clone(), gone_keys.to_vec());
        self.to_the_end(async move { driver.write_login_now(id, &wanted, &gone_keys).await }).await
    }

    async fn reshape(&self, definition: &Definition) -> Result<(), Trouble> {
        let (driver, definition) = (self.me.upgrade().ok_or_else(gone)?, definition.clone());
        self.to_the_end(async move { driver.reshape_now(&definition).await }).await
    }

    async fn behave(&self, id: InstanceId, guest: &str) -> Result<(), Trouble> {
        self.behave_now(id, guest).await
    }

    async fn read_login(&self, id: InstanceId) -> Result<Login, Trouble> {
        Ok(self.census.machine(id).ok_or(Trouble::Absent(id))?.disk.login())
    }

    async fn set_boot(&self, id: InstanceId, boot: &Boot) -> Result<(), Trouble> {
        let boot = boot.clone();
        self.change(id, move |machine, now_ms| {
            if machine.power(now_ms) != Power::Off {
                return Err(Trouble::NotOff(id));
            }
            let mut after = machine.clone();
            after.choose(&boot);
            Ok((after != *machine).then_some(after))
        })
        .await
    }

    async fn endpoint(&self, id: InstanceId) -> Result<Endpoint, Trouble> {
        let machine = self.census.machine(id).ok_or(Trouble::Absent(id))?;
        if !machine.has_sshd {
            return Err(Trouble::Other(format!("{id} has no SSH endpoint").into()));
        }
        let host_key = ssh::ed25519_host_key(&machine).public_key().to_openssh();
        Ok(Endpoint {
            address: self.doors.address(&machine),
            user: machine.entrance().user.clone(),
            host_key: host_key.map_err(|error| Trouble::Other(error.to_string().into()))?.into(),
        })
    }

    fn set_aside(&self) -> usize {
        self.aside.len()
    }

    fn has_own_ports(&self) -> bool {
        self.doors.are_own_ports()
    }

    async fn connect(&self, id: InstanceId, peer: Option<IpAddr>) -> Result<Connection, Trouble> {
        let driver = self.me.upgrade().ok_or_else(gone)?;
        let session = ssh::Accepted::at(driver, id, peer.map(Peer::new))?;
        let (theirs, ours) = tokio::io::duplex(PIPE_BYTES);
        tokio::spawn(session.run(ours));
        Ok(Box::new(theirs))
    }

    fn bounds_reached(&self) -> Vec<(&'static str, u64)> {
        self.bounds.figures()
    }

    fn has_consoles(&self) -> bool {
        true
    }

    async fn console(&self, id: InstanceId, peer: Option<IpAddr>) -> Result<Connection, Trouble> {
        let driver = self.me.upgrade().ok_or_else(gone)?;
        let console = ssh::Console::at(driver, id, peer.map(Peer::new))?;
        let (theirs, ours) = tokio::io::duplex(PIPE_BYTES);
        tokio::spawn(console.run(ours));
        Ok(Box::new(theirs))
    }

    async fn reset(&self, definition: &Definition) -> Result<(), Trouble> {
        self.reset_now(definition).await
    }

    async fn capture(&self, id: InstanceId, image: ImageId) -> Result<(), Trouble> {
        let driver = self.me.upgrade().ok_or_else(gone)?;
        self.to_the_end(async move { driver.capture_now(id, image).await }).await
    }

    async fn read_image(&self, image: ImageId) -> Result<Login, Trouble> {
        Ok(self.images.get(image)?.disk.login())
    }

    async fn delete_image(&self, image: ImageId) -> Result<(), Trouble> {
        let driver = self.me.upgrade().ok_or_else(gone)?;
        self.to_the_end(async move { driver.delete_image_now(image).await }).await
    }

    async fn erase(&self, id: InstanceId) -> Result<(), Trouble> {
        let driver = self.me.upgrade().ok_or_else(gone)?;
        self.to_the_end(async move { driver.erase_now(id).await }).await
    }
}

pub(crate) fn new_boot() -> BootId {
    BootId(Uuid::new_v4())
}

pub(crate) fn new_host_seed() -> [u128; 2] {
    [Uuid::new_v4().as_u128(), Uuid::new_v4().as_u128()]
}

/// The machine, if its guest is up.
pub(crate) fn running(machine: &Machine, now_ms: u64) -> Option<Machine> {
    (machine.power(now_ms) == Power::Running).then(|| machine.clone())
}

/// Writes down the ports that machines were given at the start.
async fn keep_ports(driver: &Weak<SimulatedHypervisor>, moved: Vec<InstanceId>) {
    for id in moved {
        let Some(driver) = driver.upgrade() else { return };
        // In the memory it stands already; a row that is not written means that the next start asks for the old port.
        if let Err(trouble) = driver.change(id, |machine, _| Ok(Some(machine.clone()))).await {
            tracing::warn!(instance = %id, %trouble, "the machine's SSH port is not kept");
        }
    }
}

pub(crate) fn encode(machine: &Machine) -> Result<String, Trouble> {
    serde_json::to_string(machine).map_err(|error| Trouble::Store(error.to_string().into()))
}

pub(crate) fn gone() -> Trouble {
    Trouble::Other("the hypervisor is closed".into())
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::SshSettings;

    /// A guest whose power was cut cannot write to a disk that was written since.
    #[tokio::test(start_paused = true)]
    async fn what_a_guest_began_ends_with_its_boot() {
        let directory = tempfile::tempdir().unwrap();
        let ssh = SshSettings { listen: false, ..SshSettings::default() };
        let settings = Settings { data: directory.path().to_owned(), clock: Clock::tokio(1), ssh };
        let driver = SimulatedHypervisor::open(settings).unwrap();
        let id = InstanceId::from_random(1);
        let definition = Definition {
            id,
            addresses: vec![],
            host_name: "host".into(),
            size: cvmd_model::Size::default(),
            os_name: "os".into(),
            has_sshd: true,
            image: None,
            guest: "boot-ms=0".into(),
        };
        driver.define(&definition).await.unwrap();
        driver.start(id).await.unwrap();
        let boot = driver.machine(id).unwrap().boot;
        let write = async |text: &'static str| {
            driver.edit_keys_inside(id, boot, |_| text.into()).await.unwrap();
            driver.machine(id).unwrap().disk.authorized_keys.clone()
        };
        assert_eq!(&*write("first").await, "first");
        driver.power_off(id).await.unwrap();
        assert_eq!(&*write("off").await, "first");
        driver.start(id).await.unwrap();
        assert_eq!(&*write("another boot").await, "first");
        driver.power_off_inside(id, boot).await.unwrap();
        assert_eq!(driver.observe(id).await.unwrap().power, Power::Running);
    }
}

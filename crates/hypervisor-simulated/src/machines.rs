//! The machines of a directory, without their listeners: what each is, and how it changes.
//!
//! The order is always: decide, persist, change the memory, announce. A verb runs to its end, so that a caller that stops
//! waiting cannot leave the file ahead of the memory.

use crate::{
    bounds::Bounds,
    computing::Computing,
    images::Images,
    listeners::{Bound, Listeners},
    machine::Machine,
    penalties::Failures,
    registry::{Registry, Slot},
    sessions::Sessions,
    settings::Settings,
    store::{Contents, Store, StoredMachines, Work},
    store_error::StoreError,
    timers::Timers,
    verb::Verb,
};
use cvmd_clock::Clock;
use cvmd_hypervisor::Error;
use cvmd_model::{BootId, InstanceId, Observed, Power};
use parking_lot::Mutex;
use std::sync::{Arc, Weak};
use tokio::sync::{
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    watch,
};
use uuid::Uuid;

/// The machines could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("no port for the machines' SSH could be bound: {0}")]
    Listen(std::io::Error),
}

/// All machines of a directory.
#[derive(Debug)]
pub(crate) struct Machines {
    me: Weak<Machines>,
    pub(crate) clock: Clock,
    pub(crate) store: Store,
    pub(crate) registry: Registry,
    pub(crate) images: Images,
    /// Machines that were set aside when the directory was opened.
    pub(crate) aside: Vec<Arc<Machine>>,
    timers: Arc<Timers>,
    pub(crate) sessions: Sessions,
    pub(crate) failures: Failures,
    bounds: Arc<Bounds>,
    pub(crate) computing: Computing,
    watchers: Mutex<Vec<UnboundedSender<InstanceId>>>,
    pub(crate) listeners: Listeners,
    /// Set when the driver closes: no verb waits any longer.
    pub(crate) closing: watch::Sender<bool>,
}

impl Machines {
    /// Binds the listeners, which are not served yet.
    pub(crate) fn open(
        stored: StoredMachines,
        settings: Settings,
        directory: Option<Uuid>,
        is_wanted: impl Fn(InstanceId) -> bool,
    ) -> Result<(Arc<Machines>, Bound), OpenError> {
        let (store, Contents { machines, images }) = stored.run(directory)?;
        let (mut machines, aside): (Vec<_>, Vec<_>) = machines.into_iter().partition(|machine| is_wanted(machine.id));
        let timers = Arc::new(Timers::default());
        for machine in &machines {
            if let Some(at_ms) = machine.changes_at_ms().filter(|at_ms| *at_ms > settings.clock.now_ms()) {
                timers.add(at_ms, machine.id);
            }
        }
        let (listeners, bound) = Listeners::bind(&settings.ssh, &mut machines).map_err(OpenError::Listen)?;
        let bounds = Arc::<Bounds>::default();
        let machines = Arc::new_cyclic(|me| Machines {
            me: me.clone(),
            clock: settings.clock,
            store,
            registry: Registry::of(machines),
            images: Images::of(images),
            aside,
            timers,
            sessions: Sessions::new(Arc::clone(&bounds), settings.ssh.owners, settings.ssh.sessions_max),
            failures: Failures::new(settings.ssh.penalties, Arc::clone(&bounds)),
            bounds,
            computing: Computing::new(),
            watchers: Mutex::default(),
            listeners,
            closing: watch::Sender::new(false),
        });
        Ok((machines, bound))
    }

    /// A reference for a task that outlives its caller.
    pub(crate) fn shared(&self) -> Result<Arc<Machines>, Error> {
        self.me.upgrade().ok_or_else(closed)
    }

    /// Announces boots and shutdowns that end by themselves, as long as there are machines.
    pub(crate) fn run_timers(&self) -> impl Future<Output = ()> + use<> {
        let (timers, clock, me) = (self.timers.clone(), self.clock, self.me.clone());
        async move {
            let due = |id| me.upgrade().is_some_and(|machines| machines.time_has_come(id));
            timers.run(clock, due).await;
        }
    }

    /// Writes the ports that machines were given at the start into their rows.
    pub(crate) fn keep_ports(&self, moved: Vec<InstanceId>) -> impl Future<Output = ()> + use<> {
        let me = self.me.clone();
        async move {
            for id in moved {
                let Some(machines) = me.upgrade() else { return };
                // Memory has the new port already; if its row is not written, the next start asks for the old port.
                if let Err(error) = machines.change(id, |machine, _| Ok(Some(machine.clone()))).await {
                    tracing::warn!(instance = %id, %error, "the machine's SSH port could not be stored");
                }
            }
        }
    }

    pub(crate) fn machine(&self, id: InstanceId) -> Option<Arc<Machine>> {
        self.registry.machine(id)
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
        let up = || !machine.has_sshd || (self.listeners.are_open() && !machine.behaviour().unreachable);
        Observed { power, boot: machine.boot, ready: power == Power::Running && up(), system: machine.system() }
    }

    fn time_has_come(&self, id: InstanceId) -> bool {
        if let Some(machine) = self.registry.machine(id) {
            self.end_sessions_unless_up(&machine);
            self.announce(id);
        }
        true
    }

    pub(crate) fn watch(&self) -> UnboundedReceiver<InstanceId> {
        let (watcher, watch) = unbounded_channel();
        self.watchers.lock().push(watcher);
        watch
    }

    pub(crate) fn announce(&self, id: InstanceId) {
        self.watchers.lock().retain(|watcher| watcher.send(id).is_ok());
    }

    /// A guest's sessions live as long as its userland, also while it shuts down.
    fn end_sessions_unless_up(&self, machine: &Machine) {
        if !matches!(machine.power(self.clock.now_ms()), Power::Running | Power::ShuttingDown) {
            self.sessions.end(machine.id);
        }
    }

    /// Changes one machine: `decide` gets its present row and returns the new one, or `None` for no change.
    pub(crate) async fn change(
        &self,
        id: InstanceId,
        decide: impl FnOnce(&Machine, u64) -> Result<Option<Machine>, Error> + Send + 'static,
    ) -> Result<(), Error> {
        let machines = self.shared()?;
        Verb::new(async move {
            let slot = machines.registry.slot(id).ok_or(Error::Absent(id))?;
            let _verb = slot.verb.lock().await;
            let before = slot.machine().ok_or(Error::Absent(id))?;
            let Some(after) = decide(&before, machines.clock.now_ms())? else { return Ok(()) };
            machines.work(id, Work::Put(encode(&after)?)).await?;
            machines.publish(&slot, &before, after);
            Ok(())
        })
        .await
    }

    pub(crate) async fn work(&self, id: InstanceId, work: Work) -> Result<Option<Vec<u8>>, Error> {
        self.store.work(id.to_u64(), work).await.map_err(Error::Store)
    }

    /// Makes a persisted machine visible to others.
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

pub(crate) fn encode(machine: &Machine) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(machine).map_err(|error| Error::Store(error.to_string().into()))
}

pub(crate) fn closed() -> Error {
    Error::Other("the hypervisor is closed".into())
}

//! Machines for tests: they outlive engine and state, and can be made to misbehave.

use crate::plan::Plan;
use cvmd_clock::Clock;
use cvmd_hypervisor::{Boot, Capabilities, Connection, Definition, Endpoint, Error, Hypervisor};
use cvmd_model::{BootId, ImageId, InstanceId, KeyBlob, Login, Observed, Power, PublicKey, System};
use std::{
    collections::BTreeMap,
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

pub(crate) const BOOT_MS: u64 = 500;
pub(crate) const SHUTDOWN_MS: u64 = 300;

/// How a machine misbehaves.
#[derive(Debug, Clone, Default)]
pub(crate) struct Quirks {
    pub(crate) ignores_shutdown: bool,
    /// A request to shut down makes the guest reboot instead, this many times.
    pub(crate) reboots_instead: u32,
    pub(crate) never_boots: bool,
    pub(crate) unreachable: bool,
    /// Writes return that the disk does not hold them.
    pub(crate) keeps_keys: bool,
    /// Writes return an error although they have worked.
    pub(crate) writes_but_says_no: bool,
    /// The guest powers itself off after its boot, this many times.
    pub(crate) powers_itself_off: u32,
    /// An effect of this name fails this many times.
    pub(crate) fails: BTreeMap<&'static str, u32>,
}

#[derive(Debug, Clone)]
pub(crate) struct Machine {
    pub(crate) power: Power,
    pub(crate) boot: BootId,
    pub(crate) boots: u32,
    pub(crate) power_offs: u32,
    pub(crate) shut_downs: u32,
    pub(crate) resets: u32,
    pub(crate) disk: Login,
    pub(crate) boots_from: Boot,
    /// Keys that a person wrote into the guest.
    pub(crate) by_hand: Vec<PublicKey>,
    pub(crate) definition: Definition,
    pub(crate) quirks: Quirks,
    /// When a boot or a shutdown in progress ends.
    until_ms: Option<u64>,
}

/// All machines. Clones share them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Machines {
    inner: Arc<Mutex<Inner>>,
    plan: Plan,
}

#[derive(Debug, Default)]
struct Inner {
    machines: BTreeMap<InstanceId, Machine>,
    images: BTreeMap<ImageId, Login>,
    /// Deletions of images that fail.
    images_stay: u32,
    /// For machines that are not defined yet.
    quirks: Quirks,
    watchers: Vec<UnboundedSender<InstanceId>>,
    clock: Option<Clock>,
    last_boot: u128,
    effect_ms: u64,
    /// What is observed is this old, in milliseconds.
    observe_ms: u64,
    observed: u64,
    effects: u64,
    running: usize,
    running_max: usize,
    /// Machines have ports of their own, from this one on.
    first_port: Option<u16>,
}

impl Machines {
    pub(crate) fn new(plan: Plan) -> Machines {
        Machines { inner: Arc::default(), plan }
    }

    /// A new life: the old watchers are gone, and what was in progress continues.
    pub(crate) fn attach(&self, clock: Clock) {
        let mut inner = self.inner();
        inner.watchers.clear();
        inner.clock = Some(clock);
        inner.running = 0;
        let pending: Vec<_> =
            inner.machines.iter().filter_map(|(id, machine)| Some((*id, machine.until_ms?))).collect();
        drop(inner);
        for (id, until_ms) in pending {
            self.end_at(id, until_ms);
        }
    }

    /// The machine in its present state.
    pub(crate) fn machine(&self, id: InstanceId) -> Option<Machine> {
        let mut inner = self.inner();
        inner.pass_time(id);
        inner.machines.get(&id).cloned()
    }

    /// Changes how a machine behaves, or how machines that are not defined yet will.
    pub(crate) fn quirks(&self, id: Option<InstanceId>, change: impl FnOnce(&mut Quirks)) {
        let mut inner = self.inner();
        match id.and_then(|id| inner.machines.get_mut(&id)) {
            Some(machine) => change(&mut machine.quirks),
            None => change(&mut inner.quirks),
        }
    }

    /// Gives each machine a port of its own, from this one on, or takes the ports away.
    pub(crate) fn own_ports(&self, first: Option<u16>) {
        self.inner().first_port = first;
    }

    /// Something that happens without the engine.
    pub(crate) fn happen(&self, id: InstanceId, change: impl FnOnce(&mut Machine)) {
        let mut inner = self.inner();
        inner.pass_time(id);
        if let Some(machine) = inner.machines.get_mut(&id) {
            change(machine);
            machine.until_ms = None;
        }
        inner.announce(id);
    }

    /// The guest, or a person at its console, boots the machine.
    pub(crate) fn boot_by_itself(&self, id: InstanceId) {
        let until_ms = self.inner().boot(id);
        self.inner().announce(id);
        self.end_at(id, until_ms);
    }

    /// The login of the image's disk.
    pub(crate) fn image(&self, image: ImageId) -> Option<Login> {
        self.inner().images.get(&image).cloned()
    }

    pub(crate) fn images_stay(&self, times: u32) {
        self.inner().images_stay = times;
    }

    pub(crate) fn effects_take(&self, effect_ms: u64) {
        self.inner().effect_ms = effect_ms;
    }

    pub(crate) fn observations_take(&self, observe_ms: u64) {
        self.inner().observe_ms = observe_ms;
    }

    pub(crate) fn running_max(&self) -> usize {
        self.inner().running_max
    }

    /// The number of calls so far: a test waits until it no longer changes.
    pub(crate) fn calls(&self) -> u64 {
        let inner = self.inner();
        inner.observed + inner.effects
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends at that time what is in progress, and notifies the watchers.
    fn end_at(&self, id: InstanceId, until_ms: u64) {
        let machines = self.clone();
        let Some(clock) = self.inner().clock else { return };
        tokio::spawn(async move {
            clock.sleep_until(until_ms).await;
            let mut inner = machines.inner();
            inner.pass_time(id);
            inner.announce(id);
        });
    }

    async fn effect(
        &self,
        name: &'static str,
        id: InstanceId,
        act: impl FnOnce(&mut Inner) -> Result<Option<u64>, Error>,
    ) -> Result<(), Error> {
        if self.plan.dies_here() {
            return pending().await;
        }
        let (clock, effect_ms) = {
            let mut inner = self.inner();
            inner.effects += 1;
            inner.running += 1;
            inner.running_max = inner.running_max.max(inner.running);
            (inner.clock.expect("attached"), inner.effect_ms)
        };
        if effect_ms > 0 {
            clock.sleep_until(clock.now_ms() + effect_ms).await;
        }
        let outcome = {
            let mut inner = self.inner();
            inner.running -= 1;
            inner.pass_time(id);
            let outcome =
                if inner.fails(name, id) { Err(Error::Other("made to fail".into())) } else { act(&mut inner) };
            inner.announce(id);
            outcome
        };
        let outcome = outcome.map(|until_ms| {
            if let Some(until_ms) = until_ms {
                self.end_at(id, until_ms);
            }
        });
        if self.plan.dies_here() { pending().await } else { outcome }
    }
}

impl Inner {
    fn now_ms(&self) -> u64 {
        self.clock.map_or(0, Clock::now_ms)
    }

    fn observe(&mut self, id: InstanceId) -> Observed {
        self.pass_time(id);
        match self.machines.get(&id) {
            None => Observed { power: Power::Absent, boot: BootId::default(), ready: false, system: System::Disk },
            Some(machine) => Observed {
                power: machine.power,
                boot: machine.boot,
                ready: machine.power == Power::Running && !machine.quirks.unreachable,
                system: machine.boots_from.system(),
            },
        }
    }

    fn new_disk(&self, definition: &Definition) -> Result<Login, Error> {
        match definition.image {
            Some(image) => self.images.get(&image).cloned().ok_or(Error::NoImage(image)),
            None => Ok(admits_nobody()),
        }
    }

    fn announce(&mut self, id: InstanceId) {
        self.watchers.retain(|watcher| watcher.send(id).is_ok());
    }

    fn fails(&mut self, name: &'static str, id: InstanceId) -> bool {
        let quirks = match self.machines.get_mut(&id) {
            Some(machine) => &mut machine.quirks,
            None => &mut self.quirks,
        };
        let left = quirks.fails.entry(name).or_default();
        let fails = *left > 0;
        *left = left.saturating_sub(1);
        fails
    }

    fn boot(&mut self, id: InstanceId) -> u64 {
        let until_ms = self.now_ms() + BOOT_MS;
        self.last_boot += 1;
        let boot = BootId(uuid::Uuid::from_u128(self.last_boot));
        let machine = self.machines.get_mut(&id).expect("defined");
        machine.boot = boot;
        machine.boots += 1;
        machine.power = Power::Starting;
        machine.until_ms = (!machine.quirks.never_boots).then_some(until_ms);
        until_ms
    }

    fn pass_time(&mut self, id: InstanceId) {
        let now_ms = self.now_ms();
        let Some(machine) = self.machines.get_mut(&id) else { return };
        if machine.until_ms.is_none_or(|until_ms| until_ms > now_ms) {
            return;
        }
        machine.until_ms = None;
        machine.power = match machine.power {
            Power::Starting if machine.quirks.powers_itself_off > 0 => {
                machine.quirks.powers_itself_off -= 1;
                Power::Off
            }
            Power::Starting => Power::Running,
            Power::ShuttingDown => Power::Off,
            power => power,
        };
    }
}

fn admits_nobody() -> Login {
    Login { user: "root".into(), keys: Vec::new(), password_hash: None, password_login: false }
}

#[async_trait::async_trait]
impl Hypervisor for Machines {
    async fn define(&self, definition: &Definition) -> Result<(), Error> {
        let definition = definition.clone();
        self.effect("define", definition.id, |inner| {
            let quirks = inner.quirks.clone();
            let disk = inner.new_disk(&definition)?;
            inner.machines.entry(definition.id).or_insert_with(|| Machine {
                power: Power::Off,
                boot: BootId::default(),
                boots: 0,
                power_offs: 0,
                shut_downs: 0,
                resets: 0,
                by_hand: disk.keys.clone(),
                disk,
                boots_from: Boot::Disk,
                definition: definition.clone(),
                quirks,
                until_ms: None,
            });
            Ok(None)
        })
        .await
    }

    async fn observe(&self, id: InstanceId) -> Result<Observed, Error> {
        let (observed, clock, observe_ms) = {
            let mut inner = self.inner();
            inner.observed += 1;
            if inner.fails("observe", id) {
                return Err(Error::Store("made to fail".into()));
            }
            (inner.observe(id), inner.clock.expect("attached"), inner.observe_ms)
        };
        if observe_ms > 0 {
            clock.sleep_until(clock.now_ms() + observe_ms).await;
        }
        Ok(observed)
    }

    fn watch(&self) -> UnboundedReceiver<InstanceId> {
        let (sender, receiver) = unbounded_channel();
        self.inner().watchers.push(sender);
        receiver
    }

    async fn start(&self, id: InstanceId) -> Result<(), Error> {
        self.effect("start", id, |inner| {
            let machine = inner.machines.get(&id).ok_or(Error::Absent(id))?;
            Ok((machine.power == Power::Off).then(|| inner.boot(id)))
        })
        .await
    }

    async fn shut_down(&self, id: InstanceId) -> Result<(), Error> {
        self.effect("shut_down", id, |inner| {
            let until_ms = inner.now_ms() + SHUTDOWN_MS;
            let machine = inner.machines.get_mut(&id).ok_or(Error::Absent(id))?;
            machine.shut_downs += 1;
            if !matches!(machine.power, Power::Running) || machine.quirks.ignores_shutdown {
                return Ok(None);
            }
            if machine.quirks.reboots_instead > 0 {
                machine.quirks.reboots_instead -= 1;
                return Ok(Some(inner.boot(id)));
            }
            machine.power = Power::ShuttingDown;
            machine.until_ms = Some(until_ms);
            Ok(Some(until_ms))
        })
        .await
    }

    async fn power_off(&self, id: InstanceId) -> Result<(), Error> {
        self.effect("power_off", id, |inner| {
            let machine = inner.machines.get_mut(&id).ok_or(Error::Absent(id))?;
            machine.power_offs += 1;
            machine.power = Power::Off;
            machine.until_ms = None;
            Ok(None)
        })
        .await
    }

    async fn write_login(&self, id: InstanceId, wanted: &Login, gone: &[KeyBlob]) -> Result<(), Error> {
        self.effect("write_login", id, |inner| {
            let machine = inner.machines.get_mut(&id).ok_or(Error::Absent(id))?;
            if machine.power != Power::Off {
                return Err(Error::NotOff(id));
            }
            if machine.quirks.keeps_keys {
                return Err(Error::NotAsWritten("the key is still there".into()));
            }
            machine.by_hand.retain(|key| !gone.contains(key.blob()));
            let there = |key: &&PublicKey| machine.by_hand.iter().all(|line| line.blob() != key.blob());
            let keys = machine.by_hand.iter().chain(wanted.keys.iter().filter(there)).cloned().collect();
            machine.disk = Login { keys, ..wanted.clone() };
            if machine.quirks.writes_but_says_no {
                return Err(Error::Other("the answer was lost".into()));
            }
            Ok(None)
        })
        .await
    }

    async fn set_boot(&self, id: InstanceId, boot: &Boot) -> Result<(), Error> {
        let boot = boot.clone();
        self.effect("set_boot", id, |inner| {
            let machine = inner.machines.get_mut(&id).ok_or(Error::Absent(id))?;
            if machine.power != Power::Off {
                return Err(Error::NotOff(id));
            }
            machine.boots_from = boot;
            Ok(None)
        })
        .await
    }

    async fn reshape(&self, definition: &Definition) -> Result<(), Error> {
        let id = definition.id;
        self.effect("reshape", id, |inner| {
            let machine = inner.machines.get_mut(&id).ok_or(Error::Absent(id))?;
            if machine.power != Power::Off && machine.definition.cpu != definition.cpu {
                return Err(Error::NotOff(id));
            }
            machine.definition = definition.clone();
            Ok(None)
        })
        .await
    }

    async fn read_login(&self, id: InstanceId) -> Result<Login, Error> {
        self.inner().machines.get(&id).map(|machine| machine.disk.clone()).ok_or(Error::Absent(id))
    }

    async fn reset(&self, definition: &Definition) -> Result<(), Error> {
        let definition = definition.clone();
        self.effect("reset", definition.id, |inner| {
            let disk = inner.new_disk(&definition)?;
            let machine = inner.machines.get_mut(&definition.id).ok_or(Error::Absent(definition.id))?;
            if machine.power != Power::Off {
                return Err(Error::NotOff(definition.id));
            }
            machine.by_hand.clone_from(&disk.keys);
            machine.resets += 1;
            (machine.disk, machine.definition) = (disk, definition.clone());
            Ok(None)
        })
        .await
    }

    async fn capture(&self, id: InstanceId, image: ImageId) -> Result<(), Error> {
        self.effect("capture", id, |inner| {
            let disk = inner.machines.get(&id).ok_or(Error::Absent(id))?.disk.clone();
            inner.images.entry(image).or_insert(disk);
            Ok(None)
        })
        .await
    }

    async fn read_image(&self, image: ImageId) -> Result<Login, Error> {
        self.inner().images.get(&image).cloned().ok_or(Error::NoImage(image))
    }

    async fn delete_image(&self, image: ImageId) -> Result<(), Error> {
        if self.plan.dies_here() {
            return pending().await;
        }
        {
            let mut inner = self.inner();
            inner.effects += 1;
            if inner.images_stay > 0 {
                inner.images_stay -= 1;
                return Err(Error::Store("made to fail".into()));
            }
            inner.images.remove(&image);
        }
        if self.plan.dies_here() { pending().await } else { Ok(()) }
    }

    async fn endpoint(&self, id: InstanceId) -> Result<Endpoint, Error> {
        let inner = self.inner();
        let place = inner.machines.keys().position(|known| *known == id).ok_or(Error::Absent(id))?;
        let port = |first: u16| first + u16::try_from(place).unwrap();
        let address = inner.first_port.map(|first| ([127, 0, 0, 1], port(first)).into());
        Ok(Endpoint { address, user: "root".into(), host_key: "".into() })
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities { own_ports: self.inner().first_port.is_some(), ..Capabilities::default() }
    }

    async fn connect(&self, id: InstanceId, _peer: Option<std::net::IpAddr>) -> Result<Connection, Error> {
        Err(Error::Unreachable(id))
    }

    async fn erase(&self, id: InstanceId) -> Result<(), Error> {
        self.effect("erase", id, |inner| {
            inner.machines.remove(&id);
            Ok(None)
        })
        .await
    }
}

//! The engine's tasks: who is woken by what, how they end, and what they count.
//!
//! ```text
//! state.subscribe ─┐             operation under way: the instance's own task is made, or woken
//!                  ├─> receive ──┤
//! watch ───────────┘             idle: queued for a few followers
//! ```

use crate::{Limits, effects::Effects, follow, images, walk};
use cvmd_hypervisor::{Clock, Hypervisor};
use cvmd_model::{Instance, InstanceId, InstanceState, Observed, Power};
use cvmd_state::State;
use std::{
    collections::{BTreeSet, HashMap, hash_map::Entry},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::{Notify, mpsc, watch};

/// Idle instances that are looked at side by side.
const FOLLOWERS: usize = 8;

/// Brings every instance's machine to where its row wants it, for as long as it lives.
///
/// # Guarantees
/// - An operation ends SUCCESS only when what is observed agrees with what is wanted, and FAILED with a reason.
/// - What it must remember is committed before the effect that needs it: an engine may die at any point, and the
///   next one on the same state and machines comes to the same end.
/// - One task for each instance with an operation; nothing for an idle one.
///
/// # Assumptions
/// - One engine drives one state and its machines.
#[derive(Debug)]
pub struct Engine {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    abandon: watch::Sender<bool>,
    /// Every task holds a sender; when the last has gone, all have ended.
    ended: mpsc::Receiver<()>,
}

/// What the engine has done since it started.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Instances with a task now.
    pub tasks: usize,
    /// Effects performed, failed ones too.
    pub effects: u64,
    /// Effects that failed.
    pub troubles: u64,
    pub succeeded: u64,
    pub failed: u64,
    /// Idle instances whose state was corrected.
    pub followed: u64,
    /// Instances that should have a machine and were seen to have none.
    pub without_machine: usize,
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) state: Arc<State>,
    pub(crate) hypervisor: Arc<dyn Hypervisor>,
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
    pub(crate) effects: Effects,
    pub(crate) stop: watch::Receiver<bool>,
    abandon: watch::Receiver<bool>,
    pub(crate) counters: Counters,
    tasks: Mutex<HashMap<InstanceId, Arc<Task>>>,
    without_machine: Mutex<BTreeSet<InstanceId>>,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) effects: AtomicU64,
    pub(crate) troubles: AtomicU64,
    pub(crate) succeeded: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) followed: AtomicU64,
}

impl Counters {
    pub(crate) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }
}

/// One instance's task, for those who wake it.
#[derive(Debug, Default)]
pub(crate) struct Task {
    pub(crate) notify: Notify,
    wakes: AtomicU64,
}

/// Held by each task of the engine, so that [`Engine::stop`] can wait for the last one.
pub(crate) type Alive = mpsc::Sender<()>;

impl Engine {
    /// Takes up every operation under way, looks at all idle instances in the background, and follows both truths
    /// from then on. Returns at once.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn start(state: Arc<State>, hypervisor: Arc<dyn Hypervisor>, clock: Clock, limits: Limits) -> Engine {
        let (stop, stopping) = watch::channel(false);
        let (abandon, abandoned) = watch::channel(false);
        let (alive, ended) = mpsc::channel(1);
        // Heard from before the first look, so that nothing falls between.
        let intents = state.subscribe();
        let events = hypervisor.watch();
        let shared = Arc::new(Shared {
            state,
            hypervisor,
            clock,
            limits,
            effects: Effects::new(limits.parallel_max),
            stop: stopping,
            abandon: abandoned,
            counters: Counters::default(),
            tasks: Mutex::default(),
            without_machine: Mutex::default(),
        });
        let (idle, queue) = mpsc::unbounded_channel();
        let queue = Arc::new(tokio::sync::Mutex::new(queue));
        for _ in 0..FOLLOWERS {
            tokio::spawn(follow::run(Arc::clone(&shared), Arc::clone(&queue), alive.clone()));
        }
        tokio::spawn(images::sweep(Arc::clone(&shared), alive.clone()));
        tokio::spawn(receive(Arc::clone(&shared), intents, events, idle, alive));
        Engine { shared, stop, abandon, ended }
    }

    /// Takes no new effect, waits a while for those that run and for what they commit, and ends every task. Operations
    /// that are under way stay so in the state. Effects that take longer are abandoned: the next engine looks what has become
    /// of them, as after a crash.
    pub async fn stop(mut self) {
        let clock = self.shared.clock;
        let patience_ms = self.shared.limits.stop_timeout_s.saturating_mul(1000);
        let until_ms = clock.now_ms().saturating_add(patience_ms);
        // Nobody listening means that all tasks have ended.
        let _ = self.stop.send(true);
        tokio::select! {
            () = all_ended(&mut self.ended) => return,
            () = clock.sleep_until(until_ms) => {}
        }
        tracing::info!(
            tasks = self.figures().tasks,
            "effects on machines take too long: the next start goes on with them"
        );
        let _ = self.abandon.send(true);
        all_ended(&mut self.ended).await;
    }

    #[must_use]
    pub fn figures(&self) -> Figures {
        self.shared.figures()
    }

    /// Reads the figures, also while and after the engine is stopped.
    pub fn gauge(&self) -> impl Fn() -> Figures + Send + Sync + use<> {
        let shared = Arc::clone(&self.shared);
        move || shared.figures()
    }
}

async fn all_ended(ended: &mut mpsc::Receiver<()>) {
    while ended.recv().await.is_some() {}
}

impl Shared {
    fn figures(&self) -> Figures {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &self.counters;
        Figures {
            tasks: self.tasks().len(),
            effects: read(&counters.effects),
            troubles: read(&counters.troubles),
            succeeded: read(&counters.succeeded),
            failed: read(&counters.failed),
            followed: read(&counters.followed),
            without_machine: self.without_machine(),
        }
    }

    /// Those of them that are instances still.
    fn without_machine(&self) -> usize {
        let mut known = self.without_machine.lock().unwrap_or_else(PoisonError::into_inner);
        if !known.is_empty() {
            let view = self.state.view();
            known.retain(|id| view.instance(*id).is_some());
        }
        known.len()
    }

    /// Remembers, and says once, that an idle instance has no machine.
    pub(crate) fn note_machine(&self, row: &Instance, observed: &Observed) {
        // A launch that failed may have made none.
        let is_lost = observed.power == Power::Absent && row.state != InstanceState::LaunchFailed;
        let mut known = self.without_machine.lock().unwrap_or_else(PoisonError::into_inner);
        if is_lost && known.insert(row.id) {
            tracing::error!(instance = %row.id, "the instance has no machine: it is shown STOPPED and can only be terminated");
        }
        if !is_lost && !known.is_empty() {
            known.remove(&row.id);
        }
    }
}

impl Shared {
    /// Makes the instance's task, or wakes the one that is there.
    pub(crate) fn wake(self: &Arc<Self>, id: InstanceId, alive: &Alive) {
        let task = match self.tasks().entry(id) {
            Entry::Occupied(entry) => {
                entry.get().wakes.fetch_add(1, Ordering::Relaxed);
                entry.get().notify.notify_one();
                return;
            }
            Entry::Vacant(entry) => Arc::clone(entry.insert(Arc::default())),
        };
        let shared = Arc::clone(self);
        let alive = alive.clone();
        tokio::spawn(async move {
            let place = Place { shared: &shared, id };
            walk::run(&shared, id, &task).await;
            drop(place);
            drop(alive);
        });
    }

    /// Gives the task's place up, unless somebody has woken it since it saw that many wakes.
    pub(crate) fn leave(&self, id: InstanceId, task: &Task, wakes_seen: u64) -> bool {
        let mut tasks = self.tasks();
        let nothing_new = task.wakes.load(Ordering::Relaxed) == wakes_seen;
        if nothing_new {
            tasks.remove(&id);
        }
        nothing_new
    }

    /// What the row must tell as its port: the machine's own, where machines have such.
    pub(crate) async fn own_port(&self, row: &Instance) -> Option<u16> {
        if !self.hypervisor.has_own_ports() || row.is_windows() {
            return None;
        }
        match self.hypervisor.endpoint(row.id).await {
            Ok(endpoint) => endpoint.address.map(|address| address.port()),
            // Without a machine there is none to tell of; whatever else it is, the next look finds out.
            Err(trouble) => {
                tracing::debug!(instance = %row.id, %trouble, "its port is not known");
                row.login_port
            }
        }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        // An engine that was dropped rather than stopped ends too.
        *self.stop.borrow() || self.stop.has_changed().is_err()
    }

    /// Returns when the engine is told to stop.
    pub(crate) async fn stopped(&self) {
        // An error means that the engine was dropped.
        let _ = self.stop.clone().wait_for(|stop| *stop).await;
    }

    /// What the effect comes to; `None` when it takes longer than the engine may take to stop.
    pub(crate) async fn unless_abandoned<T>(&self, effect: impl Future<Output = T>) -> Option<T> {
        let mut abandon = self.abandon.clone();
        tokio::select! {
            biased;
            done = effect => Some(done),
            // An engine that was dropped waits for nothing.
            _ = abandon.wait_for(|abandon| *abandon) => None,
        }
    }

    fn tasks(&self) -> std::sync::MutexGuard<'_, HashMap<InstanceId, Arc<Task>>> {
        self.tasks.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Task {
    pub(crate) fn wakes(&self) -> u64 {
        self.wakes.load(Ordering::Relaxed)
    }
}

/// Gives a task's place up even when the task panics, so that the instance can be taken up again.
struct Place<'a> {
    shared: &'a Shared,
    id: InstanceId,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() || self.shared.is_stopping() {
            self.shared.tasks().remove(&self.id);
        }
    }
}

async fn receive(
    shared: Arc<Shared>,
    mut intents: mpsc::UnboundedReceiver<InstanceId>,
    mut events: mpsc::UnboundedReceiver<InstanceId>,
    idle: mpsc::UnboundedSender<InstanceId>,
    alive: Alive,
) {
    let view = shared.state.view();
    for id in view.operating() {
        shared.wake(id, &alive);
    }
    for (count, instance) in view.all_instances().enumerate() {
        if instance.operation.is_none() {
            let _ = idle.send(instance.id);
        }
        if count % 1024 == 1023 {
            tokio::task::yield_now().await;
        }
    }
    drop(view);
    loop {
        tokio::select! {
            biased;
            () = shared.stopped() => return,
            Some(id) = intents.recv() => {
                // Its own commits tell of an operation too, which may have ended meanwhile.
                match is_operating(&shared, id) {
                    Some(true) => shared.wake(id, &alive),
                    // An idle one is heard of when its tags change: its guest may have to behave otherwise.
                    Some(false) => { let _ = idle.send(id); }
                    None => {}
                }
            }
            Some(id) = events.recv() => match is_operating(&shared, id) {
                Some(true) => shared.wake(id, &alive),
                // Followers that are gone have been told to stop, as this task has.
                Some(false) => { let _ = idle.send(id); }
                None => {}
            },
            else => return,
        }
    }
}

/// `None` when there is no such instance.
fn is_operating(shared: &Shared, id: InstanceId) -> Option<bool> {
    shared.state.view().instance(id).map(|instance| instance.operation.is_some())
}

//! What the engine's tasks share: state and hypervisor, the clock, the limits, the tasks, and the counters.

use crate::{BUCKETS, Counted, Durations, Limits, effects::Effects, gate::Gate};
use cvmd_clock::Clock;
use cvmd_hypervisor::Hypervisor;
use cvmd_model::{Goal, Instance, InstanceId, InstanceState, Observed, Power};
use cvmd_state::State;
use foldhash::HashMap;
use parking_lot::Mutex;
use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};
use tokio::sync::{Notify, mpsc, watch};

/// What the engine has done since its start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Figures {
    /// Instances that have a task now.
    pub tasks: usize,
    /// Effects performed, including failed ones.
    pub effects: u64,
    /// Effects that failed.
    pub effects_failed: u64,
    pub succeeded: u64,
    pub failed: u64,
    /// Idle instances whose state was corrected.
    pub followed: u64,
    /// Instances that should have a machine, but have none.
    pub without_machine: usize,
    /// How long operations took that ended, in milliseconds: of each of [`GOALS`], in buckets of [`GOAL_BOUNDS_MS`].
    pub took: [Counted; GOALS.len()],
}

/// What an operation may have to bring about.
pub const GOALS: [&str; 13] = [
    "Launch",
    "Create",
    "Start",
    "Stop",
    "Reboot",
    "ChangeLogin",
    "Reshape",
    "Isolate",
    "CaptureImage",
    "Reset",
    "EnterRescue",
    "ExitRescue",
    "Terminate",
];

/// From what changes no machine to what waits for a guest that does not shut down.
pub const GOAL_BOUNDS_MS: [u64; BUCKETS] = [1, 5, 20, 50, 100, 250, 500, 1_000, 2_500, 10_000, 60_000, 300_000];

/// Its place in [`GOALS`].
const fn place(goal: &Goal) -> usize {
    match goal {
        Goal::Launch => 0,
        Goal::Create => 1,
        Goal::Start => 2,
        Goal::Stop { .. } => 3,
        Goal::Reboot { .. } => 4,
        Goal::ChangeLogin { .. } => 5,
        Goal::Reshape { .. } => 6,
        Goal::Isolate => 7,
        Goal::CaptureImage { .. } => 8,
        Goal::Reset { .. } => 9,
        Goal::EnterRescue { .. } => 10,
        Goal::ExitRescue => 11,
        Goal::Terminate => 12,
    }
}

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) state: Arc<State>,
    pub(crate) hypervisor: Arc<dyn Hypervisor>,
    pub(crate) clock: Clock,
    pub(crate) limits: Limits,
    pub(crate) effects: Effects,
    pub(crate) gate: Gate,
    pub(crate) stop: watch::Receiver<bool>,
    pub(crate) abandon: watch::Receiver<bool>,
    pub(crate) counters: Counters,
    pub(crate) tasks: Mutex<HashMap<InstanceId, Arc<Task>>>,
    pub(crate) without_machine: Mutex<BTreeSet<InstanceId>>,
}

#[derive(Debug, Default)]
pub(crate) struct Counters {
    pub(crate) effects: AtomicU64,
    pub(crate) effects_failed: AtomicU64,
    pub(crate) succeeded: AtomicU64,
    pub(crate) failed: AtomicU64,
    pub(crate) followed: AtomicU64,
    took: [Durations; GOALS.len()],
}

impl Counters {
    /// Counts an operation that has ended.
    pub(crate) fn ended(&self, goal: &Goal, is_success: bool, spent_ms: u64) {
        Counters::add(if is_success { &self.succeeded } else { &self.failed });
        self.took[place(goal)].record(spent_ms, &GOAL_BOUNDS_MS);
    }

    pub(crate) fn add(counter: &AtomicU64) {
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds what an earlier engine has counted.
    pub(crate) fn go_on_from(&self, earlier: &Figures) {
        for (counter, count) in [
            (&self.effects, earlier.effects),
            (&self.effects_failed, earlier.effects_failed),
            (&self.succeeded, earlier.succeeded),
            (&self.failed, earlier.failed),
            (&self.followed, earlier.followed),
        ] {
            counter.fetch_add(count, Ordering::Relaxed);
        }
        self.took.iter().zip(&earlier.took).for_each(|(took, counted)| took.add(counted));
    }
}

/// One instance's task, for those who wake it.
#[derive(Debug, Default)]
pub(crate) struct Task {
    pub(crate) notify: Notify,
    pub(crate) wakes: AtomicU64,
}

/// Held by each task of the engine, so that [`Engine::stop`] can wait for the last one.
pub(crate) type Alive = mpsc::Sender<()>;

impl Shared {
    pub(crate) fn figures(&self) -> Figures {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let counters = &self.counters;
        Figures {
            tasks: self.tasks().len(),
            effects: read(&counters.effects),
            effects_failed: read(&counters.effects_failed),
            succeeded: read(&counters.succeeded),
            failed: read(&counters.failed),
            followed: read(&counters.followed),
            without_machine: self.without_machine(),
            took: counters.took.each_ref().map(Durations::counted),
        }
    }

    /// The number of those that are still instances.
    fn without_machine(&self) -> usize {
        let mut known = self.without_machine.lock();
        if !known.is_empty() {
            let view = self.state.view();
            known.retain(|id| view.instance(*id).is_some());
        }
        known.len()
    }

    /// Records, and logs once, that an idle instance has no machine.
    pub(crate) fn note_machine(&self, row: &Instance, observed: &Observed) {
        // A failed launch may not have made one.
        let is_lost = observed.power == Power::Absent && row.state != InstanceState::LaunchFailed;
        let mut known = self.without_machine.lock();
        if is_lost && known.insert(row.id) {
            tracing::error!(instance = %row.id, "the instance has no machine: it is shown STOPPED and can only be terminated");
        }
        if !is_lost && !known.is_empty() {
            known.remove(&row.id);
        }
    }
}

impl Shared {
    /// Removes the task, unless it was woken since `wakes_seen`.
    pub(crate) fn leave(&self, id: InstanceId, task: &Task, wakes_seen: u64) -> bool {
        let mut tasks = self.tasks();
        let nothing_new = task.wakes.load(Ordering::Relaxed) == wakes_seen;
        if nothing_new {
            tasks.remove(&id);
        }
        nothing_new
    }

    pub(crate) fn is_stopping(&self) -> bool {
        // An engine that was dropped without a stop ends too.
        *self.stop.borrow() || self.stop.has_changed().is_err()
    }

    /// Returns at the engine's stop.
    pub(crate) async fn stopped(&self) {
        // An error means that the engine was dropped.
        let _ = self.stop.clone().wait_for(|stop| *stop).await;
    }

    /// The outcome of the effect; `None` when it takes longer than the stop of the engine may.
    pub(crate) async fn unless_abandoned<T>(&self, effect: impl Future<Output = T>) -> Option<T> {
        let mut abandon = self.abandon.clone();
        tokio::select! {
            biased;
            done = effect => Some(done),
            // A dropped engine waits for nothing.
            _ = abandon.wait_for(|abandon| *abandon) => None,
        }
    }

    pub(crate) fn tasks(&self) -> parking_lot::MutexGuard<'_, HashMap<InstanceId, Arc<Task>>> {
        self.tasks.lock()
    }
}

impl Task {
    pub(crate) fn wakes(&self) -> u64 {
        self.wakes.load(Ordering::Relaxed)
    }
}

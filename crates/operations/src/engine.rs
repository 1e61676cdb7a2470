//! The engine's tasks: what wakes them, how they end, and what they count.
//!
//! ```text
//! state.subscribe ─┐             operation under way: the instance's own task is made, or woken
//!                  ├─> receive ──┤
//! watch ───────────┘             idle: queued for a few followers
//! ```

use crate::{
    Limits,
    effects::Effects,
    follow,
    gate::Gate,
    images,
    shared::{Alive, Counters, Figures, Shared},
    tasks::wake,
};
use cvmd_clock::Clock;
use cvmd_hypervisor::Hypervisor;
use cvmd_model::InstanceId;
use cvmd_state::State;
use parking_lot::Mutex;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// The number of tasks that look at idle instances.
const FOLLOWERS: usize = 8;

/// Brings every instance's machine to where its row wants it, as long as the engine lives.
///
/// # Guarantees
/// - An operation ends SUCCESS only when what is observed agrees with what is wanted, and FAILED with a reason.
/// - What it must remember is committed before the effect that needs it: an engine may die at any point, and the next
///   one on the same state and machines reaches the same end.
/// - There is one task for each instance with an operation, and none for an idle one.
///
/// # Assumptions
/// - One engine drives one state and its machines.
#[derive(Debug)]
pub struct Engine {
    shared: Arc<Shared>,
    stop: watch::Sender<bool>,
    abandon: watch::Sender<bool>,
    /// Every task holds a sender; when the last one is dropped, all have ended.
    ended: mpsc::Receiver<()>,
}

impl Engine {
    /// Starts on every operation under way, looks at all idle instances in the background, and then follows the changes
    /// of state and machines. Returns at once.
    ///
    /// # Panics
    /// Outside a tokio runtime.
    #[must_use]
    pub fn start(state: Arc<State>, hypervisor: Arc<dyn Hypervisor>, clock: Clock, limits: Limits) -> Engine {
        let (stop, stopping) = watch::channel(false);
        let (abandon, abandoned) = watch::channel(false);
        let (alive, ended) = mpsc::channel(1);
        // Subscribed before the first look, so that no change is missed in between.
        let intents = state.subscribe();
        let events = hypervisor.watch();
        let shared = Arc::new(Shared {
            state,
            hypervisor,
            clock,
            limits,
            effects: Effects::new(limits.parallel_max),
            gate: Gate::default(),
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

    /// Starts no new effect, waits a while for those that run and for their commits, and ends every task. Operations
    /// that are under way stay so in the state. Effects that take longer are abandoned: the next engine finds out what
    /// became of them, as after a crash.
    pub async fn stop(mut self) {
        let clock = self.shared.clock;
        let patience_ms = self.shared.limits.stop_timeout_s.saturating_mul(1000);
        let until_ms = clock.now_ms().saturating_add(patience_ms);
        // No receiver means that all tasks have ended.
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

    /// Holds effects back, also after the end of the engine.
    #[must_use]
    pub fn gate(&self) -> Gate {
        self.shared.gate.clone()
    }

    /// Adds what an earlier engine of this process has counted, such as a seed's.
    pub fn go_on_from(&self, earlier: &Figures) {
        self.shared.counters.go_on_from(earlier);
    }

    #[must_use]
    pub fn figures(&self) -> Figures {
        self.shared.figures()
    }

    /// Reads the counters, also during and after the stop of the engine.
    pub fn gauge(&self) -> impl Fn() -> Figures + Send + Sync + use<> {
        let shared = Arc::clone(&self.shared);
        move || shared.figures()
    }
}

async fn all_ended(ended: &mut mpsc::Receiver<()>) {
    while ended.recv().await.is_some() {}
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
        wake(&shared, id, &alive);
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
                // The operation may have ended meanwhile.
                match is_operating(&shared, id) {
                    Some(true) => wake(&shared, id, &alive),
                    // An idle instance is announced when its tags change: its guest may have to behave differently.
                    Some(false) => { let _ = idle.send(id); }
                    None => {}
                }
            }
            Some(id) = events.recv() => match is_operating(&shared, id) {
                Some(true) => wake(&shared, id, &alive),
                // If the followers are gone, they were stopped, as this task is.
                Some(false) => { let _ = idle.send(id); }
                None => {}
            },
            else => return,
        }
    }
}

/// `None` when the instance does not exist.
fn is_operating(shared: &Shared, id: InstanceId) -> Option<bool> {
    shared.state.view().instance(id).map(|instance| instance.operation.is_some())
}

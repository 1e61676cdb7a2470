//! Idle instances: their `InstanceState` follows what is observed, because machines change by themselves.

use crate::{
    engine::{Alive, Counters, Shared},
    retry::pause_ms,
    settle,
};
use cvmd_model::{Instance, InstanceId};
use cvmd_state::CommitError;
use std::{convert::Infallible, sync::Arc};
use tokio::sync::{Mutex, mpsc::UnboundedReceiver};

/// One of the followers: takes instances from the queue until the engine stops.
pub(crate) async fn run(shared: Arc<Shared>, queue: Arc<Mutex<UnboundedReceiver<InstanceId>>>, alive: Alive) {
    let mut looked = 0_u32;
    loop {
        let id = tokio::select! {
            () = shared.stopped() => return,
            id = async { queue.lock().await.recv().await } => id,
        };
        let Some(id) = id else { return };
        let mut failures = 0;
        loop {
            let Some(row) = shared.state.view().instance(id).cloned() else { break };
            if row.operation.is_some() {
                shared.wake(id, &alive);
                break;
            }
            match look(&shared, &row).await {
                Look::Agrees => break,
                Look::Outdated => {}
                Look::Closed => return,
                Look::Trouble => {
                    failures += 1;
                    let until_ms = shared.clock.now_ms() + pause_ms(failures);
                    tokio::select! {
                        () = shared.stopped() => return,
                        () = shared.clock.sleep_until(until_ms) => {}
                    }
                }
            }
        }
        looked = looked.wrapping_add(1);
        // Looking may need no waiting at all; a million looks must not hold a thread of the runtime.
        if looked.is_multiple_of(64) {
            tokio::task::yield_now().await;
        }
    }
}

/// What came of one look at an idle instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// The row shows what is observed.
    Agrees,
    /// The row has changed meanwhile, perhaps by an operation, which wins: look again.
    Outdated,
    /// The machine or the store could not be asked.
    Trouble,
    /// The state is closed.
    Closed,
}

/// Compares an idle instance's row with its machine, and corrects the row.
pub(crate) async fn look(shared: &Shared, row: &Arc<Instance>) -> Look {
    let id = row.id;
    let observed = match shared.hypervisor.observe(id).await {
        Ok(observed) => observed,
        Err(trouble) => {
            tracing::warn!(instance = %id, %trouble, "an idle machine cannot be observed");
            return Look::Trouble;
        }
    };
    let Some(state) = settle::followed(row.state, &observed) else { return Look::Agrees };
    let seen = Arc::clone(row);
    let changed = shared.state.change(move |tx| {
        // Invariant: only on the very row that was compared; whatever else happened to it is newer than the look.
        let same = tx.view().instance(id).is_some_and(|row| Arc::ptr_eq(row, &seen));
        if same {
            let mut instance = Instance::clone(&seen);
            settle::follow(&mut instance, state);
            tx.put_instance(instance);
        }
        Ok::<bool, Infallible>(same)
    });
    match changed.await {
        Ok(Ok(true)) => {
            Counters::add(&shared.counters.followed);
            tracing::info!(instance = %id, state = state.name(), "the machine changed by itself");
            Look::Agrees
        }
        Ok(Ok(false)) => Look::Outdated,
        Err(CommitError::Closed) => Look::Closed,
        Err(error) => {
            tracing::error!(instance = %id, %error, "what an idle machine was seen to be could not be committed");
            Look::Trouble
        }
    }
}

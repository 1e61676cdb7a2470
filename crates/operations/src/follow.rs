//! Idle instances: their `InstanceState` follows what is observed, because machines change by themselves.

use crate::{
    engine::{Alive, Counters, Shared},
    perform::guest,
    retry::pause_ms,
    settle,
};
use cvmd_model::{Instance, InstanceId, InstanceState};
use cvmd_state::CommitError;
use std::{convert::Infallible, sync::Arc};
use tokio::sync::{Mutex, mpsc::UnboundedReceiver};

/// Instances that a follower takes from the queue at once.
const BATCH_MAX: usize = 64;

/// One of the followers: takes instances from the queue until the engine stops.
pub(crate) async fn run(shared: Arc<Shared>, queue: Arc<Mutex<UnboundedReceiver<InstanceId>>>, alive: Alive) {
    let mut batch = Vec::with_capacity(BATCH_MAX);
    loop {
        tokio::select! {
            biased;
            () = shared.stopped() => return,
            taken = async { queue.lock().await.recv_many(&mut batch, BATCH_MAX).await } => if taken == 0 {
                return;
            },
        }
        for id in batch.drain(..) {
            if shared.is_stopping() || look_until_it_agrees(&shared, id, &alive).await == Look::Closed {
                return;
            }
        }
        // Looking may need no waiting at all; a million looks must not hold a thread of the runtime.
        tokio::task::yield_now().await;
    }
}

async fn look_until_it_agrees(shared: &Arc<Shared>, id: InstanceId, alive: &Alive) -> Look {
    let mut failures = 0;
    loop {
        let Some(row) = shared.state.view().instance(id).cloned() else { return Look::Agrees };
        if row.operation.is_some() {
            shared.wake(id, alive);
            return Look::Agrees;
        }
        match look(shared, &row).await {
            Look::Outdated => {}
            Look::Trouble => {
                failures += 1;
                let until_ms = shared.clock.now_ms() + pause_ms(failures);
                tokio::select! {
                    () = shared.stopped() => return Look::Closed,
                    () = shared.clock.sleep_until(until_ms) => {}
                }
            }
            done @ (Look::Agrees | Look::Closed) => return done,
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
    shared.note_machine(row, &observed);
    if let Err(trouble) = shared.hypervisor.behave(id, guest(row)).await {
        tracing::warn!(instance = %id, %trouble, "a guest cannot be told how to behave");
        return Look::Trouble;
    }
    let (state, own_port) = (settle::followed(row.state, &observed), shared.own_port(row).await);
    if state.is_none() && own_port == row.login_port {
        return Look::Agrees;
    }
    let seen = Arc::clone(row);
    let changed = shared.state.change_of(row.account, move |tx| {
        // Invariant: only on the very row that was compared; whatever else happened to it is newer than the look.
        let same = tx.view().instance(id).is_some_and(|row| Arc::ptr_eq(row, &seen));
        if same {
            let mut instance = Instance::clone(&seen);
            if let Some(state) = state {
                settle::follow(&mut instance, state);
            }
            instance.login_port = own_port;
            tx.put_instance(instance);
        }
        Ok::<bool, Infallible>(same)
    });
    match changed.await {
        Ok(Ok(true)) => {
            Counters::add(&shared.counters.followed);
            let state = state.map(InstanceState::name);
            tracing::info!(instance = %id, state, own_port, "the machine changed by itself");
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

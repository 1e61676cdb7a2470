//! The followers: a few tasks that look at idle instances with changes, until their rows agree with their machines.

use crate::{
    look::{Look, look},
    retry::pause_ms,
    shared::{Alive, Shared},
    tasks::wake,
};
use cvmd_model::InstanceId;
use std::sync::Arc;
use tokio::sync::{Mutex, mpsc::UnboundedReceiver};

/// The number of instances that a follower takes from the queue at once.
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
        // A look may need no waiting at all; a million looks must not block a thread of the runtime.
        tokio::task::yield_now().await;
    }
}

async fn look_until_it_agrees(shared: &Arc<Shared>, id: InstanceId, alive: &Alive) -> Look {
    let mut failures = 0;
    loop {
        let Some(row) = shared.state.view().instance(id).cloned() else { return Look::Agrees };
        if row.operation.is_some() {
            wake(shared, id, alive);
            return Look::Agrees;
        }
        match look(shared, &row).await {
            Look::Outdated => {}
            Look::Failed => {
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

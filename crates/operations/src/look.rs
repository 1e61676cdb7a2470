//! One look at an idle instance: its `InstanceState` follows what is observed, because machines change by themselves.

use crate::{
    perform::guest,
    ports::own_port,
    settle,
    shared::{Counters, Shared},
};
use cvmd_model::{Instance, InstanceState};
use cvmd_state::CommitError;
use std::{convert::Infallible, sync::Arc};

/// The outcome of one look at an idle instance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// The row shows what is observed.
    Agrees,
    /// The row has changed meanwhile, perhaps by an operation, which has precedence: look again.
    Outdated,
    /// The machine or the store could not be read.
    Failed,
    /// The state is closed.
    Closed,
}

/// Compares an idle instance's row with its machine, and corrects the row.
pub(crate) async fn look(shared: &Shared, row: &Arc<Instance>) -> Look {
    let id = row.id;
    let observed = match shared.hypervisor.observe(id).await {
        Ok(observed) => observed,
        Err(error) => {
            tracing::warn!(instance = %id, %error, "an idle machine cannot be observed");
            return Look::Failed;
        }
    };
    shared.note_machine(row, &observed);
    if let Err(error) = shared.hypervisor.behave(id, guest(row)).await {
        tracing::warn!(instance = %id, %error, "a guest's behaviour cannot be set");
        return Look::Failed;
    }
    let (state, own_port) = (settle::followed(row.state, &observed), own_port(shared.hypervisor.as_ref(), row).await);
    if state.is_none() && own_port == row.login_port {
        return Look::Agrees;
    }
    let seen = Arc::clone(row);
    let changed = shared.state.change_of(row.account, move |tx| {
        // Invariant: only on the very row that was compared; any other row is newer than the look.
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
            Look::Failed
        }
    }
}

//! The machines' own ports, as their rows hold them.

use cvmd_hypervisor::Hypervisor;
use cvmd_model::Instance;
use cvmd_state::{CommitError, State};
use std::convert::Infallible;

/// Rows of one change.
const ROWS_AT_ONCE: usize = 512;

/// The port that the row must hold: the machine's own, where machines have their own ports.
pub(crate) async fn own_port(hypervisor: &dyn Hypervisor, row: &Instance) -> Option<u16> {
    if !hypervisor.capabilities().own_ports || row.is_windows() {
        return None;
    }
    match hypervisor.endpoint(row.id).await {
        Ok(endpoint) => endpoint.address.map(|address| address.port()),
        // Without a machine there is no port. After any other error the next look finds out.
        Err(error) => {
            tracing::debug!(instance = %row.id, %error, "its port is not known");
            row.login_port
        }
    }
}

/// Writes every machine's port into its row, where machines have their own ports. This runs before an engine starts and
/// requests are answered: at the first start in that mode every row holds another port. Later the engine updates the
/// ports, also when the mode is left.
///
/// # Errors
/// [`CommitError`]: some rows hold their earlier ports.
pub async fn write_ports(state: &State, hypervisor: &dyn Hypervisor) -> Result<(), CommitError> {
    if !hypervisor.capabilities().own_ports {
        return Ok(());
    }
    let mut ports = Vec::new();
    for instance in state.view().all_instances() {
        let port = own_port(hypervisor, instance).await;
        if port != instance.login_port {
            ports.push((instance.id, port));
        }
    }
    for chunk in ports.chunks(ROWS_AT_ONCE) {
        let chunk = chunk.to_vec();
        let stored = state.change(move |tx| {
            for (id, login_port) in chunk {
                if let Some(row) = tx.view().instance(id) {
                    let instance = Instance { login_port, ..Instance::clone(row) };
                    tx.put_instance(instance);
                }
            }
            Ok::<_, Infallible>(())
        });
        let Ok(()) = stored.await?;
    }
    Ok(())
}

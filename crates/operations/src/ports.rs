//! Machines' ports of their own, as their rows tell them.

use cvmd_hypervisor::Hypervisor;
use cvmd_model::Instance;
use cvmd_state::{CommitError, State};
use std::convert::Infallible;

/// Rows of one change.
const ROWS_AT_ONCE: usize = 512;

/// What the row must tell as its port: the machine's own, where machines have such.
pub(crate) async fn own_port(hypervisor: &dyn Hypervisor, row: &Instance) -> Option<u16> {
    if !hypervisor.capabilities().own_ports || row.is_windows() {
        return None;
    }
    match hypervisor.endpoint(row.id).await {
        Ok(endpoint) => endpoint.address.map(|address| address.port()),
        // Without a machine there is none to tell of; whatever else it is, the next look finds out.
        Err(error) => {
            tracing::debug!(instance = %row.id, %error, "its port is not known");
            row.login_port
        }
    }
}

/// Has every row tell its machine's port, where machines have ports of their own. Before an engine is started and anybody
/// can ask: at the first start in that mode all rows tell another one. Later the engine sees to it, and so it does when the
/// mode is left.
///
/// # Errors
/// [`CommitError`]: some rows tell what they told before.
pub async fn tell_ports(state: &State, hypervisor: &dyn Hypervisor) -> Result<(), CommitError> {
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
        let told = state.change(move |tx| {
            for (id, login_port) in chunk {
                if let Some(row) = tx.view().instance(id) {
                    let instance = Instance { login_port, ..Instance::clone(row) };
                    tx.put_instance(instance);
                }
            }
            Ok::<_, Infallible>(())
        });
        let Ok(()) = told.await?;
    }
    Ok(())
}

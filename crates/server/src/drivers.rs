//! Chooses the hypervisor of this server, and opens it on a data directory.

use crate::{config::Config, data::DataDirectory, truths};
use cvmd_clock::Clock;
use cvmd_hypervisor::Hypervisor;
use cvmd_hypervisor_simulated::{Owners, Settings, SimulatedHypervisor, SshSettings, Survey};
use cvmd_state::State;
use std::{net::Ipv4Addr, sync::Arc};

/// The maximum of machines without an instance that are logged one by one.
const ORPHANS_LOGGED: usize = 20;

/// Opens the simulated machines, the only driver so far, after checking that they belong to the state.
///
/// # Errors
/// When they are not of the same directory, or cannot be opened.
pub(crate) async fn open(
    config: &Config,
    data: &DataDirectory,
    state: &Arc<State>,
    sessions_max: usize,
) -> anyhow::Result<Arc<dyn Hypervisor>> {
    let view = state.view();
    let first_start = view.accounts().next().is_none();
    let last_port = (!first_start).then(|| view.settings().ssh_port).filter(|port| config.ssh.keeps(*port));
    let survey = Survey::of(data.path(), |id| view.instance(id).is_some())?;
    let directory = truths::agree(state, survey, config.accept_missing).await?;
    let settings = Settings {
        data: data.path().to_path_buf(),
        clock: Clock::System,
        ssh: SshSettings {
            ports: config.ssh.ports.clone(),
            last_port,
            listen: true,
            own_ports: config.ssh.own_ports,
            penalties: config.ssh.penalties,
            sessions_max,
            owners: owners(state),
        },
    };
    let machines = SimulatedHypervisor::open_for(settings, Some(directory), |id| view.instance(id).is_some())?;
    keep_apart(state, &machines);
    Ok(machines)
}

/// The account of a machine, for the shares of sessions.
fn owners(state: &Arc<State>) -> Owners {
    let state = Arc::clone(state);
    Owners::new(move |id| state.view().instance(id).map(|instance| instance.account.0))
}

/// Logs machines without an instance, and reserves their addresses.
fn keep_apart(state: &State, machines: &SimulatedHypervisor) {
    let aside = machines.aside();
    for machine in aside.iter().take(ORPHANS_LOGGED) {
        tracing::error!(machine = %machine.id, addresses = ?machine.addresses, "no instance has this machine: it answers nobody");
    }
    if aside.len() > ORPHANS_LOGGED {
        tracing::error!(machines = aside.len(), "no instance has these machines: they answer nobody");
    }
    let addresses: Vec<Ipv4Addr> = aside.iter().flat_map(|machine| machine.addresses.iter().copied()).collect();
    state.reserve(&addresses);
}

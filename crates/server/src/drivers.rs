//! Chooses the hypervisor of this server, and opens it on a data directory.

use crate::{config::Config, data::DataDirectory, truths};
use anyhow::Context as _;
use cvmd_clock::Clock;
use cvmd_hypervisor::Hypervisor;
use cvmd_hypervisor_simulated::{Machine, Owners, Settings, SimulatedHypervisor, SshSettings, StoredMachines};
use cvmd_model::{Catalogue, IMAGES, Instance};
use cvmd_state::{State, View};
use std::{collections::BTreeMap, net::Ipv4Addr, sync::Arc};

/// The maximum of machines without an instance that are logged one by one.
const ORPHANS_LOGGED: usize = 20;

/// Opens the simulated machines, the only driver so far, after checking that they belong to the state. `is_used` says
/// whether the data directory's keys show that it had a state before this start.
///
/// # Errors
/// When they are not of the same directory, or cannot be opened.
pub(crate) async fn open(
    config: &Config,
    data: &DataDirectory,
    state: &Arc<State>,
    sessions_max: usize,
    is_used: bool,
) -> anyhow::Result<Arc<dyn Hypervisor>> {
    let view = state.view();
    let first_start = view.accounts().next().is_none();
    let last_port = (!first_start).then(|| view.settings().ssh_port).filter(|port| config.ssh.keeps(*port));
    let (path, snapshot_min_bytes) = (data.path().to_path_buf(), config.snapshot_min_bytes);
    let mut stored = tokio::task::spawn_blocking(move || StoredMachines::snapshotting(&path, snapshot_min_bytes))
        .await
        .context("the machines' loader broke")??;
    let survey = stored.survey(|id| view.instance(id).is_some());
    let (directory, epoch) = truths::agree(state, survey, is_used, config.accept_missing).await?;
    stored.put_epoch(epoch)?;
    if config.erase_orphans {
        let erased = stored.retain(|id| view.instance(id).is_some())?;
        tracing::info!(machines = erased, "machines without an instance were erased");
    }
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
    let machines = SimulatedHypervisor::run(stored, settings, Some(directory), |id| view.instance(id).is_some())?;
    keep_apart(state, &machines);
    compare_platforms(&view, &machines);
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

/// The operator's own images whose platform is another one than when machines were made of them: said once of each. Nothing is
/// changed, as only the operator knows which of the two is meant.
fn compare_platforms(view: &View, machines: &SimulatedHypervisor) {
    // Those of the vendor's images never change.
    if Catalogue::get().images.len() == IMAGES.len() {
        return;
    }
    let mut changed: BTreeMap<&str, (&Instance, usize)> = BTreeMap::new();
    // An operation under way may be making the machine anew.
    for instance in view.all_instances().filter(|instance| instance.operation.is_none()) {
        let differs = |machine: Arc<Machine>| machine.has_sshd == instance.is_windows();
        if let Some(image) = instance.system().filter(|_| machines.machine(instance.id).is_some_and(differs)) {
            changed.entry(image.id_text).or_insert((instance, 0)).1 += 1;
        }
    }
    for (image, (Instance { id, .. }, machines)) in changed {
        tracing::warn!(image, machines, instance = %id, "machines of this image were made when the section [catalogue] gave it another platform");
    }
}

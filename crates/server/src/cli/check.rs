//! `cvmd state check`: what is wrong in a data directory, one line a fault.

use crate::{cli::directory, config, data::TRUTHS, truths::older};
use anyhow::Context as _;
use cvmd_hypervisor_simulated::Inventory;
use cvmd_model::{Catalogue, Goal, ImageState, Instance, InstanceState};
use cvmd_state::{Checked, View};
use std::path::Path;

/// The faults of a data directory: pages and checksums, then what the rows say, then how state and machines go together.
///
/// # Errors
/// When something cannot be read at all.
pub(crate) fn faults(data: &Path, config: Option<&Path>) -> anyhow::Result<Vec<String>> {
    if let Some(path) = config {
        Catalogue::open(&config::file::read(path)?.catalogue.unwrap_or_default())?;
    }
    let mut faults = directory::faults(data);
    for truth in TRUTHS.map(|truth| data.join(truth)).iter().filter(|truth| truth.is_dir()) {
        faults.extend(cvmd_rows::check(truth).unwrap_or_else(|unreadable| vec![unreadable.to_string()]));
    }
    if !faults.is_empty() || TRUTHS.iter().any(|truth| !data.join(truth).is_dir()) {
        // Rows that were changed by chance would only be named again, and what is not taken over yet is not there.
        return Ok(faults);
    }
    let (mut found, mut apart) = look(data)?;
    if !apart.is_empty() {
        // A server that runs may have launched or terminated between the two.
        let (again, still) = look(data)?;
        apart.retain(|fault| still.contains(fault));
        found = again;
    }
    found.extend(apart);
    Ok(found)
}

/// What is wrong inside of the two, and between them.
fn look(data: &Path) -> anyhow::Result<(Vec<String>, Vec<String>)> {
    let Checked { view, is_complete, mut faults } = cvmd_state::check(data).context("the state cannot be checked")?;
    let mut inventory = Inventory::read(data).context("the machines cannot be checked")?;
    faults.append(&mut inventory.faults);
    // What cannot be read would be missing everywhere.
    let apart = if is_complete { between(&view, &inventory) } else { Vec::new() };
    Ok((faults, apart))
}

fn between(view: &View, inventory: &Inventory) -> Vec<String> {
    let mut faults = Vec::new();
    if let (Some(state), Some(machines)) = (view.settings().directory, inventory.directory)
        && state != machines
    {
        faults.push("state/ and machines/ are not of the same data directory".to_owned());
    }
    let [state, machines] = [view.settings().epoch, inventory.epoch];
    if older(state, machines).is_some() {
        faults
            .push(format!("state/ is of epoch {state}, machines/ of epoch {machines}: they are not of the same time"));
    }
    for instance in view.all_instances().filter(|instance| has_machine(instance)) {
        if !inventory.machines.contains(&instance.id) {
            faults.push(format!("{}: it is {}, and has no machine", instance.id, instance.state.name()));
        }
    }
    for id in inventory.machines.iter().filter(|id| view.instance(**id).is_none()) {
        faults.push(format!("{id}: a machine that no instance has: --erase-orphans erases it"));
    }
    let images = view.custom_images();
    for image in images.all().filter(|image| image.state == ImageState::Normal) {
        if !inventory.images.contains(&image.id) {
            faults.push(format!("{}: an image without a disk", image.id));
        }
    }
    for id in inventory.images.iter().filter(|id| images.get(**id).is_none()) {
        faults.push(format!("{id}: the disk of an image that is not there"));
    }
    faults
}

/// Whether its machine must be there: not while it comes or goes, and not after a launch that failed.
fn has_machine(instance: &Instance) -> bool {
    let goal = instance.operation.as_ref().map(|operation| &operation.goal);
    let comes_or_goes = matches!(goal, Some(Goal::Launch | Goal::Create | Goal::Terminate));
    !comes_or_goes && instance.state != InstanceState::LaunchFailed
}

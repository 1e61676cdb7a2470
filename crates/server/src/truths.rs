//! Checks before the start that the state (`state/`) and the machines (`machines/`) belong to one data directory, and that
//! neither was lost while the other exists.
//!
//! Each holds the data directory's epoch, which shows whether they are of the same time, and its id, which is made at the first start and written into the state first. Those of older
//! versions have none: there an instance that is in both shows that they belong together.

use crate::{app, cli::arguments::Missing, random};
use anyhow::bail;
use cvmd_hypervisor_simulated::Survey;
use cvmd_model::{Goal, ImageState, Instance, InstanceState};
use cvmd_state::{Settings, State, View};
use uuid::Uuid;

/// What is wrong with the two as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fault {
    NoState,
    NoMachines,
    /// Only the keys are left.
    Neither,
    Foreign,
    OlderState,
    OlderMachines,
}

/// Checks that the two belong together, and writes the directory's id and its next epoch into the state; the machines' are
/// the caller's to write. `is_used` says
/// whether there are keys that are made only after that.
///
/// # Errors
/// When they do not, with advice, unless that was accepted.
pub(crate) async fn agree(
    state: &State,
    machines: Survey,
    is_used: bool,
    accept: Option<Missing>,
) -> anyhow::Result<(Uuid, u64)> {
    let view = state.view();
    let known = view.settings().directory;
    match (fault(&view, machines, is_used), accept) {
        (None, None) => {}
        (None, Some(_)) => tracing::warn!("nothing is missing: --accept-missing has no effect, and may be left out"),
        (Some(Fault::NoState | Fault::Neither | Fault::OlderState), Some(Missing::State))
        | (Some(Fault::NoMachines | Fault::Foreign | Fault::OlderMachines), Some(Missing::Machines)) => {
            tracing::warn!(
                instances = view.instance_total(),
                "going on without what is missing, as --accept-missing says"
            );
        }
        (Some(fault), _) => bail!("{}", advice(fault, &view)),
    }
    let directory = known.unwrap_or_else(|| machines.directory.unwrap_or_else(|| Uuid::from_bytes(random::bytes())));
    let epoch = next_epoch(view.settings().epoch, machines.epoch);
    app::put_settings(state, Settings { directory: Some(directory), epoch, ..view.settings().clone() }).await?;
    Ok((directory, epoch))
}

/// The epoch after a start. One that was killed has written it into one of the two: the other one follows.
fn next_epoch(state: u64, machines: u64) -> u64 {
    if state == machines { state + 1 } else { state.max(machines) }
}

/// Which of the two is of an earlier time than the other one. They are written one after the other, so that they differ by
/// one after a crash, and in a backup, which notes one after the other too.
pub(crate) fn older(state: u64, machines: u64) -> Option<Missing> {
    match state.abs_diff(machines) {
        0 | 1 => None,
        _ if state < machines => Some(Missing::State),
        _ => Some(Missing::Machines),
    }
}

fn fault(view: &View, machines: Survey, is_used: bool) -> Option<Fault> {
    let is_new = view.accounts().next().is_none();
    match (view.settings().directory, machines.directory) {
        (Some(ours), Some(theirs)) if ours != theirs => Some(Fault::Foreign),
        (Some(_), Some(_)) => older(view.settings().epoch, machines.epoch).map(|older| match older {
            Missing::State => Fault::OlderState,
            Missing::Machines => Fault::OlderMachines,
        }),
        (None, Some(_)) => Some(if is_new { Fault::NoState } else { Fault::Foreign }),
        (None, None) if machines.is_empty && is_new => is_used.then_some(Fault::Neither),
        (_, None) if machines.is_empty => (has_machines(view) || has_images(view)).then_some(Fault::NoMachines),
        (_, None) if is_new => Some(Fault::NoState),
        // From an older version, or from a first start of this one that was killed between the two.
        (_, None) => (!machines.has_known).then_some(Fault::Foreign),
    }
}

fn has_machines(view: &View) -> bool {
    let is_launched = |instance: &Instance| {
        let goal = instance.operation.as_ref().map(|operation| &operation.goal);
        let comes_or_goes = matches!(goal, Some(Goal::Launch | Goal::Create | Goal::Terminate));
        !comes_or_goes && instance.state != InstanceState::LaunchFailed
    };
    view.all_instances().any(|instance| is_launched(instance))
}

fn has_images(view: &View) -> bool {
    view.custom_images().all().any(|image| image.state == ImageState::Normal)
}

fn advice(fault: Fault, view: &View) -> String {
    let (instances, images) = (view.instance_total(), view.custom_images().all().count());
    match fault {
        Fault::NoMachines => format!(
            "machines/ is missing or empty, though state/ has {instances} instances and {images} images of its own: their \
             machines and disks would be lost. Put the machines/ of this data directory back, or start once with \
             --accept-missing machines: the instances are then shown STOPPED, without a machine, and can only be terminated"
        ),
        Fault::NoState => "state/ is missing or empty, though machines/ is of a data directory in use: all accounts, keys and \
             instances would be lost. Put the state/ of this data directory back, or start once with --accept-missing state: \
             everything then begins anew, and the machines that are there answer nobody"
            .to_string(),
        Fault::Neither => "state/ and machines/ are missing or empty, though master.key or credential is of a data directory in use: all \
             accounts, keys and instances would be lost. Put both back, from one backup, or start once with --accept-missing \
             state: everything then begins anew"
            .to_string(),
        Fault::Foreign => format!(
            "state/ ({instances} instances) and machines/ are not of the same data directory. Put the machines/ that belongs \
             to this state/ back, or start once with --accept-missing machines: instances without a machine are then shown \
             STOPPED and can only be terminated, and machines without an instance answer nobody"
        ),
        Fault::OlderState => "state/ is of an earlier time than machines/: keys that were bound since would stay on the disks, and what \
             was made since would be lost. Put the state/ of the machines' time back, or both from one backup, or start once with \
             --accept-missing state: what the two disagree about then stays as it is until it is changed"
            .to_string(),
        Fault::OlderMachines => "machines/ is of an earlier time than state/: keys that were removed since would enter again. Put the \
             machines/ of the state's time back, or both from one backup, or start once with --accept-missing machines: what the two \
             disagree about then stays as it is until it is changed"
            .to_string(),
    }
}

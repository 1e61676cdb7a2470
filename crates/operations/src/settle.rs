//! How an instance's row follows its operation: the visible state, `LatestOperation`, and what is restored when the
//! operation has failed.

use cvmd_model::{
    Failure, Goal, Instance, InstanceState, Latest, LatestState, LoginWanted, Observed, Operation, Password, Power,
    Proof, System, Trail,
};

/// The outcome of an operation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Outcome {
    Success,
    Failed(Failure),
}

impl std::fmt::Display for Outcome {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Outcome::Success => f.write_str("SUCCESS"),
            Outcome::Failed(failure) => write!(f, "FAILED: {failure}"),
        }
    }
}

/// The visible state while an operation is under way.
pub(crate) fn shown(goal: &Goal, trail: &Trail, observed: &Observed) -> InstanceState {
    match goal {
        Goal::Launch | Goal::Create => InstanceState::Pending,
        Goal::Start => InstanceState::Starting,
        Goal::Stop { .. } => InstanceState::Stopping,
        Goal::Reboot { .. } => InstanceState::Rebooting,
        Goal::Isolate => match observed.power {
            Power::Absent | Power::Off => InstanceState::Shutdown,
            Power::Starting | Power::Running | Power::ShuttingDown => InstanceState::Stopping,
        },
        Goal::EnterRescue { .. } => InstanceState::EnterRescueMode,
        Goal::ExitRescue => InstanceState::ExitRescueMode,
        Goal::Terminate => InstanceState::Terminating,
        Goal::ChangeLogin { was_running: false, .. } | Goal::Reshape { was_running: false, .. } => {
            InstanceState::Stopped
        }
        Goal::Reshape { how: None, .. } => InstanceState::Running,
        Goal::CaptureImage { shut_down: false, .. } => seen(observed),
        Goal::ChangeLogin { was_running: true, .. }
        | Goal::Reshape { was_running: true, .. }
        | Goal::CaptureImage { .. }
        | Goal::Reset { .. } => match observed.power {
            _ if trail.start_asked_ms.is_some() => InstanceState::Starting,
            Power::Absent | Power::Off => InstanceState::Stopped,
            Power::Starting | Power::Running | Power::ShuttingDown => InstanceState::Stopping,
        },
    }
}

/// The state of a machine on which no operation works.
fn seen(observed: &Observed) -> InstanceState {
    match observed.power {
        Power::Absent | Power::Off => InstanceState::Stopped,
        Power::Starting | Power::Running | Power::ShuttingDown if observed.system == System::Rescue => {
            InstanceState::RescueMode
        }
        Power::Starting => InstanceState::Starting,
        Power::Running => InstanceState::Running,
        Power::ShuttingDown => InstanceState::Stopping,
    }
}

/// The state of an instance without an operation, from what is observed of its machine; `None` if it does not change.
pub(crate) fn followed(state: InstanceState, observed: &Observed) -> Option<InstanceState> {
    let seen = match observed.power {
        // A machine that does not exist does not run. Operations on it fail with the reason, and it can be terminated.
        Power::Absent | Power::Off => InstanceState::Stopped,
        // Also while the rescue system reboots by itself: it is never shown as RUNNING.
        Power::Starting | Power::Running | Power::ShuttingDown if observed.system == System::Rescue => {
            InstanceState::RescueMode
        }
        Power::Starting => InstanceState::Starting,
        Power::ShuttingDown => InstanceState::Stopping,
        Power::Running if observed.ready => InstanceState::Running,
        // A running machine whose sshd no longer answers is not shown as starting: then nobody could stop it.
        Power::Running if state == InstanceState::Running => InstanceState::Running,
        Power::Running => InstanceState::Starting,
    };
    match state {
        InstanceState::Running
        | InstanceState::Stopped
        | InstanceState::Starting
        | InstanceState::Stopping
        | InstanceState::RescueMode => (seen != state).then_some(seen),
        InstanceState::Pending
        | InstanceState::LaunchFailed
        | InstanceState::Rebooting
        // In the recycle bin it stays there, whatever its machine does.
        | InstanceState::Shutdown
        | InstanceState::EnterRescueMode
        | InstanceState::ExitRescueMode
        | InstanceState::Terminating => None,
    }
}

/// Sets an observed state on a row without an operation.
pub(crate) fn follow(instance: &mut Instance, state: InstanceState) {
    instance.state = state;
    if state != InstanceState::Stopped {
        instance.stopped_without_charging = false;
    }
}

/// Sets the trail and the visible state on the row of an operation under way.
///
/// `before` replaces what is restored on failure, when the disk was read and holds something else.
pub(crate) fn proceed(instance: &mut Instance, trail: Trail, before: Option<LoginWanted>, state: InstanceState) {
    instance.state = state;
    if let Some(operation) = &mut instance.operation {
        operation.trail = trail;
        if let (Some(honest), Goal::ChangeLogin { before, .. }) = (before, &mut operation.goal) {
            *before = honest;
        }
    }
}

/// Ends the row's operation. The row of a terminated instance is deleted instead.
pub(crate) fn finish(
    instance: &mut Instance,
    outcome: &Outcome,
    honest_before: Option<LoginWanted>,
    observed: &Observed,
    proof: Option<Box<Proof>>,
) {
    let Some(operation) = instance.operation.take() else { return };
    instance.proof = proof.or(instance.proof.take());
    let request = operation.request;
    instance.state = match outcome {
        Outcome::Success => match operation.goal {
            Goal::Reboot { .. } | Goal::EnterRescue { .. } if observed.system == System::Rescue => {
                InstanceState::RescueMode
            }
            Goal::Launch
            | Goal::Start
            | Goal::Reboot { .. }
            | Goal::EnterRescue { .. }
            | Goal::ChangeLogin { was_running: true, .. }
            | Goal::Reshape { was_running: true, .. }
            | Goal::CaptureImage { shut_down: true, .. }
            | Goal::Reset { .. } => InstanceState::Running,
            Goal::CaptureImage { shut_down: false, .. } => seen(observed),
            Goal::Create
            | Goal::Stop { .. }
            | Goal::ExitRescue
            | Goal::ChangeLogin { was_running: false, .. }
            | Goal::Reshape { was_running: false, .. } => InstanceState::Stopped,
            Goal::Isolate => InstanceState::Shutdown,
            Goal::Terminate => InstanceState::Terminating,
        },
        Outcome::Failed(_) if matches!(operation.goal, Goal::Launch | Goal::Create) => InstanceState::LaunchFailed,
        Outcome::Failed(_) => seen(observed),
    };
    if let Outcome::Failed(failure) = outcome {
        bring_back(instance, operation, failure, honest_before);
    }
    if instance.state != InstanceState::Stopped {
        instance.stopped_without_charging = false;
    }
    let (state, error) = match outcome {
        Outcome::Success => (LatestState::Success, None),
        Outcome::Failed(failure) => (LatestState::Failed, Some(failure.to_string().into())),
    };
    instance.latest = match instance.latest.take() {
        Some(latest) => Some(Latest { state, error, ..latest }),
        // An operation that no request asked for is reported only when it has failed.
        None => error.map(|error| Latest { action: "".into(), state, request, error: Some(error) }),
    };
}

/// Restores in the row of a failed operation what the machine still has, or has instead.
fn bring_back(instance: &mut Instance, operation: Operation, failure: &Failure, honest: Option<LoginWanted>) {
    match (operation.goal, failure) {
        (Goal::ChangeLogin { before, .. }, Failure::LoginNotWritten { .. }) => {
            instance.login = honest.unwrap_or(before);
        }
        // The truth is that these open.
        (Goal::ChangeLogin { before, .. }, Failure::KeyStillAccepted { keys, .. }) => {
            let back = before.keys.into_iter().filter(|key| keys.contains(key) && !instance.login.keys.contains(key));
            let back: Vec<_> = back.collect();
            instance.login.keys.extend(back);
        }
        (Goal::Reset { before, .. }, _) if !operation.trail.disk_reset => {
            instance.install(*before);
            if let Some(login) = honest {
                instance.login = login;
            }
        }
        // The old disk is gone, with all its logins; the new one has the login that it was made with.
        (Goal::Reset { .. }, Failure::LoginNotWritten { .. }) => {
            let nobody = LoginWanted { keys: Vec::new(), password: Password::Never, password_login: false };
            instance.login = honest.unwrap_or(nobody);
        }
        (Goal::Reshape { before, .. }, Failure::NotReshaped { .. }) => instance.set_shape(*before),
        (Goal::Stop { released: Some(address), .. }, _) if !operation.trail.reshaped => {
            instance.public_address = Some(address);
            instance.stopped_without_charging = false;
        }
        _ => {}
    }
}

//! The failure that ends an operation, worded for its goal.

use cvmd_model::{Failure, Goal, Trail};

/// A step that is not tried again.
#[derive(Debug)]
pub(crate) struct Lost<'a> {
    pub(crate) goal: &'a Goal,
    pub(crate) trail: &'a Trail,
    pub(crate) cause: Box<str>,
    /// Seconds since the machine was first asked to start; at least one.
    pub(crate) spent_s: u64,
}

/// Why a machine that was to run does not.
pub(crate) fn not_started(goal: &Goal, within_s: u64, cause: &str) -> Failure {
    match goal {
        Goal::ChangeLogin { .. } => Failure::LoginWrittenNotStarted { within_s },
        Goal::Launch
        | Goal::Create
        | Goal::Start
        | Goal::Stop { .. }
        | Goal::Reboot { .. }
        | Goal::EnterRescue { .. }
        | Goal::ExitRescue
        | Goal::Isolate
        | Goal::Reshape { .. }
        | Goal::CaptureImage { .. }
        | Goal::Reset { .. }
        | Goal::Terminate => Failure::NotStarted { within_s, cause: cause.into() },
    }
}

/// The machine's shape could not be changed. Nobody asked a stop for that: it reshapes only to give an address back.
pub(crate) fn not_reshaped(lost: Lost<'_>) -> Failure {
    match lost.goal {
        Goal::Stop { .. } => Failure::Hypervisor { cause: lost.cause },
        _ => Failure::NotReshaped { cause: lost.cause },
    }
}

/// The machine could not be powered off, which the goal needs first.
pub(crate) fn not_powered_off(lost: Lost<'_>) -> Failure {
    let cause = format!("it cannot be powered off: {}", lost.cause).into();
    not_reached(lost.goal, lost.trail, cause).unwrap_or(Failure::Hypervisor { cause: lost.cause })
}

/// The failure when the goal's change of the disk or the shape was not made; `None` when it was, or the goal has none.
pub(crate) fn not_reached(goal: &Goal, trail: &Trail, cause: Box<str>) -> Option<Failure> {
    match goal {
        Goal::ChangeLogin { .. } if !trail.login_written => Some(Failure::LoginNotWritten { cause }),
        Goal::CaptureImage { .. } if !trail.image_captured => Some(Failure::ImageNotCaptured { cause }),
        Goal::Reset { .. } if !trail.disk_reset => Some(Failure::DiskNotReset { cause }),
        Goal::Reshape { .. } if !trail.reshaped => Some(Failure::NotReshaped { cause }),
        Goal::Launch
        | Goal::Create
        | Goal::Start
        | Goal::Stop { .. }
        | Goal::Reboot { .. }
        | Goal::ChangeLogin { .. }
        | Goal::EnterRescue { .. }
        | Goal::ExitRescue
        | Goal::Isolate
        | Goal::Reshape { .. }
        | Goal::CaptureImage { .. }
        | Goal::Reset { .. }
        | Goal::Terminate => None,
    }
}

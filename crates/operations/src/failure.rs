//! Why an operation is given up, told for what it was to bring about.

use cvmd_model::{Failure, Goal, Trail};

/// A step that has failed for good.
#[derive(Debug)]
pub(crate) struct Lost<'a> {
    pub(crate) goal: &'a Goal,
    pub(crate) trail: &'a Trail,
    pub(crate) cause: Box<str>,
    /// Seconds since the machine was first told to start; at least one.
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

/// A stop gives its address back by it: that is nothing which was asked for by itself.
pub(crate) fn not_reshaped(lost: Lost<'_>) -> Failure {
    match lost.goal {
        Goal::Stop { .. } => Failure::Hypervisor { cause: lost.cause },
        _ => Failure::NotReshaped { cause: lost.cause },
    }
}

/// A machine that was to be off for what the goal wants.
pub(crate) fn not_powered_off(lost: Lost<'_>) -> Failure {
    let cause = format!("it cannot be powered off: {}", lost.cause).into();
    not_reached(lost.goal, lost.trail, cause).unwrap_or(Failure::Hypervisor { cause: lost.cause })
}

/// That what the goal wants of the disk or of the machine's shape has not come about; `None` when it has, or there is no
/// such thing.
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

//! The effects on a machine that operations consist of, each described by one row.

use crate::failure::{Lost, not_powered_off, not_reshaped, not_started};
use cvmd_model::{Failure, Trail};

/// One effect on the hypervisor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Define,
    WriteLogin,
    Reset,
    CaptureImage,
    Reshape,
    ShutDown,
    PowerOff,
    Start,
    /// Chooses the disk's own system for the next boots.
    SetDisk,
    /// Chooses the rescue system for the next boots, with the goal's login.
    SetRescue,
    Erase,
    /// Asks the machine's own sshd who may log in. It changes nothing, and its answer is the trail's proof.
    Prove,
}

/// What there is to say of a step.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Row {
    /// How the log calls it.
    pub(crate) name: &'static str,
    pub(crate) success: Success,
    pub(crate) retry: Retry,
    /// The other steps of which one may have succeeded just before. Nothing has been before the first step, nor is anything
    /// known to have been after a failure or a restart.
    pub(crate) follows: &'static [Step],
}

/// What it means that the hypervisor returned `Ok` for a step.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Success {
    /// It is done, and the trail remembers this; tries are counted anew.
    Done(fn(&mut Trail)),
    /// Whether it has worked is seen later, and its tries go on counting until then. The trail remembers this.
    SeenLater(fn(&mut Trail)),
    /// A guest was asked, which may not have heard it: asked again later, it has not failed.
    Asked,
}

/// What becomes of a step that failed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Retry {
    /// Tried again after a pause, as often as the limits say; then the operation is given up for this reason.
    Counted(fn(Lost<'_>) -> Failure),
    /// Asked again after a second and not counted: the guest's time limit ends it.
    AskAgain,
    /// Tried again after a pause, without an end: a machine that is to go must not be forgotten.
    ForEver,
}

impl Step {
    #[rustfmt::skip]
    pub(crate) fn row(self) -> Row {
        use Retry::{AskAgain, Counted, ForEver};
        use Step::{CaptureImage, Define, Erase, PowerOff, Prove, Reset, Reshape, SetDisk, SetRescue, ShutDown, Start, WriteLogin};
        use Success::{Asked, Done, SeenLater};
        let row = |name, success, retry, follows| Row { name, success, retry, follows };
        match self {
            Define => row("define", Done(|_| ()),
                Counted(|lost| Failure::NotDefined { cause: lost.cause }), &[WriteLogin, PowerOff, SetDisk]),
            WriteLogin => row("write login", Done(|trail| trail.login_written = true),
                Counted(|lost| Failure::LoginNotWritten { cause: lost.cause }),
                &[Define, Reset, ShutDown, PowerOff]),
            Reset => row("reset", Done(|trail| trail.disk_reset = true),
                Counted(|lost| Failure::DiskNotReset { cause: lost.cause }), &[ShutDown, PowerOff]),
            CaptureImage => row("capture image", Done(|trail| trail.image_captured = true),
                Counted(|lost| Failure::ImageNotCaptured { cause: lost.cause }), &[ShutDown, PowerOff]),
            Reshape => row("reshape", Done(|trail| trail.reshaped = true),
                Counted(not_reshaped), &[ShutDown, PowerOff]),
            ShutDown => row("shut down", Asked,
                AskAgain, &[PowerOff]),
            PowerOff => row("power off", SeenLater(|_| ()),
                Counted(not_powered_off), &[Define, WriteLogin, Reset, CaptureImage, Reshape, ShutDown, Start]),
            Start => row("start", SeenLater(|_| ()),
                Counted(|lost| not_started(lost.goal, lost.spent_s, &lost.cause)),
                &[Define, WriteLogin, CaptureImage, Reshape, ShutDown, PowerOff, SetDisk, SetRescue]),
            SetDisk => row("set disk", SeenLater(|_| ()),
                Counted(|lost| Failure::Hypervisor { cause: lost.cause }),
                &[Define, WriteLogin, CaptureImage, Reshape, ShutDown, PowerOff]),
            SetRescue => row("set rescue", SeenLater(|trail| trail.login_written = true),
                Counted(|lost| Failure::Hypervisor { cause: lost.cause }), &[ShutDown, PowerOff]),
            Erase => row("erase", SeenLater(|_| ()),
                ForEver, &[]),
            Prove => row("prove", Done(|_| ()),
                Counted(|lost| Failure::Hypervisor { cause: lost.cause }),
                &[Define, WriteLogin, CaptureImage, Reshape, ShutDown, PowerOff, Start, SetDisk]),
        }
    }

    pub(crate) fn may_follow(self, step: Step) -> bool {
        self == step || self.row().follows.contains(&step)
    }
}

#[cfg(test)]
#[path = "step_test.rs"]
mod test;

//! An operation's goal, its trail, and the observed state of the machine.

use crate::{
    BootId, Failure, ImageId, Installed, KeyPairId, Login, LoginWanted, Proof, RequestId, Shape, StopType, text::named,
};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, net::Ipv4Addr};

/// A machine's power, as its hypervisor sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Power {
    /// The hypervisor has no such machine.
    Absent,
    Off,
    Starting,
    Running,
    ShuttingDown,
}

/// The system that a machine boots. It is chosen while the machine is off, so a running machine runs the chosen one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum System {
    /// The system on its own disk.
    #[default]
    Disk,
    /// A small system that is not on the disk, from which the disk can be repaired.
    Rescue,
}

/// The observed state of a machine at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observed {
    pub power: Power,
    /// The latest boot, also of a machine that is off again; the nil id before the first boot.
    pub boot: BootId,
    /// Ready for a user: a Linux machine's sshd answers; a Windows machine is running.
    pub ready: bool,
    pub system: System,
}

/// The goal of an operation. It holds what can no longer be observed, such as whether the instance was RUNNING when the
/// request came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Goal {
    /// A new instance: define its machine, write its login, start it.
    Launch,
    /// A new instance that stays off: define its machine, write its login.
    Create,
    Start,
    Stop {
        how: StopType,
        /// The public address that its row has released, and the machine releases once it is off.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        released: Option<Ipv4Addr>,
    },
    /// Reboots the system that it runs, its own or the rescue system.
    Reboot {
        how: StopType,
    },
    /// The guest's login must become the instance's `login`.
    ChangeLogin {
        /// If true, it is started again afterwards.
        was_running: bool,
        /// Keys that the guest must refuse afterwards.
        gone: Vec<KeyPairId>,
        /// The login that is restored if the guest cannot be changed.
        before: LoginWanted,
        /// How a running machine is stopped for it. Rows of earlier versions lack it, and meant the default.
        #[serde(default = "soft_first")]
        how: StopType,
    },
    /// The machine must become what the instance's row describes.
    Reshape {
        was_running: bool,
        /// How a running machine is stopped for it; `None` if it keeps running.
        how: Option<StopType>,
        /// The values that are restored if it fails. Boxed: it is large and seldom used.
        before: Box<Shape>,
    },
    /// The machine must be off, and the instance goes into the recycle bin.
    Isolate,
    /// The instance's disk must be captured as that custom image.
    CaptureImage {
        image: ImageId,
        /// It was RUNNING and is shut down for it; afterwards it is started again.
        shut_down: bool,
    },
    /// The system disk must be replaced by the one that the instance's row describes; afterwards the instance runs.
    Reset {
        was_running: bool,
        /// The values that are restored if the old disk is still there at the end.
        before: Box<Installed>,
    },
    /// The machine must run the rescue system.
    EnterRescue {
        how: StopType,
        /// Who may log in to the rescue system; the disk's own login does not change.
        login: Login,
    },
    /// The machine must be off, and boot from its own disk the next time.
    ExitRescue,
    Terminate,
}

const fn soft_first() -> StopType {
    StopType::SoftFirst
}

/// What cannot be observed later. It is committed before the effect that needs it, so that a crash loses nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Trail {
    /// The boot that a stop or a reboot must end; a machine on another boot has left it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot_before: Option<BootId>,
    /// When the guest was asked to shut down, unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub off_asked_ms: Option<u64>,
    /// The guest's login was written and read back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub login_written: bool,
    /// The system disk was replaced.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub disk_reset: bool,
    /// The disk was captured as an image.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub image_captured: bool,
    /// The machine was changed as wanted.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reshaped: bool,
    /// When the start was requested, in unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_asked_ms: Option<u64>,
    /// The number of effects that failed since the last success.
    #[serde(skip_serializing_if = "is_zero")]
    pub attempts: u32,
    /// Wait until then, in unix milliseconds: the backoff after a failed effect, or the time to ask a guest again that
    /// was already asked to shut down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_at_ms: Option<u64>,
    /// What the machine's sshd has answered. In memory only until the operation ends: after a crash it is asked again.
    #[serde(skip)]
    pub proof: Option<Box<Proof>>,
    /// The operation has failed for this reason, and now brings the machine back to where it belongs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub giving_up: Option<Failure>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes the field by reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// The operation under way on an instance. At most one, in the instance's own row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Operation {
    pub goal: Goal,
    pub trail: Trail,
    /// The request that started it; distinguishes this operation from one that superseded it.
    pub request: RequestId,
}

/// `LatestOperation`, `LatestOperationState`, `LatestOperationRequestId` and `LatestOperationErrorMsg`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latest {
    /// The action's name.
    pub action: Cow<'static, str>,
    pub state: LatestState,
    pub request: RequestId,
    /// Set when FAILED: a reason that a person can act on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Box<str>>,
}

named! {
    pub enum LatestState {
        Operating = "OPERATING",
        Success = "SUCCESS",
        Failed = "FAILED",
    }
}

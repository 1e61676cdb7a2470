//! What an operation must bring about, what it must remember on the way, and what the machine is seen to be.

use crate::{Failure, ImageId, Installed, KeyPairId, Login, LoginWanted, RequestId, Shape, StopType};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, net::Ipv4Addr};

/// Which boot of a machine this is. It changes with every boot and with nothing else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BootId(pub uuid::Uuid);

/// A machine's power, as its hypervisor sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Power {
    /// The hypervisor knows no such machine.
    Absent,
    Off,
    Starting,
    Running,
    ShuttingDown,
}

/// Which system a machine boots: it is chosen while the machine is off, so a machine that is on runs the one chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum System {
    /// Its own disk's.
    #[default]
    Disk,
    /// A small one that is not on the disk, from which the disk can be mended.
    Rescue,
}

/// What a machine is seen to be at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observed {
    pub power: Power,
    /// The latest boot, also of a machine that is off again; the nil id before the first.
    pub boot: BootId,
    /// Up as far as a user can tell: a Linux machine's sshd answers; a Windows machine is merely running.
    pub ready: bool,
    pub system: System,
}

/// What an operation must bring about. It holds what cannot be observed any more, such as whether the instance was
/// RUNNING when the request came.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Goal {
    /// A new instance: define its machine, write its login, start it.
    Launch,
    Start,
    Stop {
        how: StopType,
        /// The public address that its row has given up, and the machine gives up once it is off.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        released: Option<Ipv4Addr>,
    },
    /// Whatever system it runs.
    Reboot {
        how: StopType,
    },
    /// The guest's login must become the instance's `login`.
    ChangeLogin {
        /// Then it is started again afterwards.
        was_running: bool,
        /// Keys that the guest must refuse afterwards.
        gone: Vec<KeyPairId>,
        /// What comes back if the guest cannot be changed.
        before: LoginWanted,
        /// How a running machine is taken off for it. Rows of earlier versions hold nothing: they meant this.
        #[serde(default = "soft_first")]
        how: StopType,
    },
    /// The machine must become what the instance's row says it is made of.
    Reshape {
        was_running: bool,
        /// How a machine that runs is stopped for it; `None` if it runs on meanwhile.
        how: Option<StopType>,
        /// What comes back if it cannot be done. Boxed: it is the largest and among the rarest.
        before: Box<Shape>,
    },
    /// The machine must be off, and the instance goes into the recycle bin.
    Isolate,
    /// The instance's disk must be kept as that custom image.
    CaptureImage {
        image: ImageId,
        /// It was RUNNING and is shut down for it; then it is started again afterwards.
        shut_down: bool,
    },
    /// The system disk must be made anew, as the instance's row has it; afterwards the instance runs.
    Reset {
        was_running: bool,
        /// What comes back if the old disk is still there at the end.
        before: Box<Installed>,
    },
    /// The machine must run the rescue system.
    EnterRescue {
        how: StopType,
        /// Who may enter the rescue system; the disk's own login stays what it is.
        login: Login,
    },
    /// The machine must be off, and its next boot from its own disk.
    ExitRescue,
    Terminate,
}

const fn soft_first() -> StopType {
    StopType::SoftFirst
}

/// What time takes away. Committed before the effect that needs it, so that a crash forgets nothing.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Trail {
    /// The boot that an off or a reboot must end; a machine seen on another boot has left it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub boot_before: Option<BootId>,
    /// When the guest was asked to shut down, unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub off_asked_ms: Option<u64>,
    /// The guest's login has been written and read back.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub login_written: bool,
    /// The system disk has been made anew.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub disk_reset: bool,
    /// The disk has been kept as an image.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub image_captured: bool,
    /// The machine has become what it should.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub reshaped: bool,
    /// When the start was asked for, unix milliseconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start_asked_ms: Option<u64>,
    /// Effects that failed in a row since one succeeded.
    #[serde(skip_serializing_if = "is_zero")]
    pub attempts: u32,
    /// Not before this, unix milliseconds: the backoff after a failed effect, or when to ask a guest again that has
    /// heard that it should shut down.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub retry_at_ms: Option<u64>,
    /// The operation has failed for this reason and is now bringing the machine back to where it belongs.
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
    /// The request that asked for it; tells this operation from one that superseded it.
    pub request: RequestId,
}

/// `LatestOperation`, `LatestOperationState`, `LatestOperationRequestId` and `LatestOperationErrorMsg`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Latest {
    /// The action's name.
    pub action: Cow<'static, str>,
    pub state: LatestState,
    pub request: RequestId,
    /// Set when FAILED: a reason a person can act on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<Box<str>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LatestState {
    Operating,
    Success,
    Failed,
}

impl LatestState {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            LatestState::Operating => "OPERATING",
            LatestState::Success => "SUCCESS",
            LatestState::Failed => "FAILED",
        }
    }
}

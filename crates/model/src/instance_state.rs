//! The states of an instance, and the ways to stop it.

use serde::{Deserialize, Serialize};

/// `InstanceState`, as clients poll it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum InstanceState {
    Pending,
    LaunchFailed,
    Running,
    Stopped,
    Starting,
    Stopping,
    Rebooting,
    /// In the recycle bin: off, until it is renewed or destroyed.
    Shutdown,
    EnterRescueMode,
    RescueMode,
    ExitRescueMode,
    Terminating,
}

impl InstanceState {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            InstanceState::Pending => "PENDING",
            InstanceState::LaunchFailed => "LAUNCH_FAILED",
            InstanceState::Running => "RUNNING",
            InstanceState::Stopped => "STOPPED",
            InstanceState::Starting => "STARTING",
            InstanceState::Stopping => "STOPPING",
            InstanceState::Rebooting => "REBOOTING",
            InstanceState::Shutdown => "SHUTDOWN",
            InstanceState::EnterRescueMode => "ENTER_RESCUE_MODE",
            InstanceState::RescueMode => "RESCUE_MODE",
            InstanceState::ExitRescueMode => "EXIT_RESCUE_MODE",
            InstanceState::Terminating => "TERMINATING",
        }
    }

    #[must_use]
    pub fn find(name: &str) -> Option<InstanceState> {
        use InstanceState as S;
        [
            S::Pending,
            S::LaunchFailed,
            S::Running,
            S::Stopped,
            S::Starting,
            S::Stopping,
            S::Rebooting,
            S::Shutdown,
            S::EnterRescueMode,
            S::RescueMode,
            S::ExitRescueMode,
            S::Terminating,
        ]
        .into_iter()
        .find(|state| state.name() == name)
    }
}

/// How an instance is stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum StopType {
    /// Asks the guest; fails if it does not shut down.
    Soft,
    /// Asks the guest; powers off if it does not shut down within the time limit.
    SoftFirst,
    /// Powers off.
    Hard,
}

//! The states of an instance, and the ways to stop it.

use crate::text::named;

named! {
    /// `InstanceState`, as clients poll it.
    pub enum InstanceState {
        Pending = "PENDING",
        LaunchFailed = "LAUNCH_FAILED",
        Running = "RUNNING",
        Stopped = "STOPPED",
        Starting = "STARTING",
        Stopping = "STOPPING",
        Rebooting = "REBOOTING",
        /// In the recycle bin: off, until it is renewed or destroyed.
        Shutdown = "SHUTDOWN",
        EnterRescueMode = "ENTER_RESCUE_MODE",
        RescueMode = "RESCUE_MODE",
        ExitRescueMode = "EXIT_RESCUE_MODE",
        Terminating = "TERMINATING",
    }
}

impl InstanceState {
    #[must_use]
    pub fn find(name: &str) -> Option<InstanceState> {
        InstanceState::ALL.into_iter().find(|state| state.name() == name)
    }
}

named! {
    /// How an instance is stopped.
    pub enum StopType {
        /// Asks the guest; fails if it does not shut down.
        Soft = "SOFT",
        /// Asks the guest; powers off if it does not shut down within the time limit.
        SoftFirst = "SOFT_FIRST",
        /// Powers off.
        Hard = "HARD",
    }
}

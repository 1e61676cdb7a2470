//! After giving up: brings the machine back to where it belongs.
//!
//! ```text
//! did not come up        -> [PowerOff] -> (off) -> Fail, so that STOPPED is true; to boot its disk again: [SetDisk]
//! not written or shaped  -> was running? still on: Fail    going off: (off) -> [Start] -> (ready) -> Fail    else Fail
//! anything else          -> Fail; what is seen is what is shown
//! ```

use super::moment::{Moment, Next};
use crate::Step;
use cvmd_model::{Failure, Goal, Power, System};

impl Moment<'_> {
    pub(super) fn bring_back(&self, failure: &Failure) -> Next {
        match (failure, self.goal) {
            (Failure::NotStarted { .. } | Failure::LoginWrittenNotStarted { .. }, _)
            | (Failure::LoginNotWritten { .. } | Failure::Hypervisor { .. }, Goal::Launch | Goal::Reset { .. })
            | (Failure::KeyStillAccepted { .. }, Goal::Launch) => self.power_off(failure),
            (Failure::LoginNotWritten { .. }, Goal::ChangeLogin { was_running: true, .. })
            | (Failure::ImageNotCaptured { .. }, Goal::CaptureImage { shut_down: true, .. })
            | (Failure::DiskNotReset { .. }, Goal::Reset { was_running: true, .. })
            | (Failure::NotReshaped { .. }, Goal::Reshape { was_running: true, how: Some(_), .. }) => {
                self.back_up(failure)
            }
            (Failure::Hypervisor { .. }, Goal::EnterRescue { .. }) if self.observed.power == Power::Off => {
                self.power_off(failure)
            }
            (
                Failure::LoginNotWritten { .. }
                | Failure::ImageNotCaptured { .. }
                | Failure::DiskNotReset { .. }
                | Failure::NotReshaped { .. }
                | Failure::NotDefined { .. }
                | Failure::NotStopped { .. }
                | Failure::KeyStillAccepted { .. }
                | Failure::Hypervisor { .. },
                _,
            ) => Next::Fail(failure.clone()),
        }
    }

    fn power_off(&self, failure: &Failure) -> Next {
        match self.observed.power {
            Power::Off if self.observed.system == System::Rescue => self.unless_exhausted(Step::SetDisk, failure),
            Power::Absent | Power::Off => Next::Fail(failure.clone()),
            Power::Starting | Power::Running | Power::ShuttingDown => self.unless_exhausted(Step::PowerOff, failure),
        }
    }

    /// Starts the machine again with the login it had before.
    fn back_up(&self, failure: &Failure) -> Next {
        let waits_for_off = self.trail.start_asked_ms.is_none();
        match self.observed.power {
            // It never went off, or it comes up by itself: in both cases it has its earlier login.
            Power::Starting | Power::Running if waits_for_off => Next::Fail(failure.clone()),
            Power::ShuttingDown if waits_for_off => {
                let asked_ms = self.trail.off_asked_ms.unwrap_or(0);
                // Twice the time limit: a guest that goes down only after its limit would otherwise stay off.
                let until_ms = asked_ms.saturating_add(self.limits.shutdown_ms().saturating_mul(2));
                if self.now_ms < until_ms { Next::Wait(until_ms) } else { Next::Fail(failure.clone()) }
            }
            Power::Absent | Power::Off | Power::Starting | Power::Running | Power::ShuttingDown => {
                match self.come_up() {
                    Next::Done | Next::Fail(_) => Next::Fail(failure.clone()),
                    Next::GiveUp(_) => self.power_off(failure),
                    Next::Do(step, trail) if trail.attempts < self.limits.attempts_max => Next::Do(step, trail),
                    Next::Do(..) => Next::Fail(failure.clone()),
                    Next::Wait(until_ms) => Next::Wait(until_ms),
                }
            }
        }
    }

    fn unless_exhausted(&self, step: Step, failure: &Failure) -> Next {
        if self.trail.attempts < self.limits.attempts_max { self.again(step) } else { Next::Fail(failure.clone()) }
    }
}

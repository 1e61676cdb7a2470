//! Goals that only change power and the system that boots: on, off, rescue, and the end of the machine.
//!
//! ```text
//! Start        (off) -> [Start] -> (ready on another boot) -> Done
//! Stop         (on) -> [ShutDown] -> (off) -> Done        Hard: [PowerOff] in place of [ShutDown]
//!                          └ in time? SoftFirst: [PowerOff]   Soft: ! NotStopped
//!              giving its public address back: (off) -> [Reshape] -> Done
//! Reboot       as Stop, then as Start; a guest that left the boot by itself has done the first half
//! Isolate      as Stop SoftFirst
//! EnterRescue  as Stop -> (off) -> [SetRescue] -> as Start -> (ready in the rescue system) -> Done
//! ExitRescue   (on) -> as Stop SoftFirst -> (off) -> [SetDisk] -> (off, to boot its disk) -> Done
//! Terminate    [Erase] -> (absent) -> Done
//! ```

use super::moment::{Moment, Next, WillNotStop};
use crate::Step;
use cvmd_model::{Power, StopType, System};

impl Moment<'_> {
    pub(super) fn stop(&self, how: StopType) -> Next {
        match self.observed.power {
            Power::Absent => self.absent(),
            Power::Off => Next::Done,
            Power::Starting | Power::Running | Power::ShuttingDown => {
                self.take_off(how).unwrap_or_else(|WillNotStop| self.not_stopped())
            }
        }
    }

    pub(super) fn stop_and_release(&self, how: StopType) -> Next {
        match self.observed.power {
            Power::Off if !self.trail.reshaped => self.off_for_it(Step::Reshape),
            Power::Absent | Power::Off | Power::Starting | Power::Running | Power::ShuttingDown => self.stop(how),
        }
    }

    pub(super) fn reboot(&self, how: StopType) -> Next {
        let left = self.trail.boot_before.is_some_and(|boot| boot != self.observed.boot);
        match self.observed.power {
            Power::Absent => self.absent(),
            Power::Starting | Power::Running | Power::ShuttingDown if !left && self.trail.start_asked_ms.is_none() => {
                self.take_off(how).unwrap_or_else(|WillNotStop| self.not_stopped())
            }
            Power::Off | Power::Starting | Power::Running | Power::ShuttingDown => self.come_up(),
        }
    }

    pub(super) fn enter_rescue(&self, how: StopType) -> Next {
        match self.observed.power {
            Power::Absent => self.absent(),
            // The login of an earlier rescue may still be set: this one's is written once, and then remembered.
            Power::Off if !self.trail.login_written => self.off_for_it(Step::SetRescue),
            Power::Starting | Power::Running | Power::ShuttingDown if !self.trail.login_written => {
                self.take_off(how).unwrap_or_else(|WillNotStop| self.not_stopped())
            }
            Power::Off | Power::Starting | Power::Running | Power::ShuttingDown => self.come_up(),
        }
    }

    pub(super) fn exit_rescue(&self) -> Next {
        match self.observed.power {
            Power::Absent => self.absent(),
            Power::Off if self.observed.system == System::Disk => Next::Done,
            Power::Off => self.off_for_it(Step::SetDisk),
            Power::Starting | Power::Running | Power::ShuttingDown => {
                self.take_off(StopType::SoftFirst).unwrap_or_else(|WillNotStop| self.not_stopped())
            }
        }
    }

    pub(super) fn terminate(&self) -> Next {
        match self.observed.power {
            Power::Absent => Next::Done,
            Power::Off | Power::Starting | Power::Running | Power::ShuttingDown => self.again(Step::Erase),
        }
    }
}

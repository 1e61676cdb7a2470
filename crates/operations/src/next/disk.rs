//! Goals about what is on the machine's disk: its login, its system, an image of it.
//!
//! ```text
//! Launch       (absent) -> [Define] -> (off) -> [WriteLogin] -> [Start] -> (ready) -> Done
//! Create       (absent) -> [Define] -> (off) -> [WriteLogin] -> Done
//! ChangeLogin  (off) -> [WriteLogin] -> Done
//!              (on) -> as Stop -> (off) -> [WriteLogin] -> as Start -> Done
//!                         └ Soft, and not in time: ! LoginNotWritten
//! Reset        (on) -> as Stop SoftFirst -> (off) -> [Reset] -> [WriteLogin] -> as Start -> Done
//! CaptureImage [CaptureImage] -> Done
//!              shut down for it: (on) -> as Stop SoftFirst -> (off) -> [CaptureImage] -> as Start -> Done
//! ```

use super::moment::{Moment, Next, WillNotStop};
use crate::Step;
use cvmd_model::{Failure, Power, StopType};

impl Moment<'_> {
    pub(super) fn launch(&self) -> Next {
        match self.observed.power {
            Power::Absent if self.trail.start_asked_ms.is_none() => self.again(Step::Define),
            Power::Off if !self.trail.login_written => self.again(Step::WriteLogin),
            // The machine was not announced to anybody yet, so a hard power-off loses nothing.
            Power::Starting | Power::Running | Power::ShuttingDown if !self.trail.login_written => {
                self.again(Step::PowerOff)
            }
            Power::Absent | Power::Off | Power::Starting | Power::Running | Power::ShuttingDown => self.come_up(),
        }
    }

    pub(super) fn create(&self) -> Next {
        match self.observed.power {
            Power::Absent => self.again(Step::Define),
            Power::Off if !self.trail.login_written => self.again(Step::WriteLogin),
            Power::Off => Next::Done,
            // As at a launch.
            Power::Starting | Power::Running | Power::ShuttingDown => self.again(Step::PowerOff),
        }
    }

    pub(super) fn change_login(&self, was_running: bool, how: StopType) -> Next {
        match self.observed.power {
            _ if self.trail.login_written && was_running => self.come_up(),
            _ if self.trail.login_written => Next::Done,
            Power::Absent => self.absent(),
            Power::Off => self.off_for_it(Step::WriteLogin),
            Power::Starting | Power::Running | Power::ShuttingDown => self
                .take_off(how)
                .unwrap_or_else(|WillNotStop| Next::GiveUp(Failure::LoginNotWritten { cause: self.why_not_off(how) })),
        }
    }

    pub(super) fn reset(&self) -> Next {
        let how = StopType::SoftFirst;
        match self.observed.power {
            _ if self.trail.login_written => self.come_up(),
            Power::Absent => self.absent(),
            Power::Off if self.trail.disk_reset => self.again(Step::WriteLogin),
            Power::Off => self.off_for_it(Step::Reset),
            // As at a launch: the new system was not announced to anybody yet.
            Power::Starting | Power::Running | Power::ShuttingDown if self.trail.disk_reset => {
                self.again(Step::PowerOff)
            }
            Power::Starting | Power::Running | Power::ShuttingDown => self
                .take_off(how)
                .unwrap_or_else(|WillNotStop| Next::GiveUp(Failure::DiskNotReset { cause: self.why_not_off(how) })),
        }
    }

    pub(super) fn capture(&self, shut_down: bool) -> Next {
        let how = StopType::SoftFirst;
        match self.observed.power {
            _ if self.trail.image_captured && shut_down => self.come_up(),
            _ if self.trail.image_captured => Next::Done,
            Power::Absent => self.absent(),
            Power::Starting | Power::Running | Power::ShuttingDown if shut_down => self
                .take_off(how)
                .unwrap_or_else(|WillNotStop| Next::GiveUp(Failure::ImageNotCaptured { cause: self.why_not_off(how) })),
            Power::Off | Power::Starting | Power::Running | Power::ShuttingDown => self.off_for_it(Step::CaptureImage),
        }
    }
}

//! The goal about the machine's form: processors, memory, disks and network cards.
//!
//! ```text
//! Reshape      (off) -> [Reshape] -> Done
//!              (on) -> as Stop -> (off) -> [Reshape] -> as Start -> Done; where it runs on: (on) -> [Reshape] -> Done
//! ```

use super::moment::{Moment, Next, WillNotStop};
use crate::Step;
use cvmd_model::{Failure, Power, StopType};

impl Moment<'_> {
    pub(super) fn reshape(&self, was_running: bool, how: Option<StopType>) -> Next {
        match (self.observed.power, how) {
            (_, Some(_)) if self.trail.reshaped && was_running => self.come_up(),
            _ if self.trail.reshaped => Next::Done,
            (Power::Absent, _) => self.absent(),
            (Power::Starting | Power::Running | Power::ShuttingDown, Some(how)) => self
                .take_off(how)
                .unwrap_or_else(|WillNotStop| Next::GiveUp(Failure::NotReshaped { cause: self.why_not_off(how) })),
            (Power::Off | Power::Starting | Power::Running | Power::ShuttingDown, _) => self.off_for_it(Step::Reshape),
        }
    }
}

//! Decides what an operation does next, from what is wanted, what is remembered and what is observed; has no effects.
//!
//! Each goal's walk. `[X]` is an effect, `(x)` what is observed or remembered, `!` what gives the operation up:
//!
//! ```text
//! Launch       (absent) -> [Define] -> (off) -> [WriteLogin] -> [Start] -> (ready) -> Done
//! Create       (absent) -> [Define] -> (off) -> [WriteLogin] -> Done
//! Start        (off) -> [Start] -> (ready on another boot) -> Done
//! Stop         (on) -> [ShutDown] -> (off) -> Done        Hard: [PowerOff] in place of [ShutDown]
//!                          └ in time? SoftFirst: [PowerOff]   Soft: ! NotStopped
//!              giving its public address back: (off) -> [Reshape] -> Done
//! Reboot       as Stop, then as Start; a guest that left the boot by itself has done the first half
//! ChangeLogin  (off) -> [WriteLogin] -> Done
//!              (on) -> as Stop -> (off) -> [WriteLogin] -> as Start -> Done
//!                         └ Soft, and not in time: ! LoginNotWritten
//! Reshape      (off) -> [Reshape] -> Done
//!              (on) -> as Stop -> (off) -> [Reshape] -> as Start -> Done; where it runs on: (on) -> [Reshape] -> Done
//! Isolate      as Stop SoftFirst
//! CaptureImage [CaptureImage] -> Done
//!              shut down for it: (on) -> as Stop SoftFirst -> (off) -> [CaptureImage] -> as Start -> Done
//! Reset        (on) -> as Stop SoftFirst -> (off) -> [Reset] -> [WriteLogin] -> as Start -> Done
//! EnterRescue  as Stop -> (off) -> [SetRescue] -> as Start -> (ready in the rescue system) -> Done
//! ExitRescue   (on) -> as Stop SoftFirst -> (off) -> [SetDisk] -> (off, to boot its disk) -> Done
//! Terminate    [Erase] -> (absent) -> Done
//! ```
//!
//! Start and ChangeLogin want the disk's own system, EnterRescue the rescue system, and Reboot whichever runs. A machine that
//! is to come up and has another one chosen is first set right, so no instance is RUNNING in the rescue system:
//!
//! ```text
//! (off, another chosen) -> [SetDisk] or [SetRescue] -> (off)        (on, another runs) -> [PowerOff] -> (off)
//! ```
//!
//! Giving up ([`Next::GiveUp`]) puts the reason into the trail; from then on the same function brings the machine
//! back to where it belongs, and ends with [`Next::Fail`]:
//!
//! ```text
//! did not come up        -> [PowerOff] -> (off) -> Fail, so that STOPPED is true; to boot its disk again: [SetDisk]
//! not written or shaped  -> was running? still on: Fail    going off: (off) -> [Start] -> (ready) -> Fail    else Fail
//! anything else          -> Fail; what is seen is what is shown
//! ```

use crate::{
    Limits, Step,
    failure::{not_reached, not_started},
};
use cvmd_model::{Failure, Goal, Observed, Power, StopType, System, Trail};

/// What an operation does now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Next {
    /// Perform the step, after this trail has been committed if it differs from the one in the row.
    Do(Step, Trail),
    /// Nothing before this time, in unix milliseconds, unless the machine changes.
    Wait(u64),
    /// What is observed agrees with what is wanted.
    Done,
    /// It cannot succeed: remember why, and bring the machine back.
    GiveUp(Failure),
    /// It has failed, and the machine is where it belongs.
    Fail(Failure),
}

/// Decides the next step.
///
/// # Guarantees
/// - Pure: the same arguments give the same answer.
/// - A crash after any effect and before any commit leads to the same end, because every effect may be repeated, and a
///   start is repeated only while the machine is still off on the boot that the trail names.
/// - Every wait has an end, and every repetition is counted: no goal but Terminate goes on for ever.
///
/// # Assumptions
/// - The trail of a [`Next::Do`] was durable before its step was performed.
#[must_use]
pub fn next(goal: &Goal, trail: &Trail, observed: &Observed, limits: &Limits, now_ms: u64) -> Next {
    let moment = Moment { goal, trail, observed, limits, now_ms };
    let next = match (&trail.giving_up, goal) {
        (_, Goal::Terminate) => moment.terminate(),
        (Some(failure), _) => moment.bring_back(failure),
        (None, Goal::Launch) => moment.launch(),
        (None, Goal::Create) => moment.create(),
        (None, Goal::Start) => moment.come_up(),
        (None, Goal::Stop { how, released: Some(_) }) => moment.stop_and_release(*how),
        (None, Goal::Stop { how, released: None }) => moment.stop(*how),
        (None, Goal::Reshape { was_running, how, .. }) => moment.reshape(*was_running, *how),
        (None, Goal::Isolate) => moment.stop(StopType::SoftFirst),
        (None, Goal::Reboot { how }) => moment.reboot(*how),
        (None, Goal::EnterRescue { how, .. }) => moment.enter_rescue(*how),
        (None, Goal::ExitRescue) => moment.exit_rescue(),
        (None, Goal::ChangeLogin { was_running, how, .. }) => moment.change_login(*was_running, *how),
        (None, Goal::CaptureImage { shut_down, .. }) => moment.capture(*shut_down),
        (None, Goal::Reset { .. }) => moment.reset(),
    };
    match next {
        Next::Do(_, Trail { retry_at_ms: Some(at_ms), .. }) if at_ms > now_ms => Next::Wait(at_ms),
        next => next,
    }
}

struct Moment<'a> {
    goal: &'a Goal,
    trail: &'a Trail,
    observed: &'a Observed,
    limits: &'a Limits,
    now_ms: u64,
}

/// The guest does not shut down and may not be powered off, or it starts again whatever is done.
struct WillNotStop;

impl Moment<'_> {
    fn launch(&self) -> Next {
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

    fn create(&self) -> Next {
        match self.observed.power {
            Power::Absent => self.again(Step::Define),
            Power::Off if !self.trail.login_written => self.again(Step::WriteLogin),
            Power::Off => Next::Done,
            // As at a launch.
            Power::Starting | Power::Running | Power::ShuttingDown => self.again(Step::PowerOff),
        }
    }

    fn stop(&self, how: StopType) -> Next {
        match self.observed.power {
            Power::Absent => self.absent(),
            Power::Off => Next::Done,
            Power::Starting | Power::Running | Power::ShuttingDown => {
                self.take_off(how).unwrap_or_else(|WillNotStop| self.not_stopped())
            }
        }
    }

    fn stop_and_release(&self, how: StopType) -> Next {
        match self.observed.power {
            Power::Off if !self.trail.reshaped => self.off_for_it(Step::Reshape),
            Power::Absent | Power::Off | Power::Starting | Power::Running | Power::ShuttingDown => self.stop(how),
        }
    }

    fn reboot(&self, how: StopType) -> Next {
        let left = self.trail.boot_before.is_some_and(|boot| boot != self.observed.boot);
        match self.observed.power {
            Power::Absent => self.absent(),
            Power::Starting | Power::Running | Power::ShuttingDown if !left && self.trail.start_asked_ms.is_none() => {
                self.take_off(how).unwrap_or_else(|WillNotStop| self.not_stopped())
            }
            Power::Off | Power::Starting | Power::Running | Power::ShuttingDown => self.come_up(),
        }
    }

    fn capture(&self, shut_down: bool) -> Next {
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

    fn reset(&self) -> Next {
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

    fn change_login(&self, was_running: bool, how: StopType) -> Next {
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

    fn enter_rescue(&self, how: StopType) -> Next {
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

    fn exit_rescue(&self) -> Next {
        match self.observed.power {
            Power::Absent => self.absent(),
            Power::Off if self.observed.system == System::Disk => Next::Done,
            Power::Off => self.off_for_it(Step::SetDisk),
            Power::Starting | Power::Running | Power::ShuttingDown => {
                self.take_off(StopType::SoftFirst).unwrap_or_else(|WillNotStop| self.not_stopped())
            }
        }
    }

    /// The step for which the machine was stopped.
    fn off_for_it(&self, step: Step) -> Next {
        // The wait for the guest is over: what delayed a second request to shut down must not delay other effects.
        let retry_at_ms = self.trail.retry_at_ms.filter(|_| self.trail.off_asked_ms.is_none());
        Next::Do(step, Trail { off_asked_ms: None, retry_at_ms, ..self.trail.clone() })
    }

    fn why_not_off(&self, how: StopType) -> Box<str> {
        match how {
            StopType::Soft => format!(
                "the guest did not shut down and stay off within {} s; with ForceStop=TRUE it is powered off",
                self.limits.shutdown_timeout_s
            )
            .into(),
            StopType::SoftFirst | StopType::Hard => "the machine does not stay off".into(),
        }
    }

    fn reshape(&self, was_running: bool, how: Option<StopType>) -> Next {
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

    fn terminate(&self) -> Next {
        match self.observed.power {
            Power::Absent => Next::Done,
            Power::Off | Power::Starting | Power::Running | Power::ShuttingDown => self.again(Step::Erase),
        }
    }

    /// One step towards off, for a machine that is not off.
    fn take_off(&self, how: StopType) -> Result<Next, WillNotStop> {
        let Trail { boot_before, off_asked_ms, attempts, .. } = *self.trail;
        // A guest that rebooted by itself was asked on an earlier boot: on this one it was not asked yet.
        let asked_ms = off_asked_ms.filter(|_| boot_before == Some(self.observed.boot));
        let Some(asked_ms) = asked_ms else {
            let attempts = attempts.saturating_add(u32::from(boot_before.is_some()));
            let trail = Trail {
                boot_before: Some(self.observed.boot),
                off_asked_ms: Some(self.now_ms),
                attempts,
                retry_at_ms: None,
                ..self.trail.clone()
            };
            let comes_back = boot_before.is_some() && attempts >= self.limits.attempts_max;
            return match how {
                StopType::Soft if comes_back => Err(WillNotStop),
                StopType::SoftFirst | StopType::Hard if attempts >= self.limits.attempts_max.saturating_mul(2) => {
                    Err(WillNotStop)
                }
                StopType::Hard => Ok(Next::Do(Step::PowerOff, trail)),
                StopType::SoftFirst if comes_back => Ok(Next::Do(Step::PowerOff, trail)),
                StopType::Soft | StopType::SoftFirst => Ok(Next::Do(Step::ShutDown, trail)),
            };
        };
        let deadline_ms = asked_ms.saturating_add(self.limits.shutdown_ms());
        match how {
            StopType::Hard => Ok(self.again(Step::PowerOff)),
            StopType::Soft if self.now_ms >= deadline_ms => Err(WillNotStop),
            StopType::SoftFirst if self.now_ms >= deadline_ms => Ok(self.again(Step::PowerOff)),
            StopType::Soft | StopType::SoftFirst => match self.observed.power {
                Power::ShuttingDown => Ok(Next::Wait(deadline_ms)),
                // Repeated only if the request may have been lost in a crash: once it was received, `retry_at_ms` is
                // the deadline, in memory only.
                Power::Absent | Power::Off | Power::Starting | Power::Running => Ok(match self.again(Step::ShutDown) {
                    Next::Do(_, Trail { retry_at_ms: Some(at_ms), .. }) if at_ms > self.now_ms => {
                        Next::Wait(at_ms.min(deadline_ms))
                    }
                    next => next,
                }),
            },
        }
    }

    /// One step towards running and ready, on a boot other than the one that the trail names.
    fn come_up(&self) -> Next {
        let Trail { boot_before, start_asked_ms, attempts, .. } = *self.trail;
        let Observed { power, boot, ready, .. } = *self.observed;
        let another_boot = boot_before != Some(boot);
        let wrong_system = self.system_wanted() != self.observed.system;
        match power {
            Power::Absent => return self.absent(),
            Power::Running if ready && another_boot && !wrong_system => return Next::Done,
            Power::Off | Power::Starting | Power::Running | Power::ShuttingDown => {}
        }
        let deadline_ms = start_asked_ms.map_or(u64::MAX, |asked_ms| asked_ms.saturating_add(self.limits.boot_ms()));
        if self.now_ms >= deadline_ms {
            return Next::GiveUp(not_started(self.goal, self.limits.boot_timeout_s, why_not_up(power)));
        }
        if wrong_system {
            return match (power, self.system_wanted()) {
                (Power::Off, System::Disk) => self.off_for_it(Step::SetDisk),
                (Power::Off, System::Rescue) => self.off_for_it(Step::SetRescue),
                _ => self.again(Step::PowerOff),
            };
        }
        let Some(asked_ms) = start_asked_ms else {
            // On a machine that comes up by itself the start does nothing; requesting it starts the time limit.
            let boot_before = if power == Power::Off { Some(boot) } else { boot_before };
            return Next::Do(
                Step::Start,
                Trail {
                    boot_before,
                    start_asked_ms: Some(self.now_ms),
                    off_asked_ms: None,
                    attempts: 0,
                    retry_at_ms: None,
                    ..self.trail.clone()
                },
            );
        };
        match power {
            Power::Off if another_boot && attempts.saturating_add(1) >= self.limits.attempts_max => {
                let spent_s = (self.now_ms - asked_ms.min(self.now_ms)).div_ceil(1000);
                Next::GiveUp(not_started(self.goal, spent_s, why_not_up(power)))
            }
            Power::Off if another_boot => {
                let trail = Trail { boot_before: Some(boot), attempts: attempts + 1, ..self.trail.clone() };
                Next::Do(Step::Start, trail)
            }
            // Invariant: still off on the same boot, so the start has not happened: there is no second boot.
            Power::Off => self.again(Step::Start),
            Power::Absent | Power::Starting | Power::Running | Power::ShuttingDown => Next::Wait(deadline_ms),
        }
    }

    fn system_wanted(&self) -> System {
        match self.goal {
            Goal::EnterRescue { .. } => System::Rescue,
            Goal::Reboot { .. } => self.observed.system,
            Goal::Launch
            | Goal::Create
            | Goal::Start
            | Goal::Stop { .. }
            | Goal::ChangeLogin { .. }
            | Goal::ExitRescue
            | Goal::Isolate
            | Goal::CaptureImage { .. }
            | Goal::Reset { .. }
            | Goal::Reshape { .. }
            | Goal::Terminate => System::Disk,
        }
    }

    fn bring_back(&self, failure: &Failure) -> Next {
        match (failure, self.goal) {
            (Failure::NotStarted { .. } | Failure::LoginWrittenNotStarted { .. }, _)
            | (Failure::LoginNotWritten { .. } | Failure::Hypervisor { .. }, Goal::Launch | Goal::Reset { .. }) => {
                self.power_off(failure)
            }
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

    fn again(&self, step: Step) -> Next {
        Next::Do(step, self.trail.clone())
    }

    fn not_stopped(&self) -> Next {
        Next::GiveUp(Failure::NotStopped { within_s: self.limits.shutdown_timeout_s })
    }

    /// The machine is gone, but not by this operation.
    fn absent(&self) -> Next {
        let cause = "there is no such machine";
        let failure = not_reached(self.goal, self.trail, cause.into());
        Next::GiveUp(failure.unwrap_or(Failure::Hypervisor { cause: cause.into() }))
    }
}

fn why_not_up(power: Power) -> &'static str {
    match power {
        Power::Absent => "there is no such machine",
        Power::Off => "it powered itself off",
        Power::Starting => "it did not finish booting",
        Power::Running => "it runs, but its sshd does not answer",
        Power::ShuttingDown => "it is shutting down",
    }
}

#[cfg(test)]
#[path = "next_test.rs"]
pub(crate) mod test;

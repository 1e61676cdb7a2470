//! What a decision is made of, and the steps that most goals share: one nearer to off, one nearer to up.
//!
//! Most goals want the disk's own system, EnterRescue the rescue system, and Reboot whichever runs. A machine that is to come
//! up and has another one chosen is first set right, so no instance is RUNNING in the rescue system:
//!
//! ```text
//! (off, another chosen) -> [SetDisk] or [SetRescue] -> (off)        (on, another runs) -> [PowerOff] -> (off)
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

pub(super) struct Moment<'a> {
    pub(super) goal: &'a Goal,
    pub(super) trail: &'a Trail,
    pub(super) observed: &'a Observed,
    pub(super) limits: &'a Limits,
    pub(super) now_ms: u64,
}

/// The guest does not shut down and may not be powered off, or it starts again whatever is done.
pub(super) struct WillNotStop;

impl Moment<'_> {
    /// The step for which the machine was stopped.
    pub(super) fn off_for_it(&self, step: Step) -> Next {
        // The wait for the guest is over: what delayed a second request to shut down must not delay other effects.
        let retry_at_ms = self.trail.retry_at_ms.filter(|_| self.trail.off_asked_ms.is_none());
        Next::Do(step, Trail { off_asked_ms: None, retry_at_ms, ..self.trail.clone() })
    }

    pub(super) fn why_not_off(&self, how: StopType) -> Box<str> {
        match how {
            StopType::Soft => format!(
                "the guest did not shut down and stay off within {} s; with ForceStop=TRUE it is powered off",
                self.limits.shutdown_timeout_s
            )
            .into(),
            StopType::SoftFirst | StopType::Hard => "the machine does not stay off".into(),
        }
    }

    /// One step towards off, for a machine that is not off.
    pub(super) fn take_off(&self, how: StopType) -> Result<Next, WillNotStop> {
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
    pub(super) fn come_up(&self) -> Next {
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

    pub(super) fn system_wanted(&self) -> System {
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

    pub(super) fn again(&self, step: Step) -> Next {
        Next::Do(step, self.trail.clone())
    }

    pub(super) fn not_stopped(&self) -> Next {
        Next::GiveUp(Failure::NotStopped { within_s: self.limits.shutdown_timeout_s })
    }

    /// The machine is gone, but not by this operation.
    pub(super) fn absent(&self) -> Next {
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

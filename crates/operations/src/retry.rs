//! The trail after an effect, successful or not: progress, backoff, or the reason to give up.

use crate::{Limits, Step};
use cvmd_model::{Failure, Goal, Power, Trail};

/// A failed request to shut down, or one to a guest that was booting, is repeated after this time: the guest's time
/// limit ends it, not a count.
const ASK_AGAIN_MS: u64 = 1_000;

const FIRST_PAUSE_MS: u64 = 100;
const LONGEST_PAUSE_MS: u64 = 5_000;

/// The pause after that many failures without a success in between: 100 ms, doubled each time, at most 5 s. It is not
/// random, so that runs can be replayed; instances do not collide, because the number of effects is limited.
pub(crate) fn pause_ms(failures: u32) -> u64 {
    let doublings = failures.saturating_sub(1).min(16);
    (FIRST_PAUSE_MS << doublings).min(LONGEST_PAUSE_MS)
}

/// The trail with which an engine continues an earlier engine's operation.
///
/// Time without an engine does not count: what the row has as requested may not have been, so the guest gets its full
/// time again.
pub(crate) fn resumed(trail: Trail, now_ms: u64) -> Trail {
    Trail {
        off_asked_ms: trail.off_asked_ms.map(|_| now_ms),
        start_asked_ms: trail.start_asked_ms.map(|_| now_ms),
        retry_at_ms: None,
        ..trail
    }
}

/// The trail after a step that succeeded on a machine with that power. It need not be committed by itself: every effect
/// may be repeated.
pub(crate) fn succeeded(step: Step, trail: Trail, power: Power, limits: &Limits, now_ms: u64) -> Trail {
    match step {
        Step::Define => Trail { attempts: 0, retry_at_ms: None, ..trail },
        Step::Reset => Trail { disk_reset: true, attempts: 0, retry_at_ms: None, ..trail },
        Step::CaptureImage => Trail { image_captured: true, attempts: 0, retry_at_ms: None, ..trail },
        Step::WriteLogin => Trail { login_written: true, attempts: 0, retry_at_ms: None, ..trail },
        Step::Reshape => Trail { reshaped: true, attempts: 0, retry_at_ms: None, ..trail },
        Step::ShutDown => {
            let retry_at_ms = match power {
                // A guest that boots does not react yet.
                Power::Starting => Some(now_ms.saturating_add(ASK_AGAIN_MS)),
                // The guest has received it: do not ask again before its time is over. A crash forgets this; then it is
                // asked again.
                Power::Absent | Power::Off | Power::Running | Power::ShuttingDown => {
                    trail.off_asked_ms.map(|asked_ms| asked_ms.saturating_add(limits.shutdown_ms()))
                }
            };
            Trail { retry_at_ms, ..trail }
        }
        Step::SetRescue => Trail { login_written: true, retry_at_ms: None, ..trail },
        // Whether these have worked shows later; until then their attempts are counted.
        Step::PowerOff | Step::Start | Step::SetDisk | Step::Erase => Trail { retry_at_ms: None, ..trail },
    }
}

/// A step that failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt<'a> {
    pub goal: &'a Goal,
    pub step: Step,
    pub trail: &'a Trail,
    pub cause: &'a str,
    /// Another attempt cannot succeed.
    pub is_final: bool,
}

/// The trail for the next attempt, or the reason to give up the operation.
pub(crate) fn failed(attempt: Attempt<'_>, limits: &Limits, now_ms: u64) -> Result<Trail, Failure> {
    let Attempt { goal, step, trail, cause, is_final } = attempt;
    let attempts = match step {
        Step::ShutDown => {
            return Ok(Trail { retry_at_ms: Some(now_ms.saturating_add(ASK_AGAIN_MS)), ..trail.clone() });
        }
        Step::Define
        | Step::WriteLogin
        | Step::Reshape
        | Step::Reset
        | Step::CaptureImage
        | Step::PowerOff
        | Step::Start
        | Step::SetDisk
        | Step::SetRescue
            if is_final =>
        {
            trail.attempts.saturating_add(1).max(limits.attempts_max)
        }
        Step::Define
        | Step::WriteLogin
        | Step::Reset
        | Step::Reshape
        | Step::CaptureImage
        | Step::PowerOff
        | Step::Start
        | Step::SetDisk
        | Step::SetRescue
        | Step::Erase => trail.attempts.saturating_add(1),
    };
    let exhausted = attempts >= limits.attempts_max && trail.giving_up.is_none();
    let started_s = now_ms.saturating_sub(trail.start_asked_ms.unwrap_or(now_ms)).div_ceil(1000).max(1);
    let cause: Box<str> = cause.into();
    match (step, goal) {
        // A machine that is being deleted must not be forgotten: this is repeated for ever.
        (Step::Erase, _) | (_, Goal::Terminate) => {}
        _ if !exhausted => {}
        (Step::Define, _) => return Err(Failure::NotDefined { cause }),
        (Step::WriteLogin, _) => return Err(Failure::LoginNotWritten { cause }),
        (Step::Reshape, Goal::Stop { .. }) => return Err(Failure::Hypervisor { cause }),
        (Step::Reshape, _) => return Err(Failure::NotReshaped { cause }),
        (Step::PowerOff | Step::ShutDown, Goal::Reshape { .. }) => {
            return Err(Failure::NotReshaped { cause: format!("it cannot be powered off: {cause}").into() });
        }
        (Step::PowerOff | Step::ShutDown, Goal::ChangeLogin { .. }) if !trail.login_written => {
            return Err(Failure::LoginNotWritten { cause: format!("it cannot be powered off: {cause}").into() });
        }
        (Step::Reset, _) => return Err(Failure::DiskNotReset { cause }),
        (Step::CaptureImage, _) => return Err(Failure::ImageNotCaptured { cause }),
        (Step::PowerOff | Step::ShutDown, Goal::Reset { .. }) if !trail.disk_reset => {
            return Err(Failure::DiskNotReset { cause: format!("it cannot be powered off: {cause}").into() });
        }
        (Step::PowerOff | Step::ShutDown, Goal::CaptureImage { .. }) if !trail.image_captured => {
            return Err(Failure::ImageNotCaptured { cause: format!("it cannot be powered off: {cause}").into() });
        }
        (Step::PowerOff | Step::ShutDown | Step::SetDisk | Step::SetRescue, _) => {
            return Err(Failure::Hypervisor { cause });
        }
        (Step::Start, _) => return Err(start_failure(goal, started_s, &cause)),
    }
    Ok(Trail { attempts, retry_at_ms: Some(now_ms.saturating_add(pause_ms(attempts))), ..trail.clone() })
}

/// Why a machine that was to run does not, as this goal's failure.
pub(crate) fn start_failure(goal: &Goal, within_s: u64, cause: &str) -> Failure {
    match goal {
        Goal::ChangeLogin { .. } => Failure::LoginWrittenNotStarted { within_s },
        Goal::Launch
        | Goal::Create
        | Goal::Start
        | Goal::Stop { .. }
        | Goal::Reboot { .. }
        | Goal::EnterRescue { .. }
        | Goal::ExitRescue
        | Goal::Isolate
        | Goal::Reshape { .. }
        | Goal::CaptureImage { .. }
        | Goal::Reset { .. }
        | Goal::Terminate => Failure::NotStarted { within_s, cause: cause.into() },
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn pauses_double_up_to_five_seconds() {
        let pauses: Vec<_> = [1, 2, 3, 6, 7, u32::MAX].into_iter().map(pause_ms).collect();
        assert_eq!(pauses, [100, 200, 400, 3200, 5000, 5000]);
    }

    #[test]
    fn an_erase_is_never_given_up() {
        let trail = Trail { attempts: u32::MAX, ..Trail::default() };
        let attempt =
            Attempt { goal: &Goal::Terminate, step: Step::Erase, trail: &trail, cause: "busy", is_final: false };
        let again = failed(attempt, &Limits::default(), 1_000).unwrap();
        assert_eq!(again.retry_at_ms, Some(6_000));
    }

    #[test]
    fn a_final_error_is_given_up_at_once() {
        let attempt = Attempt {
            goal: &Goal::Start,
            step: Step::Start,
            trail: &Trail::default(),
            cause: "there is no machine",
            is_final: true,
        };
        let failure = failed(attempt, &Limits::default(), 1_000).unwrap_err();
        assert!(matches!(failure, Failure::NotStarted { .. }), "{failure}");
    }
}

//! The trail after an effect, successful or not: progress, backoff, or the reason to give up.

use crate::{
    Limits, Step,
    failure::Lost,
    step::{Retry, Success},
};
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
pub(crate) fn succeeded(step: Step, mut trail: Trail, power: Power, limits: &Limits, now_ms: u64) -> Trail {
    trail.retry_at_ms = None;
    match (step.row().success, power) {
        (Success::Done(remember), _) => {
            trail.attempts = 0;
            remember(&mut trail);
        }
        (Success::SeenLater(remember), _) => remember(&mut trail),
        // A guest that boots does not react yet.
        (Success::Asked, Power::Starting) => trail.retry_at_ms = Some(now_ms.saturating_add(ASK_AGAIN_MS)),
        // The guest has received it: do not ask again before its time is over. A crash forgets this; then it is asked again.
        (Success::Asked, Power::Absent | Power::Off | Power::Running | Power::ShuttingDown) => {
            trail.retry_at_ms = trail.off_asked_ms.map(|asked_ms| asked_ms.saturating_add(limits.shutdown_ms()));
        }
    }
    trail
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
    let again =
        |attempts, pause_ms| Trail { attempts, retry_at_ms: Some(now_ms.saturating_add(pause_ms)), ..trail.clone() };
    let attempts = trail.attempts.saturating_add(1);
    let reason = match step.row().retry {
        Retry::AskAgain => return Ok(again(trail.attempts, ASK_AGAIN_MS)),
        Retry::ForEver => return Ok(again(attempts, pause_ms(attempts))),
        Retry::Counted(reason) => reason,
    };
    let attempts = if is_final { attempts.max(limits.attempts_max) } else { attempts };
    if attempts < limits.attempts_max || trail.giving_up.is_some() || *goal == Goal::Terminate {
        return Ok(again(attempts, pause_ms(attempts)));
    }
    let spent_s = now_ms.saturating_sub(trail.start_asked_ms.unwrap_or(now_ms)).div_ceil(1000).max(1);
    Err(reason(Lost { goal, trail, cause: cause.into(), spent_s }))
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

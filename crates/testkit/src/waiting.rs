//! Waiting for something outside of the test's own process, with a limit: the only place where Rust tests sleep.

use std::{
    thread,
    time::{Duration, Instant},
};

const ASK_EVERY: Duration = Duration::from_millis(5);

/// Asks until there is an answer, at least once; none after `limit`.
pub fn within<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        let answer = ask();
        if answer.is_some() || begun.elapsed() >= limit {
            return answer;
        }
        thread::sleep(ASK_EVERY);
    }
}

/// Waits for a condition.
///
/// # Panics
/// After `limit`, naming `what` was waited for.
#[track_caller]
pub fn until(limit: Duration, what: &str, mut condition: impl FnMut() -> bool) {
    let answer = within(limit, || condition().then_some(()));
    assert!(answer.is_some(), "not within {limit:?}: {what}");
}

/// Waits for a moment that the test has chosen.
pub fn at(moment: Instant) {
    thread::sleep(moment.saturating_duration_since(Instant::now()));
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn an_answer_is_waited_for_and_asked_for_at_least_once() {
        let mut asked = 0;
        let mut third = || {
            asked += 1;
            (asked == 3).then_some(asked)
        };
        assert_eq!(within(Duration::from_secs(10), &mut third), Some(3));
        assert_eq!(within(Duration::ZERO, || Some(())), Some(()));
        assert_eq!(within(Duration::ZERO, || None::<()>), None);
    }

    #[test]
    #[should_panic(expected = "not within 0ns: the sun rises")]
    fn a_condition_that_does_not_hold_in_time_is_named() {
        until(Duration::ZERO, "the sun rises", || false);
    }

    #[test]
    fn a_moment_is_over_when_it_was_waited_for() {
        let moment = Instant::now() + Duration::from_millis(20);
        at(moment);
        assert!(Instant::now() >= moment);
    }
}

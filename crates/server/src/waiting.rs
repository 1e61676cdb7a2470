//! Waits for what another process does, by asking repeatedly, with a limit.

use std::time::{Duration, Instant};

const LOOKS_EVERY: Duration = Duration::from_millis(20);

/// Asks until there is an answer, at least once; `None` after the limit.
pub(crate) fn within<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let begun = Instant::now();
    loop {
        let found = look();
        if found.is_some() || begun.elapsed() >= limit {
            return found;
        }
        a_moment();
    }
}

/// The pause between two questions.
pub(crate) fn a_moment() {
    std::thread::sleep(LOOKS_EVERY);
}

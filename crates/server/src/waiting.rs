//! Waiting for what another process does: looking again and again, with a limit.

use std::time::{Duration, Instant};

const LOOKS_EVERY: Duration = Duration::from_millis(20);

/// What a look finds, once it finds something; `None` when it has not within the limit. Looks once at least.
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

/// Between two looks.
pub(crate) fn a_moment() {
    std::thread::sleep(LOOKS_EVERY);
}

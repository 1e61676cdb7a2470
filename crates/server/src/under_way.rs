//! How many requests of each account are under way: one account keeps a part of the connections for others to come by.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Accounts whose numbers are so far apart share a count: a row for each would cost every request a lock.
const PLACES: usize = 1_024;
/// However few connections there are.
const MAX_AT_LEAST: usize = 8;

#[derive(Debug)]
pub(crate) struct UnderWay {
    of_account_max: usize,
    counts: Box<[AtomicUsize]>,
}

/// A request that is under way, until this is dropped.
#[derive(Debug)]
pub(crate) struct Begun<'a>(&'a AtomicUsize);

impl UnderWay {
    /// Half of the connections for each account.
    pub(crate) fn of(connections: usize) -> UnderWay {
        UnderWay {
            of_account_max: (connections / 2).max(MAX_AT_LEAST),
            counts: (0..PLACES).map(|_| AtomicUsize::new(0)).collect(),
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// When so many are under way.
    pub(crate) fn begin(&self, account: u32) -> Result<Begun<'_>, usize> {
        let count = &self.counts[account as usize % PLACES];
        let begun = Begun(count);
        let before = count.fetch_add(1, Ordering::Relaxed);
        if before < self.of_account_max { Ok(begun) } else { Err(before) }
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn an_account_has_half_of_the_connections_and_another_is_not_meant() {
        let under_way = UnderWay::of(20);
        let mut begun: Vec<_> = (0..10).map(|_| under_way.begin(7).unwrap()).collect();
        assert_eq!((under_way.begin(7).unwrap_err(), under_way.begin(8).is_ok()), (10, true));
        begun.pop();
        assert!(under_way.begin(7).is_ok(), "what was refused does not count");
        assert!((0..MAX_AT_LEAST).all(|_| UnderWay::of(2).begin(7).is_ok()));
    }
}

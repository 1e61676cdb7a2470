//! Durations: a histogram that is updated without a lock.

use std::sync::atomic::{AtomicU64, Ordering};

/// The number of a histogram's bounds, in milliseconds or any other unit of its owner.
pub const BUCKETS: usize = 12;

/// Counts in `BUCKETS` buckets, and one more beyond the last bound.
#[derive(Debug, Default)]
pub struct Durations {
    counts: [AtomicU64; BUCKETS + 1],
    sum: AtomicU64,
}

/// The counts at one moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counted {
    /// The count of each bucket by itself; the last one has no bound.
    pub counts: [u64; BUCKETS + 1],
    pub sum: u64,
}

impl Durations {
    /// Counts one value in the first bucket whose bound it does not exceed.
    pub fn record(&self, duration: u64, bounds: &[u64; BUCKETS]) {
        let bucket = bounds.partition_point(|bound| *bound < duration);
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(duration, Ordering::Relaxed);
    }

    /// Counts what another histogram with the same bounds has counted.
    pub(crate) fn add(&self, counted: &Counted) {
        for (count, more) in self.counts.iter().zip(counted.counts) {
            count.fetch_add(more, Ordering::Relaxed);
        }
        self.sum.fetch_add(counted.sum, Ordering::Relaxed);
    }

    #[must_use]
    pub fn counted(&self) -> Counted {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Counted { counts: self.counts.each_ref().map(read), sum: read(&self.sum) }
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_duration_is_counted_once_where_its_bound_is() {
        let bounds: [u64; BUCKETS] = std::array::from_fn(|bucket| 10 * (bucket as u64 + 1));
        let durations = Durations::default();
        for duration in [0, 10, 11, 120, 121, u64::from(u32::MAX)] {
            durations.record(duration, &bounds);
        }
        let Counted { counts, sum } = durations.counted();
        assert_eq!((counts[0], counts[1], counts[BUCKETS - 1], counts[BUCKETS]), (2, 1, 1, 2));
        assert_eq!((counts.iter().sum::<u64>(), sum), (6, 262 + u64::from(u32::MAX)));
    }
}

//! Random numbers that are the same in every run.

/// SplitMix64, <https://prng.di.unimi.it/splitmix64.c>.
#[derive(Debug)]
pub(crate) struct Random(pub(crate) u64);

impl Random {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `bound`, which is far below 2^32: the bias is negligible.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        // Invariant: the remainder is below `bound`, which is a usize.
        (self.next() % bound as u64) as usize
    }

    /// `count` different numbers of `from..to`, in random order.
    pub(crate) fn sample(&mut self, from: usize, to: usize, count: usize) -> Vec<usize> {
        let mut seen = std::collections::HashSet::with_capacity(count);
        let mut sample = Vec::with_capacity(count);
        while sample.len() < count.min(to - from) {
            let number = from + self.below(to - from);
            if seen.insert(number) {
                sample.push(number);
            }
        }
        sample
    }
}

//! The memory of this process that guests may use: a maximum per machine, and one for all together.

use crate::bounds::{Bound, Bounds};
use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::Relaxed},
};

/// The maximum of one machine: its files, and what its sessions gather, run and print.
const MACHINE_BYTES_MAX: usize = 32 << 20;
/// The maximum of all machines.
const ALL_BYTES_MAX: usize = 256 << 20;

/// The memory of one machine, or of all.
#[derive(Debug)]
pub(crate) struct Memory {
    used: AtomicUsize,
    most: usize,
    all: Option<Arc<Memory>>,
    pub(crate) bounds: Arc<Bounds>,
}

/// Memory that is in use; given back when dropped.
#[derive(Debug)]
pub(crate) struct Share {
    memory: Arc<Memory>,
    bytes: usize,
}

impl Memory {
    pub(crate) fn all(bounds: Arc<Bounds>) -> Arc<Memory> {
        Arc::new(Memory { used: AtomicUsize::new(0), most: ALL_BYTES_MAX, all: None, bounds })
    }

    /// The memory of one machine.
    pub(crate) fn of_machine(self: &Arc<Self>) -> Arc<Memory> {
        let (all, bounds) = (Some(Arc::clone(self)), Arc::clone(&self.bounds));
        Arc::new(Memory { used: AtomicUsize::new(0), most: MACHINE_BYTES_MAX, all, bounds })
    }

    /// An empty share.
    pub(crate) fn share(self: &Arc<Self>) -> Share {
        Share { memory: Arc::clone(self), bytes: 0 }
    }

    fn take(&self, bytes: usize) -> bool {
        let more = |used: usize| used.checked_add(bytes).filter(|used| *used <= self.most);
        if self.used.fetch_update(Relaxed, Relaxed, more).is_err() {
            return false;
        }
        let taken = self.all.as_ref().is_none_or(|all| all.take(bytes));
        if !taken {
            self.used.fetch_sub(bytes, Relaxed);
        }
        taken
    }

    fn give_back(&self, bytes: usize) {
        self.used.fetch_sub(bytes, Relaxed);
        if let Some(all) = &self.all {
            all.give_back(bytes);
        }
    }
}

impl Share {
    /// An empty share of the same memory.
    pub(crate) fn another(&self) -> Share {
        self.memory.share()
    }

    /// As [`Share::resize`], to so many bytes more.
    #[must_use]
    pub(crate) fn grow(&mut self, bytes: usize) -> bool {
        self.resize(self.bytes + bytes)
    }

    /// Sets the share's size; returns `false` and leaves it as it was if that is too much.
    #[must_use]
    pub(crate) fn resize(&mut self, bytes: usize) -> bool {
        if bytes <= self.bytes {
            self.memory.give_back(self.bytes - bytes);
        } else if !self.memory.take(bytes - self.bytes) {
            self.memory.bounds.reached(Bound::Memory);
            return false;
        }
        self.bytes = bytes;
        true
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.memory.give_back(self.bytes);
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_machine_has_its_part_and_all_have_theirs() {
        let all = Memory::all(Arc::default());
        let machines: Vec<_> = (0..9).map(|_| all.of_machine()).collect();
        let mut first = machines[0].share();
        assert!(first.resize(MACHINE_BYTES_MAX) && !machines[0].share().resize(1));
        assert!(first.resize(1) && !first.resize(MACHINE_BYTES_MAX + 1));
        let mut shares: Vec<_> = machines.iter().skip(1).map(|memory| memory.share()).collect();
        let taken = shares.iter_mut().filter_map(|share| share.resize(MACHINE_BYTES_MAX).then_some(())).count();
        assert_eq!(taken, 7, "one byte of the first is in the way of the eighth");
        drop(first);
        assert!(shares[7].resize(MACHINE_BYTES_MAX));
        drop(shares);
        assert_eq!(all.used.load(Relaxed), 0);
    }
}

//! The engine's limits: how long it waits, how often it tries, and how much it does at once.

/// Limits of every operation. The defaults are the documented ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// A guest that was asked to shut down has this long, in seconds; then it is powered off, or the stop fails.
    pub shutdown_timeout_s: u64,
    /// A machine that was started has this long until its sshd answers, in seconds.
    pub boot_timeout_s: u64,
    /// An effect that failed this often without a success in between is given up.
    pub attempts_max: u32,
    /// The maximum of effects on the hypervisor at the same time, of which an account may have as many as are free.
    /// Waiting is not limited.
    pub parallel_max: usize,
    /// At the engine's stop, running effects have this long to end, in seconds; then they are left as a crash would
    /// leave them.
    pub stop_timeout_s: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { shutdown_timeout_s: 20, boot_timeout_s: 120, attempts_max: 5, parallel_max: 128, stop_timeout_s: 2 }
    }
}

impl Limits {
    pub(crate) fn shutdown_ms(&self) -> u64 {
        self.shutdown_timeout_s.saturating_mul(1000)
    }

    pub(crate) fn boot_ms(&self) -> u64 {
        self.boot_timeout_s.saturating_mul(1000)
    }
}

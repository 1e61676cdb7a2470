//! Time: the system's clock, or a virtual one for tests.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Unix time in milliseconds, and sleeping until a time.
#[derive(Debug, Clone, Copy)]
pub enum Clock {
    /// The system's clock.
    System,
    /// Unix milliseconds that follow tokio's clock, which `tokio::time::pause` makes virtual.
    Tokio { origin_ms: u64, origin: tokio::time::Instant },
}

impl Clock {
    /// A clock that follows tokio's, beginning at `origin_ms` now.
    #[must_use]
    pub fn tokio(origin_ms: u64) -> Clock {
        Clock::Tokio { origin_ms, origin: tokio::time::Instant::now() }
    }

    /// Unix time, milliseconds.
    #[must_use]
    pub fn now_ms(self) -> u64 {
        self.now_us() / 1000
    }

    /// Unix seconds, and the microseconds within that second, to order what happens within one.
    #[must_use]
    pub fn second_and_microseconds(self) -> (u64, u32) {
        let now_us = self.now_us();
        (now_us / 1_000_000, (now_us % 1_000_000) as u32)
    }

    #[expect(clippy::cast_possible_truncation, reason = "2^64 microseconds are half a million years")]
    fn now_us(self) -> u64 {
        match self {
            Clock::System => SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_micros() as u64,
            Clock::Tokio { origin_ms, origin } => origin_ms * 1000 + origin.elapsed().as_micros() as u64,
        }
    }

    /// Returns when `now_ms` has reached `at_ms`.
    pub async fn sleep_until(self, at_ms: u64) {
        let now_ms = self.now_ms();
        if at_ms > now_ms {
            tokio::time::sleep(Duration::from_millis(at_ms - now_ms)).await;
        }
    }
}

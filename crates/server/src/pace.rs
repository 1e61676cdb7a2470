//! The recent computing time of each account's requests: an account with short requests takes no turns.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

/// With a shorter average an account's requests take no turns: passing a turn on costs as much as a short request, and
/// the maximum of requests that one account may have under way is soon done.
const LIGHT: Duration = Duration::from_micros(100);
/// The maximum that one request counts: it may have been interrupted.
const COUNTED: Duration = Duration::from_micros(800);

/// The average computing time of accounts' requests; accounts that share a place are treated as one.
#[derive(Debug)]
pub(crate) struct Pace([AtomicU32; 256]);

impl Default for Pace {
    fn default() -> Pace {
        Pace(std::array::from_fn(|_| AtomicU32::new(0)))
    }
}

impl Pace {
    /// Whether the account's requests are so short that they need no turns.
    pub(crate) fn is_light(&self, account: u32) -> bool {
        u128::from(self.of(account).load(Ordering::Relaxed)) < LIGHT.as_nanos()
    }

    /// Updates the moving average over about eight requests.
    pub(crate) fn took(&self, account: u32, time: Duration) {
        let nanos = u32::try_from(time.min(COUNTED).as_nanos()).unwrap_or(u32::MAX);
        let place = self.of(account);
        let before = place.load(Ordering::Relaxed);
        place.store(before - before / 8 + nanos / 8, Ordering::Relaxed);
    }

    fn of(&self, account: u32) -> &AtomicU32 {
        &self.0[account as usize % self.0.len()]
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn an_account_takes_turns_while_its_requests_are_long_and_no_single_one_decides() {
        let pace = Pace::default();
        let us = Duration::from_micros;
        pace.took(1, us(10));
        pace.took(1, us(10_000));
        assert!(!pace.is_light(1), "at once, as a crowd may follow");
        pace.took(1, us(10));
        pace.took(1, us(10));
        assert!(pace.is_light(1), "it was interrupted");
        (0..100).for_each(|_| pace.took(1, us(1_000)));
        assert!(!pace.is_light(1) && pace.is_light(2));
        (0..8).for_each(|_| pace.took(1, us(10)));
        assert!(!pace.is_light(1));
        (0..100).for_each(|_| pace.took(1, us(10)));
        assert!(pace.is_light(1));
    }
}

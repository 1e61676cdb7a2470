//! Signed requests of the legacy dialect that were seen: the same one again is a replay.

use cvmd_wire::ReplayKey;
use parking_lot::Mutex;
use std::collections::HashSet;

/// A signed request is valid from 300 seconds before its timestamp to 300 after it. So it must be remembered for 600
/// seconds, and a minute more in case clocks are set.
pub(crate) const REMEMBERED_SECONDS: u64 = 660;

/// The requests of this period and the one before, so that forgetting costs nothing.
#[derive(Debug, Default)]
pub(crate) struct Replays(Mutex<Periods>);

#[derive(Debug, Default)]
struct Periods {
    began_seconds: u64,
    now: HashSet<ReplayKey>,
    before: HashSet<ReplayKey>,
}

impl Replays {
    /// Whether the request is new; records it.
    pub(crate) fn admit(&self, key: ReplayKey, now_seconds: u64) -> bool {
        let mut periods = self.0.lock();
        if now_seconds >= periods.began_seconds + REMEMBERED_SECONDS {
            periods.before = std::mem::take(&mut periods.now);
            periods.began_seconds = now_seconds;
        }
        !periods.before.contains(&key) && periods.now.insert(key)
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_request_is_new_once_for_as_long_as_it_is_valid() {
        let replays = Replays::default();
        let key = ReplayKey::from_hex("00112233445566778899aabbccddeeff").unwrap();
        assert!(replays.admit(key, 1_000));
        assert!(!replays.admit(key, 1_001));
        assert!(!replays.admit(key, 1_000 + REMEMBERED_SECONDS));
        assert!(replays.admit(key, 1_000 + 3 * REMEMBERED_SECONDS));
    }
}

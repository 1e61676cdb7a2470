//! The number of requests under way of each account: one account leaves a part of the connections for others.

use parking_lot::Mutex;

/// The number of locks, so that requests of different accounts seldom share one.
const PLACES: usize = 1_024;
/// The minimum for an account, however few connections there are.
const MAX_AT_LEAST: usize = 8;

#[derive(Debug)]
pub(crate) struct UnderWay {
    of_account_max: usize,
    places: Box<[Place]>,
}

/// The counts of the accounts that share a lock: usually one account.
type Place = Mutex<Vec<(u32, usize)>>;

/// A request that is under way, until this is dropped.
#[derive(Debug)]
pub(crate) struct Begun<'a> {
    place: &'a Place,
    account: u32,
}

impl UnderWay {
    /// Allows each account half of the connections.
    pub(crate) fn of(connections: usize) -> UnderWay {
        UnderWay {
            of_account_max: (connections / 2).max(MAX_AT_LEAST),
            places: (0..PLACES).map(|_| Place::default()).collect(),
        }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// When the account has its maximum under way; returns that number.
    pub(crate) fn begin(&self, account: u32) -> Result<Begun<'_>, usize> {
        let place = &self.places[account as usize % PLACES];
        let mut counts = place.lock();
        match counts.iter_mut().find(|(known, _)| *known == account) {
            Some((_, count)) if *count >= self.of_account_max => return Err(*count),
            Some((_, count)) => *count += 1,
            None => counts.push((account, 1)),
        }
        Ok(Begun { place, account })
    }
}

impl Drop for Begun<'_> {
    fn drop(&mut self) {
        let mut counts = self.place.lock();
        if let Some(at) = counts.iter().position(|(known, _)| *known == self.account) {
            counts[at].1 -= 1;
            if counts[at].1 == 0 {
                counts.swap_remove(at);
            }
        }
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
        let few = UnderWay::of(2);
        let begun: Vec<_> = (0..MAX_AT_LEAST).map(|_| few.begin(7).unwrap()).collect();
        assert_eq!(few.begin(7).unwrap_err(), MAX_AT_LEAST);
        let far = 7 + PLACES as u32;
        drop(few.begin(far).expect("another account, however far apart their numbers are"));
        assert_eq!(few.places[7].lock()[..], [(7, MAX_AT_LEAST)]);
        drop(begun);
        assert!(few.places[7].lock().is_empty(), "an account without requests takes no memory");
    }
}

//! Permits for effects on machines: a maximum at the same time, and accounts take turns.
//!
//! An effect may wait for its guest for a long time, so turns alone are not enough: the slow guests of a few accounts
//! could hold all places. An account may therefore have as many as are free: one alone has half of them, the next half
//! of the rest, and there is always one for an account that has none.

use cvmd_model::{AccountNumber, RoundRobin};
use foldhash::HashMap;
use parking_lot::{Mutex, MutexGuard};
use std::sync::Arc;
use tokio::sync::oneshot;

#[derive(Debug, Clone)]
pub(crate) struct Effects(Arc<Mutex<Places>>);

#[derive(Debug)]
struct Places {
    free: usize,
    /// The places of accounts that have any.
    held: HashMap<AccountNumber, usize>,
    /// Each waiter is an instance's only task, so there are no more waiters than instances.
    waiting: RoundRobin<AccountNumber, oneshot::Sender<Permit>>,
}

/// Allows work on a machine until it is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    effects: Effects,
    account: AccountNumber,
}

impl Effects {
    pub(crate) fn new(parallel_max: usize) -> Effects {
        Effects(Arc::new(Mutex::new(Places {
            free: parallel_max.max(1),
            held: HashMap::default(),
            waiting: RoundRobin::default(),
        })))
    }

    /// A permit, if the account can have one at once.
    pub(crate) fn try_begin(&self, account: AccountNumber) -> Option<Permit> {
        self.places().take(account).then(|| Permit { effects: self.clone(), account })
    }

    /// Waits for a permit. `None` if there will never be one.
    pub(crate) async fn begin(&self, account: AccountNumber) -> Option<Permit> {
        let granted = {
            let mut places = self.places();
            if places.take(account) {
                return Some(Permit { effects: self.clone(), account });
            }
            let (grant, granted) = oneshot::channel();
            places.waiting.push(account, grant);
            granted
        };
        granted.await.ok()
    }

    /// Gives a place back, and passes free places to those who wait.
    fn end(&self, account: AccountNumber) {
        let mut unheard = Vec::new();
        let mut places = self.places();
        places.give_back(account);
        while let Some((account, grant)) = places.next() {
            // A waiter that gives up right now gives its place back in turn, once nothing is locked.
            unheard.extend(grant.send(Permit { effects: self.clone(), account }).err());
        }
        drop(places);
    }

    fn places(&self) -> MutexGuard<'_, Places> {
        self.0.lock()
    }
}

impl Places {
    fn take(&mut self, account: AccountNumber) -> bool {
        let may = may_have_more(&self.held, self.free, account);
        if may {
            self.free -= 1;
            *self.held.entry(account).or_default() += 1;
        }
        may
    }

    fn give_back(&mut self, account: AccountNumber) {
        self.free += 1;
        if let Some(held) = self.held.get_mut(&account) {
            *held -= 1;
            if *held == 0 {
                self.held.remove(&account);
            }
        }
    }

    /// The next waiter that may begin; it then has its place.
    fn next(&mut self) -> Option<(AccountNumber, oneshot::Sender<Permit>)> {
        loop {
            let Places { free, held, waiting } = self;
            let (account, grant) = waiting.pop_of(|account| may_have_more(held, *free, *account))?;
            // The waiter has given up before. Checked here, because giving its place back would recurse.
            if !grant.is_closed() && self.take(account) {
                return Some((account, grant));
            }
        }
    }
}

fn may_have_more(held: &HashMap<AccountNumber, usize>, free: usize, account: AccountNumber) -> bool {
    held.get(&account).copied().unwrap_or(0) < free
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.effects.end(self.account);
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use std::{
        pin::pin,
        task::{Context, Poll, Waker},
    };

    #[test]
    fn an_account_has_as_many_as_are_free_and_what_it_gives_back_goes_on() {
        let effects = Effects::new(16);
        let [busy, second, third, other] = [1, 2, 3, 4].map(AccountNumber);
        let take_all = |account| std::iter::from_fn(|| effects.try_begin(account)).collect::<Vec<_>>();
        let mut held = take_all(busy);
        let more = [take_all(second), take_all(third)];
        assert_eq!((held.len(), more[0].len(), more[1].len()), (8, 4, 2));
        let mut context = Context::from_waker(Waker::noop());
        let mut gone = Box::pin(effects.begin(busy));
        assert!(gone.as_mut().poll(&mut context).is_pending());
        let mut waiting = pin!(effects.begin(busy));
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        let others = effects.try_begin(other);
        assert!(others.is_some(), "three accounts with slow guests leave some to the fourth");
        drop(gone);
        held.truncate(1);
        assert!(matches!(waiting.as_mut().poll(&mut context), Poll::Ready(Some(_))), "not to one who has gone");
        drop((held, more, others));
        let places = effects.places();
        assert_eq!((places.free, places.held.len()), (16, 0), "what has been given back is there again");
    }

    #[test]
    fn however_many_have_gone_giving_a_place_back_is_one_step() {
        let effects = Effects::new(1);
        let (busy, other) = [1, 2].map(AccountNumber).into();
        let held = effects.try_begin(busy).unwrap();
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..200_000 {
            assert!(pin!(effects.begin(busy)).poll(&mut context).is_pending());
        }
        let mut waiting = pin!(effects.begin(other));
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        drop(held);
        assert!(matches!(waiting.as_mut().poll(&mut context), Poll::Ready(Some(_))));
    }

    #[test]
    fn the_only_place_is_for_whoever_comes() {
        assert!(Effects::new(1).try_begin(AccountNumber(1)).is_some());
    }
}

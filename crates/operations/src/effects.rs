//! Whose machine is worked on now: so many at a time, half of them one account's at most, and accounts take turns.
//!
//! An effect may wait for its guest as long as the guest likes, so turns alone would not do: one account's slow guests could
//! hold all places.

use cvmd_hypervisor::{Turn, Turns};
use cvmd_model::AccountNumber;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

#[derive(Debug)]
pub(crate) struct Effects {
    turns: Turns<AccountNumber>,
    of_account_max: usize,
    /// Of accounts that ever had an effect: a few words each.
    by_account: Mutex<HashMap<AccountNumber, Arc<Semaphore>>>,
}

/// May work on a machine until this is dropped.
#[derive(Debug)]
pub(crate) struct Permit {
    _turn: Turn<AccountNumber>,
    _of_account: OwnedSemaphorePermit,
}

impl Effects {
    pub(crate) fn new(parallel_max: usize) -> Effects {
        Effects {
            // Whoever waits is an instance's one task: there are no more of them than instances.
            turns: Turns::new(parallel_max, usize::MAX),
            of_account_max: parallel_max.div_ceil(2).max(1),
            by_account: Mutex::default(),
        }
    }

    /// A permit, if the account can have one at once.
    pub(crate) fn try_begin(&self, account: AccountNumber) -> Option<Permit> {
        let of_account = self.of(account).try_acquire_owned().ok()?;
        Some(Permit { _turn: self.turns.try_take()?, _of_account: of_account })
    }

    /// Waits for one. Nothing, if there will never be any.
    pub(crate) async fn begin(&self, account: AccountNumber) -> Option<Permit> {
        let of_account = self.of(account).acquire_owned().await.ok()?;
        Some(Permit { _turn: self.turns.take(account).await.ok()?, _of_account: of_account })
    }

    fn of(&self, account: AccountNumber) -> Arc<Semaphore> {
        let mut by_account = self.by_account.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(by_account.entry(account).or_insert_with(|| Arc::new(Semaphore::new(self.of_account_max))))
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
    fn one_account_has_half_of_the_places_and_what_it_gives_back_goes_on() {
        let effects = Effects::new(8);
        let [busy, other] = [1, 2].map(AccountNumber);
        let mut held: Vec<_> = std::iter::from_fn(|| effects.try_begin(busy)).collect();
        assert_eq!(held.len(), 4);
        let mut waiting = pin!(effects.begin(busy));
        let mut context = Context::from_waker(Waker::noop());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        let others: Vec<_> = std::iter::from_fn(|| effects.try_begin(other)).collect();
        assert_eq!(others.len(), 4);
        assert!(effects.try_begin(AccountNumber(3)).is_none(), "all are taken");
        held.pop();
        assert!(matches!(waiting.as_mut().poll(&mut context), Poll::Ready(Some(_))));
        assert!(Effects::new(1).try_begin(busy).is_some());
    }
}

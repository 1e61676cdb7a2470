//! What waits for the writer: a queue for each account and one for our own changes, taken from in turn, so that one account
//! with many commands holds another up for as long as a few of them take.

use cvmd_model::AccountNumber;
use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
};

/// Commands of one account that wait.
const WAITING_MAX: usize = 1_024;

/// The queues. Clones share them.
pub(crate) struct Jobs<J>(Arc<Shared<J>>);

struct Shared<J> {
    queues: Mutex<Queues<J>>,
    came: Condvar,
}

/// Whose it is; none is our own.
type Owner = Option<AccountNumber>;

/// Invariant: `order` has each owner of `by_owner` once.
struct Queues<J> {
    by_owner: HashMap<Owner, VecDeque<J>>,
    order: VecDeque<Owner>,
    /// Whether the writer has nothing to do. Only then it has to be woken, which is a call to the system.
    is_idle: bool,
    is_closed: bool,
}

/// Why nothing can be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoRoom {
    Closed,
    /// So many of this account wait.
    Full {
        waiting: usize,
    },
}

impl<J> fmt::Debug for Jobs<J> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Jobs").field("is_closed", &self.queues().is_closed).finish_non_exhaustive()
    }
}

impl<J> Clone for Jobs<J> {
    fn clone(&self) -> Jobs<J> {
        Jobs(Arc::clone(&self.0))
    }
}

impl<J> Jobs<J> {
    pub(crate) fn new() -> Jobs<J> {
        let queues = Queues { by_owner: HashMap::new(), order: VecDeque::new(), is_idle: false, is_closed: false };
        Jobs(Arc::new(Shared { queues: Mutex::new(queues), came: Condvar::new() }))
    }

    /// Adds one. Our own have no bound here: whoever makes them waits for each.
    pub(crate) fn add(&self, owner: Owner, job: J) -> Result<(), NoRoom> {
        let mut queues = self.queues();
        if queues.is_closed {
            return Err(NoRoom::Closed);
        }
        let Queues { by_owner, order, .. } = &mut *queues;
        let queue = by_owner.entry(owner).or_insert_with(|| {
            order.push_back(owner);
            VecDeque::new()
        });
        if owner.is_some() && queue.len() >= WAITING_MAX {
            return Err(NoRoom::Full { waiting: queue.len() });
        }
        queue.push_back(job);
        let is_idle = std::mem::take(&mut queues.is_idle);
        drop(queues);
        if is_idle {
            self.0.came.notify_one();
        }
        Ok(())
    }

    /// The next one, without waiting.
    pub(crate) fn next(&self) -> Option<J> {
        self.queues().next()
    }

    /// The next one. Blocks until there is one; none once all is done and nothing more may come.
    pub(crate) fn wait(&self) -> Option<J> {
        let mut queues = self.queues();
        loop {
            let next = queues.next();
            if next.is_some() || queues.is_closed {
                return next;
            }
            queues.is_idle = true;
            queues = self.0.came.wait(queues).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes no more. What waits is still done.
    pub(crate) fn close(&self) {
        self.queues().is_closed = true;
        self.0.came.notify_one();
    }

    fn queues(&self) -> MutexGuard<'_, Queues<J>> {
        self.0.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<J> Queues<J> {
    fn next(&mut self) -> Option<J> {
        while let Some(owner) = self.order.pop_front() {
            let Some(queue) = self.by_owner.get_mut(&owner) else { continue };
            let job = queue.pop_front();
            if queue.is_empty() {
                self.by_owner.remove(&owner);
            } else {
                self.order.push_back(owner);
            }
            if job.is_some() {
                return job;
            }
        }
        None
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn accounts_take_turns_and_each_keeps_its_order() {
        let jobs = Jobs::new();
        let account = |number| Some(AccountNumber(number));
        for (owner, job) in
            [(account(1), "a1"), (account(1), "a2"), (account(1), "a3"), (account(2), "b1"), (None, "c1")]
        {
            jobs.add(owner, job).unwrap();
        }
        assert_eq!((jobs.wait(), jobs.next()), (Some("a1"), Some("b1")));
        jobs.add(account(2), "b2").unwrap();
        jobs.close();
        assert_eq!(jobs.add(account(2), "late"), Err(NoRoom::Closed));
        let rest: Vec<_> = std::iter::from_fn(|| jobs.wait()).collect();
        assert_eq!(rest, ["c1", "a2", "b2", "a3"]);
        assert!(jobs.queues().by_owner.is_empty() && jobs.queues().order.is_empty());
    }

    #[test]
    fn so_many_of_one_account_wait_and_no_more() {
        let jobs = Jobs::new();
        let account = |number| Some(AccountNumber(number));
        for job in 0..WAITING_MAX {
            jobs.add(account(1), job).unwrap();
            jobs.add(None, job).unwrap();
        }
        assert_eq!(jobs.add(account(1), 0), Err(NoRoom::Full { waiting: WAITING_MAX }));
        jobs.add(account(2), 0).unwrap();
        jobs.add(None, 0).unwrap();
        jobs.next().unwrap();
        jobs.add(account(1), 0).unwrap();
    }
}

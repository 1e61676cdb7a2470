//! The queue of the writer. Owners are served in turn, so that an account with many commands delays another for the
//! time of one command. It also tells whether a group is being persisted, for which the writer may wait.

use cvmd_model::{AccountNumber, RoundRobin};
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::{fmt, sync::Arc};

/// The maximum of waiting commands of one account.
const WAITING_MAX: usize = 1_024;

/// So many jobs wake a writer that waits for a group to be persisted. A wake costs a system call, and fewer jobs are run
/// soon enough when the group is durable.
const WAKING: usize = 32;

/// The queues. Clones share them.
pub(crate) struct Jobs<J>(Arc<Shared<J>>);

struct Shared<J> {
    queues: Mutex<Queues<J>>,
    came: Condvar,
}

/// The owner of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    /// An account's command.
    Account(AccountNumber),
    /// What the engine writes about an account's machines: an owner of its own, so that one account's machines do not
    /// delay another's.
    Machines(AccountNumber),
    /// The operator's, and everything that belongs to no account.
    Ours,
}

struct Queues<J> {
    waiting: RoundRobin<Owner, J>,
    /// The writer waits for so many jobs more. Only then it must be woken.
    wanted: Option<usize>,
    /// Whether a group is being persisted.
    is_persisting: bool,
    is_closed: bool,
}

/// Why a job cannot be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoRoom {
    Closed,
    /// The account has its maximum of waiting commands.
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
        let queues = Queues { waiting: RoundRobin::default(), wanted: None, is_persisting: false, is_closed: false };
        Jobs(Arc::new(Shared { queues: Mutex::new(queues), came: Condvar::new() }))
    }

    /// Adds a job. Our own jobs have no bound: their callers wait for each.
    pub(crate) fn add(&self, owner: Owner, job: J) -> Result<(), NoRoom> {
        let mut queues = self.queues();
        if queues.is_closed {
            return Err(NoRoom::Closed);
        }
        let waiting = queues.waiting.len_of(&owner);
        if matches!(owner, Owner::Account(_)) && waiting >= WAITING_MAX {
            return Err(NoRoom::Full { waiting });
        }
        queues.waiting.push(owner, job);
        let wanted = queues.wanted.map(|wanted| wanted.saturating_sub(1));
        queues.wanted = wanted.filter(|wanted| *wanted > 0);
        drop(queues);
        if wanted == Some(0) {
            self.0.came.notify_one();
        }
        Ok(())
    }

    /// The first job of a group: of the next owner that `may_begin`, or else of any. Blocks until there is one; returns
    /// none when the queue is closed and empty. While a group is persisted only a light owner's job begins, and only when
    /// it is its turn: a heavy one would delay those that still come.
    pub(crate) fn first(
        &self,
        mut may_begin: impl FnMut(&Owner) -> bool,
        is_light: impl Fn(&Owner) -> bool,
    ) -> Option<(Owner, J)> {
        let mut queues = self.queues();
        loop {
            let Queues { waiting, is_persisting, .. } = &mut *queues;
            let mut has_turn = true;
            let next = waiting.pop_of(|owner| {
                let begins = has_turn && may_begin(owner);
                has_turn &= !begins;
                begins && (!*is_persisting || is_light(owner))
            });
            if next.is_some() {
                return next;
            }
            if *is_persisting {
                queues.wanted = Some(WAKING);
            } else {
                let next = waiting.pop();
                if next.is_some() || queues.is_closed {
                    return next;
                }
                queues.wanted = Some(1);
            }
            self.0.came.wait(&mut queues);
        }
    }

    /// The next job whose owner `may` accepts. While a group is persisted it blocks until many have come; else it returns
    /// none when there is none.
    pub(crate) fn next(&self, mut may: impl FnMut(&Owner) -> bool) -> Option<(Owner, J)> {
        let mut queues = self.queues();
        loop {
            let next = queues.waiting.pop_of(&mut may);
            if next.is_some() || !queues.is_persisting {
                return next;
            }
            queues.wanted = Some(WAKING);
            self.0.came.wait(&mut queues);
        }
    }

    pub(crate) fn is_persisting(&self) -> bool {
        self.queues().is_persisting
    }

    /// A group is handed over to be persisted.
    pub(crate) fn persisting(&self) {
        self.queues().is_persisting = true;
    }

    /// Nothing is being persisted any more.
    pub(crate) fn persisted(&self) {
        self.queues().is_persisting = false;
        self.0.came.notify_one();
    }

    /// Accepts no more jobs. Those that wait are still done.
    pub(crate) fn close(&self) {
        self.queues().is_closed = true;
        self.0.came.notify_one();
    }

    fn queues(&self) -> MutexGuard<'_, Queues<J>> {
        self.0.queues.lock()
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn what_came_before_the_end_is_still_done() {
        let jobs = Jobs::new();
        let account = |number| Owner::Account(AccountNumber(number));
        let machines = Owner::Machines(AccountNumber(1));
        for (owner, job) in
            [(account(1), "a1"), (account(1), "a2"), (machines, "m1"), (account(2), "b1"), (Owner::Ours, "c1")]
        {
            jobs.add(owner, job).unwrap();
        }
        assert_eq!(jobs.first(|_| true, |_| true), Some((account(1), "a1")));
        assert_eq!(jobs.next(|owner| *owner == account(2)), Some((account(2), "b1")));
        jobs.close();
        assert_eq!(jobs.add(account(2), "late"), Err(NoRoom::Closed));
        let mut rest: Vec<_> = std::iter::from_fn(|| jobs.first(|_| true, |_| true)).map(|(_, job)| job).collect();
        rest.sort_unstable();
        assert_eq!(rest, ["a2", "c1", "m1"]);
    }

    #[test]
    fn so_many_of_one_account_wait_and_no_more() {
        let jobs = Jobs::new();
        let account = |number| Owner::Account(AccountNumber(number));
        for job in 0..WAITING_MAX {
            jobs.add(account(1), job).unwrap();
            jobs.add(Owner::Machines(AccountNumber(1)), job).unwrap();
        }
        assert_eq!(jobs.add(account(1), 0), Err(NoRoom::Full { waiting: WAITING_MAX }));
        jobs.add(account(2), 0).unwrap();
        jobs.add(Owner::Machines(AccountNumber(1)), 0).unwrap();
        jobs.first(|_| true, |_| true).unwrap();
        jobs.add(account(1), 0).unwrap();
    }
}

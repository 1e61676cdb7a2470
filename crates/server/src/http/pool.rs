//! Memory shared by many owners: a maximum in total and one per owner. When it is used up, the oldest part that may be
//! dropped is. Used for bodies while they arrive, and for replies until they are read.

use cvmd_hypervisor::Peer;
use cvmd_wire::Checked;
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::Arc,
};
use tokio::sync::Notify;

/// The owner of a part, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    /// A client on this host.
    Nearby,
    Peer(IpAddr),
    /// A client that names this SecretId from that peer. Anybody may name it: only clients on this host or of the same
    /// peer share with its real owner.
    Credential(Box<str>, Option<IpAddr>),
    /// An account, known by a valid signature.
    Account(u32),
}

impl Owner {
    pub(crate) fn at(peer: IpAddr) -> Owner {
        Peer::new(peer).sharing().map_or(Owner::Nearby, Owner::Peer)
    }

    /// The owner according to a head whose signature is not checked yet.
    pub(crate) fn of_head(head: &Checked<'_>, peer: IpAddr) -> Owner {
        let named = head.credential().map(|credential| credential.secret_id().into());
        named.map_or_else(|| Owner::at(peer), |secret_id| Owner::Credential(secret_id, Peer::new(peer).sharing()))
    }

    fn is_known(&self) -> bool {
        matches!(self, Owner::Credential(..) | Owner::Account(_))
    }
}

#[derive(Debug)]
pub(super) struct Pool {
    bytes_max: usize,
    of_owner_max: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    next: u64,
    bytes: usize,
    /// Those that wait until an owner holds less. Others are not woken for that.
    waiting: HashMap<Owner, Waiters>,
    by_owner: HashMap<Owner, usize>,
    by_age: BTreeMap<u64, Holding>,
}

#[derive(Debug, Default)]
struct Waiters {
    count: usize,
    /// The largest number of bytes that one of them waits for.
    below: usize,
    given_back: Arc<Notify>,
}

#[derive(Debug)]
struct Holding {
    owner: Owner,
    bytes: usize,
    /// Notified when it must be dropped; none once it must stay.
    give_up: Option<Arc<Notify>>,
}

/// A part of the memory, given back when dropped.
#[derive(Debug)]
pub(super) struct Share {
    pool: Arc<Pool>,
    number: u64,
}

#[derive(Debug)]
pub(super) struct Crowded;

impl Pool {
    pub(super) fn new(bytes_max: usize, of_owner_max: usize) -> Arc<Pool> {
        Arc::new(Pool { bytes_max, of_owner_max, held: Mutex::default() })
    }

    /// A new, empty part. `give_up` is notified when it must be dropped.
    pub(super) fn share(self: &Arc<Self>, owner: Owner, give_up: Arc<Notify>) -> Share {
        let mut held = self.held.lock();
        held.next += 1;
        let number = held.next;
        held.by_age.insert(number, Holding { owner, bytes: 0, give_up: Some(give_up) });
        Share { pool: Arc::clone(self), number }
    }

    /// Whether an owner holds less than that many bytes.
    pub(super) fn holds_less(&self, owner: &Owner, bytes: usize) -> bool {
        let held = self.held.lock();
        held.bytes < bytes || held.by_owner.get(owner).is_none_or(|held| *held < bytes)
    }

    /// Returns once an owner holds less than that many bytes.
    pub(super) async fn drained(&self, owner: &Owner, bytes: usize) {
        let waiting = Waiting::at(self, owner, bytes);
        loop {
            // Registers before it checks, so that nothing is missed in between.
            let given_back = waiting.given_back.notified();
            if self.holds_less(owner, bytes) {
                return;
            }
            given_back.await;
        }
    }

    pub(super) fn bytes(&self) -> usize {
        self.held.lock().bytes
    }
}

/// Separate memory for known accounts and for strangers: neither can use up the other's.
#[derive(Debug)]
pub(super) struct Pools {
    pub(super) strangers: Arc<Pool>,
    pub(super) known: Arc<Pool>,
}

impl Pools {
    /// Each pair is the maximum in total and of one owner.
    pub(super) fn new(strangers: (usize, usize), known: (usize, usize)) -> Pools {
        Pools { strangers: Pool::new(strangers.0, strangers.1), known: Pool::new(known.0, known.1) }
    }

    pub(super) fn of(&self, owner: &Owner) -> &Arc<Pool> {
        if owner.is_known() { &self.known } else { &self.strangers }
    }
}

/// Registers a waiter for an owner's memory until it is dropped.
struct Waiting<'a> {
    pool: &'a Pool,
    owner: &'a Owner,
    given_back: Arc<Notify>,
}

impl<'a> Waiting<'a> {
    fn at(pool: &'a Pool, owner: &'a Owner, below: usize) -> Waiting<'a> {
        let mut held = pool.held.lock();
        let waiters = held.waiting.entry(owner.clone()).or_default();
        waiters.count += 1;
        waiters.below = waiters.below.max(below);
        let given_back = Arc::clone(&waiters.given_back);
        drop(held);
        Waiting { pool, owner, given_back }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        let mut held = self.pool.held.lock();
        let Some(waiters) = held.waiting.get_mut(self.owner) else { return };
        waiters.count -= 1;
        if waiters.count == 0 {
            held.waiting.remove(self.owner);
        }
    }
}

impl Held {
    fn release(&mut self, number: u64) -> Option<Holding> {
        let holding = self.by_age.remove(&number)?;
        self.bytes -= holding.bytes;
        let mut left = 0;
        if let Some(bytes) = self.by_owner.get_mut(&holding.owner) {
            *bytes -= holding.bytes;
            left = *bytes;
            if left == 0 {
                self.by_owner.remove(&holding.owner);
            }
        }
        if let Some(waiters) = self.waiting.get(&holding.owner).filter(|waiters| left < waiters.below) {
            waiters.given_back.notify_waiters();
        }
        Some(holding)
    }

    /// Drops the oldest unfinished body, of this owner if one is named.
    fn push_out(&mut self, owner: Option<&Owner>) -> bool {
        let mut candidates = self.by_age.iter().filter(|(_, holding)| holding.give_up.is_some());
        let oldest = candidates.find(|(_, holding)| owner.is_none_or(|owner| holding.owner == *owner));
        let Some(number) = oldest.map(|(number, _)| *number) else { return false };
        if let Some(give_up) = self.release(number).and_then(|holding| holding.give_up) {
            give_up.notify_one();
        }
        true
    }
}

impl Share {
    /// Adds bytes to the part. Returns whether another part had to be dropped for them.
    pub(super) fn grow(&self, bytes: usize) -> Result<bool, Crowded> {
        let mut held = self.pool.held.lock();
        let holding = held.by_age.get_mut(&self.number).ok_or(Crowded)?;
        holding.bytes += bytes;
        let owner = holding.owner.clone();
        held.bytes += bytes;
        *held.by_owner.entry(owner.clone()).or_default() += bytes;
        let mut pushed_out = false;
        // Clients on this host are not one owner: only the total bounds them.
        let is_owner = owner != Owner::Nearby;
        while is_owner && held.by_owner.get(&owner).is_some_and(|bytes| *bytes > self.pool.of_owner_max) {
            if !held.push_out(Some(&owner)) {
                held.release(self.number);
                return Err(Crowded);
            }
            pushed_out = true;
        }
        while held.bytes > self.pool.bytes_max {
            // The owner with the most memory loses a part first, so that an early one with little is not affected.
            let largest = held.by_owner.iter().max_by_key(|(_, bytes)| **bytes).map(|(owner, _)| owner.clone());
            if !held.push_out(largest.as_ref()) && !held.push_out(None) {
                held.release(self.number);
                return Err(Crowded);
            }
            pushed_out = true;
        }
        if held.by_age.contains_key(&self.number) { Ok(pushed_out) } else { Err(Crowded) }
    }

    /// The part stays, and cannot be pushed out any more.
    pub(super) fn finish(&self) {
        if let Some(holding) = self.pool.held.lock().by_age.get_mut(&self.number) {
            holding.give_up = None;
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.pool.held.lock().release(self.number);
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn share(pool: &Arc<Pool>, owner: Owner) -> Share {
        pool.share(owner, Arc::default())
    }

    fn credential(name: &str) -> Owner {
        Owner::Credential(name.into(), None)
    }

    #[test]
    fn the_oldest_unfinished_body_goes_and_the_new_one_is_read() {
        let pool = Pool::new(10, 10);
        let (old, new) = (share(&pool, Owner::Nearby), share(&pool, Owner::Nearby));
        old.grow(6).unwrap();
        new.grow(6).unwrap();
        assert!(old.grow(1).is_err(), "it was pushed out");
        drop(old);
        assert_eq!(pool.held.lock().bytes, 6);
        new.finish();
        let late = share(&pool, Owner::Nearby);
        assert!(late.grow(6).is_err(), "what is whole stays");
        drop((late, new));
        let held = pool.held.lock();
        assert_eq!((held.bytes, held.by_owner.len(), held.by_age.len()), (0, 0, 0));
    }

    #[test]
    fn an_owner_pushes_out_its_own_and_the_greedy_one_goes_first() {
        let pool = Pool::new(10, 6);
        let (modest, greedy, more) =
            (share(&pool, credential("a")), share(&pool, credential("b")), share(&pool, credential("b")));
        modest.grow(3).unwrap();
        greedy.grow(5).unwrap();
        more.grow(2).unwrap();
        assert!(greedy.grow(0).is_err() && modest.grow(0).is_ok());
        more.grow(4).unwrap();
        let third = share(&pool, credential("c"));
        third.grow(2).unwrap();
        assert!(more.grow(0).is_err() && modest.grow(0).is_ok() && third.grow(0).is_ok());
    }

    #[test]
    fn an_owner_is_woken_once_much_of_its_memory_is_free_again() {
        let pool = Pool::new(100, 100);
        let a = credential("a");
        let (first, second) = (share(&pool, a.clone()), share(&pool, a.clone()));
        first.grow(6).unwrap();
        second.grow(4).unwrap();
        assert!(!pool.holds_less(&a, 10) && pool.holds_less(&a, 11) && pool.holds_less(&credential("b"), 1));
        let mut drained = std::pin::pin!(pool.drained(&a, 5));
        let mut is_woken = || {
            let mut context = std::task::Context::from_waker(std::task::Waker::noop());
            drained.as_mut().poll(&mut context).is_ready()
        };
        assert!(!is_woken());
        drop(second);
        assert!(!is_woken(), "6 bytes are left");
        drop(first);
        assert!(is_woken());
    }

    #[test]
    fn an_owner_that_waits_is_woken_when_its_memory_goes_to_another() {
        let pool = Pool::new(10, 10);
        let (a, other) = (share(&pool, credential("a")), share(&pool, credential("b")));
        a.grow(6).unwrap();
        let owner = credential("a");
        let mut drained = std::pin::pin!(pool.drained(&owner, 5));
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        assert!(drained.as_mut().poll(&mut context).is_pending());
        other.grow(5).unwrap();
        assert!(drained.as_mut().poll(&mut context).is_ready());
    }

    #[test]
    fn another_peer_that_names_the_same_credential_pushes_none_of_its_bodies_out() {
        let pool = Pool::new(20, 6);
        let at = |last| Owner::Credential("a".into(), Peer::new(IpAddr::from([192, 0, 2, last])).sharing());
        let (honest, forged) = (share(&pool, at(1)), [share(&pool, at(2)), share(&pool, at(2))]);
        honest.grow(4).unwrap();
        forged.iter().for_each(|forged| drop(forged.grow(6)));
        assert!(honest.grow(1).is_ok() && forged[0].grow(0).is_err());
    }
}

//! Bodies while they arrive: how large one may be, how long it may take, and how much memory all of them may hold together
//! before anybody's signature was checked.

use super::connections::share_of;
use crate::metrics::{Bound, Metrics};
use bytes::Bytes;
use cvmd_actions::Reason;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::sync::Notify;

/// A body has this long.
const PATIENCE: Duration = Duration::from_secs(30);
/// All bodies whose heads name no known credential.
const STRANGERS_BYTES_MAX: usize = 32 * MIB;
/// Those of them that come from one peer elsewhere.
const PEER_BYTES_MAX: usize = 16 * MIB;
/// All bodies whose heads name a known credential.
const NAMED_BYTES_MAX: usize = 256 * MIB;
/// Those of them that name the same one.
const CREDENTIAL_BYTES_MAX: usize = 64 * MIB;
const MIB: usize = 1024 * 1024;
/// What is read of a body that was refused, and thrown away, so that a client that sends first and listens then hears why.
const DRAINED_BYTES_MAX: usize = 64 * MIB;
const DRAINED_WITHIN: Duration = Duration::from_secs(10);

/// The memory that bodies may hold. Where it is used up the oldest unfinished body goes: a client that means it sends its
/// body at once, and slow ones, however many, only push each other out.
#[derive(Debug)]
pub(crate) struct Bodies {
    strangers: Arc<Pool>,
    named: Arc<Pool>,
}

impl Default for Bodies {
    fn default() -> Bodies {
        let pool = |bytes_max, of_owner_max| Arc::new(Pool { bytes_max, of_owner_max, held: Mutex::default() });
        Bodies {
            strangers: pool(STRANGERS_BYTES_MAX, PEER_BYTES_MAX),
            named: pool(NAMED_BYTES_MAX, CREDENTIAL_BYTES_MAX),
        }
    }
}

/// Whose a body is, as far as its head can tell.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    /// Somebody on this host.
    Nearby,
    Peer(IpAddr),
    /// Whoever names this SecretId.
    Credential(Box<str>),
}

impl Owner {
    pub(crate) fn at(peer: IpAddr) -> Owner {
        share_of(peer).map_or(Owner::Nearby, Owner::Peer)
    }
}

#[derive(Debug)]
struct Pool {
    bytes_max: usize,
    of_owner_max: usize,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    next: u64,
    bytes: usize,
    by_owner: HashMap<Owner, usize>,
    by_age: BTreeMap<u64, Holding>,
}

#[derive(Debug)]
struct Holding {
    owner: Owner,
    bytes: usize,
    /// Told when it has to go; none once the body is whole.
    give_up: Option<Arc<Notify>>,
}

/// A body's part of the memory: given back when dropped.
#[derive(Debug)]
struct Share {
    pool: Arc<Pool>,
    number: u64,
    give_up: Arc<Notify>,
}

/// The body is too large a part of the memory.
#[derive(Debug)]
struct Crowded;

impl Pool {
    fn share(self: &Arc<Self>, owner: Owner) -> Share {
        let give_up = Arc::new(Notify::new());
        let mut held = self.held();
        held.next += 1;
        let number = held.next;
        held.by_age.insert(number, Holding { owner, bytes: 0, give_up: Some(Arc::clone(&give_up)) });
        Share { pool: Arc::clone(self), number, give_up }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Held {
    fn release(&mut self, number: u64) -> Option<Holding> {
        let holding = self.by_age.remove(&number)?;
        self.bytes -= holding.bytes;
        if let Some(bytes) = self.by_owner.get_mut(&holding.owner) {
            *bytes -= holding.bytes;
            if *bytes == 0 {
                self.by_owner.remove(&holding.owner);
            }
        }
        Some(holding)
    }

    /// Lets the oldest unfinished body go, of this owner if one is named.
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
    /// So many bytes more have come.
    fn grow(&self, bytes: usize) -> Result<(), Crowded> {
        let mut held = self.pool.held();
        let holding = held.by_age.get_mut(&self.number).ok_or(Crowded)?;
        holding.bytes += bytes;
        let owner = holding.owner.clone();
        held.bytes += bytes;
        *held.by_owner.entry(owner.clone()).or_default() += bytes;
        // Nobody on this host is one owner alone, so that only the whole bounds them.
        let is_owner = owner != Owner::Nearby;
        while is_owner && held.by_owner.get(&owner).is_some_and(|bytes| *bytes > self.pool.of_owner_max) {
            if !held.push_out(Some(&owner)) {
                held.release(self.number);
                return Err(Crowded);
            }
        }
        while held.bytes > self.pool.bytes_max {
            // Whoever holds the most, among them perhaps one that holds little and came early, is the one to go first.
            let largest = held.by_owner.iter().max_by_key(|(_, bytes)| **bytes).map(|(owner, _)| owner.clone());
            if !held.push_out(largest.as_ref()) && !held.push_out(None) {
                held.release(self.number);
                return Err(Crowded);
            }
        }
        if held.by_age.contains_key(&self.number) { Ok(()) } else { Err(Crowded) }
    }

    /// The body is whole: it keeps its part, and cannot be pushed out.
    fn finish(&self) {
        if let Some(holding) = self.pool.held().by_age.get_mut(&self.number) {
            holding.give_up = None;
        }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.pool.held().release(self.number);
    }
}

/// A whole body. It counts among the memory of all until this is dropped.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) bytes: Bytes,
    _share: Option<Share>,
}

/// Why a body is not read to its end.
#[derive(Debug)]
pub(crate) enum Fault {
    TooLarge { bytes: usize },
    Refused(Reason),
}

impl Bodies {
    /// Reads a body of at most `bytes_max` bytes.
    pub(crate) async fn read(
        &self,
        body: &mut Incoming,
        bytes_max: usize,
        owner: impl FnOnce() -> Owner,
        metrics: &Metrics,
    ) -> Result<Received, Fault> {
        if body.is_end_stream() {
            return Ok(Received { bytes: Bytes::new(), _share: None });
        }
        let reading = self.read_on(body, bytes_max, owner, metrics);
        tokio::time::timeout(PATIENCE, reading).await.unwrap_or_else(|_| {
            metrics.reached(Bound::BodyTime);
            Err(Fault::Refused(Reason::HalfSent))
        })
    }

    async fn read_on(
        &self,
        body: &mut Incoming,
        bytes_max: usize,
        owner: impl FnOnce() -> Owner,
        metrics: &Metrics,
    ) -> Result<Received, Fault> {
        let first = next(body).await?.unwrap_or_default();
        if first.len() > bytes_max {
            return Err(Fault::TooLarge { bytes: first.len() });
        }
        // Nearly every body is all there with its head, and takes no part in any of this.
        if body.is_end_stream() {
            return Ok(Received { bytes: first, _share: None });
        }
        let owner = owner();
        let is_named = matches!(owner, Owner::Credential(_));
        let pool = if is_named { &self.named } else { &self.strangers };
        let share = pool.share(owner);
        let bound = if is_named { Bound::BodiesOfCredentials } else { Bound::BodiesOfStrangers };
        let crowded = |Crowded| {
            metrics.reached(bound);
            Fault::Refused(Reason::Crowded)
        };
        share.grow(first.len()).map_err(crowded)?;
        let mut whole = Vec::from(first);
        loop {
            let more = tokio::select! {
                more = next(body) => more?,
                () = share.give_up.notified() => return Err(crowded(Crowded)),
            };
            let Some(more) = more else { break };
            if whole.len() + more.len() > bytes_max {
                return Err(Fault::TooLarge { bytes: whole.len() + more.len() });
            }
            share.grow(more.len()).map_err(crowded)?;
            whole.extend_from_slice(&more);
        }
        share.finish();
        Ok(Received { bytes: whole.into(), _share: Some(share) })
    }
}

/// The next bytes; none at the end.
async fn next(body: &mut Incoming) -> Result<Option<Bytes>, Fault> {
    loop {
        match body.frame().await {
            None => return Ok(None),
            Some(Err(_)) => return Err(Fault::Refused(Reason::HalfSent)),
            // Trailers mean nothing here.
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// Reads on what nobody wants, for a while, beside the answer that goes out.
pub(super) fn drain(mut body: Incoming) {
    if body.is_end_stream() {
        return;
    }
    tokio::spawn(tokio::time::timeout(DRAINED_WITHIN, async move {
        let mut drained = 0;
        while let Ok(Some(bytes)) = next(&mut body).await {
            drained += bytes.len();
            if drained > DRAINED_BYTES_MAX {
                break;
            }
        }
    }));
}

#[cfg(test)]
mod test {
    use super::*;

    fn pool(bytes_max: usize, of_owner_max: usize) -> Arc<Pool> {
        Arc::new(Pool { bytes_max, of_owner_max, held: Mutex::default() })
    }

    fn credential(name: &str) -> Owner {
        Owner::Credential(name.into())
    }

    #[test]
    fn the_oldest_unfinished_body_goes_and_the_new_one_is_read() {
        let pool = pool(10, 10);
        let (old, new) = (pool.share(Owner::Nearby), pool.share(Owner::Nearby));
        old.grow(6).unwrap();
        new.grow(6).unwrap();
        assert!(old.grow(1).is_err(), "it was pushed out");
        drop(old);
        assert_eq!(pool.held().bytes, 6);
        new.finish();
        let late = pool.share(Owner::Nearby);
        assert!(late.grow(6).is_err(), "what is whole stays");
        drop((late, new));
        let held = pool.held();
        assert_eq!((held.bytes, held.by_owner.len(), held.by_age.len()), (0, 0, 0));
    }

    #[test]
    fn an_owner_pushes_out_its_own_and_the_greedy_one_goes_first() {
        let pool = pool(10, 6);
        let (modest, greedy, more) =
            (pool.share(credential("a")), pool.share(credential("b")), pool.share(credential("b")));
        modest.grow(3).unwrap();
        greedy.grow(5).unwrap();
        more.grow(2).unwrap();
        assert!(greedy.grow(0).is_err() && modest.grow(0).is_ok());
        more.grow(4).unwrap();
        let third = pool.share(credential("c"));
        third.grow(2).unwrap();
        assert!(more.grow(0).is_err() && modest.grow(0).is_ok() && third.grow(0).is_ok());
    }
}

//! Replies that are not read: how much memory they may hold, from when they are made until the system has taken their last
//! byte or their connection has ended.

use super::pool::{Owner, Pool, Pools, Share};
use bytes::Bytes;
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::sync::Notify;

/// Replies to requests that nobody's signature is on.
const STRANGERS_BYTES_MAX: usize = 16 * MIB;
/// Those of them that go to one peer elsewhere.
const PEER_BYTES_MAX: usize = 4 * MIB;
/// Replies to all accounts.
const ACCOUNTS_BYTES_MAX: usize = 256 * MIB;
/// Those to one account, as they are when its requests begin to wait. What is under way then is answered all the same.
pub(super) const WAITS_FROM: usize = 32 * MIB;
/// The account's requests go on when less than so much is left.
const GOES_ON_BELOW: usize = 16 * MIB;
/// What is under way cannot be more than this, all told: each thread makes one reply at a time, of 8 MiB at most.
const ACCOUNT_BYTES_MAX: usize = 128 * MIB;
const MIB: usize = 1024 * 1024;
/// A reply of less is not counted: a connection has one of them, and counting costs more than making it.
const COUNTED_FROM: usize = 8 * 1024;
/// How long a request waits for replies to be read.
const PATIENCE: Duration = Duration::from_secs(10);

/// The memory that replies may hold. An account whose replies are not read waits; where all is used up, the connection with
/// the oldest reply ends, of whoever holds the most.
#[derive(Debug)]
pub(crate) struct Replies(Pools);

impl Default for Replies {
    fn default() -> Replies {
        Replies(Pools {
            strangers: Pool::new(STRANGERS_BYTES_MAX, PEER_BYTES_MAX),
            known: Pool::new(ACCOUNTS_BYTES_MAX, ACCOUNT_BYTES_MAX),
        })
    }
}

/// The replies to this account are not read.
#[derive(Debug)]
pub(crate) struct Unread {
    pub(crate) limit_bytes: usize,
}

/// A reply's bytes, and their part of the memory.
struct Held {
    bytes: Vec<u8>,
    _share: Share,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Replies {
    /// Bytes of replies that are not read.
    pub(crate) fn bytes(&self) -> usize {
        self.0.strangers.bytes() + self.0.known.bytes()
    }

    /// Whether an account may be answered more now.
    pub(crate) fn has_room_for(&self, account: u32) -> bool {
        self.0.known.holds_less(&Owner::Account(account), WAITS_FROM)
    }

    /// Returns once much of what an account was answered has been read.
    pub(crate) async fn read_by(&self, account: u32) -> Result<(), Unread> {
        let owner = Owner::Account(account);
        let drained = tokio::time::timeout(PATIENCE, self.0.known.drained(&owner, GOES_ON_BELOW)).await;
        drained.map_err(|_| Unread { limit_bytes: WAITS_FROM })
    }

    /// Counts a reply until it is read; account 0 is nobody's. `close` ends its connection, in case it has to go. Whether the
    /// reply was one too many is told.
    pub(super) fn hold(&self, bytes: Vec<u8>, account: u32, peer: IpAddr, close: Arc<Notify>) -> (Bytes, bool) {
        if bytes.len() < COUNTED_FROM {
            return (bytes.into(), false);
        }
        let owner = if account == 0 { Owner::at(peer) } else { Owner::Account(account) };
        let share = self.0.of(&owner).share(owner, close);
        let pushed_out = share.grow(bytes.len());
        (Bytes::from_owner(Held { bytes, _share: share }), pushed_out.is_ok_and(|pushed_out| pushed_out))
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use std::net::{IpAddr, Ipv4Addr};

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn is_told(close: &Arc<Notify>) -> bool {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        std::pin::pin!(close.notified()).poll(&mut context).is_ready()
    }

    #[test]
    fn an_account_has_its_share_until_its_replies_are_dropped_and_others_have_theirs() {
        let replies = Replies::default();
        let close = Arc::default();
        let hold = |account| replies.hold(vec![0; 8 * MIB], account, HERE, Arc::clone(&close)).0;
        let held: Vec<_> = (0..4).map(|_| hold(7)).collect();
        assert!(!replies.has_room_for(7) && replies.has_room_for(8) && !is_told(&close));
        // A part that is cut off, as a writer does, is the whole to the end.
        let mut held = held.into_iter();
        let first = held.next().unwrap();
        let rest = first.slice(1..);
        drop(first);
        assert!(!replies.has_room_for(7));
        drop(rest);
        assert!(replies.has_room_for(7));
    }

    #[test]
    fn strangers_push_each_other_out() {
        let replies = Replies::default();
        let (first, other) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let oldest = replies.hold(vec![0; MIB], 0, HERE, Arc::clone(&first));
        let held: Vec<_> = (0..16).map(|_| replies.hold(vec![0; MIB], 0, HERE, Arc::clone(&other))).collect();
        assert!(is_told(&first) && !is_told(&other));
        let pushed_out = |held: &[(Bytes, bool)]| held.iter().filter(|(_, pushed_out)| *pushed_out).count();
        assert_eq!((oldest.1, pushed_out(&held)), (false, 1));
        assert!(replies.has_room_for(7));
    }
}

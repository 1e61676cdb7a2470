//! Replies that are not read: the memory that they may use, from their creation until the system has taken their last
//! byte or their connection has ended.

use super::pool::{Owner, Pools, Share};
use bytes::Bytes;
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::sync::Notify;

/// The maximum bytes of replies to requests without a valid signature.
const STRANGERS_BYTES_MAX: usize = 16 * MIB;
/// The part of it for one peer that is not on this host.
const PEER_BYTES_MAX: usize = 4 * MIB;
/// The maximum bytes of replies to all accounts.
const ACCOUNTS_BYTES_MAX: usize = 256 * MIB;
/// Bytes of unread replies to one account at which its requests begin to wait. Requests that are under way are answered
/// all the same.
pub(super) const WAITS_FROM: usize = 32 * MIB;
/// The account's requests continue when less than this is left.
const GOES_ON_BELOW: usize = 16 * MIB;
/// The replies under way cannot exceed this: each thread makes one at a time, of 8 MiB at most.
const ACCOUNT_BYTES_MAX: usize = 128 * MIB;
const MIB: usize = 1024 * 1024;
/// A smaller reply is not counted: a connection has only one of them, and counting costs more than making it.
const COUNTED_FROM: usize = 8 * 1024;
/// How long a request waits for replies to be read.
const PATIENCE: Duration = Duration::from_secs(10);

/// The memory of replies. An account with unread replies waits; when everything is used up, the connection with the
/// oldest reply of the largest owner is closed.
#[derive(Debug)]
pub(crate) struct Replies(Pools);

impl Default for Replies {
    fn default() -> Replies {
        Replies(Pools::new((STRANGERS_BYTES_MAX, PEER_BYTES_MAX), (ACCOUNTS_BYTES_MAX, ACCOUNT_BYTES_MAX)))
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
    /// Bytes of unread replies.
    pub(crate) fn bytes(&self) -> usize {
        self.0.strangers.bytes() + self.0.known.bytes()
    }

    /// Whether an account may get more replies now.
    pub(crate) fn has_room_for(&self, account: u32) -> bool {
        self.0.known.holds_less(&Owner::Account(account), WAITS_FROM)
    }

    /// Returns once an account has read most of its replies.
    pub(crate) async fn read_by(&self, account: u32) -> Result<(), Unread> {
        let owner = Owner::Account(account);
        let drained = tokio::time::timeout(PATIENCE, self.0.known.drained(&owner, GOES_ON_BELOW)).await;
        drained.map_err(|_| Unread { limit_bytes: WAITS_FROM })
    }

    /// Counts a reply until it is read; account 0 means none. `close` ends its connection, if it must be dropped.
    /// Returns whether another reply had to be dropped.
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

    fn is_notified(close: &Arc<Notify>) -> bool {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        std::pin::pin!(close.notified()).poll(&mut context).is_ready()
    }

    #[test]
    fn an_account_has_its_share_until_its_replies_are_dropped_and_others_have_theirs() {
        let replies = Replies::default();
        let close = Arc::default();
        let hold = |account| replies.hold(vec![0; 8 * MIB], account, HERE, Arc::clone(&close)).0;
        let held: Vec<_> = (0..4).map(|_| hold(7)).collect();
        assert!(!replies.has_room_for(7) && replies.has_room_for(8) && !is_notified(&close));
        // A piece that a writer splits off stays counted with the whole.
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
        assert!(is_notified(&first) && !is_notified(&other));
        let pushed_out = |held: &[(Bytes, bool)]| held.iter().filter(|(_, pushed_out)| *pushed_out).count();
        assert_eq!((oldest.1, pushed_out(&held)), (false, 1));
        assert!(replies.has_room_for(7));
    }
}

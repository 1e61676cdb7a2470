//! Who is connected: so many at a time, a share of them for one peer, and who has to go when another wants to come.

use cvmd_hypervisor::{Holding, Peer, largest};
use parking_lot::{Mutex, MutexGuard};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
};
use tokio::{sync::Notify, time::Instant};

/// The connections that are open.
#[derive(Debug)]
pub(crate) struct Connections {
    connections_max: usize,
    /// Of one peer that is not on this host.
    of_peer_max: usize,
    begun: Instant,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    by_number: HashMap<u64, Arc<Activity>>,
}

/// What one connection is about. Several clients behind one address are one peer.
#[derive(Debug)]
struct Activity {
    peer: Option<IpAddr>,
    /// When it last had a whole request, or was accepted; milliseconds since the server began.
    active_ms: AtomicU64,
    /// Whose good signature a request on it bore; 0 is nobody's.
    account: AtomicU32,
    /// Whether it must not be closed to make room: a whole request is being answered, or it has become a tunnel, of which
    /// there is a number of its own.
    is_held: AtomicBool,
    close: Arc<Notify>,
}

/// One open connection: it counts until this is dropped.
#[derive(Debug)]
pub(crate) struct Presence {
    connections: Arc<Connections>,
    number: u64,
    activity: Arc<Activity>,
}

/// Which bound was met when a connection came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crowd {
    /// All connections.
    All,
    /// Those of one peer.
    OfPeer,
}

impl Connections {
    pub(crate) fn new(connections_max: usize) -> Connections {
        Connections {
            connections_max,
            of_peer_max: (connections_max / 4).max(1),
            begun: Instant::now(),
            open: Mutex::default(),
        }
    }

    /// Takes a connection in. Where there are too many, the longest idle one goes of the peer that has the most without a
    /// good signature, or if all have shown one, of the account that has the most; only where all are at work the new one
    /// is not taken.
    pub(crate) fn admit(self: &Arc<Self>, peer: IpAddr) -> (Option<Presence>, Option<Crowd>) {
        let peer = Peer::new(peer).sharing();
        let mut open = self.open();
        let mut met = None;
        if peer.is_some() && open.by_number.values().filter(|one| one.peer == peer).count() >= self.of_peer_max {
            met = Some(Crowd::OfPeer);
            if !open.close_one(|one| one.peer == peer) {
                return (None, met);
            }
        }
        if open.by_number.len() >= self.connections_max {
            met = Some(Crowd::All);
            if !open.close_one(|_| true) {
                return (None, met);
            }
        }
        open.next += 1;
        let number = open.next;
        let activity = Arc::new(Activity {
            peer,
            active_ms: AtomicU64::new(self.now_ms()),
            account: AtomicU32::new(0),
            is_held: AtomicBool::new(false),
            close: Arc::default(),
        });
        open.by_number.insert(number, Arc::clone(&activity));
        drop(open);
        (Some(Presence { connections: Arc::clone(self), number, activity }), met)
    }

    /// Lets one go, when a descriptor is wanting although there are fewer connections than there may be.
    pub(crate) fn close_one(&self) -> bool {
        self.open().close_one(|_| true)
    }

    pub(crate) fn count(&self) -> usize {
        self.open().by_number.len()
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock()
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// Who is at no account and no peer, and has nothing yet: whoever comes is not known before it is taken in.
const NOBODY: Holding<(u32, Option<IpAddr>), ()> = Holding { owner: (u32::MAX, None), part: (), since: 0 };

impl Activity {
    /// Whose it is: an account's, or as long as that is not known a peer's.
    fn holding(&self) -> Holding<(u32, Option<IpAddr>), ()> {
        let account = self.account.load(Ordering::Relaxed);
        let peer = if account == 0 { self.peer } else { None };
        Holding { owner: (account, peer), part: (), since: self.active_ms.load(Ordering::Relaxed) }
    }
}

impl Open {
    fn close_one(&mut self, among: impl Fn(&Activity) -> bool) -> bool {
        let fits = |one: &Activity| !one.is_held.load(Ordering::Relaxed) && among(one);
        let idlest = [false, true].into_iter().find_map(|is_authenticated| {
            let fitting = self.by_number.iter().filter(|(_, one)| fits(one));
            let holdings = fitting.map(|(number, one)| (*number, one.holding()));
            largest(holdings.filter(|(_, one)| (one.owner.0 != 0) == is_authenticated), NOBODY)
        });
        let Some(largest) = idlest else { return false };
        // It counts no more from now on, however long its task takes to see that.
        if let Some(one) = self.by_number.remove(&largest.number) {
            one.close.notify_one();
        }
        true
    }
}

impl Presence {
    /// Returns when the connection has to make room.
    pub(crate) async fn closed(&self) {
        self.activity.close.notified().await;
    }

    /// What ends the connection when it is told.
    pub(super) fn closer(&self) -> Arc<Notify> {
        Arc::clone(&self.activity.close)
    }

    /// A whole request is there, and is going to be answered.
    pub(crate) fn begin(&self) {
        self.activity.is_held.store(true, Ordering::Relaxed);
    }

    /// The request is answered, to this account if it bore a good signature, else to 0.
    pub(crate) fn end(&self, account: u32) {
        if account != 0 {
            self.activity.account.store(account, Ordering::Relaxed);
        }
        self.activity.active_ms.store(self.connections.now_ms(), Ordering::Relaxed);
        self.activity.is_held.store(false, Ordering::Relaxed);
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.connections.open().by_number.remove(&self.number);
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use std::net::Ipv4Addr;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn is_told_to_close(presence: &Presence) -> bool {
        !presence.connections.open().by_number.contains_key(&presence.number)
    }

    #[test]
    fn the_longest_idle_stranger_makes_room_and_then_the_longest_idle_client() {
        let connections = Arc::new(Connections::new(3));
        let admit = || connections.admit(HERE).0.unwrap();
        let (client, first, second) = (admit(), admit(), admit());
        client.begin();
        client.end(7);
        assert_eq!(connections.count(), 3);
        let (third, met) = connections.admit(HERE);
        let third = third.unwrap();
        assert_eq!(met, Some(Crowd::All));
        assert!(is_told_to_close(&first) && !is_told_to_close(&second) && !is_told_to_close(&client));
        drop(first);
        // What is being answered stays, and so does what has become a tunnel.
        second.begin();
        third.begin();
        let fourth = admit();
        assert!(is_told_to_close(&client));
        fourth.begin();
        assert_eq!((connections.admit(HERE).0.is_none(), connections.count()), (true, 3));
        drop(second);
        assert!(connections.admit(HERE).0.is_some());
    }

    #[test]
    fn a_peer_elsewhere_has_its_share_and_takes_no_place_of_others_for_more() {
        let connections = Arc::new(Connections::new(8));
        let host = |last| IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
        let stranger = connections.admit(host(9)).0.unwrap();
        let greedy: Vec<_> = (0..3).map(|_| connections.admit(host(1))).collect();
        assert_eq!(greedy[2].1, Some(Crowd::OfPeer));
        assert!(is_told_to_close(greedy[0].0.as_ref().unwrap()) && !is_told_to_close(&stranger));
        let here: Vec<_> = (0..5).map(|_| connections.admit(HERE)).collect();
        assert!(here.iter().all(|(_, met)| met.is_none()), "this host is no peer");
    }

    #[test]
    fn whoever_has_the_most_makes_room_though_others_came_first() {
        let connections = Arc::new(Connections::new(8));
        let host = |last| IpAddr::V4(Ipv4Addr::new(192, 0, 2, last));
        let admit = |peer| connections.admit(peer).0.unwrap();
        let modest = admit(host(1));
        let greedy = [admit(host(2)), admit(host(2))];
        let modest_client = admit(HERE);
        modest_client.end(7);
        let greedy_clients: Vec<_> = (0..4).map(|_| admit(HERE)).collect();
        greedy_clients.iter().for_each(|client| client.end(8));
        let strangers = [admit(host(3)), admit(host(4)), admit(host(5))];
        assert!(is_told_to_close(&greedy[0]) && is_told_to_close(&modest) && is_told_to_close(&greedy[1]));
        drop(strangers);
        let _held: Vec<_> = (0..4).map(|_| admit(HERE)).inspect(Presence::begin).collect();
        assert!(!is_told_to_close(&modest_client) && is_told_to_close(&greedy_clients[0]));
    }
}

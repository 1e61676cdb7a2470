//! The open connections: their maximum, the share of one peer, and which one is closed to make room.

use cvmd_hypervisor::{Holding, Peer, largest};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering},
    },
};
use tokio::{sync::Notify, time::Instant};

#[derive(Debug)]
pub(crate) struct Connections {
    connections_max: usize,
    /// The maximum of one peer that is not on this host.
    of_peer_max: usize,
    begun: Instant,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    next: u64,
    by_number: HashMap<u64, Arc<Activity>>,
}

/// The state of one connection. Several clients behind one address count as one peer.
#[derive(Debug)]
struct Activity {
    peer: Option<IpAddr>,
    /// When it last had a complete request, or was accepted; milliseconds since the start of the server.
    active_ms: AtomicU64,
    /// The account of the last valid signature on it; 0 for none.
    account: AtomicU32,
    /// Whether it must not be closed to make room: a complete request is being answered, or it has become a tunnel,
    /// which has a maximum of its own.
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

/// The bound that a new connection has reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Crowd {
    All,
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

    /// Admits a connection. If there are too many, one idle connection is closed: the longest idle one of the peer with
    /// the most connections without a valid signature, or, if all have shown one, of the account with the most. The new
    /// one is refused only when all are busy.
    pub(crate) fn admit(self: &Arc<Self>, peer: IpAddr) -> (Option<Presence>, Option<Crowd>) {
        let peer = Peer::new(peer).sharing();
        let mut open = self.open.lock();
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

    /// Closes one, when descriptors run out before the maximum is reached.
    pub(crate) fn close_one(&self) -> bool {
        self.open.lock().close_one(|_| true)
    }

    pub(crate) fn count(&self) -> usize {
        self.open.lock().by_number.len()
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

/// No account and no peer, with no connection: the newcomer is unknown before it is admitted.
const NOBODY: Holding<(u32, Option<IpAddr>), ()> = Holding { owner: (u32::MAX, None), part: (), since: 0 };

impl Activity {
    /// The owner: the account, or the peer as long as no account is known.
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
        // It is not counted any more, however long its task takes to end.
        if let Some(one) = self.by_number.remove(&largest.number) {
            one.close.notify_one();
        }
        true
    }
}

impl Presence {
    /// Returns when the connection must make room.
    pub(crate) async fn closed(&self) {
        self.activity.close.notified().await;
    }

    /// Notified when the connection must end.
    pub(super) fn closer(&self) -> Arc<Notify> {
        Arc::clone(&self.activity.close)
    }

    /// A complete request has arrived, and will be answered.
    pub(crate) fn begin(&self) {
        self.activity.is_held.store(true, Ordering::Relaxed);
    }

    /// The request was answered, for this account if its signature was valid, else 0.
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
        self.connections.open.lock().by_number.remove(&self.number);
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use std::net::Ipv4Addr;

    const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

    fn must_close(presence: &Presence) -> bool {
        !presence.connections.open.lock().by_number.contains_key(&presence.number)
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
        assert!(must_close(&first) && !must_close(&second) && !must_close(&client));
        drop(first);
        // A connection with a request under way stays, and so does one that has become a tunnel.
        second.begin();
        third.begin();
        let fourth = admit();
        assert!(must_close(&client));
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
        assert!(must_close(greedy[0].0.as_ref().unwrap()) && !must_close(&stranger));
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
        assert!(must_close(&greedy[0]) && must_close(&modest) && must_close(&greedy[1]));
        drop(strangers);
        let _held: Vec<_> = (0..4).map(|_| admit(HERE)).inspect(Presence::begin).collect();
        assert!(!must_close(&modest_client) && must_close(&greedy_clients[0]));
    }
}

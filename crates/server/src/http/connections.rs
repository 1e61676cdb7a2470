//! Who is connected: so many at a time, a share of them for one peer, and who has to go when another wants to come.

use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, AtomicU64, Ordering},
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
    /// Whether a request on it bore a good signature.
    is_authenticated: AtomicBool,
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

    /// Takes a connection in. Where there are too many, the one goes that has been idle for the longest, of the clients
    /// that have not shown a signature if there is one; only where all are at work the new one is not taken.
    pub(crate) fn admit(self: &Arc<Self>, peer: IpAddr) -> (Option<Presence>, Option<Crowd>) {
        let peer = share_of(peer);
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
            is_authenticated: AtomicBool::new(false),
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
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now_ms(&self) -> u64 {
        u64::try_from(self.begun.elapsed().as_millis()).unwrap_or(u64::MAX)
    }
}

impl Open {
    fn close_one(&mut self, among: impl Fn(&Activity) -> bool) -> bool {
        let candidates = self.by_number.iter().filter(|(_, one)| !one.is_held.load(Ordering::Relaxed) && among(one));
        let idlest = candidates.min_by_key(|(number, one)| {
            (one.is_authenticated.load(Ordering::Relaxed), one.active_ms.load(Ordering::Relaxed), **number)
        });
        let Some(number) = idlest.map(|(number, _)| *number) else { return false };
        // It counts no more from now on, however long its task takes to see that.
        if let Some(one) = self.by_number.remove(&number) {
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

    /// The request is answered.
    pub(crate) fn end(&self, is_authenticated: bool) {
        if is_authenticated {
            self.activity.is_authenticated.store(true, Ordering::Relaxed);
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

/// Who shares in what one peer may have: nobody on this host, where all clients have one address. A network of IPv6 is one
/// peer, as whoever has one of its addresses commonly has them all.
pub(crate) fn share_of(peer: IpAddr) -> Option<IpAddr> {
    match peer.to_canonical() {
        peer if peer.is_loopback() => None,
        IpAddr::V6(peer) => {
            let [a, b, c, d, ..] = peer.segments();
            Some(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into())
        }
        peer => Some(peer),
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
        client.end(true);
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
        let net = |last| share_of(IpAddr::V6(Ipv6Addr::new(0x2001, 0xdb8, 0, 1, 0, 0, 0, last)));
        assert_eq!(net(1), net(2));
        assert_eq!(share_of(IpAddr::V6(Ipv4Addr::LOCALHOST.to_ipv6_mapped())), None);
    }
}

//! The counters, without a lock on a request's path. `metrics_page.rs` shows them.

use cvmd_actions::ACTIONS;
use cvmd_operations::{BUCKETS, Counted, Durations};
use std::{
    collections::BTreeMap,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
};

/// The bounds of the buckets of a request's time, in microseconds: from a query to a request that hashes a password or
/// waits for its turn.
pub(crate) const REQUEST_BOUNDS_US: [u64; BUCKETS] =
    [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 100_000, 500_000, 2_500_000];
/// The name for requests that name no action of cvmd.
pub(crate) const NO_ACTION: &str = "-";

/// The bounds, in the order of the page.
macro_rules! bounds {
    ($($(#[doc = $what:literal])* $bound:ident => $name:literal,)+) => {
        /// A bound of the server that was reached, named as in the metrics. Each is listed in docs/operating.md.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Bound {
            $($(#[doc = $what])* $bound,)+
        }

        impl Bound {
            pub(crate) const ALL: &[(Bound, &str)] = &[$((Bound::$bound, $name)),+];
        }
    };
}

bounds! {
    /// What one account may own.
    Account => "account",
    /// Errors in accepting a connection: most likely no descriptor is left.
    Accepting => "accepting",
    /// Bodies that did not arrive in time.
    BodyTime => "body_time",
    /// The memory of bodies whose heads name a known credential.
    BodiesOfCredentials => "bodies_of_credentials",
    /// The memory of all other bodies.
    BodiesOfStrangers => "bodies_of_strangers",
    /// Connections to the listener.
    Connections => "connections",
    /// Connections of one peer.
    ConnectionsOfPeer => "connections_of_peer",
    /// Open consoles.
    Consoles => "consoles",
    /// Commands at the operator's socket.
    Operator => "operator",
    /// What one request may contain, write, or get as a reply.
    Parameters => "parameters",
    /// The memory of replies that are not read.
    Replies => "replies",
    /// Replies of which no byte was read for a while.
    ReplyTime => "reply_time",
    /// Tunnels to machines.
    Tunnels => "tunnels",
    /// Requests of one account that wait for their turn.
    Turns => "turns",
}

/// Requests of each action, and how often each bound was reached.
#[derive(Debug)]
pub(crate) struct Metrics {
    bounds: [AtomicU64; Bound::ALL.len()],
    /// In the order of [`ACTIONS`]; actions with the same name share one. The last is for requests without an action.
    places: Vec<Arc<Requests>>,
    by_name: BTreeMap<&'static str, Arc<Requests>>,
}

#[derive(Debug, Default)]
struct Requests {
    codes: Codes,
    took: Durations,
}

/// The answered codes with their counts. The list only grows, to the number of codes at most.
#[derive(Debug, Default)]
struct Codes(OnceLock<Box<Code>>);

#[derive(Debug)]
struct Code {
    code: &'static str,
    count: AtomicU64,
    next: Codes,
}

impl Codes {
    /// The counter of a code, which is appended if it is new.
    fn of(&self, code: &'static str) -> &AtomicU64 {
        let mut list = self;
        loop {
            let at = list.0.get_or_init(|| Box::new(Code { code, count: AtomicU64::new(0), next: Codes::default() }));
            if at.code == code {
                return &at.count;
            }
            list = &at.next;
        }
    }

    fn iter(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let codes = std::iter::successors(self.0.get(), |code| code.next.0.get());
        codes.map(|code| (code.code, code.count.load(Ordering::Relaxed)))
    }
}

impl Default for Metrics {
    fn default() -> Metrics {
        let mut by_name = BTreeMap::<_, Arc<Requests>>::new();
        let names = ACTIONS.iter().map(|action| action.name).chain([NO_ACTION]);
        let places = names.map(|name| Arc::clone(by_name.entry(name).or_default())).collect();
        Metrics { bounds: Default::default(), places, by_name }
    }
}

impl Metrics {
    /// `place` is the action's index in [`ACTIONS`], and `code` comes from the catalog, so that callers cannot create
    /// new series.
    pub(crate) fn count(&self, place: Option<usize>, code: &'static str, took_us: u64) {
        let requests = &self.places[place.unwrap_or(ACTIONS.len())];
        requests.codes.of(code).fetch_add(1, Ordering::Relaxed);
        requests.took.record(took_us, &REQUEST_BOUNDS_US);
    }

    /// Counts that something was refused or closed because of a bound.
    pub(crate) fn reached(&self, bound: Bound) {
        self.bounds[bound as usize].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn bounds(&self) -> impl Iterator<Item = (&'static str, u64)> {
        let counts = self.bounds.iter().map(|count| count.load(Ordering::Relaxed));
        Bound::ALL.iter().map(|(_, name)| *name).zip(counts)
    }

    /// How often each code was answered, by action.
    pub(crate) fn requests(&self) -> impl Iterator<Item = (&'static str, &'static str, u64)> {
        self.by_name.iter().flat_map(|(name, requests)| {
            let codes: BTreeMap<_, _> = requests.codes.iter().collect();
            codes.into_iter().map(|(code, count)| (*name, code, count))
        })
    }

    /// The time that requests took, in microseconds, for each action that was requested.
    pub(crate) fn took(&self) -> impl Iterator<Item = (&'static str, Counted)> {
        let asked = self.by_name.iter().filter(|(_, requests)| requests.codes.iter().next().is_some());
        asked.map(|(name, requests)| (*name, requests.took.counted()))
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn bounds_are_named_in_one_form() {
        let names: std::collections::BTreeSet<_> = Bound::ALL.iter().map(|(_, name)| *name).collect();
        assert_eq!(names.len(), Bound::ALL.len(), "each has a name of its own");
        for name in names {
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
        }
    }

    #[test]
    fn each_bound_is_counted_for_itself() {
        let metrics = Metrics::default();
        for (times, (bound, _)) in Bound::ALL.iter().enumerate() {
            (0..times).for_each(|_| metrics.reached(*bound));
        }
        let expected: Vec<_> = Bound::ALL.iter().map(|(_, name)| *name).zip(0..).collect();
        assert_eq!(metrics.bounds().collect::<Vec<_>>(), expected);
    }

    #[test]
    fn requests_are_counted_by_the_names_of_action_and_code() {
        let metrics = Metrics::default();
        let zones = ACTIONS.iter().enumerate().filter(|(_, action)| action.name == "DescribeZones");
        let zones: Vec<usize> = zones.map(|(place, _)| place).collect();
        assert!(zones.len() > 1, "two products have one of this name");
        metrics.count(Some(zones[0]), "OK", 40);
        metrics.count(Some(zones[1]), "OK", 60);
        metrics.count(Some(zones[0]), "InternalError", 3_000_000);
        metrics.count(None, "AuthFailure", 0);
        let requests: Vec<_> = metrics.requests().collect();
        let zones = "DescribeZones";
        assert_eq!(requests, [(NO_ACTION, "AuthFailure", 1), (zones, "InternalError", 1), (zones, "OK", 2)]);
        let took: BTreeMap<_, _> = metrics.took().collect();
        assert_eq!((took.len(), took[zones].sum), (2, 3_000_100));
        assert_eq!((took[zones].counts[0], took[zones].counts[1], took[zones].counts[BUCKETS]), (1, 1, 1));
    }
}

//! Counters in Prometheus' text form.

use cvmd_operations::Figures;
use cvmd_state::State;
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    fmt::Write,
    sync::atomic::{AtomicU64, Ordering},
};

/// A bound of the server's own that was reached: what it bounds, as the metrics name it. Each stands in docs/operating.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Bound {
    /// What one account may hold.
    Account,
    /// Errors of accepting a connection: no descriptor is left, most likely.
    Accepting,
    /// Bodies that did not come in time.
    BodyTime,
    /// The memory of bodies whose heads name a known credential.
    BodiesOfCredentials,
    /// The memory of all other bodies.
    BodiesOfStrangers,
    /// Connections to the listener.
    Connections,
    /// Those of one peer.
    ConnectionsOfPeer,
    /// What one request may hold, write, or be answered.
    Parameters,
    /// Open consoles.
    Consoles,
    /// Commands at the operator's socket.
    Operator,
    /// The memory of replies that are not read.
    Replies,
    /// Replies of which no byte was taken for a while.
    ReplyTime,
    /// Requests of one account that wait for their turn.
    Turns,
    /// Tunnels to machines.
    Tunnels,
}

impl Bound {
    const ALL: &[Bound] = &[
        Bound::Account,
        Bound::Accepting,
        Bound::BodyTime,
        Bound::BodiesOfCredentials,
        Bound::BodiesOfStrangers,
        Bound::Connections,
        Bound::ConnectionsOfPeer,
        Bound::Consoles,
        Bound::Operator,
        Bound::Parameters,
        Bound::Replies,
        Bound::ReplyTime,
        Bound::Tunnels,
        Bound::Turns,
    ];

    const fn name(self) -> &'static str {
        match self {
            Bound::Account => "account",
            Bound::Accepting => "accepting",
            Bound::BodyTime => "body_time",
            Bound::BodiesOfCredentials => "bodies_of_credentials",
            Bound::BodiesOfStrangers => "bodies_of_strangers",
            Bound::Connections => "connections",
            Bound::ConnectionsOfPeer => "connections_of_peer",
            Bound::Parameters => "parameters",
            Bound::Consoles => "consoles",
            Bound::Operator => "operator",
            Bound::Replies => "replies",
            Bound::ReplyTime => "reply_time",
            Bound::Turns => "turns",
            Bound::Tunnels => "tunnels",
        }
    }
}

/// Requests by action and code, the time they took, and how often a bound was reached.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    bounds: Mutex<BTreeMap<Bound, u64>>,
    requests: Mutex<BTreeMap<(&'static str, &'static str), u64>>,
    microseconds: AtomicU64,
}

/// What there is now of some things.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) connections: usize,
    pub(crate) tunnels: usize,
    pub(crate) reply_bytes: usize,
    /// Machines that no instance has.
    pub(crate) set_aside: usize,
    /// How often bounds of the hypervisor's own were reached, by name.
    pub(crate) machines: Vec<(&'static str, u64)>,
}

impl Metrics {
    /// `action` and `code` come from the catalog, so that what a caller sends cannot make new series.
    pub(crate) fn count(&self, action: &'static str, code: &'static str, took_us: u64) {
        *self.requests.lock().entry((action, code)).or_default() += 1;
        self.microseconds.fetch_add(took_us, Ordering::Relaxed);
    }

    /// Notes that something was refused or closed because of a bound.
    pub(crate) fn reached(&self, bound: Bound) {
        *self.bounds.lock().entry(bound).or_default() += 1;
    }

    pub(crate) fn text(&self, state: &State, engine: Figures, held: &Held) -> String {
        let mut text = String::from(
            "# HELP cvmd_requests_total Requests answered, by action and code.\n# TYPE cvmd_requests_total counter\n",
        );
        let requests = self.requests.lock();
        for ((action, code), count) in requests.iter() {
            let _ = writeln!(text, "cvmd_requests_total{{action=\"{action}\",code=\"{code}\"}} {count}");
        }
        drop(requests);
        text.push_str("# HELP cvmd_bounds_reached_total What was refused or closed because of a bound, by bound.\n");
        text.push_str("# TYPE cvmd_bounds_reached_total counter\n");
        let bounds = self.bounds.lock();
        for bound in Bound::ALL {
            let count = bounds.get(bound).copied().unwrap_or_default();
            let _ = writeln!(text, "cvmd_bounds_reached_total{{bound=\"{}\"}} {count}", bound.name());
        }
        drop(bounds);
        for (name, count) in &held.machines {
            let _ = writeln!(text, "cvmd_bounds_reached_total{{bound=\"{name}\"}} {count}");
        }
        let seconds = |us: u64| us as f64 / 1e6;
        let view = state.view();
        let (groups, commands, persist_us) = state.figures();
        let writable = f64::from(u8::from(state.write_error().is_none()));
        let took = seconds(self.microseconds.load(Ordering::Relaxed));
        for (name, kind, help, value) in [
            ("cvmd_request_seconds_total", "counter", "Time from the last byte of a request to its reply.", took),
            ("cvmd_instances", "gauge", "Instances in the state.", view.instance_total() as f64),
            ("cvmd_operations_under_way", "gauge", "Instances with an operation.", view.operating().count() as f64),
            ("cvmd_operations_succeeded_total", "counter", "Operations that ended SUCCESS.", engine.succeeded as f64),
            ("cvmd_operations_failed_total", "counter", "Operations that ended FAILED.", engine.failed as f64),
            ("cvmd_effects_total", "counter", "Effects on machines, failed ones too.", engine.effects as f64),
            ("cvmd_effects_failed_total", "counter", "Effects on machines that failed.", engine.effects_failed as f64),
            ("cvmd_instances_followed_total", "counter", "Idle instances that had changed.", engine.followed as f64),
            ("cvmd_log_lines_lost_total", "counter", "Log lines that could not be written.", crate::log::lost() as f64),
            ("cvmd_connections", "gauge", "Open connections to the listener, tunnels too.", held.connections as f64),
            (
                "cvmd_instances_without_machine",
                "gauge",
                "Instances that should have a machine and have none.",
                engine.without_machine as f64,
            ),
            ("cvmd_machines_without_instance", "gauge", "Machines that no instance has.", held.set_aside as f64),
            ("cvmd_reply_bytes", "gauge", "Bytes of replies that are not read.", held.reply_bytes as f64),
            ("cvmd_tunnels", "gauge", "Open tunnels to machines.", held.tunnels as f64),
            ("cvmd_commit_groups_total", "counter", "Groups persisted.", groups as f64),
            ("cvmd_commits_total", "counter", "Commands and changes in those groups.", commands as f64),
            (
                "cvmd_state_log_bytes",
                "gauge",
                "SQLite's log beside state.db, when it was last looked at.",
                state.log_bytes() as f64,
            ),
            ("cvmd_state_writable", "gauge", "1 when the last change could be made durable, else 0.", writable),
            ("cvmd_persist_seconds_total", "counter", "Time spent persisting.", seconds(persist_us)),
        ] {
            let _ = writeln!(text, "# HELP {name} {help}\n# TYPE {name} {kind}\n{name} {value}");
        }
        text
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn bounds_are_named_in_one_form() {
        let names: std::collections::BTreeSet<_> = Bound::ALL.iter().map(|bound| bound.name()).collect();
        assert_eq!(names.len(), Bound::ALL.len(), "each has a name of its own");
        for name in names {
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
        }
    }
}

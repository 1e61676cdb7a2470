//! The page of metrics: counters and present values, in Prometheus' text form.

use crate::metrics::{Metrics, REQUEST_BOUNDS_US};
use cvmd_operations::{BUCKETS, Counted, Figures, GOAL_BOUNDS_MS, GOALS};
use cvmd_state::State;
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, prometheus_text},
    metrics::MetricType::{self, Counter, Gauge},
    registry::Registry,
};
use std::fmt;

pub(crate) const CONTENT_TYPE: &str = prometheus_text::CONTENT_TYPE;

/// Present values of some things.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) connections: usize,
    pub(crate) tunnels: usize,
    pub(crate) reply_bytes: usize,
    /// Machines without an instance.
    pub(crate) set_aside: usize,
    /// How often the hypervisor's own bounds were reached, by name.
    pub(crate) machines: Vec<(&'static str, u64)>,
}

/// All values at one moment.
#[derive(Debug)]
struct Page {
    requests: Vec<(&'static str, &'static str, u64)>,
    bounds: Vec<(&'static str, u64)>,
    requests_took: Vec<(&'static str, Counted)>,
    operations_took: [Counted; GOALS.len()],
    /// Series without labels.
    whole: Vec<(&'static str, MetricType, &'static str, u64)>,
    seconds: Vec<(&'static str, &'static str, f64)>,
}

/// The page's text. No label of a series comes from a caller.
pub(crate) fn text(metrics: &Metrics, state: &State, engine: Figures, held: &Held) -> String {
    let mut registry = Registry::default();
    registry.register_collector(Box::new(Page::new(metrics, state, engine, held)));
    let mut text = String::new();
    prometheus_text::encode(&mut text, &registry).expect("a string takes any text");
    text
}

impl Page {
    fn new(metrics: &Metrics, state: &State, engine: Figures, held: &Held) -> Page {
        let view = state.view();
        let (groups, commands, persist_us) = state.figures();
        let requests_took: Vec<_> = metrics.took().collect();
        let request_us: u64 = requests_took.iter().map(|(_, took)| took.sum).sum();
        Page {
            requests: metrics.requests().collect(),
            bounds: metrics.bounds().chain(held.machines.iter().copied()).collect(),
            requests_took,
            operations_took: engine.took,
            whole: vec![
                ("instances", Gauge, "Instances in the state.", view.instance_total() as u64),
                ("operations_under_way", Gauge, "Instances with an operation.", view.operating_count() as u64),
                ("operations_succeeded", Counter, "Operations that ended SUCCESS.", engine.succeeded),
                ("operations_failed", Counter, "Operations that ended FAILED.", engine.failed),
                ("effects", Counter, "Effects on machines, failed ones too.", engine.effects),
                ("effects_failed", Counter, "Effects on machines that failed.", engine.effects_failed),
                ("instances_followed", Counter, "Idle instances that had changed.", engine.followed),
                ("log_lines_lost", Counter, "Log lines that could not be written.", crate::log::lost()),
                ("connections", Gauge, "Open connections to the listener, tunnels too.", held.connections as u64),
                (
                    "instances_without_machine",
                    Gauge,
                    "Instances that should have a machine and have none.",
                    engine.without_machine as u64,
                ),
                ("machines_without_instance", Gauge, "Machines that no instance has.", held.set_aside as u64),
                ("reply_bytes", Gauge, "Bytes of replies that are not read.", held.reply_bytes as u64),
                ("tunnels", Gauge, "Open tunnels to machines.", held.tunnels as u64),
                ("commit_groups", Counter, "Groups persisted.", groups),
                ("commits", Counter, "Commands and changes in those groups.", commands),
                ("state_log_bytes", Gauge, "SQLite's own log in state/, about.", state.log_bytes()),
                (
                    "state_writable",
                    Gauge,
                    "1 when the last change could be made durable, else 0.",
                    u64::from(state.write_error().is_none()),
                ),
            ],
            seconds: vec![
                ("request_seconds", "Time from the last byte of a request to its reply.", request_us as f64 / 1e6),
                ("persist_seconds", "Time spent persisting.", persist_us as f64 / 1e6),
            ],
        }
    }
}

impl Collector for Page {
    fn encode(&self, mut to: DescriptorEncoder<'_>) -> fmt::Result {
        let help = "Requests answered, by action and code.";
        let mut requests = to.encode_descriptor("cvmd_requests", help, None, Counter)?;
        for (action, code, count) in &self.requests {
            number(requests.encode_family(&[("action", *action), ("code", *code)])?, Counter, *count)?;
        }
        let help = "What was refused or closed because of a bound, by bound.";
        let mut bounds = to.encode_descriptor("cvmd_bounds_reached", help, None, Counter)?;
        for (bound, count) in &self.bounds {
            number(bounds.encode_family(&[("bound", *bound)])?, Counter, *count)?;
        }
        for (name, kind, help, value) in &self.whole {
            number(to.encode_descriptor(&format!("cvmd_{name}"), help, None, *kind)?, *kind, *value)?;
        }
        for (name, help, value) in &self.seconds {
            let name = format!("cvmd_{name}");
            to.encode_descriptor(&name, help, None, Counter)?.encode_counter::<NoLabelSet, _, u64>(value, None)?;
        }
        let help = "Time from the last byte of a request to its reply, by action.";
        let mut took = to.encode_descriptor("cvmd_request_duration_seconds", help, None, MetricType::Histogram)?;
        for (action, counted) in &self.requests_took {
            histogram(took.encode_family(&[("action", *action)])?, counted, &REQUEST_BOUNDS_US, 1e6)?;
        }
        let help = "Time from taking an operation up to its end, failed ones too, by goal.";
        let mut took = to.encode_descriptor("cvmd_operation_duration_seconds", help, None, MetricType::Histogram)?;
        for (goal, counted) in GOALS.iter().zip(&self.operations_took) {
            histogram(took.encode_family(&[("goal", *goal)])?, counted, &GOAL_BOUNDS_MS, 1e3)?;
        }
        Ok(())
    }
}

fn number(mut to: MetricEncoder<'_>, kind: MetricType, value: u64) -> fmt::Result {
    match kind {
        Counter => to.encode_counter::<NoLabelSet, _, u64>(&value, None),
        _ => to.encode_gauge(&value),
    }
}

/// `per_second` is the number of units in a second.
fn histogram(mut to: MetricEncoder<'_>, counted: &Counted, bounds: &[u64; BUCKETS], per_second: f64) -> fmt::Result {
    let bounds = bounds.iter().map(|bound| *bound as f64 / per_second).chain([f64::INFINITY]);
    let buckets: Vec<(f64, u64)> = bounds.zip(counted.counts).collect();
    let (sum, count) = (counted.sum as f64 / per_second, counted.counts.iter().sum());
    to.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)
}

#[cfg(test)]
mod test {
    use super::*;
    use cvmd_state::store::MemoryStore;
    use std::collections::{BTreeMap, BTreeSet};

    /// The page's series before prometheus-client wrote it, and the histograms since.
    const SERIES: &[&str] = &[
        "cvmd_bounds_reached_total{bound} counter",
        "cvmd_commit_groups_total{} counter",
        "cvmd_commits_total{} counter",
        "cvmd_connections{} gauge",
        "cvmd_effects_failed_total{} counter",
        "cvmd_effects_total{} counter",
        "cvmd_instances_followed_total{} counter",
        "cvmd_instances_without_machine{} gauge",
        "cvmd_instances{} gauge",
        "cvmd_log_lines_lost_total{} counter",
        "cvmd_machines_without_instance{} gauge",
        "cvmd_operation_duration_seconds_bucket{goal,le} histogram",
        "cvmd_operation_duration_seconds_count{goal} histogram",
        "cvmd_operation_duration_seconds_sum{goal} histogram",
        "cvmd_operations_failed_total{} counter",
        "cvmd_operations_succeeded_total{} counter",
        "cvmd_operations_under_way{} gauge",
        "cvmd_persist_seconds_total{} counter",
        "cvmd_reply_bytes{} gauge",
        "cvmd_request_duration_seconds_bucket{action,le} histogram",
        "cvmd_request_duration_seconds_count{action} histogram",
        "cvmd_request_duration_seconds_sum{action} histogram",
        "cvmd_request_seconds_total{} counter",
        "cvmd_requests_total{action,code} counter",
        "cvmd_state_log_bytes{} gauge",
        "cvmd_state_writable{} gauge",
        "cvmd_tunnels{} gauge",
    ];

    fn page(metrics: &Metrics) -> String {
        let state = State::open(Box::new(MemoryStore::default())).unwrap();
        let machines = vec![("sessions", 3)];
        let held = Held { connections: 1, tunnels: 2, reply_bytes: 3, set_aside: 4, machines };
        text(metrics, &state, Figures::default(), &held)
    }

    /// Name, labels and type of each series, from lines in the text format. The line of the type stands before its
    /// series.
    fn series(page: &str) -> Vec<String> {
        let (mut all, mut name, mut kind) = (BTreeSet::new(), "", "");
        for line in page.lines() {
            if let Some(typed) = line.strip_prefix("# TYPE ") {
                (name, kind) = typed.split_once(' ').unwrap();
            } else if let Some(helped) = line.strip_prefix("# HELP ") {
                assert!(helped.starts_with("cvmd_") && helped.ends_with('.'), "{line}");
            } else {
                let (series, value) = line.rsplit_once(' ').unwrap();
                assert!(value.parse::<f64>().is_ok_and(f64::is_finite), "{line}");
                let (series, labels) = series.split_once('{').unwrap_or((series, "}"));
                let labels = labels.strip_suffix('}').unwrap();
                let labels = labels.split(',').map(|label| label.split('=').next().unwrap());
                assert!(series.starts_with(name), "{line}");
                all.insert(format!("{series}{{{}}} {kind}", labels.collect::<Vec<_>>().join(",")));
            }
        }
        all.into_iter().collect()
    }

    #[test]
    fn the_names_labels_and_types_are_those_that_scrapers_know() {
        let metrics = Metrics::default();
        metrics.count(Some(0), "OK", 70);
        metrics.count(None, "AuthFailure", 0);
        let page = page(&metrics);
        assert_eq!(series(&page), SERIES, "{page}");
        for line in [
            "cvmd_requests_total{action=\"-\",code=\"AuthFailure\"} 1",
            "cvmd_bounds_reached_total{bound=\"turns\"} 0",
            "cvmd_bounds_reached_total{bound=\"sessions\"} 3",
            "cvmd_tunnels 2",
            "cvmd_state_writable 1",
            "cvmd_request_seconds_total 0.00007",
            "cvmd_request_duration_seconds_bucket{action=\"-\",le=\"5e-05\"} 1",
            "cvmd_operation_duration_seconds_bucket{goal=\"ChangeLogin\",le=\"+Inf\"} 0",
        ] {
            assert!(page.lines().any(|other| other == line), "{line}: {page}");
        }
    }

    #[test]
    fn the_page_is_documented() {
        let documented = include_str!("../../../docs/operating.md");
        for series in SERIES {
            let name = series.split('{').next().unwrap();
            let of_histogram = ["_bucket", "_count", "_sum"].into_iter().find_map(|part| name.strip_suffix(part));
            let row = format!("\n| `{}` |", of_histogram.unwrap_or(name));
            assert!(documented.contains(&row), "{row}");
        }
    }

    #[test]
    fn a_bucket_holds_those_before_it() {
        let metrics = Metrics::default();
        let place = cvmd_actions::ACTIONS.iter().position(|action| action.name == "DescribeInstances");
        for took_us in [40, 90, 700, 9_000_000] {
            metrics.count(place, "OK", took_us);
        }
        let page = page(&metrics);
        let counts: BTreeMap<&str, u64> = page
            .lines()
            .filter_map(|line| {
                line.strip_prefix("cvmd_request_duration_seconds_bucket{action=\"DescribeInstances\",le=\"")
            })
            .filter_map(|line| line.split_once("\"} "))
            .map(|(bound, count)| (bound, count.parse().unwrap()))
            .collect();
        assert_eq!(counts.len(), BUCKETS + 1);
        assert_eq!((counts["5e-05"], counts["0.0001"], counts["0.0005"], counts["0.001"]), (1, 2, 2, 3));
        assert_eq!((counts["2.5"], counts["+Inf"]), (3, 4));
        assert!(page.contains("cvmd_request_duration_seconds_sum{action=\"DescribeInstances\"} 9.00083\n"), "{page}");
    }
}

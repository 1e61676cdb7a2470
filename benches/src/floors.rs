//! The numbers that count: what each line of the table is held to. A run with a line below its floor fails; the goal is
//! where the line should come.

use std::fmt;

/// On which side of its bounds a number should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Better {
    Higher,
    Lower,
}
use Better::{Higher, Lower};

/// A number that is measured. The order is the table's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Figure {
    Unbind,
    UnbindBesideSmallest,
    UnbindWithSnapshots,
    Throughput,
    Describe,
    DescribeBesideSmallest,
    Memory,
    ServerMemory,
    SnapshotPeak,
    Start,
    Logins,
    IdleMemory,
    IdleStart,
    Size,
    LaunchTime,
    LaunchMemory,
    Proof,
}

/// What a figure is, and what it is held to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line {
    /// Its name for `--only`; some names stand for several lines.
    pub(crate) word: &'static str,
    pub(crate) what: &'static str,
    /// What it is compared with; empty for a number that is no ratio.
    pub(crate) against: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) better: Better,
    /// From so many instances on: floor and goal. None: it is only shown.
    bounds: &'static [(usize, f64, f64)],
}

impl Figure {
    pub(crate) const ALL: [Figure; 17] = [
        Figure::Unbind,
        Figure::UnbindBesideSmallest,
        Figure::UnbindWithSnapshots,
        Figure::Throughput,
        Figure::Describe,
        Figure::DescribeBesideSmallest,
        Figure::Memory,
        Figure::ServerMemory,
        Figure::SnapshotPeak,
        Figure::Start,
        Figure::Logins,
        Figure::IdleMemory,
        Figure::IdleStart,
        Figure::Size,
        Figure::LaunchTime,
        Figure::LaunchMemory,
        Figure::Proof,
    ];

    pub(crate) const fn line(self) -> Line {
        let unbind = "unbind until SUCCESS";
        let describe = "DescribeInstances by id";
        match self {
            Figure::Unbind => line("unbind", unbind, "bare axum, CPU").held(Higher, UNBIND),
            Figure::UnbindBesideSmallest => line("unbind", unbind, "the smallest state, CPU"),
            Figure::UnbindWithSnapshots => {
                line("log", "unbind with its share of snapshots", "bare axum, CPU").held(Higher, UNBIND)
            }
            Figure::Throughput => line("moto", "unbind until SUCCESS, throughput", "moto's key-pair calls")
                .held(Higher, &[(0, 60.0, 100.0)]),
            Figure::Describe => {
                line("describe", describe, "bare axum, CPU").held(Higher, &[(0, 0.68, 0.75), (LARGER, 0.62, 0.70)])
            }
            Figure::DescribeBesideSmallest => line("describe", describe, "the smallest state, CPU"),
            Figure::Memory => line("memory", "memory of the state", "its rows as `state dump` prints them")
                .held(Lower, &[(MANY, 1.4, 1.25)]),
            Figure::ServerMemory => line("memory", "memory of the server with its machines", "both directories' rows"),
            Figure::SnapshotPeak => line("log", "peak memory while a snapshot is written", "the peak without")
                .held(Lower, &[(MANY, 1.3, 1.3)]),
            Figure::Start => {
                line("start", "start to ready", "reading and parsing the state's rows").held(Lower, &[(MANY, 1.5, 1.2)])
            }
            Figure::Logins => line("logins", "logins a second", "OpenSSH's sshd").held(Higher, &[(0, 10.0, 15.0)]),
            Figure::IdleMemory => line("idle", "idle server: VmRSS 5 s after it is healthy", "")
                .held(Lower, &[(0, 16.0, 10.0)])
                .in_units("MiB"),
            Figure::IdleStart => {
                line("idle", "idle server: start to healthy", "").held(Lower, &[(0, 20.0, 10.0)]).in_units("ms")
            }
            Figure::Size => line("idle", "size of the program", "").held(Lower, &[(0, 18.0, 12.0)]).in_units("MB"),
            Figure::LaunchTime => {
                line("launch", "launched, each answering on SSH", "").held(Lower, &[(0, 3.0, 1.0)]).in_units("s")
            }
            Figure::LaunchMemory => {
                line("launch", "VmRSS of their server", "").held(Lower, &[(0, 128.0, 64.0)]).in_units("MiB")
            }
            Figure::Proof => {
                line("proof", "forced unbind of 100 RUNNING machines until proven", "the same without proof")
                    .held(Higher, &[(0, 0.5, 0.8)])
            }
        }
    }
}

/// More instances than the smallest size that has bounds of its own.
const LARGER: usize = 1_001;
/// With fewer instances everything else in the process weighs as much as they do.
const MANY: usize = 100_000;
const UNBIND: &[(usize, f64, f64)] = &[(0, 0.25, 0.35), (LARGER, 0.18, 0.30)];

/// A line that is only shown.
const fn line(word: &'static str, what: &'static str, against: &'static str) -> Line {
    Line { word, what, against, unit: "", better: Higher, bounds: &[] }
}

impl Line {
    const fn held(self, better: Better, bounds: &'static [(usize, f64, f64)]) -> Line {
        Line { better, bounds, ..self }
    }

    const fn in_units(self, unit: &'static str) -> Line {
        Line { unit, ..self }
    }

    /// Floor and goal for a state of that size.
    pub(crate) fn bounds(&self, instances: usize) -> Option<(f64, f64)> {
        let held = self.bounds.iter().rev().find(|(from, ..)| *from <= instances);
        held.map(|(_, floor, goal)| (*floor, *goal))
    }
}

/// How a number stands to its bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Goal,
    Floor,
    Below,
    /// It has no bounds.
    Shown,
}

impl Verdict {
    pub(crate) fn of(line: &Line, instances: usize, value: f64) -> Verdict {
        let Some((floor, goal)) = line.bounds(instances) else { return Verdict::Shown };
        let reached = |bound: f64| match line.better {
            Higher => value >= bound,
            Lower => value <= bound,
        };
        match (reached(goal), reached(floor)) {
            (true, _) => Verdict::Goal,
            (false, true) => Verdict::Floor,
            (false, false) => Verdict::Below,
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Goal => "goal",
            Verdict::Floor => "floor held",
            Verdict::Below => "BELOW",
            Verdict::Shown => "-",
        })
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn verdict(figure: Figure, instances: usize, value: f64) -> Verdict {
        Verdict::of(&figure.line(), instances, value)
    }

    #[test]
    fn a_verdict_knows_which_side_is_good() {
        assert_eq!(verdict(Figure::Logins, 1_000, 15.0), Verdict::Goal);
        assert_eq!(verdict(Figure::Logins, 1_000, 12.0), Verdict::Floor);
        assert_eq!(verdict(Figure::Logins, 1_000, 9.9), Verdict::Below);
        assert_eq!(verdict(Figure::IdleMemory, 0, 9.0), Verdict::Goal);
        assert_eq!(verdict(Figure::IdleMemory, 0, 16.1), Verdict::Below);
        assert_eq!(verdict(Figure::Logins, 1_000, f64::NAN), Verdict::Below);
        assert_eq!(verdict(Figure::ServerMemory, 1_000_000, 100.0), Verdict::Shown);
    }

    #[test]
    fn a_size_between_two_is_held_to_the_larger_one() {
        assert_eq!(verdict(Figure::Unbind, 1_000, 0.2), Verdict::Below);
        assert_eq!(verdict(Figure::Unbind, 100_000, 0.2), Verdict::Floor);
        assert_eq!(verdict(Figure::Start, 1_000, 9.0), Verdict::Shown);
        assert_eq!(verdict(Figure::Start, 100_000, 9.0), Verdict::Below);
    }

    #[test]
    fn every_goal_is_at_least_as_good_as_its_floor_and_the_order_is_the_tables() {
        assert!(Figure::ALL.is_sorted());
        for line in Figure::ALL.map(Figure::line) {
            for (_, floor, goal) in line.bounds {
                assert!(if line.better == Higher { goal >= floor } else { goal <= floor }, "{}", line.what);
            }
        }
    }
}

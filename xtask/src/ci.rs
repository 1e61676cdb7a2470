//! `cargo xtask ci`: all lanes in order, each with its outcome and time, and the closing line that CI reads.

use crate::{
    bare, check, clients, demo,
    program::{self, Build},
    rust_tests, setup,
    tally::Tally,
};
use std::time::{Duration, Instant};

type Lane = (&'static str, fn() -> Tally);

/// Sorted so that the cheapest failures come first.
const LANES: &[Lane] = &[
    ("setup", setup::run),
    ("check", check::run),
    ("test", || rust_tests::run(&[])),
    ("clients", || clients::run(&[], Build::Quick)),
    ("demo", || demo::run(Build::Quick)),
];

/// Lanes that are too expensive for every day: they run only when named.
const ON_DEMAND: &[Lane] = &[("shipped", shipped), ("bare", bare::run)];

/// Everything that starts the program, on the one that is shipped.
fn shipped() -> Tally {
    let mut tally = match program::build(Build::Shipped) {
        Ok(program) => rust_tests::of_program(&program),
        Err(why) => return Tally::failed(why),
    };
    tally.add(clients::run(&[], Build::Shipped));
    tally.add(demo::run(Build::Shipped));
    tally
}

/// No `names` means all lanes but those on demand.
pub fn run(names: &[String]) -> Tally {
    let known = || LANES.iter().chain(ON_DEMAND);
    if let Some(unknown) = names.iter().find(|name| !known().any(|(lane, _)| lane == name)) {
        return Tally::failed(format!("{unknown}: no such lane; there are {}", lane_names()));
    }
    let mut whole = Tally::default();
    let mut lines = Vec::new();
    let is_wanted = |lane: &Lane| {
        if names.is_empty() { LANES.iter().any(|(name, _)| *name == lane.0) } else { names.iter().any(|n| n == lane.0) }
    };
    for (name, lane) in known().filter(|lane| is_wanted(lane)) {
        println!("== {name}");
        let began = Instant::now();
        let tally = lane();
        lines.push(outcome(name, &tally, began.elapsed()));
        whole.add(named(name, tally));
    }
    println!("== outcome");
    for line in lines {
        println!("{line}");
    }
    whole
}

fn outcome(name: &str, tally: &Tally, took: Duration) -> String {
    let word = if tally.is_green() { "ok" } else { "FAILED" };
    format!("{name:8} {word:6} {:4} s  {}", took.as_secs(), tally.closing_line())
}

/// Puts the lane's name before each reason, so that the end of the log shows where to look.
fn named(name: &str, tally: Tally) -> Tally {
    let prefix = |whys: Vec<String>| whys.into_iter().map(|why| format!("{name}: {why}")).collect();
    Tally { passed: tally.passed, failed: prefix(tally.failed), skipped: prefix(tally.skipped) }
}

fn lane_names() -> String {
    LANES.iter().chain(ON_DEMAND).map(|(name, _)| *name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn an_unknown_lane_fails_and_the_known_are_named() {
        let tally = run(&["lunch".to_owned()]);
        assert_eq!(tally.failed, ["lunch: no such lane; there are setup, check, test, clients, demo, shipped, bare"]);
    }

    #[test]
    fn the_lane_stands_before_the_reason() {
        let tally = named("clients", Tally::skipped("tccli: no Python packages"));
        assert_eq!(tally.skipped, ["clients: tccli: no Python packages"]);
    }
}

//! `cargo xtask bench`: the table of the numbers that count, printed by the benches' own binary.

use crate::{shell, tally::Tally};

pub fn run(args: &[String]) -> Tally {
    let mut words = vec!["run", "--release", "--quiet", "--package", "cvmd-benches", "--"];
    words.extend(args.iter().map(String::as_str));
    // The benches measure the binary as users run it.
    Tally::of(shell::run(shell::cargo(&["build", "--release"])).and_then(|()| shell::run(shell::cargo(&words))))
}

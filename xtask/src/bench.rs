//! `cargo xtask bench`: the table of the numbers that count, printed by the benches' own binary.

use crate::{
    ground,
    program::{self, Build},
    shell,
    tally::Tally,
};
use std::process::Command;

/// Builds what users run and, in the same profile, what measures it.
pub fn run(args: &[String]) -> Tally {
    let cvmd = program::build(Build::Shipped);
    let both = cvmd.and_then(|cvmd| Ok((cvmd, program::shipped("cvmd-benches", "cvmd-benches")?)));
    Tally::of(both.and_then(|(cvmd, benches)| {
        let mut bench = Command::new(benches);
        bench.env("CVMD_BINARY", program::elsewhere().unwrap_or(cvmd));
        bench.env("CVMD_BENCH_MOTO", ground::bench_venv().join("bin/moto_server")).args(args);
        shell::run(&mut bench)
    }))
}

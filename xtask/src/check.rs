//! `cargo xtask check`: what must hold before every commit. Everything in the release profile, so that one set of build
//! scripts (SQLite's C among them) serves the check, the tests and the demo.

use crate::{shell, tally::Tally, tidy};

pub fn run() -> Tally {
    let mut tally = Tally::default();
    tally.add(Tally::of(shell::run(shell::cargo(&["fmt", "--all", "--check"]))));
    tally.add(tidy::run());
    tally.add(Tally::of(shell::run(shell::cargo(&[
        "clippy",
        "--release",
        "--workspace",
        "--all-targets",
        "--",
        "--deny",
        "warnings",
    ]))));
    tally.add(Tally::of(docs()));
    tally
}

fn docs() -> Result<(), String> {
    let mut doc = shell::cargo(&["doc", "--release", "--workspace", "--no-deps"]);
    doc.env("RUSTDOCFLAGS", "--deny warnings");
    shell::run(doc)
}

//! `cargo xtask check`: what must hold before every commit. Everything in the release profile, so that one set of build
//! scripts (SQLite's C among them) serves the check, the tests and the demo.

use crate::{ground, shell, tally::Tally, tidy};
use std::process::Command;

pub fn run() -> Tally {
    let mut tally = Tally::default();
    tally.add(Tally::of(format(&["--check"])));
    tally.add(tidy::run());
    let clippy = ["clippy", "--release", "--workspace", "--all-targets", "--", "--deny", "warnings"];
    tally.add(Tally::of(shell::run(&mut shell::cargo(&clippy))));
    tally.add(Tally::of(docs()));
    tally
}

pub fn write_format() -> Tally {
    Tally::of(format(&[]))
}

/// rustfmt over every file by name: `cargo fmt` follows `mod` lines, and does not see those that a macro writes.
fn format(more: &[&str]) -> Result<(), String> {
    let words = ["ls-files", "--cached", "--others", "--exclude-standard", "*.rs"];
    let list = shell::read(Command::new("git").args(words).current_dir(ground::root()))?;
    let files: Vec<&str> = list.lines().filter(|file| ground::root().join(file).exists()).collect();
    let mut rustfmt = Command::new("rustfmt");
    rustfmt.args(["--edition", "2024"]).args(more).args(&files).current_dir(ground::root());
    println!("$ rustfmt {} ({} files)", more.join(" "), files.len());
    match rustfmt.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err("rustfmt: some files are not formatted; `cargo xtask fmt` does it".to_owned()),
        Err(error) => Err(format!("rustfmt could not be started: {error}")),
    }
}

fn docs() -> Result<(), String> {
    shell::run(shell::cargo(&["doc", "--release", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "--deny warnings"))
}

//! `cargo xtask demo`: the story a new user sees first, which exits non-zero when any step is not as promised.

use crate::{ground, shell, tally::Tally};
use std::process::Command;

pub fn run() -> Tally {
    Tally::of(shell::run(shell::cargo(&["build", "--release"])).and_then(|()| {
        let mut demo = Command::new(ground::cvmd());
        demo.arg("demo");
        shell::run(demo)
    }))
}

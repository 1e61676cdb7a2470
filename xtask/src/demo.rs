//! `cargo xtask demo`: the story a new user sees first, which exits non-zero when any step is not as promised.

use crate::{
    program::{self, Build},
    shell,
    tally::Tally,
};
use std::process::Command;

pub fn run(how: Build) -> Tally {
    Tally::of(program::build(how).and_then(|binary| shell::run(Command::new(binary).arg("demo"))))
}

//! `cargo xtask docs`: writes the generated pages out of the code; `check` and `test` fail while they are not current.

use crate::{shell, tally::Tally};

pub fn run() -> Tally {
    let mut write = shell::cargo(&["test", "--release", "--package", "cvmd-actions", "--lib", "the_generated_page"]);
    write.env("CVMD_WRITE_DOCS", "1");
    Tally::of(shell::run(write))
}

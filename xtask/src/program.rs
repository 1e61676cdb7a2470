//! The program under test.

use crate::{ground, shell};
use std::path::PathBuf;

/// Builds cvmd along with everything that the tests build: with the same features in the same profile, so that nothing
/// is compiled twice, and what the clients meet is what was tested.
pub fn build() -> Result<PathBuf, String> {
    shell::run(shell::cargo(&["build", "--release", "--workspace", "--all-targets"]))
        .map(|()| ground::target().join("release/cvmd"))
}

/// A program built elsewhere, to be tested instead: `CVMD_BINARY`.
pub fn elsewhere() -> Option<PathBuf> {
    std::env::var_os("CVMD_BINARY").map(PathBuf::from)
}

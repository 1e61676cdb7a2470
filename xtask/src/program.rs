//! The program under test.

use crate::{ground, shell};
use std::path::PathBuf;

/// Builds cvmd together with everything that the tests build: same features and same profile, so that nothing is
/// compiled twice and the clients meet the program that was tested.
pub fn build() -> Result<PathBuf, String> {
    shell::run(shell::cargo(&["build", "--release", "--workspace", "--all-targets"]))
        .map(|()| ground::target().join("release/cvmd"))
}

/// `CVMD_BINARY`: a program built elsewhere, which is tested instead.
pub fn elsewhere() -> Option<PathBuf> {
    std::env::var_os("CVMD_BINARY").map(PathBuf::from)
}

//! The program under test.

use crate::{ground, shell};
use std::path::PathBuf;

/// How the program under test is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Build {
    /// In the tests' own profile, which is there soon after a change.
    Quick,
    /// As it is shipped: optimised as a whole, which takes minutes (decision 32).
    Shipped,
}

const SHIPPED: &str = "dist";

/// Builds cvmd.
pub fn build(how: Build) -> Result<PathBuf, String> {
    match how {
        // Together with everything that the tests build: same features and same profile, so that nothing is compiled twice.
        Build::Quick => shell::run(&mut shell::cargo(&["build", "--release", "--workspace", "--all-targets"]))
            .map(|()| ground::target().join("release/cvmd")),
        Build::Shipped => shipped("cvmd-server", "cvmd"),
    }
}

/// Builds a program in the profile of what is shipped. Its package is built by itself: what others ask of the same
/// dependencies would be in it too.
pub fn shipped(package: &str, program: &str) -> Result<PathBuf, String> {
    shell::run(&mut shell::cargo(&["build", "--profile", SHIPPED, "--package", package]))
        .map(|()| ground::target().join(SHIPPED).join(program))
}

/// `CVMD_BINARY`: a program built elsewhere, which is tested instead.
pub fn elsewhere() -> Option<PathBuf> {
    std::env::var_os("CVMD_BINARY").map(PathBuf::from)
}

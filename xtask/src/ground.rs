//! Where things stand in the checkout.

use crate::shell;
use std::path::{Path, PathBuf};

/// The root of the checkout this xtask was built from.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Cargo's target directory, also when the environment moves it.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |moved| root().join(moved))
}

/// The program under test, as `cargo build --release` leaves it.
pub fn cvmd() -> PathBuf {
    target().join("release/cvmd")
}

/// A program built elsewhere, to be tested instead: `CVMD_BINARY`.
pub fn other_cvmd() -> Option<PathBuf> {
    std::env::var_os("CVMD_BINARY").map(PathBuf::from)
}

/// Python with the vendor's packages, made by `cargo xtask setup`.
pub fn venv() -> PathBuf {
    target().join("clients-venv")
}

/// The vendor's Node packages, installed by `cargo xtask setup`.
pub fn node() -> PathBuf {
    target().join("clients-node")
}

/// Builds cvmd along with everything that the tests build: with the same features in the same profile, so that nothing
/// is compiled twice, and what the clients meet is what was tested.
pub fn build_cvmd() -> Result<PathBuf, String> {
    shell::run(shell::cargo(&["build", "--release", "--workspace", "--all-targets"])).map(|()| cvmd())
}

//! Where things stand in the checkout.

use std::path::{Path, PathBuf};

/// The root of the checkout this xtask was built from.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("."))
}

/// Cargo's target directory, also when the environment moves it.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |moved| root().join(moved))
}

/// Python with the vendor's packages, made by `cargo xtask setup`.
pub fn venv() -> PathBuf {
    target().join("clients-venv")
}

/// Python with the emulator that the bench compares with, made by `cargo xtask setup`.
pub fn bench_venv() -> PathBuf {
    target().join("bench-venv")
}

/// The vendor's Node packages, installed by `cargo xtask setup`.
pub fn node() -> PathBuf {
    target().join("clients-node")
}

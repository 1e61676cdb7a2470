//! This program, by the path that others are to call it by later.

use crate::cli::arguments::variable;
use anyhow::Context;
use std::path::{Path, PathBuf};

/// The path that it was called by, where that is absolute or was found in PATH and leads to this very program: a link such as
/// `/usr/local/bin/cvmd` leads to the next version one day, and what is behind it now is gone then. Otherwise the resolved one.
///
/// # Errors
/// When the system does not tell where this program is, or not in UTF-8.
pub(crate) fn path() -> anyhow::Result<String> {
    let resolved = std::env::current_exe().context("where am I?")?;
    let called = std::env::args_os().next().map(PathBuf::from).and_then(called);
    let path = called.filter(|called| is_same(called, &resolved)).unwrap_or(resolved);
    path.into_os_string().into_string().ok().context("this program's path is no UTF-8")
}

/// Where a shell has found it.
fn called(name: PathBuf) -> Option<PathBuf> {
    match name.components().count() {
        _ if name.is_absolute() => Some(name),
        1 => {
            let path = variable("PATH")?;
            let places = std::env::split_paths(&path).filter(|place| place.is_absolute());
            places.map(|place| place.join(&name)).find(|found| found.is_file())
        }
        _ => None,
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    matches!((one.canonicalize(), other.canonicalize()), (Ok(one), Ok(other)) if one == other)
}

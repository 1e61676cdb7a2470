//! The path of this program for later calls by others.

use crate::cli::arguments::variable;
use anyhow::Context;
use std::path::{Path, PathBuf};

/// The path by which it was called, if that is absolute or was found in PATH and leads to this program: a link such as
/// `/usr/local/bin/cvmd` will lead to the next version, when the file behind it today is gone. Otherwise the resolved
/// path.
///
/// # Errors
/// When the system does not give the program's path, or not in UTF-8.
pub(crate) fn path() -> anyhow::Result<String> {
    let resolved = std::env::current_exe().context("where am I?")?;
    let called = std::env::args_os().next().map(PathBuf::from).and_then(called);
    let path = called.filter(|called| is_same(called, &resolved)).unwrap_or(resolved);
    path.into_os_string().into_string().ok().context("this program's path is no UTF-8")
}

/// The path under which a shell finds that name.
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

//! What the commands that read a data directory by themselves find in its place.

use crate::{
    cli::arguments::Data,
    data::{EARLIER, TRUTHS, is_unfinished},
};
use anyhow::{Context as _, bail};
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

/// The data directory that a command is to read, if it is one; what is wrong with it is another question ([`faults`]).
///
/// # Errors
/// In words, when there is none, when it may not be looked into, or when it is an earlier version's.
pub(crate) fn found(data: &Data) -> anyhow::Result<PathBuf> {
    let directory = data.directory()?;
    match std::fs::read_dir(&directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let advice = if data.is_given() { "" } else { ": say --data DIR" };
            bail!("there is no data directory at {}{advice}", directory.display());
        }
        found => drop(found.with_context(|| format!("cannot look into {}", directory.display()))?),
    }
    let has = |names: [&str; 2]| names.iter().any(|name| directory.join(name).symlink_metadata().is_ok());
    match (has(TRUTHS), has(EARLIER)) {
        (true, _) => Ok(directory),
        (false, true) => bail!("{} is of an earlier version: `cvmd serve` takes it over", directory.display()),
        (false, false) => bail!("{} is no data directory: state/ and machines/ are not in it", directory.display()),
    }
}

/// What is wrong with the directory as a whole: truths that are not there, or are something else, and have not to be taken
/// over either; or that it is what a backup has left.
pub(crate) fn faults(data: &Path) -> Vec<String> {
    let has_one = TRUTHS.iter().any(|truth| data.join(truth).is_dir());
    let fault = |(truth, earlier): (&str, &str)| {
        let [truth, earlier] = [truth, earlier].map(|name| data.join(name));
        let name = truth.display();
        match (truth.symlink_metadata().is_ok(), earlier.exists()) {
            _ if truth.is_dir() => None,
            (true, _) => Some(format!("{name} is no directory: put back the one that was there")),
            (false, false) => Some(format!("{name} is missing: put it back")),
            // Of the two, one was taken over.
            (false, true) if has_one => {
                let earlier = earlier.display();
                Some(format!("{name} is missing: put it back, or start cvmd if {earlier} was never taken over"))
            }
            (false, true) => None,
        }
    };
    let mut faults: Vec<_> = TRUTHS.into_iter().zip(EARLIER).filter_map(fault).collect();
    if is_unfinished(data) {
        faults.push(format!("a backup into {} broke off: ask for it again", data.display()));
    }
    faults
}

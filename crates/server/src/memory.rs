//! Huge pages of memory, for a server with many instances alone.
//!
//! The allocator asks the system for pages of 2 MiB, and would hold several times what a small server uses (decision 32).
//! With many instances they save the processor some of its time. They are given from the first allocation on, before
//! there is a `main`: a server that finds little to load begins anew without, as the same process, before it has said anything.

use crate::data::TRUTHS;
use nix::sys::prctl::{get_thp_disable, set_thp_disable};
use std::{fs, os::unix::process::CommandExt, path::Path, process::Command};

/// Files of some 60,000 instances. Those of a few can grow to half of that between two snapshots.
const LARGE_BYTES: u64 = 128 << 20;
/// A seed of as many.
const LARGE_SEED_BYTES: u64 = 4 << 20;

/// Begins anew without huge pages where they are not worth it. Returns where they are, or have been refused already, or
/// cannot be refused.
pub(crate) fn suit(data: &Path, seed: Option<&Path>) {
    let is_large = TRUTHS.iter().map(|truth| bytes(&data.join(truth))).sum::<u64>() >= LARGE_BYTES
        || seed.and_then(|seed| seed.metadata().ok()).is_some_and(|about| about.len() >= LARGE_SEED_BYTES);
    // Invariant: the refusal outlives the new beginning, so that there is only one.
    if is_large || get_thp_disable() != Ok(false) || set_thp_disable(true).is_err() {
        return;
    }
    let Some(program) = std::env::current_exe().ok().filter(|program| is_this(program)) else { return };
    let mut words = std::env::args_os();
    let mut anew = Command::new(program);
    if let Some(name) = words.next() {
        anew.arg0(name);
    }
    // It returns only when that cannot be done: then the server goes on as it is.
    let _ = anew.args(words).exec();
}

/// Whether this program is still what that file holds: not one that was deleted meanwhile, whose name another file could
/// have, and not the loader that a program was given to.
fn is_this(program: &Path) -> bool {
    let Some(name) = program.to_str().filter(|name| !name.ends_with(" (deleted)")) else { return false };
    let here = is_this as *const () as usize;
    let holds_us = |line: &str| {
        let (range, rest) = line.split_once(' ')?;
        let (from, to) = range.split_once('-')?;
        let [from, to] = [from, to].map(|address| usize::from_str_radix(address, 16).unwrap_or_default());
        Some((from..to).contains(&here) && rest.ends_with(&format!(" {name}")))
    };
    fs::read_to_string("/proc/self/maps").is_ok_and(|maps| maps.lines().any(|line| holds_us(line) == Some(true)))
}

/// The files of a directory; none where it is not there.
fn bytes(directory: &Path) -> u64 {
    let files = fs::read_dir(directory).into_iter().flatten().filter_map(Result::ok);
    files.filter_map(|file| file.metadata().ok()).map(|about| about.len()).sum()
}

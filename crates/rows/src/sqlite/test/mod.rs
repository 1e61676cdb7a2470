//! What only this engine promises: crashes at every step, damage, full disks, snapshots beside groups.

mod checkpoints;
mod crash;
mod damage;
mod failures;
mod snapshots;

use super::{Options, SqliteEngine};
use crate::{
    Change, Engine, Entry, Group,
    contract::{self, AllRows},
};
use std::{ops::ControlFlow, path::Path};

/// A directory in memory where the system has one: these tests cut no power, and would wait for syncs only.
fn place() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn options() -> Options {
    // Nothing happens by itself: neither a snapshot nor a checkpoint.
    Options {
        snapshot_min_bytes: u64::MAX,
        checkpoint_bytes: u64::MAX,
        page_bytes: 1024,
        ..Options::new(contract::streams())
    }
}

fn open(directory: &Path) -> SqliteEngine {
    SqliteEngine::open(directory, options()).unwrap()
}

/// A group that follows from its revision: puts, deletions, entries of all streams.
fn group(revision: u64) -> Group {
    let mut group = Group::new();
    for number in 0..4 {
        let (sequence, length) = ((revision * 7 + number * 5) % 40, (revision * 37 + number * 101) % 900);
        let body = format!("{revision}/{number} {}", "x".repeat(usize::try_from(length).unwrap()));
        group.put(["disks", "vpcs"][(number % 2) as usize], sequence, body.as_bytes());
    }
    group.delete("vpcs", (revision * 3) % 40);
    let text = format!("of {revision}");
    for (stream, part) in [("lines", 0), ("lines", 0), ("keys", 0), ("refused", revision % 3), ("events", 0)] {
        group.append(Entry {
            stream: stream.into(),
            part,
            time: revision,
            key: revision.to_be_bytes().into(),
            body: text.clone().into(),
        });
    }
    group
}

/// The rows after so many groups.
fn rows_after(revision: u64) -> AllRows {
    let mut rows = AllRows::new();
    for revision in 1..=revision {
        for Change { table, sequence, body } in group(revision).changes() {
            match body {
                Some(body) => rows.insert((table.to_owned(), sequence), body.to_vec()),
                None => rows.remove(&(table.to_owned(), sequence)),
            };
        }
    }
    rows
}

fn append(engine: &mut dyn Engine, revisions: std::ops::RangeInclusive<u64>) {
    for revision in revisions {
        engine.append(revision, &group(revision)).unwrap();
    }
}

/// Everything that can be read: rows, and entries with their places.
fn everything(directory: &Path) -> Result<(u64, AllRows, Vec<String>), crate::Error> {
    let mut engine = SqliteEngine::open(directory, options())?;
    let mut rows = AllRows::new();
    let revision = engine.load(&mut |chunk| {
        for (sequence, body) in chunk.rows() {
            rows.insert((chunk.table.to_string(), sequence), body.to_vec());
        }
        Ok(())
    })?;
    let mut entries = Vec::new();
    for spec in contract::streams() {
        engine.streams().since(spec.name, 0, &mut |found| {
            entries.push(format!("{} {found:?}", spec.name));
            ControlFlow::Continue(())
        })?;
    }
    Ok((revision, rows, entries))
}

/// A copy of a directory as a killed program leaves it.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        // Shared memory is made anew by whoever opens the database first.
        if !entry.file_name().to_string_lossy().ends_with("-shm") {
            std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

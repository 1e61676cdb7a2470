//! How a snapshot comes about, step by step, beside the groups.
//!
//! ```text
//! Idle ──log large──> Writing (own thread) ──> ToName ──next group's transaction──> Deleting, a slice with each group ──> Idle
//! ```
//!
//! Older files go when the naming is in the database itself: what a damaged log of SQLite's could swallow is then only
//! newer than it.

use super::{
    database::{Named, file, look},
    merge::Merged,
    run::read_log,
    snapshot::{self, Snapshot},
    steps::{Step, Steps},
    words::name,
};
use crate::Error;
use rusqlite::{Connection, params};
use std::{
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::JoinHandle,
};

/// What a transaction deletes at most: groups, and bytes of them.
const DELETE_GROUPS: i64 = 32;
const DELETE_BYTES: u64 = 1 << 20;

/// Where the next snapshot is.
#[derive(Debug, Default)]
pub(super) enum Stage {
    #[default]
    Idle,
    Writing(Running),
    /// It is whole and synced.
    ToName(Box<Snapshot>),
    /// Groups up to this revision are no longer needed.
    Deleting(u64),
}

/// What a transaction does for the snapshot.
#[derive(Debug, Clone, Copy)]
pub(super) enum Duty {
    Nothing,
    Name(Named),
    Delete(u64),
}

impl Stage {
    pub(super) fn duty(&self) -> Duty {
        match self {
            Stage::Idle | Stage::Writing(_) => Duty::Nothing,
            Stage::ToName(snapshot) => Duty::Name(snapshot.named()),
            Stage::Deleting(through) => Duty::Delete(*through),
        }
    }
}

impl Duty {
    /// Does it inside a transaction; returns whether more of the same is left.
    pub(super) fn perform(self, connection: &Connection, steps: &Steps) -> rusqlite::Result<bool> {
        match self {
            Duty::Nothing => Ok(false),
            Duty::Name(Named { revision, rows, crc }) => {
                steps.at(Step::Naming);
                connection.execute("DELETE FROM snapshot", [])?;
                let row = params![revision.cast_signed(), rows.cast_signed(), crc];
                connection.execute("INSERT INTO snapshot (revision, rows, crc) VALUES (?1, ?2, ?3)", row)?;
                Ok(false)
            }
            Duty::Delete(through) => {
                steps.at(Step::Deleting);
                delete(connection, through)
            }
        }
    }

    /// The transaction is committed.
    pub(super) fn committed(self, steps: &Steps) {
        match self {
            Duty::Nothing => {}
            Duty::Name(_) => steps.at(Step::Named),
            Duty::Delete(_) => steps.at(Step::Deleted),
        }
    }
}

fn delete(connection: &Connection, through: u64) -> rusqlite::Result<bool> {
    let query = "SELECT revision, length(body) FROM log WHERE revision <= ?1 ORDER BY revision LIMIT ?2";
    let mut statement = connection.prepare_cached(query)?;
    let mut rows = statement.query(params![through.cast_signed(), DELETE_GROUPS])?;
    let (mut last, mut groups, mut bytes) = (0, 0, 0);
    while let Some(row) = rows.next()? {
        last = row.get(0)?;
        groups += 1;
        bytes += row.get::<_, i64>(1)?.cast_unsigned();
        if bytes >= DELETE_BYTES {
            break;
        }
    }
    connection.prepare_cached("DELETE FROM log WHERE revision <= ?1")?.execute([last])?;
    Ok(groups == DELETE_GROUPS || bytes >= DELETE_BYTES)
}

/// A snapshot that is written on a thread of its own.
#[derive(Debug)]
pub(super) struct Running {
    /// None once it was joined.
    thread: Option<JoinHandle<Result<Named, Error>>>,
    is_cancelled: Arc<AtomicBool>,
}

impl Running {
    pub(super) fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Waits for the outcome.
    pub(super) fn outcome(mut self) -> Result<Named, Error> {
        let Some(thread) = self.thread.take() else { return Err(cancelled(Path::new(""))) };
        thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

impl Drop for Running {
    /// Nobody will name it.
    fn drop(&mut self) {
        self.is_cancelled.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // Its outcome is of no use any more.
            let _ = thread.join();
        }
    }
}

fn cancelled(file: &Path) -> Error {
    Error::Failed { file: name(file), cause: "the snapshot was given up, because the rows are being closed".into() }
}

/// What a snapshot is made of.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) directory: PathBuf,
    pub(super) page_bytes: u32,
    /// Bytes of rows that are gathered in memory.
    pub(super) run_bytes: usize,
    pub(super) previous: Option<Named>,
    /// The last group that it covers.
    pub(super) through: u64,
    pub(super) steps: Steps,
}

impl Plan {
    /// Writes it on a thread of its own.
    pub(super) fn start(self) -> std::io::Result<Running> {
        let is_cancelled = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&is_cancelled);
        let thread = std::thread::Builder::new().name("rows-snapshot".into()).spawn(move || self.write(&flag))?;
        Ok(Running { thread: Some(thread), is_cancelled })
    }

    fn write(&self, is_cancelled: &AtomicBool) -> Result<Named, Error> {
        let path = file(&self.directory);
        let is_cancelled = || is_cancelled.load(Ordering::Relaxed);
        let (mut parts, mut sources) = (snapshot::Parts::new(), Vec::new());
        if let Some(named) = self.previous {
            let previous = Snapshot::open(&self.directory, named)?;
            parts = previous.parts().map_err(|error| super::words::failed(&path, &error))?;
            sources.push(previous.into_source()?);
        }
        let range = (self.previous.map_or(0, |named| named.revision), self.through);
        let scratch = snapshot::file(&self.directory, self.through);
        let log = read_log(&path, &look(&path, &[])?, range, &scratch, self.run_bytes, &is_cancelled)?;
        parts.extend(log.parts);
        sources.extend(log.runs);
        let rows = Merged::of(sources).map(|row| if is_cancelled() { Err(cancelled(&path)) } else { row });
        snapshot::write(&self.directory, self.through, self.page_bytes, rows, &parts, &self.steps)
    }
}

/// Deletes the files of snapshots that are older than the named one.
pub(super) fn remove_older(directory: &Path, named: u64, steps: &Steps) {
    let remove = || -> std::io::Result<()> {
        for entry in std::fs::read_dir(directory)? {
            let entry = entry?;
            if snapshot::revision_of(&entry.file_name()).is_some_and(|revision| revision < named) {
                std::fs::remove_file(entry.path())?;
                steps.at(Step::OlderRemoved);
            }
        }
        Ok(())
    };
    if let Err(error) = remove() {
        tracing::warn!(%error, "an older snapshot could not be deleted: it is in nobody's way, but takes room");
    }
}

//! The embedded engine: a log table and streams in one SQLite database, and snapshots as databases beside it.
//!
//! WAL with `synchronous=FULL`: a group is one row at the end of a table, and costs one sync.

mod append;
mod check;
mod checkpoint;
mod checksum;
mod database;
mod entries;
mod index;
mod known;
mod load;
mod log;
mod look;
mod merge;
mod moment;
mod read;
mod run;
mod snapshot;
mod steps;
mod streams;
mod upkeep;
mod words;

#[cfg(test)]
mod test;

use crate::{Engine, Error, Group, StreamSpec, Streams, Take, TakeGroup};
use append::Writer;
pub use check::{check, check_unused};
pub use database::is_ours;
pub(crate) use database::sync_directory;
use entries::Table;
use index::Index;
use known::Known;
pub use look::{read_rows, read_sorted};
pub use moment::Moment;
use rusqlite::Connection;
use snapshot::Snapshot;
use std::{
    collections::{BTreeMap, HashMap},
    path::{Path, PathBuf},
    sync::Arc,
};
use steps::{Step, Steps};
use upkeep::{Duty, Plan, Stage};
pub(crate) use words::{failed, io, name};

/// What an engine is opened with.
#[derive(Debug, Clone)]
pub struct Options {
    pub streams: Vec<StreamSpec>,
    /// Bytes of a page of new databases: a power of two from 512 to 65,536.
    pub page_bytes: u32,
    /// A snapshot is written when the log has so many bytes at least, and as many as the last snapshot.
    pub snapshot_min_bytes: u64,
    /// Bytes of rows that are gathered in memory while a snapshot is written; more are sorted in files.
    pub run_bytes: usize,
    /// Bytes in SQLite's own log after which it is written back. What is in that log only can be swallowed by damage to
    /// it: SQLite takes its first bad frame for its end.
    pub checkpoint_bytes: u64,
    /// Whether it is remembered where in the log each row stands, some 30 bytes a row, for [`Engine::get`] to find it at
    /// once. Without, `get` reads the log backwards.
    pub has_index: bool,
    steps: Steps,
}

impl Options {
    /// The settings that were fastest, with these streams.
    #[must_use]
    pub fn new(streams: Vec<StreamSpec>) -> Options {
        Options {
            streams,
            page_bytes: 8192,
            snapshot_min_bytes: 32 << 20,
            run_bytes: 32 << 20,
            checkpoint_bytes: 4 << 20,
            has_index: true,
            steps: Steps::default(),
        }
    }

    /// The same with a snapshot as soon as the log has so many bytes, and as many as the last snapshot. Where that is little,
    /// so is SQLite's own log: a small disk has no room for it either.
    #[must_use]
    pub fn snapshotting(self, snapshot_min_bytes: u64) -> Options {
        let checkpoint_bytes = self.checkpoint_bytes.min(snapshot_min_bytes / 8).max(CHECKPOINT_BYTES_MIN);
        Options { snapshot_min_bytes, checkpoint_bytes, ..self }
    }
}

/// Less is not worth the syncs of writing it back.
const CHECKPOINT_BYTES_MIN: u64 = 256 << 10;

/// Rows in a directory.
#[derive(Debug)]
pub struct SqliteEngine {
    directory: PathBuf,
    path: PathBuf,
    options: Options,
    tables: Vec<Table>,
    /// Reads what was written, and shares no page with the writer.
    reader: Connection,
    /// What the log and the snapshot say; None before they were read.
    known: Option<Known>,
    /// The named one.
    snapshot: Option<Snapshot>,
    /// Where the next one is.
    stage: Stage,
    /// The log's bytes at which the next one is begun, after one that failed.
    retry_bytes: u64,
    /// Bytes of the groups that the next one covers.
    covered_bytes: u64,
    /// Whether files of older ones may be left.
    has_older: bool,
    /// Why there is no writer.
    closed: Option<String>,
    // Invariant: dropped last, for the last connection to close deletes SQLite's log.
    /// None once a write failed with an unknown outcome.
    writer: Option<Writer>,
}

impl SqliteEngine {
    /// Opens a directory, or makes it.
    ///
    /// # Errors
    /// [`Error::Newer`], [`Error::Foreign`], [`Error::Incomplete`] and [`Error::Damaged`] where something else stands there than
    /// what this engine wrote; nothing is written then.
    pub fn open(directory: &Path, options: Options) -> Result<SqliteEngine, Error> {
        database::create(directory, options.page_bytes)?;
        let path = database::file(directory);
        let connection = database::open(&path, &options.streams)?;
        let writer = Writer::new(&path, connection, options.checkpoint_bytes, options.steps.clone())?;
        let reader = database::look(&path, &options.streams)?;
        let tables = options.streams.iter().cloned().map(Table::new).collect();
        Ok(SqliteEngine {
            directory: directory.to_owned(),
            path,
            options,
            tables,
            reader,
            known: None,
            snapshot: None,
            stage: Stage::Idle,
            retry_bytes: 0,
            covered_bytes: 0,
            has_older: true,
            closed: None,
            writer: Some(writer),
        })
    }

    fn file(&self) -> String {
        words::name(&self.path)
    }

    fn known(&mut self) -> Result<&mut Known, Error> {
        if self.known.is_none() {
            self.load(&mut |_| Ok(()))?;
        }
        Ok(self.known.get_or_insert_default())
    }

    /// One transaction: a group, if there is one, and what is to be done for the snapshot.
    fn write(&mut self, group: Option<(u64, &Group)>) -> Result<(), Error> {
        if let Some(cause) = &self.closed {
            return Err(Error::Closed { file: self.file(), cause: cause.clone() });
        }
        self.known()?;
        self.advance();
        let duty = self.stage.duty();
        let (Some(writer), Some(known)) = (&mut self.writer, &mut self.known) else {
            return Err(Error::Closed { file: self.file(), cause: String::new() });
        };
        let written = writer.write(&self.tables, known, group, duty);
        let file = || words::name(&self.path);
        match written {
            Ok(written) => {
                if let Some((revision, group)) = group {
                    known.appended(revision, group, written.touched, written.heads);
                }
                self.performed(duty, written.is_more_left, written.is_written_back);
                self.begin_if_due();
                Ok(())
            }
            Err(append::Failed::Next { given, next }) => Err(Error::Fenced { file: file(), given, next }),
            Err(append::Failed::Full) => Err(Error::Full { file: file() }),
            Err(append::Failed::Locked) => Err(Error::Locked { file: file() }),
            Err(append::Failed::Unknown(error)) => Err(self.close(words::in_words(&error))),
        }
    }

    /// Takes over a snapshot that was finished meanwhile.
    fn advance(&mut self) {
        if !matches!(&self.stage, Stage::Writing(running) if running.is_finished()) {
            return;
        }
        if let Err(error) = self.take_over() {
            tracing::warn!(%error, "no snapshot could be written: the log grows, and the next start takes longer");
            let log_bytes = self.known.as_ref().map_or(0, |known| known.log_bytes);
            self.retry_bytes = log_bytes.saturating_add(self.options.snapshot_min_bytes);
        }
    }

    /// Waits for a snapshot that is being written, if one is.
    fn take_over(&mut self) -> Result<(), Error> {
        match std::mem::take(&mut self.stage) {
            Stage::Writing(running) => {
                self.stage = Stage::ToName(Box::new(Snapshot::open(&self.directory, running.outcome()?)?));
            }
            stage => self.stage = stage,
        }
        Ok(())
    }

    /// Waits until nothing is left to do for a snapshot.
    fn finish(&mut self) -> Result<(), Error> {
        self.take_over()?;
        while self.tidy()? {}
        Ok(())
    }

    /// What was to be done for the snapshot is durable.
    fn performed(&mut self, duty: Duty, is_more_left: bool, is_written_back: bool) {
        match (duty, std::mem::take(&mut self.stage)) {
            (Duty::Name(named), Stage::ToName(snapshot)) => {
                self.snapshot = Some(*snapshot);
                self.has_older = true;
                self.retry_bytes = 0;
                if let Some(known) = &mut self.known {
                    known.index.iter_mut().for_each(Index::end_snapshot);
                    known.log_bytes = known.log_bytes.saturating_sub(self.covered_bytes);
                }
                self.stage = Stage::Deleting(named.revision);
            }
            (Duty::Delete(_), Stage::Deleting(_)) if !is_more_left => {}
            (_, stage) => self.stage = stage,
        }
        if is_written_back {
            self.options.steps.at(Step::WrittenBack);
            let is_writing = matches!(self.stage, Stage::Writing(_) | Stage::ToName(_));
            if let Some(snapshot) = self.snapshot.as_ref().filter(|_| self.has_older && !is_writing) {
                upkeep::remove_older(&self.directory, snapshot.named().revision, &self.options.steps);
                self.has_older = false;
            }
        }
    }

    fn begin_if_due(&mut self) {
        let Some(known) = &self.known else { return };
        let snapshot_bytes = self.snapshot.as_ref().map_or(0, Snapshot::bytes);
        let due = self.options.snapshot_min_bytes.max(snapshot_bytes).max(self.retry_bytes);
        let is_due = matches!(self.stage, Stage::Idle) && known.log_bytes >= due;
        if is_due && let Err(error) = self.begin() {
            tracing::warn!(%error, "no snapshot could be begun");
        }
    }

    fn begin(&mut self) -> Result<(), Error> {
        let known = self.known()?;
        known.index.iter_mut().for_each(Index::begin_snapshot);
        let (through, log_bytes) = (known.revision, known.log_bytes);
        self.covered_bytes = log_bytes;
        let plan = Plan {
            directory: self.directory.clone(),
            page_bytes: self.options.page_bytes,
            run_bytes: self.options.run_bytes,
            previous: self.snapshot.as_ref().map(Snapshot::named),
            through,
            steps: self.options.steps.clone(),
        };
        self.stage = Stage::Writing(plan.start().map_err(words::io(&self.path))?);
        Ok(())
    }

    fn row_without_index(&self, covered: u64, table: &str, sequence: u64) -> Result<Option<Vec<u8>>, Error> {
        let in_log = read::row_in_log(&self.path, &self.reader, covered, table, sequence)?;
        in_log.map_or_else(|| self.row_in_snapshot(table, sequence), Ok)
    }

    fn row_in_snapshot(&self, table: &str, sequence: u64) -> Result<Option<Vec<u8>>, Error> {
        self.snapshot.as_ref().map_or(Ok(None), |snapshot| snapshot.get(table, sequence))
    }

    /// Closes the writer for good: what became of its last write is not guessed.
    fn close(&mut self, cause: String) -> Error {
        self.stage = Stage::Idle;
        self.writer = None;
        let file = self.file();
        tracing::error!(file, cause, "a group could not be written, and nothing more is written until the next start");
        self.closed = Some(cause.clone());
        Error::Unknown { file, cause }
    }
}

impl Engine for SqliteEngine {
    fn load(&mut self, take: &mut Take<'_>) -> Result<u64, Error> {
        let (mut known, snapshot) = load::load(&self.directory, &self.reader, &self.tables, take)?;
        known.index = known.index.filter(|_| self.options.has_index);
        let revision = known.revision;
        self.known = Some(known);
        self.snapshot = snapshot;
        Ok(revision)
    }

    fn revision(&self) -> u64 {
        self.known.as_ref().map_or(0, |known| known.revision)
    }

    fn append(&mut self, revision: u64, group: &Group) -> Result<(), Error> {
        append::admit(&self.path, &self.tables, group)?;
        self.write(Some((revision, group)))
    }

    fn get(&mut self, table: &str, sequence: u64) -> Result<Option<Vec<u8>>, Error> {
        Ok(self.get_all(table, &[sequence])?.pop().flatten())
    }

    fn get_all(&mut self, table: &str, sequences: &[u64]) -> Result<Vec<Option<Vec<u8>>>, Error> {
        self.known()?;
        let Some(known) = &self.known else { return Ok(vec![None; sequences.len()]) };
        let covered = self.snapshot.as_ref().map_or(0, |snapshot| snapshot.named().revision);
        let Some(index) = &known.index else {
            return sequences.iter().map(|sequence| self.row_without_index(covered, table, *sequence)).collect();
        };
        let (mut by_group, mut found) = (BTreeMap::<u64, Vec<u64>>::new(), HashMap::new());
        for sequence in sequences {
            // What the snapshot covers may be gone from the log.
            match (index.find(table, *sequence).filter(|revision| *revision > covered), &self.snapshot) {
                (Some(revision), _) => by_group.entry(revision).or_default().push(*sequence),
                (None, Some(snapshot)) => drop(found.insert(*sequence, snapshot.get(table, *sequence)?)),
                (None, None) => {}
            }
        }
        for (revision, wanted) in by_group {
            read::rows_in_group(&self.path, &self.reader, revision, table, &wanted, &mut found)?;
        }
        Ok(sequences.iter().map(|sequence| found.get(sequence).cloned().flatten()).collect())
    }

    fn read(&mut self, from: u64, take: &mut TakeGroup<'_>) -> Result<(), Error> {
        self.known()?;
        let Some(known) = &self.known else { return Ok(()) };
        let first = self.snapshot.as_ref().map_or(1, |snapshot| snapshot.named().revision + 1);
        if from < first {
            return Err(Error::Gone { from, first });
        }
        read::groups(&self.path, &self.reader, &known.heads, from, take)
    }

    fn snapshot(&mut self) -> Result<(), Error> {
        self.known()?;
        self.finish()?;
        if self.snapshot.as_ref().map_or(0, |snapshot| snapshot.named().revision) < self.revision() {
            self.begin()?;
            self.finish()?;
        }
        Ok(())
    }

    fn tidy(&mut self) -> Result<bool, Error> {
        self.advance();
        if !matches!(self.stage.duty(), Duty::Nothing) {
            self.write(None)?;
            return Ok(true);
        }
        // Not whenever nothing waits: a checkpoint costs three syncs more, and most groups are followed by such a moment.
        if self.has_older && matches!(self.stage, Stage::Idle) && self.snapshot.is_some() {
            let is_written_back = self.writer.as_ref().is_some_and(Writer::write_back);
            self.performed(Duty::Nothing, false, is_written_back);
        }
        Ok(false)
    }

    fn check(&mut self) -> Result<Vec<String>, Error> {
        check::check(&self.directory)
    }

    fn closed(&self) -> Option<&str> {
        self.closed.as_deref()
    }

    fn log_bytes(&self) -> u64 {
        self.writer.as_ref().map_or(0, |writer| writer.checkpoints.bytes())
    }

    fn streams(&self) -> Arc<dyn Streams> {
        Arc::new(streams::SqliteStreams { path: self.path.clone(), specs: self.options.streams.clone() })
    }
}

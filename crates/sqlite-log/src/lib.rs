//! Checkpoints SQLite's write-ahead log on a thread beside the writer. For 40 MB that takes some hundred milliseconds,
//! which no commit may wait for.
//!
//! ```text
//! writer: enough was written ─> thread: pass after pass, each with what came during the one before, until a pass had little
//! writer: after its next commit, the rest in one short pass ─> its next commit begins the log anew
//! ```
//!
//! A program that reads the database without end keeps the log from being reset: the log grows, and a warning is
//! logged.
//!
//! Architecture invariant: this crate knows no rows. Both truths use it, each with a database of its own.

mod words;

pub use words::in_words;

use rusqlite::Connection;
use std::{
    fs::File,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
    time::{Duration, Instant},
};

/// Pages of 1 kB that are written before a checkpoint: 40 MB. A page that changes often is then written back only once.
const PAGES: usize = 40_000;
/// From this number of pages on, the writer checkpoints by itself if the thread has not done it.
pub const PAGES_MAX: u32 = 160_000;
/// After a pass with so few pages few are left, and the writer's own pass is short.
const FEW_PAGES: i64 = 1_000;
/// Bytes of a page in the log, with its header.
const PAGE_BYTES: u64 = 1_024 + 24;
/// The log is held back by a reader when it is this many times larger than what one checkpoint writes back.
const HELD_TIMES: usize = 2;
const HELD_WARNING_EVERY: Duration = Duration::from_secs(60);
/// Pages that a row changes beside those that hold its bytes.
const PAGES_A_ROW: usize = 1;
/// Pages that a commit changes beside those of its rows.
const PAGES_A_GROUP: usize = 6;

/// The log of one database.
#[derive(Debug)]
pub struct Log {
    pages_max: usize,
    /// Pages written since the last request for a checkpoint, estimated.
    pages: usize,
    /// None once the thread is to end.
    wanted: Option<SyncSender<()>>,
    is_nearly_done: Arc<AtomicBool>,
    /// Size of the log at the last pass.
    bytes: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

/// What one pass found: pages in the log, and those of them that are in the database too.
#[derive(Debug, Clone, Copy)]
struct Pass {
    pages: i64,
    done: i64,
}

/// Warns from time to time that the log is held back.
#[derive(Debug, Default)]
struct Complaint {
    last_warning: Option<Instant>,
}

impl Complaint {
    fn is_due(&mut self, pass: Pass, pages_max: usize, now: Instant) -> bool {
        let held = usize::try_from(pass.pages - pass.done).unwrap_or_default();
        let is_due = held >= HELD_TIMES.saturating_mul(pages_max)
            && self.last_warning.is_none_or(|last_warning| now.duration_since(last_warning) >= HELD_WARNING_EVERY);
        if is_due {
            self.last_warning = Some(now);
        }
        is_due
    }
}

impl Log {
    /// Starts the thread; dropping the value ends it and waits for it.
    ///
    /// # Errors
    /// When the database cannot be opened, or the thread cannot be started.
    pub fn open(path: &Path) -> rusqlite::Result<Log> {
        Log::with(path, PAGES)
    }

    fn with(path: &Path, pages_max: usize) -> rusqlite::Result<Log> {
        let (wanted, inbox) = sync_channel(1);
        let is_nearly_done = Arc::new(AtomicBool::new(false));
        let failed = |error: std::io::Error| rusqlite::Error::ToSqlConversionFailure(error.into());
        // Stays open: closing any descriptor of a file releases the locks that SQLite holds on it in this process.
        let file = File::open(path).map_err(failed)?;
        let connection = Connection::open(path)?;
        connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;")?;
        let bytes = Arc::new(AtomicU64::new(0));
        let work = Thread {
            connection,
            file,
            pages_max,
            is_nearly_done: Arc::clone(&is_nearly_done),
            bytes: Arc::clone(&bytes),
        };
        let thread = std::thread::Builder::new().name("sqlite-log".into()).spawn(move || work.write_back(&inbox));
        let thread = Some(thread.map_err(failed)?);
        Ok(Log { pages_max, pages: 0, wanted: Some(wanted), is_nearly_done, bytes, thread })
    }

    /// Size of the log in bytes when it was last measured.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Called after each commit with the number of its rows and their bytes.
    pub fn committed(&mut self, rows: usize, bytes: usize, connection: &Connection) {
        if self.is_nearly_done.swap(false, Ordering::Acquire) {
            match pass(connection) {
                Ok(pass) => keep(&self.bytes, if pass.done >= pass.pages { 0 } else { pass.pages }),
                Err(error) => note(&error),
            }
        }
        self.pages += PAGES_A_GROUP + bytes / 1024 + rows * PAGES_A_ROW;
        // A full channel means that the thread is at work already.
        let asked = |wanted: &SyncSender<()>| wanted.try_send(()).is_ok();
        if self.pages >= self.pages_max && self.wanted.as_ref().is_some_and(asked) {
            self.pages = 0;
        }
    }
}

impl Drop for Log {
    /// Waits for the thread: the last connection to close deletes the log, and the end of the process must not cut that
    /// off.
    fn drop(&mut self) {
        drop(self.wanted.take());
        if let Some(thread) = self.thread.take() {
            // The thread panics only when SQLite does; the log is complete even then.
            let _ = thread.join();
        }
    }
}

/// What the thread owns.
struct Thread {
    connection: Connection,
    file: File,
    pages_max: usize,
    is_nearly_done: Arc<AtomicBool>,
    bytes: Arc<AtomicU64>,
}

impl Thread {
    fn write_back(&self, inbox: &Receiver<()>) {
        let mut complaint = Complaint::default();
        while inbox.recv().is_ok() {
            let Some(last) = self.passes() else { continue };
            keep(&self.bytes, last.pages);
            if complaint.is_due(last, self.pages_max, Instant::now()) {
                tracing::warn!(
                    log_mb = self.bytes.load(Ordering::Relaxed) / 1_000_000,
                    "another program holds the database open in one long reading: until that ends, its log cannot be written back, and grows"
                );
            }
        }
    }

    /// Runs passes until one had little to do, and returns that one, unless a pass failed.
    fn passes(&self) -> Option<Pass> {
        let mut before = 0;
        loop {
            let done = pass(&self.connection);
            // SQLite syncs the database only in a pass that leaves nothing, which is the writer's pass: here it must
            // find little to sync.
            if let Err(error) = self.file.sync_data() {
                tracing::warn!(%error, "the database could not be synced");
                return None;
            }
            match done {
                Ok(pass) if pass.done - before >= FEW_PAGES => before = pass.done,
                Ok(pass) => {
                    self.is_nearly_done.store(true, Ordering::Release);
                    return Some(pass);
                }
                Err(error) => {
                    note(&error);
                    return None;
                }
            }
        }
    }
}

/// Writes back as much as possible without stopping readers or the writer.
fn pass(connection: &Connection) -> rusqlite::Result<Pass> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| Ok(Pass { pages: row.get(1)?, done: row.get(2)? }))
}

fn keep(bytes: &AtomicU64, pages: i64) {
    bytes.store(u64::try_from(pages).unwrap_or_default() * PAGE_BYTES, Ordering::Relaxed);
}

/// Nothing is lost: the log is complete, and the next pass tries again.
fn note(error: &rusqlite::Error) {
    tracing::warn!(error = in_words(error), "the database's log could not be written back");
}

#[cfg(test)]
mod test {
    use super::*;

    /// The bytes of the log's header that change each time it starts again.
    fn salt(log: &Path) -> Vec<u8> {
        std::fs::read(log).unwrap()[16..24].to_vec()
    }

    fn database(path: &Path) -> Connection {
        let connection = Connection::open(path).unwrap();
        connection
            .execute_batch(
                "PRAGMA page_size = 1024; PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0;
                 CREATE TABLE rows (sequence INTEGER PRIMARY KEY, body TEXT NOT NULL);",
            )
            .unwrap();
        connection
    }

    #[test]
    fn a_reader_that_does_not_end_is_complained_of_once_a_minute() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state.db");
        let connection = database(&path);
        let mut log = Log::with(&path, 500).unwrap();
        let body = "x".repeat(1_000);
        let mut commit = |until: &dyn Fn(u64) -> bool| {
            let found = (0..20_000).find(|_| {
                connection.execute("INSERT INTO rows (body) VALUES (?1)", [&body]).unwrap();
                log.committed(1, body.len(), &connection);
                until(log.bytes())
            });
            assert!(found.is_some(), "{} bytes", log.bytes());
        };
        let reader = Connection::open(&path).unwrap();
        reader.execute_batch("BEGIN; SELECT count(*) FROM rows;").unwrap();
        commit(&|bytes| bytes > 1_500 * PAGE_BYTES);
        let held = Pass { pages: 1_501, done: 0 };
        let (mut complaint, now) = (Complaint::default(), Instant::now());
        let mut is_due = |pass, after| complaint.is_due(pass, 500, now + Duration::from_secs(after));
        assert!(!is_due(Pass { pages: 1_501, done: 700 }, 0), "a short reading");
        assert_eq!([0, 1, 59, 60, 61].map(|after| is_due(held, after)), [true, false, false, true, false]);
        drop(reader);
        commit(&|bytes| bytes == 0);
    }

    #[test]
    fn the_rest_is_written_back_with_the_next_commit() {
        let directory = tempfile::tempdir().unwrap();
        let (path, wal) = (directory.path().join("state.db"), directory.path().join("state.db-wal"));
        let connection = database(&path);
        let mut log = Log::with(&path, usize::MAX).unwrap();
        let first = salt(&wal);
        for nearly_done in [false, true] {
            log.is_nearly_done.store(nearly_done, Ordering::Release);
            connection.execute("INSERT INTO rows (body) VALUES ('x')", []).unwrap();
            log.committed(0, 0, &connection);
            assert_eq!(salt(&wal), first);
        }
        connection.execute("INSERT INTO rows (body) VALUES ('x')", []).unwrap();
        assert_ne!(salt(&wal), first, "it begins anew");
    }

    #[test]
    fn a_long_log_begins_anew_while_commits_go_on() {
        let directory = tempfile::tempdir().unwrap();
        let (path, wal) = (directory.path().join("state.db"), directory.path().join("state.db-wal"));
        let connection = database(&path);
        let mut log = Log::with(&path, 500).unwrap();
        let body = "x".repeat(1_000);
        let first = salt(&wal);
        let mut commits = 0;
        while salt(&wal) == first {
            assert!(commits < 5_000, "the log still grows");
            connection.execute("INSERT INTO rows (body) VALUES (?1)", [&body]).unwrap();
            log.committed(1, body.len(), &connection);
            commits += 1;
        }
        assert!(commits > 50, "not after each few");
        let rows: i64 = connection.query_row("SELECT count(*) FROM rows", [], |row| row.get(0)).unwrap();
        assert_eq!(rows, commits);
    }
}

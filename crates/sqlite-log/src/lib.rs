//! Brings what SQLite's log holds back into the database, beside the writer: for 40 MB that takes some hundred milliseconds,
//! which no commit may wait for.
//!
//! ```text
//! writer: enough was written ─> thread: pass after pass, each with what came during the one before, until a pass had little
//! writer: after its next commit, the rest in one short pass ─> its next commit begins the log anew
//! ```
//!
//! Another program that reads the database and does not end keeps the log from going back: it grows, and that is said.
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

/// Pages of 1 kB that are written before the log goes back: 40 MB. More pages are then written once instead of often.
const PAGES: usize = 40_000;
/// From here on the writer does it by itself, should the thread not come to it.
pub const PAGES_MAX: u32 = 160_000;
/// A pass that had so few pages leaves few behind: the writer's own is then short.
const FEW_PAGES: i64 = 1_000;
/// A page in the log, with its head.
const PAGE_BYTES: u64 = 1_024 + 24;
/// So many times what goes back at once is held back by a reader who does not end.
const HELD_TIMES: usize = 2;
const HELD_TOLD_EVERY: Duration = Duration::from_secs(60);
/// Pages that a row and a commit change beside what holds their bytes.
const PAGES_A_ROW: usize = 1;
const PAGES_A_GROUP: usize = 6;

/// The log of one database.
#[derive(Debug)]
pub struct Log {
    pages_max: usize,
    /// Pages written since it was last asked that it goes back, about.
    pages: usize,
    /// None once it ends.
    wanted: Option<SyncSender<()>>,
    is_nearly_done: Arc<AtomicBool>,
    /// As of the last pass.
    bytes: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

/// What one pass found: pages in the log, and those of them that are in the database too.
#[derive(Debug, Clone, Copy)]
struct Pass {
    pages: i64,
    done: i64,
}

/// Says that the log is held back, now and then.
#[derive(Debug, Default)]
struct Complaint {
    told: Option<Instant>,
}

impl Complaint {
    fn is_due(&mut self, pass: Pass, pages_max: usize, now: Instant) -> bool {
        let held = usize::try_from(pass.pages - pass.done).unwrap_or_default();
        let is_due = held >= HELD_TIMES.saturating_mul(pages_max)
            && self.told.is_none_or(|told| now.duration_since(told) >= HELD_TOLD_EVERY);
        if is_due {
            self.told = Some(now);
        }
        is_due
    }
}

impl Log {
    /// Starts the thread, which has ended when this has been dropped.
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
        // Kept open: closing any descriptor of a file takes the locks away that SQLite has on it in this process.
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

    /// How large it was when it was last looked at.
    #[must_use]
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Called after each commit, by whoever commits: of so many rows, with so many bytes in them.
    pub fn committed(&mut self, rows: usize, bytes: usize, connection: &Connection) {
        if self.is_nearly_done.swap(false, Ordering::Acquire) {
            match pass(connection) {
                Ok(pass) => keep(&self.bytes, if pass.done >= pass.pages { 0 } else { pass.pages }),
                Err(error) => note(&error),
            }
        }
        self.pages += PAGES_A_GROUP + bytes / 1024 + rows * PAGES_A_ROW;
        // While the thread is at work already there is nothing to tell.
        let asked = |wanted: &SyncSender<()>| wanted.try_send(()).is_ok();
        if self.pages >= self.pages_max && self.wanted.as_ref().is_some_and(asked) {
            self.pages = 0;
        }
    }
}

impl Drop for Log {
    /// Waits for the thread: the last connection that closes takes the log away, and that must not be one which the end of
    /// the process cuts off.
    fn drop(&mut self) {
        drop(self.wanted.take());
        if let Some(thread) = self.thread.take() {
            // It ends by no panic but SQLite's own; the log is whole then too.
            let _ = thread.join();
        }
    }
}

/// What the thread works with.
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

    /// Pass after pass until one had little to do; that one, unless something failed.
    fn passes(&self) -> Option<Pass> {
        let mut before = 0;
        loop {
            let done = pass(&self.connection);
            // SQLite syncs the database only in a pass that leaves nothing, which is the writer's: it must find little.
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

/// Writes back what it can without stopping anybody.
fn pass(connection: &Connection) -> rusqlite::Result<Pass> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| Ok(Pass { pages: row.get(1)?, done: row.get(2)? }))
}

fn keep(bytes: &AtomicU64, pages: i64) {
    bytes.store(u64::try_from(pages).unwrap_or_default() * PAGE_BYTES, Ordering::Relaxed);
}

/// Nothing is lost: the log is whole, and the next time it is tried again.
fn note(error: &rusqlite::Error) {
    tracing::warn!(error = in_words(error), "the database's log could not be written back");
}

#[cfg(test)]
mod test {
    use super::*;

    /// What each new beginning of the log changes in its head.
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
        let kept: i64 = connection.query_row("SELECT count(*) FROM rows", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, commits);
    }
}

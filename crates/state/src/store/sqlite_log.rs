//! Brings what SQLite's log holds back into the database, beside the writer: for 40 MB that takes some hundred milliseconds,
//! which no commit may wait for.
//!
//! ```text
//! writer: enough was written ─> thread: pass after pass, each with what came during the one before, until a pass had little
//! writer: after its next commit, the rest in one short pass ─> its next commit begins the log anew
//! ```

use super::Group;
use rusqlite::Connection;
use std::{
    fs::File,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::JoinHandle,
};

/// Pages of 1 kB that are written before the log goes back: 40 MB. More pages are then written once instead of often.
pub(super) const PAGES: usize = 40_000;
/// From here on the writer does it by itself, should the thread not come to it.
pub(super) const PAGES_MAX: usize = 4 * PAGES;
/// A pass that had so few pages leaves few behind: the writer's own is then short.
const FEW_PAGES: i64 = 1_000;
/// Pages that a row and a group change beside what holds their bytes.
const PAGES_A_ROW: usize = 1;
const PAGES_A_GROUP: usize = 6;

/// The log of one database.
#[derive(Debug)]
pub(super) struct Log {
    pages_max: usize,
    /// Pages written since it was last asked that it goes back, about.
    pages: usize,
    /// None once it ends.
    wanted: Option<SyncSender<()>>,
    is_nearly_done: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Log {
    /// Starts the thread, which has ended when this has been dropped.
    pub(super) fn open(path: &Path, pages_max: usize) -> rusqlite::Result<Log> {
        let (wanted, inbox) = sync_channel(1);
        let is_nearly_done = Arc::new(AtomicBool::new(false));
        let failed = |error: std::io::Error| rusqlite::Error::ToSqlConversionFailure(error.into());
        // Kept open: closing any descriptor of a file takes the locks away that SQLite has on it in this process.
        let file = File::open(path).map_err(failed)?;
        let connection = Connection::open(path)?;
        connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000;")?;
        let thread = std::thread::Builder::new().name("state-log".into()).spawn({
            let is_nearly_done = Arc::clone(&is_nearly_done);
            move || write_back(&connection, &file, &inbox, &is_nearly_done)
        });
        let thread = Some(thread.map_err(failed)?);
        Ok(Log { pages_max, pages: 0, wanted: Some(wanted), is_nearly_done, thread })
    }

    /// Called after each commit, by whoever commits.
    pub(super) fn committed(&mut self, group: &Group, connection: &Connection) {
        if self.is_nearly_done.swap(false, Ordering::Acquire) {
            note(pass(connection));
        }
        let bytes: usize = group.rows.iter().map(|row| row.body.as_ref().map_or(0, Vec::len)).sum();
        self.pages += PAGES_A_GROUP + bytes / 1024 + (group.rows.len() + group.lines.len()) * PAGES_A_ROW;
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

fn write_back(connection: &Connection, file: &File, inbox: &Receiver<()>, is_nearly_done: &AtomicBool) {
    while inbox.recv().is_ok() {
        let mut before = 0;
        loop {
            let done = pass(connection);
            // SQLite syncs the database only in a pass that leaves nothing, which is the writer's: it must find little.
            if let Err(error) = file.sync_data() {
                break tracing::warn!(%error, "the database could not be synced");
            }
            match done {
                Ok(done) if done - before >= FEW_PAGES => before = done,
                Ok(_) => break is_nearly_done.store(true, Ordering::Release),
                failed => break note(failed),
            }
        }
    }
}

/// Writes back what it can without stopping anybody; how many pages of the log that has been in all.
fn pass(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get(2))
}

/// Nothing is lost: the log is whole, and the next time it is tried again.
fn note(outcome: rusqlite::Result<i64>) {
    if let Err(error) = outcome {
        tracing::warn!(%error, "the database's log could not be written back");
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::store::{Row, Table};

    /// What each new beginning of the log changes in its head.
    fn salt(log: &Path) -> Vec<u8> {
        std::fs::read(log).unwrap()[16..24].to_vec()
    }

    #[test]
    fn a_store_that_was_closed_leaves_no_log() {
        let directory = tempfile::tempdir().unwrap();
        let (path, wal) = (directory.path().join("state.db"), directory.path().join("state.db-wal"));
        for _ in 0..20 {
            let store = crate::store::SqliteStore::open(&path).unwrap();
            assert!(wal.exists());
            drop(store);
            assert!(!wal.exists(), "all is in the database itself");
        }
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
    fn the_rest_is_written_back_with_the_next_commit() {
        let directory = tempfile::tempdir().unwrap();
        let (path, wal) = (directory.path().join("state.db"), directory.path().join("state.db-wal"));
        let connection = database(&path);
        let mut log = Log::open(&path, usize::MAX).unwrap();
        let first = salt(&wal);
        for nearly_done in [false, true] {
            log.is_nearly_done.store(nearly_done, Ordering::Release);
            connection.execute("INSERT INTO rows (body) VALUES ('x')", []).unwrap();
            log.committed(&Group::default(), &connection);
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
        let mut log = Log::open(&path, 500).unwrap();
        let body = "x".repeat(1_000);
        let row = Row { table: Table::Instances, sequence: 1, id: String::new(), body: Some(body.clone().into()) };
        let group = Group { rows: vec![row], ..Group::default() };
        let first = salt(&wal);
        let mut commits = 0;
        while salt(&wal) == first {
            assert!(commits < 5_000, "the log still grows");
            connection.execute("INSERT INTO rows (body) VALUES (?1)", [&body]).unwrap();
            log.committed(&group, &connection);
            commits += 1;
        }
        assert!(commits > 50, "not after each few");
        let kept: i64 = connection.query_row("SELECT count(*) FROM rows", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, commits);
    }
}

//! Writes SQLite's own log back into the database on a thread beside the writer, for no commit may wait for it.
//!
//! ```text
//! writer: enough was written ─> thread: pass after pass, each with what came during the one before, until a pass had little
//! writer: after its next commit, the rest in one short pass ─> its next commit begins the log anew
//! ```
//!
//! A program that reads the database without end keeps the log from being reset: the log grows, and a warning is logged.

use super::words::{failed, in_words, io};
use crate::Error;
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
};

/// After a pass with so few bytes few are left, and the writer's own pass is short.
const FEW_BYTES: u64 = 256 << 10;
/// The log is held back by a reader when it is this many times larger than what one checkpoint writes back.
const HELD_TIMES: u64 = 8;

/// The log of one database.
#[derive(Debug)]
pub(super) struct Checkpoints {
    bytes_max: u64,
    /// Bytes written since the last request for a checkpoint, estimated.
    bytes: u64,
    /// None once the thread is to end.
    wanted: Option<SyncSender<()>>,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    is_nearly_done: AtomicBool,
    /// Size of the log at the last pass, and about what was written since.
    bytes: AtomicU64,
}

/// What one pass found: bytes in the log, and those of them that are in the database too.
#[derive(Debug, Clone, Copy)]
struct Pass {
    all: u64,
    done: u64,
}

impl Checkpoints {
    /// Starts the thread; dropping the value ends it and waits for it.
    pub(super) fn open(path: &Path, bytes_max: u64, page_bytes: u32) -> Result<Checkpoints, Error> {
        let (wanted, inbox) = sync_channel(1);
        // Stays open: closing any descriptor of a file releases the locks that SQLite holds on it in this process.
        let file = File::open(path).map_err(io(path))?;
        let connection = Connection::open(path).map_err(|error| failed(path, &error))?;
        connection
            .execute_batch("PRAGMA synchronous = FULL; PRAGMA busy_timeout = 5000; PRAGMA cache_size = -512;")
            .map_err(|error| failed(path, &error))?;
        let shared = Arc::new(Shared::default());
        let work = Thread { connection, file, bytes_max, page_bytes, shared: Arc::clone(&shared) };
        let thread = std::thread::Builder::new().name("rows-checkpoint".into());
        let thread = thread.spawn(move || work.write_back(&inbox)).map_err(io(path))?;
        Ok(Checkpoints { bytes_max, bytes: 0, wanted: Some(wanted), shared, thread: Some(thread) })
    }

    /// Size of the log in bytes, about.
    pub(super) fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::Relaxed)
    }

    /// Called after each commit with the bytes that it wrote; returns whether everything is in the database now.
    pub(super) fn committed(&mut self, bytes: u64, connection: &Connection, page_bytes: u32) -> bool {
        self.shared.bytes.fetch_add(bytes, Ordering::Relaxed);
        let is_whole = self.shared.is_nearly_done.swap(false, Ordering::Acquire) && self.pass(connection, page_bytes);
        self.bytes += bytes;
        // A full channel means that the thread is at work already.
        let asked = |wanted: &SyncSender<()>| wanted.try_send(()).is_ok();
        if self.bytes >= self.bytes_max && self.wanted.as_ref().is_some_and(asked) {
            self.bytes = 0;
        }
        is_whole
    }

    /// Writes back what is left, on the writer's own thread; returns whether everything is in the database now.
    pub(super) fn pass(&self, connection: &Connection, page_bytes: u32) -> bool {
        match pass(connection, page_bytes) {
            Ok(pass) => {
                let is_whole = pass.done >= pass.all;
                self.shared.bytes.store(if is_whole { 0 } else { pass.all }, Ordering::Relaxed);
                is_whole
            }
            Err(error) => {
                note(&error);
                false
            }
        }
    }
}

impl Drop for Checkpoints {
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
    bytes_max: u64,
    page_bytes: u32,
    shared: Arc<Shared>,
}

impl Thread {
    fn write_back(&self, inbox: &Receiver<()>) {
        let mut is_warned = false;
        while inbox.recv().is_ok() {
            let Some(last) = self.passes() else { continue };
            self.shared.bytes.store(last.all, Ordering::Relaxed);
            let is_held = last.all - last.done >= HELD_TIMES.saturating_mul(self.bytes_max);
            if is_held && !is_warned {
                tracing::warn!(
                    log_mb = last.all / 1_000_000,
                    "another program holds the database open in one long reading: until that ends, its log cannot be written back, and grows"
                );
            }
            is_warned = is_held;
        }
    }

    /// Runs passes until one had little to do, and returns that one, unless a pass failed.
    fn passes(&self) -> Option<Pass> {
        let mut before = 0;
        loop {
            let done = pass(&self.connection, self.page_bytes);
            // SQLite syncs the database only in a pass that leaves nothing, which is the writer's pass: here it must
            // find little to sync.
            if let Err(error) = self.file.sync_data() {
                tracing::warn!(%error, "the database could not be synced");
                return None;
            }
            match done {
                Ok(pass) if pass.done >= before + FEW_BYTES => before = pass.done,
                Ok(pass) => {
                    self.shared.is_nearly_done.store(true, Ordering::Release);
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
fn pass(connection: &Connection, page_bytes: u32) -> rusqlite::Result<Pass> {
    // Each page stands in the log behind a header of 24 bytes.
    let bytes = |pages: i64| u64::try_from(pages).unwrap_or_default() * u64::from(page_bytes + 24);
    connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| {
        Ok(Pass { all: bytes(row.get(1)?), done: bytes(row.get(2)?) })
    })
}

/// Nothing is lost: the log is complete, and the next pass tries again.
fn note(error: &rusqlite::Error) {
    tracing::warn!(error = in_words(error), "the database's log could not be written back");
}

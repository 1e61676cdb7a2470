//! `machines.db`: one row per machine and per image, written by one thread that commits everything gathered as one
//! group.
//!
//! SQLite in WAL mode with `synchronous=FULL`, so that a write is on disk before its caller gets the answer. Tables
//! with an integer key and pages of 1 kB were the fastest of those measured.

use crate::{
    image::Image,
    machine::Machine,
    store_error::{SCHEMA, StoreError},
    survey,
};
use cvmd_sqlite_log::{Log, PAGES_MAX, in_words};
use parking_lot::Mutex;
use rusqlite::{Connection, OptionalExtension, params};
use std::{
    num::NonZeroUsize,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc,
    },
    thread::JoinHandle,
    time::Instant,
};
use tokio::sync::oneshot;
use uuid::Uuid;

/// The maximum of rows in one group, so that the first of them does not wait too long.
const GROUP_MAX: usize = 256;
/// The number of rows that a parser gets together at the start.
const CHUNK: usize = 512;
/// SQLite's page cache, in kB. The operating system caches the file as well; with 64 MB an unbind was no cheaper at
/// 100,000 machines.
const CACHE_KB: i64 = 8 * 1024;

/// SQLite's reason why a row was not written.
pub(crate) type NotWritten = Box<str>;

/// What the writer has written since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    pub groups: u64,
    pub rows: u64,
    /// Time spent in transactions, in microseconds.
    pub busy_us: u64,
}

#[derive(Debug)]
pub(crate) struct Store {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    tally: Arc<Tally>,
}

/// The content of a file.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) machines: Vec<Arc<Machine>>,
    pub(crate) images: Vec<Image>,
}

#[derive(Debug, Default)]
struct Tally {
    groups: AtomicU64,
    rows: AtomicU64,
    busy_us: AtomicU64,
}

struct Job {
    id: u64,
    work: Work,
    answer: oneshot::Sender<Result<Option<Vec<u8>>, NotWritten>>,
}

/// Undecoded rows: number and body.
type Chunk = Vec<(i64, Box<[u8]>)>;

/// What to do with a row.
#[derive(Debug)]
pub(crate) enum Work {
    /// Writes it.
    Put(String),
    /// Writes it and returns what the table then holds.
    PutAndRead(String),
    /// Returns what the table holds.
    Read,
    Delete,
    /// Writes the row of an image.
    PutImage(String),
    DeleteImage,
}

impl Work {
    /// The bytes that it writes; none if it writes nothing.
    fn bytes(&self) -> Option<usize> {
        match self {
            Work::Put(body) | Work::PutAndRead(body) | Work::PutImage(body) => Some(body.len()),
            Work::Delete | Work::DeleteImage => Some(0),
            Work::Read => None,
        }
    }
}

impl Store {
    /// Opens the file, creating it (mode 0600) if it does not exist, and reads every machine and image. From now on it
    /// belongs to that data directory.
    pub(crate) fn open(path: &Path, directory: Option<Uuid>) -> Result<(Store, Contents), StoreError> {
        let connection = connect(path)?;
        directory.map_or(Ok(()), |directory| survey::belong(&connection, directory))?;
        let contents = Contents { machines: read_all(&connection)?, images: read_images(&connection)? };
        let log = Log::open(path)?;
        let (jobs, inbox) = mpsc::channel();
        let tally = Arc::new(Tally::default());
        let thread = std::thread::Builder::new().name("machines.db".into()).spawn({
            let tally = tally.clone();
            move || write_groups(connection, log, &inbox, &tally)
        })?;
        Ok((Store { jobs: Mutex::new(Some(jobs)), thread: Mutex::new(Some(thread)), tally }, contents))
    }

    /// Does one piece of work.
    ///
    /// # Guarantees
    /// `Ok` means durable: its transaction was committed and synced.
    ///
    /// # Assumptions
    /// Work on one row is requested one after the other; a group never has two pieces for one row.
    pub(crate) async fn work(&self, id: u64, work: Work) -> Result<Option<Vec<u8>>, NotWritten> {
        let (answer, answered) = oneshot::channel();
        {
            let jobs = self.jobs.lock();
            let jobs = jobs.as_ref().ok_or("the store is closed")?;
            jobs.send(Job { id, work, answer }).map_err(|_| "the writer has ended")?;
        }
        answered.await.map_err(|_| "the writer has ended")?
    }

    /// The totals of what was written.
    pub(crate) fn written(&self) -> Written {
        Written {
            groups: self.tally.groups.load(Relaxed),
            rows: self.tally.rows.load(Relaxed),
            busy_us: self.tally.busy_us.load(Relaxed),
        }
    }

    /// Ends the writer after all work requested before. Blocks until the file is closed.
    pub(crate) fn close(&self) {
        drop(self.jobs.lock().take());
        let thread = self.thread.lock().take();
        if let Some(thread) = thread {
            // A writer that panicked has answered nobody since; nothing is left to report.
            let _ = thread.join();
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.close();
    }
}

fn connect(path: &Path) -> Result<Connection, StoreError> {
    // Created before SQLite opens it, which gives its log the file mode of the database.
    let mut options = std::fs::OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    drop(options.open(path)?);
    let connection = Connection::open(path)?;
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > SCHEMA {
        return Err(StoreError::Newer { found });
    }
    connection.pragma_update(None, "page_size", 1024)?;
    connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "wal_autocheckpoint", PAGES_MAX)?;
    connection.pragma_update(None, "cache_size", -CACHE_KB)?;
    connection.execute_batch(&format!(
        "BEGIN IMMEDIATE;
         CREATE TABLE IF NOT EXISTS machines (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
         CREATE TABLE IF NOT EXISTS directory (one INTEGER PRIMARY KEY, id TEXT NOT NULL);
         CREATE TABLE IF NOT EXISTS images (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
         PRAGMA user_version = {SCHEMA};
         COMMIT"
    ))?;
    Ok(connection)
}

/// Reads every row on this thread while others parse: most of the time goes into parsing.
fn read_all(connection: &Connection) -> Result<Vec<Arc<Machine>>, StoreError> {
    let parsers = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let (chunks, inbox) = mpsc::sync_channel::<Chunk>(2 * parsers);
    let inbox = Mutex::new(inbox);
    let parse = || {
        let mut machines = Ok(Vec::new());
        loop {
            // The lock is held while waiting, so the parsers are served in order.
            let chunk = inbox.lock().recv();
            let Ok(chunk) = chunk else { return machines };
            // After an error the chunks are still received, because the reader waits for room.
            if let Ok(parsed) = &mut machines {
                machines = parse_into(std::mem::take(parsed), chunk);
            }
        }
    };
    std::thread::scope(|scope| {
        let parsing: Vec<_> = (0..parsers).map(|_| scope.spawn(parse)).collect();
        let read = send_all(connection, &chunks);
        drop(chunks);
        let mut machines = Vec::new();
        for parser in parsing {
            let parsed = parser.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            machines.append(&mut parsed?);
        }
        read.map(|()| machines)
    })
}

/// There are few of them.
fn read_images(connection: &Connection) -> Result<Vec<Image>, StoreError> {
    let mut statement = connection.prepare("SELECT id, body FROM images")?;
    let mut rows = statement.query([])?;
    let mut images = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, body) = (row.get(0)?, row.get_ref(1)?.as_bytes().map_err(rusqlite::Error::from)?);
        images.push(serde_json::from_slice(body).map_err(|cause| StoreError::ImageRow { id, cause })?);
    }
    Ok(images)
}

fn parse_into(mut machines: Vec<Arc<Machine>>, chunk: Chunk) -> Result<Vec<Arc<Machine>>, StoreError> {
    for (id, body) in chunk {
        let machine = serde_json::from_slice(&body).map_err(|cause| StoreError::Row { id, cause })?;
        // Boxed at once: a list of machines would be copied whenever it grows.
        machines.push(Arc::new(machine));
    }
    Ok(machines)
}

fn send_all(connection: &Connection, chunks: &mpsc::SyncSender<Chunk>) -> Result<(), StoreError> {
    let mut statement = connection.prepare("SELECT id, body FROM machines")?;
    let mut rows = statement.query([])?;
    let mut chunk = Vec::with_capacity(CHUNK);
    while let Some(row) = rows.next()? {
        chunk.push((row.get(0)?, row.get_ref(1)?.as_bytes().map_err(rusqlite::Error::from)?.into()));
        if chunk.len() == CHUNK {
            // Invariant: the receiver lives as long as the reader, so sending cannot fail.
            let _ = chunks.send(std::mem::replace(&mut chunk, Vec::with_capacity(CHUNK)));
        }
    }
    let _ = chunks.send(chunk);
    Ok(())
}

fn write_groups(mut connection: Connection, mut log: Log, inbox: &mpsc::Receiver<Job>, tally: &Tally) {
    connection.set_prepared_statement_cache_capacity(8);
    let mut group = Vec::with_capacity(GROUP_MAX);
    while let Ok(first) = inbox.recv() {
        group.push(first);
        group.extend(inbox.try_iter().take(GROUP_MAX - 1));
        let begun = Instant::now();
        let outcome = write(&mut connection, &group);
        tally.groups.fetch_add(1, Relaxed);
        tally.rows.fetch_add(group.len() as u64, Relaxed);
        tally.busy_us.fetch_add(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX), Relaxed);
        let written = || group.iter().filter_map(|job| job.work.bytes());
        let outcome = outcome.map(|()| match written().count() {
            0 => {}
            rows => log.committed(rows, written().sum(), &connection),
        });
        let outcome = outcome.map_err(|error| {
            let error = in_words(&error);
            tracing::error!(error, rows = group.len(), "machines.db: a group was not written");
            NotWritten::from(error)
        });
        for job in group.drain(..) {
            let answer = match (&outcome, &job.work) {
                (Err(error), _) => Err(error.clone()),
                (Ok(()), Work::PutAndRead(_) | Work::Read) => {
                    read(&connection, job.id).map_err(|error| error.to_string().into())
                }
                (Ok(()), Work::Put(_) | Work::Delete | Work::PutImage(_) | Work::DeleteImage) => Ok(None),
            };
            // The caller may have gone; the row is written all the same.
            let _ = job.answer.send(answer);
        }
    }
    // Before the connection, which closes last and deletes the log.
    drop(log);
}

/// One transaction for all; after an error nothing of it is stored.
fn write(connection: &mut Connection, group: &[Job]) -> rusqlite::Result<()> {
    if group.iter().all(|job| matches!(job.work, Work::Read)) {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    {
        let mut put = transaction.prepare_cached(
            "INSERT INTO machines VALUES (?1, ?2) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
        )?;
        let mut delete = transaction.prepare_cached("DELETE FROM machines WHERE id = ?1")?;
        let mut put_image = transaction.prepare_cached("INSERT OR REPLACE INTO images VALUES (?1, ?2)")?;
        let mut delete_image = transaction.prepare_cached("DELETE FROM images WHERE id = ?1")?;
        for job in group {
            match &job.work {
                Work::Put(body) | Work::PutAndRead(body) => {
                    // TEXT, not BLOB: operators read it with sqlite3.
                    put.execute(params![job.id.cast_signed(), body])?;
                }
                Work::Delete => {
                    delete.execute([job.id.cast_signed()])?;
                }
                Work::PutImage(body) => {
                    put_image.execute(params![job.id.cast_signed(), body])?;
                }
                Work::DeleteImage => {
                    delete_image.execute([job.id.cast_signed()])?;
                }
                Work::Read => {}
            }
        }
    }
    transaction.commit()
}

fn read(connection: &Connection, id: u64) -> rusqlite::Result<Option<Vec<u8>>> {
    let mut statement = connection.prepare_cached("SELECT body FROM machines WHERE id = ?1")?;
    statement.query_row([id.cast_signed()], |row| Ok(row.get_ref(0)?.as_bytes().map(<[u8]>::to_vec)?)).optional()
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_newer_schema_is_refused_clearly() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("machines.db");
        drop(Store::open(&path, None).unwrap());
        Connection::open(&path).unwrap().pragma_update(None, "user_version", SCHEMA + 1).unwrap();
        let error = Store::open(&path, None).unwrap_err();
        assert_eq!(error.to_string(), "machines.db has schema 3, newer than 2, the newest that this program reads");
    }

    #[test]
    fn a_row_that_cannot_be_read_is_named() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("machines.db");
        drop(Store::open(&path, None).unwrap());
        let connection = Connection::open(&path).unwrap();
        // More rows than the parsers take at once: the reader must not block for ever.
        let many = "WITH RECURSIVE n (id) AS (SELECT 1 UNION ALL SELECT id + 1 FROM n WHERE id < 100000)
                    INSERT INTO machines SELECT id, '{}' FROM n";
        connection.execute_batch(many).unwrap();
        let error = Store::open(&path, None).unwrap_err();
        assert!(matches!(error, StoreError::Row { id: 1.., .. }), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn the_file_and_its_log_belong_to_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let directory = tempfile::tempdir().unwrap();
        let _store = Store::open(&directory.path().join("machines.db"), None).unwrap();
        for file in std::fs::read_dir(directory.path()).unwrap() {
            let file = file.unwrap();
            assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{:?}", file.path());
        }
    }
}

//! The directory `machines/`: one row per machine and per image, written by one thread that commits everything gathered
//! as one group.
//!
//! A write is on disk before its caller gets the answer, and what is read back comes from the database.

use crate::{
    image::Image,
    machine::Machine,
    store_error::StoreError,
    survey::Survey,
    takeover::{self, DIRECTORY, EPOCH, IMAGES, MACHINES},
};
use cvmd_model::InstanceId;
use cvmd_rows::{Chunk, Engine, Error, Group, Options, SqliteEngine, parse_all};
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    path::Path,
    str::FromStr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
        mpsc::{self, TryRecvError},
    },
    thread::JoinHandle,
    time::Instant,
};
use tokio::sync::oneshot;
use uuid::Uuid;

/// The maximum of rows in one group, so that the first of them does not wait too long, and of their bytes.
const GROUP_MAX: usize = 1_024;
const GROUP_BYTES_MAX: usize = 1 << 20;

/// The number of a row that no machine has: an id is less.
const NO_MACHINE: u64 = u64::MAX;

/// Why a row was not written.
pub(crate) type NotWritten = Box<str>;

/// What the writer has written since it was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Written {
    pub groups: u64,
    pub rows: u64,
    /// Time spent in transactions, in microseconds.
    pub busy_us: u64,
}

/// The machines of a data directory, read and not yet running.
#[derive(Debug)]
pub struct StoredMachines {
    engine: SqliteEngine,
    revision: u64,
    directory: Option<Uuid>,
    epoch: u64,
    pub(crate) contents: Contents,
}

/// The content of a directory.
#[derive(Debug, Default)]
pub(crate) struct Contents {
    pub(crate) machines: Vec<Arc<Machine>>,
    pub(crate) images: Vec<Image>,
}

#[derive(Debug)]
pub(crate) struct Store {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
    tally: Arc<Tally>,
}

#[derive(Debug, Default)]
struct Tally {
    groups: AtomicU64,
    rows: AtomicU64,
    busy_us: AtomicU64,
    /// Why the last group was not written, where that is the disk's fault.
    trouble: Mutex<Option<NotWritten>>,
}

struct Job {
    id: u64,
    work: Work,
    answer: oneshot::Sender<Result<Option<Vec<u8>>, NotWritten>>,
}

/// What to do with a row.
#[derive(Debug)]
pub(crate) enum Work {
    /// Writes it.
    Put(Vec<u8>),
    /// Writes it and returns what the database then holds.
    PutAndRead(Vec<u8>),
    /// Returns what the database holds.
    Read,
    Delete,
    /// Writes as little as can be.
    Nothing,
    /// Writes the row of an image.
    PutImage(Vec<u8>),
    DeleteImage,
    /// Writes the data directory's epoch.
    PutEpoch(u64),
}

impl Work {
    fn bytes(&self) -> usize {
        match self {
            Work::Put(body) | Work::PutAndRead(body) | Work::PutImage(body) => body.len(),
            Work::Delete | Work::Nothing | Work::DeleteImage | Work::Read | Work::PutEpoch(_) => 0,
        }
    }
}

impl StoredMachines {
    /// Opens `machines/` of a data directory, making it (for its owner only) if there is none, and reads every machine
    /// and image. What an earlier version has left in `machines.db` is taken over.
    ///
    /// # Errors
    /// When it cannot be read, or is a newer version's.
    pub fn open(data: &Path) -> Result<StoredMachines, StoreError> {
        StoredMachines::with(data, Options::new(Vec::new()))
    }

    /// The same, with a snapshot as soon as the log has so many bytes, and as many as the last snapshot.
    ///
    /// # Errors
    /// As [`StoredMachines::open`].
    pub fn snapshotting(data: &Path, snapshot_min_bytes: u64) -> Result<StoredMachines, StoreError> {
        StoredMachines::with(data, Options::new(Vec::new()).snapshotting(snapshot_min_bytes))
    }

    fn with(data: &Path, options: Options) -> Result<StoredMachines, StoreError> {
        takeover::take_over(data, options.clone())?;
        let mut engine = SqliteEngine::open(&data.join("machines"), options)?;
        let (revision, parsed) = parse_all(&mut engine, |chunk| parse(&chunk).map_err(Into::into))?;
        let (mut contents, mut directory, mut epoch) = (Contents::default(), None, 0);
        for Parsed { mut machines, mut images, directory: found, epoch: written } in parsed {
            contents.machines.append(&mut machines);
            contents.images.append(&mut images);
            directory = directory.or(found);
            epoch = epoch.max(written);
        }
        Ok(StoredMachines { engine, revision, directory, epoch, contents })
    }

    /// What is known of them before they run.
    pub fn survey(&self, is_known: impl Fn(InstanceId) -> bool) -> Survey {
        let Contents { machines, images } = &self.contents;
        Survey {
            directory: self.directory,
            epoch: self.epoch,
            is_empty: machines.is_empty() && images.is_empty(),
            has_known: machines.is_empty() || machines.iter().any(|machine| is_known(machine.id)),
        }
    }

    /// Erases the machines that are not wanted; returns how many these were.
    ///
    /// # Errors
    /// When that cannot be written: then all of them are still there.
    pub fn retain(&mut self, is_wanted: impl Fn(InstanceId) -> bool) -> Result<usize, StoreError> {
        let mut group = Group::new();
        let unwanted = self.contents.machines.iter().filter(|machine| !is_wanted(machine.id));
        unwanted.for_each(|machine| group.delete(MACHINES, machine.id.to_u64()));
        if !group.is_empty() {
            self.engine.append(self.revision + 1, &group)?;
            self.revision += 1;
            self.contents.machines.retain(|machine| is_wanted(machine.id));
        }
        Ok(group.rows())
    }

    /// Writes the data directory's epoch down with them.
    ///
    /// # Errors
    /// When that cannot be written.
    pub fn put_epoch(&mut self, epoch: u64) -> Result<(), StoreError> {
        let mut group = Group::new();
        group.put(EPOCH, 1, epoch.to_string().as_bytes());
        self.engine.append(self.revision + 1, &group)?;
        self.revision += 1;
        Ok(())
    }

    /// Starts the writer. From now on the machines belong to that data directory.
    pub(crate) fn run(self, directory: Option<Uuid>) -> Result<(Store, Contents), StoreError> {
        let StoredMachines { mut engine, mut revision, directory: found, contents, .. } = self;
        if let Some(directory) = directory.filter(|directory| found != Some(*directory)) {
            let mut group = Group::new();
            group.put(DIRECTORY, 1, directory.to_string().as_bytes());
            revision += 1;
            engine.append(revision, &group)?;
        }
        let (jobs, inbox) = mpsc::channel();
        let tally = Arc::new(Tally::default());
        let writer = Writer { engine, revision, tally: Arc::clone(&tally) };
        let thread = std::thread::Builder::new().name("machines".into()).spawn(move || writer.run(&inbox))?;
        Ok((Store { jobs: Mutex::new(Some(jobs)), thread: Mutex::new(Some(thread)), tally }, contents))
    }
}

#[derive(Default)]
struct Parsed {
    machines: Vec<Arc<Machine>>,
    images: Vec<Image>,
    directory: Option<Uuid>,
    epoch: u64,
}

fn parse(chunk: &Chunk) -> Result<Parsed, StoreError> {
    let mut parsed = Parsed::default();
    for (id, body) in chunk.rows() {
        match &*chunk.table {
            MACHINES => {
                let machine = serde_json::from_slice(body).map_err(|cause| StoreError::Row { id, cause })?;
                // Boxed at once: a list of machines would be copied whenever it grows.
                parsed.machines.push(Arc::new(machine));
            }
            IMAGES => {
                let image = serde_json::from_slice(body).map_err(|cause| StoreError::ImageRow { id, cause })?;
                parsed.images.push(image);
            }
            DIRECTORY => parsed.directory = text(body),
            EPOCH => parsed.epoch = text(body).unwrap_or_default(),
            other => return Err(StoreError::Table { name: other.into() }),
        }
    }
    Ok(parsed)
}

/// What a row says that is a text.
pub(crate) fn text<T: FromStr>(body: &[u8]) -> Option<T> {
    std::str::from_utf8(body).ok()?.parse().ok()
}

impl Store {
    /// Does one piece of work.
    ///
    /// # Guarantees
    /// `Ok` means durable: its group was committed and synced.
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

    /// Why nothing is written now, and what ends that; none if it is.
    pub(crate) fn trouble(&self) -> Option<NotWritten> {
        self.tally.trouble.lock().clone()
    }

    /// The totals of what was written.
    pub(crate) fn written(&self) -> Written {
        Written {
            groups: self.tally.groups.load(Relaxed),
            rows: self.tally.rows.load(Relaxed),
            busy_us: self.tally.busy_us.load(Relaxed),
        }
    }

    /// Ends the writer after all work requested before. Blocks until the directory is closed.
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

struct Writer {
    engine: SqliteEngine,
    revision: u64,
    tally: Arc<Tally>,
}

impl Writer {
    fn run(mut self, inbox: &mpsc::Receiver<Job>) {
        let mut jobs = Vec::new();
        loop {
            let first = match inbox.try_recv() {
                Ok(job) => job,
                // A failure was logged by the engine.
                Err(TryRecvError::Empty) if self.engine.tidy().unwrap_or_default() => continue,
                Err(_) => match inbox.recv() {
                    Ok(job) => job,
                    Err(_) => return,
                },
            };
            let mut bytes = first.work.bytes();
            jobs.push(first);
            while jobs.len() < GROUP_MAX && bytes < GROUP_BYTES_MAX {
                let Ok(next) = inbox.try_recv() else { break };
                bytes += next.work.bytes();
                jobs.push(next);
            }
            self.write(&mut jobs);
        }
    }

    fn write(&mut self, jobs: &mut Vec<Job>) {
        let begun = Instant::now();
        let written = self.append(jobs).map_err(|error| NotWritten::from(error.to_string()));
        let mut read = written.clone().and_then(|()| self.read(jobs).map_err(|error| error.to_string().into()));
        self.tally.groups.fetch_add(1, Relaxed);
        self.tally.rows.fetch_add(jobs.len() as u64, Relaxed);
        self.tally.busy_us.fetch_add(u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX), Relaxed);
        for job in jobs.drain(..) {
            let answer = match (&mut read, &job.work) {
                (Ok(read), Work::PutAndRead(_) | Work::Read) => Ok(read.remove(&job.id)),
                (Err(error), Work::PutAndRead(_) | Work::Read) => Err(error.clone()),
                _ => written.clone().map(|()| None),
            };
            // The caller may have gone; the row is written all the same.
            let _ = job.answer.send(answer);
        }
    }

    /// One group for all; after an error nothing of it is stored.
    fn append(&mut self, jobs: &[Job]) -> Result<(), Error> {
        let mut group = Group::new();
        for Job { id, work, .. } in jobs {
            match work {
                Work::Put(body) | Work::PutAndRead(body) => group.put(MACHINES, *id, body),
                Work::Delete => group.delete(MACHINES, *id),
                Work::Nothing => group.delete(MACHINES, NO_MACHINE),
                Work::PutImage(body) => group.put(IMAGES, *id, body),
                Work::DeleteImage => group.delete(IMAGES, *id),
                Work::PutEpoch(epoch) => group.put(EPOCH, *id, epoch.to_string().as_bytes()),
                Work::Read => {}
            }
        }
        if !group.is_empty() {
            let appended = self.engine.append(self.revision + 1, &group);
            self.remember(&appended, group.rows());
            appended?;
            self.revision += 1;
        }
        Ok(())
    }

    /// Remembers a trouble that lasts: a full disk, a lock, or that nothing is written until the next start.
    fn remember(&self, appended: &Result<(), Error>, rows: usize) {
        let is_closed = self.engine.closed().is_some();
        let lasts = |error: &&Error| is_closed || matches!(error, Error::Full { .. } | Error::Locked { .. });
        let trouble = appended.as_ref().err().filter(lasts);
        let remembered = trouble.map(|error| error.to_string().into());
        let before = std::mem::replace(&mut *self.tally.trouble.lock(), remembered);
        match appended {
            // Once, not for each group while it lasts: the log may be on the same full disk.
            Err(_) if trouble.is_some() && before.is_some() => {}
            Err(error) => tracing::error!(%error, rows, "a group of the machines' rows was not written"),
            Ok(()) if before.is_some() => tracing::info!("machines can be changed again"),
            Ok(()) => {}
        }
    }

    /// What the database holds of the rows that are asked for.
    fn read(&mut self, jobs: &[Job]) -> Result<HashMap<u64, Vec<u8>>, Error> {
        let is_reader = |job: &&Job| matches!(job.work, Work::PutAndRead(_) | Work::Read);
        let ids: Vec<u64> = jobs.iter().filter(is_reader).map(|job| job.id).collect();
        if ids.is_empty() {
            return Ok(HashMap::new());
        }
        let bodies = self.engine.get_all(MACHINES, &ids)?;
        Ok(ids.into_iter().zip(bodies).filter_map(|(id, body)| Some((id, body?))).collect())
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_row_that_cannot_be_read_is_named() {
        let data = tempfile::tempdir().unwrap();
        let mut stored = StoredMachines::open(data.path()).unwrap();
        let mut group = Group::new();
        // More rows than the parsers take at once: the reader must not block for ever.
        (1..=100_000).for_each(|id| group.put(MACHINES, id, b"{}"));
        stored.engine.append(1, &group).unwrap();
        drop(stored);
        let error = StoredMachines::open(data.path()).unwrap_err().to_string();
        assert!(error.starts_with("machines: the row of machine ") && error.contains("missing field `id`"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn the_directory_and_its_files_belong_to_their_owner_alone() {
        use std::os::unix::fs::PermissionsExt;
        let data = tempfile::tempdir().unwrap();
        let _store = StoredMachines::open(data.path()).unwrap();
        let directory = data.path().join("machines");
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&directory), 0o700);
        for file in std::fs::read_dir(&directory).unwrap() {
            assert_eq!(mode(&file.unwrap().path()), 0o600);
        }
    }
}

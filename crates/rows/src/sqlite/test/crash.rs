//! The crash walk: at every step the directory is copied and opened again.

use super::super::steps::Step;
use super::{Options, SqliteEngine, append, copy, everything, group, options, place, rows_after};
use crate::Engine;
use parking_lot::Mutex;
use std::{
    collections::HashSet,
    ffi::OsString,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

struct Walk {
    directory: PathBuf,
    copies: PathBuf,
    acknowledged: AtomicU64,
    seen: Mutex<HashSet<Step>>,
    /// Files of snapshots whose content, and whose names, a cut of the power would leave.
    synced: Mutex<HashSet<OsString>>,
    named: Mutex<HashSet<OsString>>,
}

impl Walk {
    fn snapshots(&self) -> HashSet<OsString> {
        let files = std::fs::read_dir(&self.directory).unwrap().map(|entry| entry.unwrap().file_name());
        files.filter(|file| file.to_string_lossy().starts_with("snapshot-")).collect()
    }

    fn at(&self, step: Step) {
        self.seen.lock().insert(step);
        match step {
            Step::SnapshotBegun => {
                // It may have the name of one that was left unnamed.
                let begun = self.snapshots();
                self.synced.lock().retain(|file| !begun.contains(file) || self.named.lock().contains(file));
            }
            Step::SnapshotSynced => *self.synced.lock() = self.snapshots(),
            Step::DirectorySynced => *self.named.lock() = self.snapshots(),
            _ => {}
        }
        let to = self.copies.join("copy");
        copy(&self.directory, &to);
        for file in self.snapshots() {
            let copied = to.join(&file);
            if !self.named.lock().contains(&file) {
                std::fs::remove_file(copied).unwrap();
            } else if !self.synced.lock().contains(&file) {
                let length = std::fs::metadata(&copied).unwrap().len();
                std::fs::OpenOptions::new().write(true).open(copied).unwrap().set_len(length / 2).unwrap();
            }
        }
        self.verify(&to, step);
        std::fs::remove_dir_all(&to).unwrap();
        copy(&self.directory, &to);
        self.verify_without_log(&to, step);
        std::fs::remove_dir_all(to).unwrap();
    }

    /// Damage may swallow all of SQLite's own log: then the rows are as they were once, and as a whole.
    fn verify_without_log(&self, directory: &Path, step: Step) {
        let _ = std::fs::remove_file(directory.join("log.db-wal"));
        let acknowledged = self.acknowledged.load(Ordering::SeqCst);
        let place = format!("{step:?} with {acknowledged} acknowledged, without SQLite's log");
        let (revision, rows, _) = everything(directory).unwrap_or_else(|error| panic!("{place}: {error}"));
        assert!(revision <= acknowledged + 1, "{place}: {revision}");
        assert!(rows == rows_after(revision), "{place}: revision {revision}");
    }

    /// Everything acknowledged is there, nothing is there in part, and it goes on from there.
    fn verify(&self, directory: &Path, step: Step) {
        let acknowledged = self.acknowledged.load(Ordering::SeqCst);
        let place = format!("{step:?} with {acknowledged} acknowledged");
        assert_eq!(super::super::check(directory).unwrap(), [""; 0], "{place}");
        let (revision, rows, entries) = everything(directory).unwrap_or_else(|error| panic!("{place}: {error}"));
        assert!((acknowledged..=acknowledged + 1).contains(&revision), "{place}: {revision}");
        assert_eq!(rows, rows_after(revision), "{place}");
        let lines = entries.iter().filter(|entry| entry.starts_with("lines")).count();
        assert_eq!(lines as u64, (2 * revision).min(100), "{place}");
        let mut engine = SqliteEngine::open(directory, options()).unwrap();
        append(&mut engine, revision + 1..=revision + 1);
        engine.snapshot().unwrap();
        drop(engine);
        assert_eq!(super::super::check(directory).unwrap(), [""; 0], "{place}, later");
        assert_eq!(everything(directory).unwrap().1, rows_after(revision + 1), "{place}, later");
    }
}

#[test]
fn at_every_step_everything_acknowledged_is_there_and_nothing_half() {
    let place = place();
    let directory = place.path().join("rows");
    drop(SqliteEngine::open(&directory, options()).unwrap());
    let walk = Arc::new(Walk {
        directory: directory.clone(),
        copies: place.path().to_owned(),
        acknowledged: AtomicU64::new(0),
        seen: Mutex::default(),
        synced: Mutex::default(),
        named: Mutex::default(),
    });
    let walked = Arc::clone(&walk);
    let mut options = Options { run_bytes: 2_000, ..options() };
    options.steps.hook = Some(Arc::new(move |step| walked.at(step)));
    let mut engine = SqliteEngine::open(&directory, options.clone()).unwrap();
    engine.load(&mut |_| Ok(())).unwrap();
    for revision in 1..=54 {
        engine.append(revision, &group(revision)).unwrap();
        walk.acknowledged.store(revision, Ordering::SeqCst);
        if revision % 40 == 0 || revision == 50 {
            engine.snapshot().unwrap();
        }
        if revision == 45 {
            drop(engine);
            engine = SqliteEngine::open(&directory, options.clone()).unwrap();
        }
    }
    let all = [
        Step::Committing,
        Step::Committed,
        Step::SnapshotBegun,
        Step::SnapshotWritten,
        Step::SnapshotSynced,
        Step::DirectorySynced,
        Step::Naming,
        Step::Named,
        Step::Deleting,
        Step::Deleted,
        Step::WrittenBack,
        Step::OlderRemoved,
    ];
    let seen = walk.seen.lock();
    let unseen: Vec<_> = all.iter().filter(|step| !seen.contains(step)).collect();
    assert!(unseen.is_empty(), "{unseen:?}");
}

//! A store for tests: rows in memory, lost with the process.

use super::{Group, Journal, Row, Store, StoreError, Table, TakeRow};
use crate::{JournalFilter, JournalLine};
use cvmd_model::RequestId;
use parking_lot::Mutex;
use std::{
    collections::BTreeMap,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// Rows in memory. Clones share them, so that a test can read them, or make the store fail.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore {
    rows: Arc<Mutex<Rows>>,
    failing: Arc<AtomicBool>,
}

#[derive(Debug, Default)]
struct Rows {
    tables: BTreeMap<(Table, u64), Vec<u8>>,
    lines: Vec<JournalLine>,
    revision: u64,
}

impl MemoryStore {
    /// Makes every group fail from now on, or succeed again.
    pub fn fail(&self, failing: bool) {
        self.failing.store(failing, Ordering::SeqCst);
    }

    fn rows(&self) -> parking_lot::MutexGuard<'_, Rows> {
        self.rows.lock()
    }
}

impl Store for MemoryStore {
    fn load(&mut self, take: &mut TakeRow<'_>) -> Result<u64, StoreError> {
        let rows = self.rows();
        for ((table, sequence), body) in &rows.tables {
            take(*table, *sequence, body)?;
        }
        Ok(rows.revision)
    }

    fn persist(&mut self, group: &Group) -> Result<(), StoreError> {
        if self.failing.load(Ordering::SeqCst) {
            return Err(StoreError::Failed("made to fail".into()));
        }
        let mut rows = self.rows();
        for Row { table, sequence, body, .. } in &group.rows {
            match body {
                Some(body) => rows.tables.insert((*table, *sequence), body.clone()),
                None => rows.tables.remove(&(*table, *sequence)),
            };
        }
        rows.lines.extend_from_slice(&group.lines);
        rows.lines.extend_from_slice(&group.refused);
        rows.revision = group.revision;
        Ok(())
    }

    fn journal(&self) -> Arc<dyn Journal> {
        Arc::new(self.clone())
    }
}

impl Journal for MemoryStore {
    fn lines_of(&self, request: RequestId) -> Result<Vec<JournalLine>, StoreError> {
        let rows = self.rows();
        let lines = rows.lines.iter().filter(|line| line.request == request);
        Ok(lines.map(|line| JournalLine { replay: None, ..line.clone() }).collect())
    }

    fn last_lines(&self, filter: JournalFilter, lines_max: usize) -> Result<Vec<JournalLine>, StoreError> {
        let rows = self.rows();
        let mut fitting: Vec<_> = rows.lines.iter().filter(|line| filter.fits(line)).collect();
        fitting.sort_by_key(|line| (line.at_seconds, line.microseconds));
        let last = fitting.into_iter().rev().take(lines_max).rev();
        Ok(last.map(|line| JournalLine { replay: None, ..line.clone() }).collect())
    }

    fn replays_since(&self, at_seconds: u64) -> Result<Vec<Box<str>>, StoreError> {
        let rows = self.rows();
        let since = rows.lines.iter().filter(|line| line.at_seconds >= at_seconds);
        Ok(since.filter_map(|line| line.replay.clone()).collect())
    }
}

//! The store in a log: `cvmd-rows` holds the rows, and the journal in streams beside them.

use super::{
    Group, Journal, Retention, Store, StoreError, Table, TakeRow,
    streams::{JOURNAL, REFUSED, REPLAYS, options},
    takeover,
};
use crate::{JournalFilter, JournalLine};
use cvmd_model::RequestId;
use cvmd_rows::{Engine, Entry, Error, Found, Options, SqliteEngine, Streams, TakeEntry};
use std::{ops::ControlFlow, path::Path, sync::Arc};

/// Rows and journal in one directory.
#[derive(Debug)]
pub struct LogStore {
    engine: Box<dyn Engine>,
}

impl LogStore {
    /// Opens `state/` of a data directory, making it (for its owner only) if there is none. What an earlier version has
    /// left in `state.db` is taken over.
    ///
    /// # Errors
    /// [`StoreError::Open`] when it is another program's, a newer cvmd's, incomplete or damaged, or does not go with `state.db`.
    pub fn open(data: &Path) -> Result<LogStore, StoreError> {
        LogStore::keeping(data, Retention::default())
    }

    /// The same, with another size of the journal.
    ///
    /// # Errors
    /// As [`LogStore::open`].
    pub fn keeping(data: &Path, retention: Retention) -> Result<LogStore, StoreError> {
        LogStore::with(data, options(retention))
    }

    /// The same, with a snapshot as soon as the log has so many bytes, and as many as the last snapshot.
    ///
    /// # Errors
    /// As [`LogStore::open`].
    pub fn snapshotting(data: &Path, snapshot_min_bytes: u64) -> Result<LogStore, StoreError> {
        LogStore::with(data, options(Retention::default()).snapshotting(snapshot_min_bytes))
    }

    fn with(data: &Path, options: Options) -> Result<LogStore, StoreError> {
        let open = || {
            takeover::take_over(data, options.clone())?;
            SqliteEngine::open(&data.join("state"), options)
        };
        Ok(LogStore { engine: Box::new(open().map_err(|error| StoreError::Open(error.to_string()))?) })
    }
}

impl Store for LogStore {
    fn load(&mut self, take: &mut TakeRow<'_>) -> Result<u64, StoreError> {
        let loaded = self.engine.load(&mut |chunk| {
            let unknown = || StoreError::Failed(format!("the table {} is a newer cvmd's: use that one", chunk.table));
            let table = Table::named(&chunk.table).ok_or_else(unknown)?;
            chunk.rows().try_for_each(|(sequence, body)| take(table, sequence, body)).map_err(Into::into)
        });
        Ok(loaded?)
    }

    fn persist(&mut self, group: &Group) -> Result<(), StoreError> {
        let mut log = cvmd_rows::Group::new();
        for row in &group.rows {
            match &row.body {
                Some(body) => log.put(row.table.name(), row.sequence, body),
                None => log.delete(row.table.name(), row.sequence),
            }
        }
        for line in &group.lines {
            log.append(entry(JOURNAL, 0, line)?);
        }
        for line in &group.refused {
            log.append(entry(REFUSED, line.account.0.into(), line)?);
        }
        for line in group.lines.iter().chain(&group.refused) {
            if let Some(key) = &line.replay {
                let (time, body) = (line.at_seconds, key.as_bytes().to_vec());
                log.append(Entry { stream: REPLAYS.into(), part: 0, time, key: Vec::new(), body });
            }
        }
        Ok(self.engine.append(group.revision, &log)?)
    }

    fn tidy(&mut self) -> bool {
        // The engine has logged a failure.
        self.engine.tidy().unwrap_or_default()
    }

    fn log_bytes(&self) -> u64 {
        self.engine.log_bytes()
    }

    fn journal(&self) -> Arc<dyn Journal> {
        Arc::new(LogJournal(self.engine.streams()))
    }
}

/// The line without its replay key, which is in a stream of its own.
fn entry(stream: &'static str, part: u64, line: &JournalLine) -> Result<Entry, StoreError> {
    let body = match &line.replay {
        None => serde_json::to_vec(line),
        Some(_) => serde_json::to_vec(&JournalLine { replay: None, ..line.clone() }),
    };
    let body = body.map_err(|error| StoreError::Failed(error.to_string()))?;
    let time = line.at_seconds.saturating_mul(1_000_000).saturating_add(line.microseconds.into());
    Ok(Entry { stream: stream.into(), part, time, key: line.request.0.as_bytes().to_vec(), body })
}

#[derive(Debug)]
struct LogJournal(Arc<dyn Streams>);

impl LogJournal {
    /// The lines that `read` finds and `is_sought`, `lines_max` at most.
    fn lines(
        read: impl FnOnce(&mut TakeEntry<'_>) -> Result<(), Error>,
        is_sought: impl Fn(&[u8]) -> bool,
        filter: &JournalFilter,
        lines_max: usize,
    ) -> Result<Vec<JournalLine>, StoreError> {
        let (mut lines, mut unreadable) = (Vec::new(), None);
        let mut take = |found: Found<'_>| {
            if lines.len() == lines_max {
                return ControlFlow::Break(());
            }
            if !is_sought(found.body) {
                return ControlFlow::Continue(());
            }
            match serde_json::from_slice::<JournalLine>(found.body) {
                Ok(line) => lines.extend(Some(line).filter(|line| filter.fits(line))),
                Err(error) => {
                    unreadable = Some(format!("a line of the journal cannot be read: {error}"));
                    return ControlFlow::Break(());
                }
            }
            ControlFlow::Continue(())
        };
        read(&mut take)?;
        unreadable.map_or(Ok(lines), |cause| Err(StoreError::Failed(cause)))
    }

    /// The stream's newest lines that match. A line whose text rules out a match is not parsed.
    fn newest(&self, stream: &str, filter: &JournalFilter, lines_max: usize) -> Result<Vec<JournalLine>, StoreError> {
        let named = filter.instance.map(|instance| instance.to_string());
        let action = filter.action.map(|action| format!("\"action\":\"{action}\""));
        let sought = [named, action];
        let is_sought = |body: &[u8]| {
            let text = std::str::from_utf8(body).unwrap_or_default();
            sought.iter().flatten().all(|sought| text.contains(sought))
        };
        LogJournal::lines(|take| self.0.newest(stream, take), is_sought, filter, lines_max)
    }
}

fn time(line: &JournalLine) -> (u64, u32) {
    (line.at_seconds, line.microseconds)
}

impl Journal for LogJournal {
    fn lines_of(&self, request: RequestId) -> Result<Vec<JournalLine>, StoreError> {
        let mut lines = Vec::new();
        for stream in [REFUSED, JOURNAL] {
            let read = |take: &mut TakeEntry<'_>| self.0.with_key(stream, request.0.as_bytes(), take);
            lines.append(&mut LogJournal::lines(read, |_| true, &JournalFilter::default(), usize::MAX)?);
        }
        lines.sort_by_key(time);
        Ok(lines)
    }

    fn last_lines(&self, filter: JournalFilter, lines_max: usize) -> Result<Vec<JournalLine>, StoreError> {
        let mut lines = self.newest(JOURNAL, &filter, lines_max)?;
        lines.append(&mut self.newest(REFUSED, &filter, lines_max)?);
        // A stable sort, so that lines of earlier versions, which hold no microseconds, stay in their order.
        lines.sort_by_key(|line| std::cmp::Reverse(time(line)));
        lines.truncate(lines_max);
        lines.reverse();
        Ok(lines)
    }

    fn replays_since(&self, at_seconds: u64) -> Result<Vec<Box<str>>, StoreError> {
        let mut keys = Vec::new();
        let mut take = |found: Found<'_>| {
            keys.push(String::from_utf8_lossy(found.body).into());
            ControlFlow::Continue(())
        };
        self.0.since(REPLAYS, at_seconds, &mut take)?;
        Ok(keys)
    }
}

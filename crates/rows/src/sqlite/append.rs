//! One group becomes durable in one transaction: its row in the log, its entries in their streams.

use super::{
    checkpoint::Checkpoints,
    checksum,
    database::last_revision,
    entries::{Head, Table},
    known::{Heads, Known},
    steps::{Step, Steps},
    upkeep::Duty,
    words::{failed, name},
};
use crate::{
    Error, GROUP_BYTES_MAX, Group,
    stream::{Touched, by_part, delete_max},
};
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior, params};
use std::path::Path;

/// The one connection that writes.
#[derive(Debug)]
pub(super) struct Writer {
    // Invariant: dropped before the connection, which closes last and deletes SQLite's log.
    pub(super) checkpoints: Checkpoints,
    pub(super) connection: Connection,
    page_bytes: u32,
    steps: Steps,
}

/// What a transaction did.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) touched: Vec<Touched>,
    /// The same parts of streams as they are after it.
    pub(super) heads: Vec<Head>,
    /// Whether its duty is not done as a whole.
    pub(super) is_more_left: bool,
    /// Whether everything is in the database itself.
    pub(super) is_written_back: bool,
}

/// Why a transaction was not committed, or may not have been.
#[derive(Debug)]
pub(super) enum Failed {
    /// Another revision comes next: nothing was written.
    Next { given: u64, next: u64 },
    /// The disk is full: nothing was written.
    Full,
    /// Another program has the lock that a transaction begins with: nothing was written.
    Locked,
    /// What became of it is unknown.
    Unknown(rusqlite::Error),
}

impl From<rusqlite::Error> for Failed {
    fn from(error: rusqlite::Error) -> Failed {
        Failed::Unknown(error)
    }
}

/// Refuses what must not even be tried.
pub(super) fn admit(path: &Path, tables: &[Table], group: &Group) -> Result<(), Error> {
    let bytes = group.bytes();
    if bytes > GROUP_BYTES_MAX {
        return Err(Error::TooLarge { bytes, max: GROUP_BYTES_MAX });
    }
    for entry in group.entries() {
        let table = tables.iter().find(|table| table.spec.name == entry.stream);
        let no_stream = || Error::NoStream { file: name(path), stream: entry.stream.to_string() };
        table.ok_or_else(no_stream)?.spec.admit(entry, &name(path))?;
    }
    Ok(())
}

/// Pages that a transaction changes beside those that hold its bytes, and one more for each stream.
const PAGES_A_GROUP: u64 = 3;

impl Writer {
    pub(super) fn new(
        path: &Path,
        connection: Connection,
        checkpoint_bytes: u64,
        steps: Steps,
    ) -> Result<Writer, Error> {
        let page_bytes = connection.pragma_query_value(None, "page_size", |row| row.get(0));
        let page_bytes = page_bytes.map_err(|error| failed(path, &error))?;
        let checkpoints = Checkpoints::open(path, checkpoint_bytes, page_bytes)?;
        Ok(Writer { checkpoints, connection, page_bytes, steps })
    }

    /// Writes a group that was admitted, if there is one, and does a duty.
    pub(super) fn write(
        &mut self,
        tables: &[Table],
        known: &Known,
        group: Option<(u64, &Group)>,
        duty: Duty,
    ) -> Result<Written, Failed> {
        let mut written = match self.transact(tables, &known.heads, group, duty) {
            // SQLite writes the frame that commits last, so that a full disk has kept it from committing. Read back all
            // the same.
            Err(Failed::Unknown(error)) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => {
                let is_as_before =
                    self.connection.is_autocommit() && last_revision(&self.connection)? == known.revision;
                return Err(if is_as_before { Failed::Full } else { Failed::Unknown(error) });
            }
            outcome => outcome?,
        };
        duty.committed(&self.steps);
        let bytes = group.map_or(0, |(_, group)| group.bytes() as u64);
        let pages = PAGES_A_GROUP + written.touched.len() as u64;
        let bytes = bytes + pages * u64::from(self.page_bytes);
        written.is_written_back = self.checkpoints.committed(bytes, &self.connection, self.page_bytes);
        Ok(written)
    }

    /// Writes SQLite's own log back; returns whether everything is in the database itself.
    pub(super) fn write_back(&self) -> bool {
        self.checkpoints.pass(&self.connection, self.page_bytes)
    }

    fn transact(
        &mut self,
        tables: &[Table],
        heads: &Heads,
        group: Option<(u64, &Group)>,
        duty: Duty,
    ) -> Result<Written, Failed> {
        let is_locked = |error: &rusqlite::Error| error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy);
        let transaction = match self.connection.transaction_with_behavior(TransactionBehavior::Immediate) {
            Err(error) if is_locked(&error) => return Err(Failed::Locked),
            begun => begun?,
        };
        let mut written = Written::default();
        if let Some((revision, group)) = group {
            let next = last_revision(&transaction)? + 1;
            if revision != next {
                return Err(Failed::Next { given: revision, next });
            }
            append_entries(&transaction, tables, heads, revision, group, &mut written)?;
            let mut touched = Vec::new();
            written.touched.iter().for_each(|part| part.encode(&mut touched));
            let crc = checksum::of_group(revision, &touched, group.body());
            transaction
                .prepare_cached("INSERT INTO log (revision, crc, touched, body) VALUES (?1, ?2, ?3, ?4)")?
                .execute(params![revision.cast_signed(), crc, touched, group.body()])?;
        }
        written.is_more_left = duty.perform(&transaction, &self.steps)?;
        self.steps.at(Step::Committing);
        transaction.commit()?;
        self.steps.at(Step::Committed);
        Ok(written)
    }
}

fn append_entries(
    transaction: &Transaction<'_>,
    tables: &[Table],
    heads: &Heads,
    revision: u64,
    group: &Group,
    written: &mut Written,
) -> rusqlite::Result<()> {
    for (stream, number, entries) in by_part(group.entries()) {
        let Some(table) = tables.iter().find(|table| table.spec.name == stream) else { continue };
        let mut head = heads.get(stream).and_then(|parts| parts.get(&number)).copied().unwrap_or_default();
        table.append(transaction, revision, number, &entries, &mut head)?;
        let appended = entries.len() as u64;
        let newest_time = entries.iter().map(|entry| entry.time).max().unwrap_or_default();
        table.trim(transaction, number, newest_time, delete_max(appended), &mut head)?;
        written.touched.push(Touched { stream: stream.to_owned(), number, appended, part: head.part });
        written.heads.push(head);
    }
    Ok(())
}

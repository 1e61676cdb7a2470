//! One group becomes durable in one transaction: its row in the log, its entries in their streams.

use super::{
    checksum,
    database::last_revision,
    entries::{Head, Table},
    known::Heads,
    words::name,
};
use crate::{
    Error, GROUP_BYTES_MAX, Group,
    stream::{Touched, by_part, delete_max},
};
use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior, params};
use std::path::Path;

#[derive(Debug)]
pub(super) struct Writer {
    pub(super) connection: Connection,
}

/// What a group did to streams, and how their parts are after it, in the same order.
#[derive(Debug, Default)]
pub(super) struct Written {
    pub(super) touched: Vec<Touched>,
    pub(super) heads: Vec<Head>,
}

/// Why a group was not written, or may not have been.
#[derive(Debug)]
pub(super) enum Failed {
    /// Another revision comes next: nothing was written.
    Next(u64),
    /// The disk is full: nothing was written.
    Full,
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

impl Writer {
    /// Writes a group that was admitted.
    pub(super) fn write(
        &mut self,
        tables: &[Table],
        heads: &Heads,
        revision: u64,
        group: &Group,
    ) -> Result<Written, Failed> {
        let last = revision.wrapping_sub(1);
        match self.transact(tables, heads, revision, group) {
            // SQLite writes the frame that commits last, so that a full disk has kept it from committing. Read back all
            // the same.
            Err(Failed::Unknown(error)) if error.sqlite_error_code() == Some(ErrorCode::DiskFull) => {
                let is_as_before = self.connection.is_autocommit() && last_revision(&self.connection)? == last;
                Err(if is_as_before { Failed::Full } else { Failed::Unknown(error) })
            }
            outcome => outcome,
        }
    }

    fn transact(&mut self, tables: &[Table], heads: &Heads, revision: u64, group: &Group) -> Result<Written, Failed> {
        let transaction = self.connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let next = last_revision(&transaction)? + 1;
        if revision != next {
            return Err(Failed::Next(next));
        }
        let written = append_entries(&transaction, tables, heads, revision, group)?;
        let mut touched = Vec::new();
        written.touched.iter().for_each(|part| part.encode(&mut touched));
        let crc = checksum::of_group(revision, &touched, group.body());
        transaction
            .prepare_cached("INSERT INTO log (revision, crc, touched, body) VALUES (?1, ?2, ?3, ?4)")?
            .execute(params![revision.cast_signed(), crc, touched, group.body()])?;
        transaction.commit()?;
        Ok(written)
    }
}

fn append_entries(
    transaction: &Transaction<'_>,
    tables: &[Table],
    heads: &Heads,
    revision: u64,
    group: &Group,
) -> rusqlite::Result<Written> {
    let mut written = Written::default();
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
    Ok(written)
}

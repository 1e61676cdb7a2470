//! Reads the log backwards, then the snapshot behind it: so each row is met first with its newest content.

use super::{
    checksum,
    database::{last_revision, named},
    entries::{Head, Table, ends},
    known::{Heads, Known},
    words::{damaged, failed},
};
use crate::{Chunk, Error, Take, group::Changes, stream::Touched};
use rusqlite::{Connection, Row};
use std::{collections::HashMap, path::Path, sync::Arc};

/// Passes each row once, and returns what is known of them.
pub(super) fn load(path: &Path, reader: &Connection, tables: &[Table], take: &mut Take<'_>) -> Result<Known, Error> {
    let failed = |error: rusqlite::Error| failed(path, &error);
    let transaction = reader.unchecked_transaction().map_err(failed)?;
    let named = named(&transaction).map_err(failed)?;
    let covered = named.map_or(0, |named| named.revision);
    let revision = last_revision(&transaction).map_err(failed)?;
    let mut known = Known { revision, ..Known::default() };
    let mut gathered = Gathered::new(take);
    let mut expected = revision;
    let mut statement = transaction
        .prepare("SELECT revision, crc, touched, body FROM log WHERE revision > ?1 ORDER BY revision DESC")
        .map_err(failed)?;
    let mut rows = statement.query([covered.cast_signed()]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let group = group(path, row)?;
        if group.revision != expected {
            return Err(damaged(path, &format!("group {expected}"), "it is missing"));
        }
        expected -= 1;
        known.take(path, &group, &mut gathered)?;
    }
    if expected != covered {
        return Err(damaged(path, &format!("group {expected}"), "it is missing"));
    }
    gathered.finish()?;
    check_ends(path, &transaction, tables, &known.heads)?;
    Ok(known)
}

/// A row of the log.
pub(super) struct LogRow<'a> {
    pub(super) revision: u64,
    pub(super) touched: Vec<Touched>,
    pub(super) body: &'a [u8],
}

/// A row of the log, checked.
pub(super) fn group<'a>(path: &Path, row: &'a Row<'_>) -> Result<LogRow<'a>, Error> {
    let revision: i64 = row.get(0).map_err(|error| failed(path, &error))?;
    let revision = revision.cast_unsigned();
    let wrong = |cause: &str| damaged(path, &format!("group {revision}"), cause);
    let bytes = |column| row.get_ref(column).and_then(|value| Ok(value.as_blob()?)).ok();
    let crc: Option<u32> = row.get(1).ok();
    let (Some(crc), Some(touched), Some(body)) = (crc, bytes(2), bytes(3)) else {
        return Err(wrong("a column is not what it was made as"));
    };
    if crc != checksum::of_group(revision, touched, body) {
        return Err(wrong("it does not agree with its checksum"));
    }
    let touched = Touched::decode_all(touched).ok_or_else(|| wrong("its streams are malformed"))?;
    Ok(LogRow { revision, touched, body })
}

impl Known {
    /// Takes what an older group has that no later one had.
    fn take(&mut self, path: &Path, group: &LogRow<'_>, gathered: &mut Gathered<'_, '_>) -> Result<(), Error> {
        self.log_bytes += group.body.len() as u64;
        for Touched { stream, number, part, .. } in &group.touched {
            let parts = self.heads.entry(stream.clone()).or_default();
            parts.entry(*number).or_insert(Head { part: *part, first_time: None });
        }
        let changes: Result<Vec<_>, _> = Changes::of(group.body).collect();
        let malformed =
            |cause: crate::group::Malformed| damaged(path, &format!("group {}", group.revision), &cause.to_string());
        for change in changes.map_err(malformed)?.into_iter().rev() {
            if self.index.find(change.table, change.sequence).is_some() {
                continue;
            }
            self.index.note(change.table, change.sequence, group.revision);
            if let Some(body) = change.body {
                gathered.push(change.table, change.sequence, body)?;
            }
        }
        Ok(())
    }
}

/// Rows on their way to the caller, gathered by table.
pub(super) struct Gathered<'a, 'b> {
    take: &'a mut Take<'b>,
    chunks: HashMap<Arc<str>, Chunk>,
}

impl<'a, 'b> Gathered<'a, 'b> {
    fn new(take: &'a mut Take<'b>) -> Gathered<'a, 'b> {
        Gathered { take, chunks: HashMap::new() }
    }

    fn push(&mut self, table: &str, sequence: u64, body: &[u8]) -> Result<(), Error> {
        if !self.chunks.contains_key(table) {
            let table: Arc<str> = table.into();
            self.chunks.insert(Arc::clone(&table), Chunk::new(table));
        }
        let Some(chunk) = self.chunks.get_mut(table) else { return Ok(()) };
        chunk.push(sequence, body);
        if chunk.is_full() {
            let next = Chunk::new(Arc::clone(&chunk.table));
            (self.take)(std::mem::replace(chunk, next)).map_err(Error::Taking)?;
        }
        Ok(())
    }

    fn finish(self) -> Result<(), Error> {
        let mut rest = self.chunks.into_values().filter(|chunk| !chunk.is_empty());
        rest.try_for_each(self.take).map_err(Error::Taking)
    }
}

/// Whether the streams end where the log and the snapshot say.
fn check_ends(path: &Path, connection: &Connection, tables: &[Table], heads: &Heads) -> Result<(), Error> {
    for table in tables {
        let stream = table.spec.name;
        for (number, head) in heads.get(stream).into_iter().flatten() {
            let ends = ends(connection, stream, *number).map_err(|error| failed(path, &error))?;
            let expected = (head.part.first, head.part.last);
            if ends != Some(expected) {
                let (first, last) = expected;
                let place = format!("stream {stream}, part {number}");
                return Err(damaged(path, &place, &format!("its entries are not those from {first} to {last}")));
            }
        }
    }
    Ok(())
}

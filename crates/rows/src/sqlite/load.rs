//! Reads the log backwards, then the snapshot behind it: so each row is met first with its newest content.

use super::{
    database::{file, integrity_of_log, last_revision, named},
    entries::{Head, Table, ends},
    index::Index,
    known::{Heads, Known},
    log::{LogRow, group},
    snapshot::Snapshot,
    words::{damaged, failed},
};
use crate::{Chunk, Error, Take, group::Changes, stream::Touched};
use rusqlite::{Connection, Transaction};
use std::{collections::HashMap, path::Path, sync::Arc};

/// How often a snapshot is looked for anew that another program deleted because it has named a newer one.
const ATTEMPTS: u32 = 5;

/// Passes each row once, and returns what is known of them, with the snapshot.
pub(super) fn load(
    directory: &Path,
    reader: &Connection,
    tables: &[Table],
    take: &mut Take<'_>,
) -> Result<(Known, Option<Snapshot>), Error> {
    let (moment, snapshot) = moment(directory, reader)?;
    let known = load_both(&file(directory), &moment, snapshot.as_ref(), tables, take)?;
    Ok((known, snapshot))
}

/// One moment of the log, and the snapshot that it names.
pub(super) fn moment<'a>(
    directory: &Path,
    reader: &'a Connection,
) -> Result<(Transaction<'a>, Option<Snapshot>), Error> {
    let path = &file(directory);
    let failed = |error: rusqlite::Error| failed(path, &error);
    let mut attempts = 0;
    loop {
        let transaction = reader.unchecked_transaction().map_err(failed)?;
        if let Some(wrong) = integrity_of_log(&transaction).map_err(failed)?.first() {
            return Err(damaged(path, "in its pages", wrong));
        }
        let named = named(&transaction).map_err(failed)?;
        match named.map(|named| Snapshot::open(directory, named)).transpose() {
            Err(Error::Incomplete { .. }) if attempts < ATTEMPTS => attempts += 1,
            snapshot => return Ok((transaction, snapshot?)),
        }
    }
}

fn load_both(
    path: &Path,
    reader: &Connection,
    snapshot: Option<&Snapshot>,
    tables: &[Table],
    take: &mut Take<'_>,
) -> Result<Known, Error> {
    let failed = |error: rusqlite::Error| failed(path, &error);
    let covered = snapshot.map_or(0, |snapshot| snapshot.named().revision);
    let revision = last_revision(reader).map_err(failed)?;
    let mut known = Known { revision, ..Known::default() };
    let mut index = Index::default();
    let mut gathered = Gathered::new(take);
    let mut expected = revision;
    let mut statement = reader
        .prepare("SELECT revision, crc, touched, body FROM log WHERE revision > ?1 ORDER BY revision DESC")
        .map_err(failed)?;
    let mut rows = statement.query([covered.cast_signed()]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let group = group(path, row)?;
        if group.revision != expected {
            break;
        }
        expected -= 1;
        known.take(path, &group, &mut index, &mut gathered)?;
    }
    if expected != covered {
        return Err(damaged(path, &format!("group {expected}"), "it is missing"));
    }
    if let Some(snapshot) = snapshot {
        let mut take = |table: &str, sequence, body: &[u8]| match index.find(table, sequence) {
            Some(_) => Ok(()),
            None => gathered.push(table, sequence, body),
        };
        let parts = snapshot.read(&mut take, &mut Err)?;
        for ((stream, number), part) in parts {
            known.heads.entry(stream).or_default().entry(number).or_insert(Head { part, first_time: None });
        }
    }
    gathered.finish()?;
    check_ends(path, reader, tables, &known.heads)?;
    known.index = Some(index);
    Ok(known)
}

impl Known {
    /// Takes what an older group has that no later one had.
    fn take(
        &mut self,
        path: &Path,
        group: &LogRow<'_>,
        index: &mut Index,
        gathered: &mut Gathered<'_, '_>,
    ) -> Result<(), Error> {
        self.log_bytes += group.body.len() as u64;
        for Touched { stream, number, part, .. } in &group.touched {
            let parts = self.heads.entry(stream.clone()).or_default();
            parts.entry(*number).or_insert(Head { part: *part, first_time: None });
        }
        let changes: Result<Vec<_>, _> = Changes::of(group.body).collect();
        let malformed =
            |cause: crate::group::Malformed| damaged(path, &format!("group {}", group.revision), &cause.to_string());
        for change in changes.map_err(malformed)?.into_iter().rev() {
            if index.find(change.table, change.sequence).is_some() {
                continue;
            }
            index.note(change.table, change.sequence, group.revision);
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
    chunks: HashMap<Arc<str>, Chunk, foldhash::fast::FixedState>,
}

impl<'a, 'b> Gathered<'a, 'b> {
    fn new(take: &'a mut Take<'b>) -> Gathered<'a, 'b> {
        Gathered { take, chunks: HashMap::default() }
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

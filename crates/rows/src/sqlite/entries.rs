//! Writes and reads one stream's table.

use super::checksum::of_entry;
use crate::{Entry, Found, StreamSpec, stream::Part};
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::ops::ControlFlow;

/// Columns as [`found`] reads them.
const COLUMNS: &str = "part, sequence, revision, time, crc, key, body";

/// One stream's table, with the statements that each group needs.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) spec: StreamSpec,
    insert: String,
    oldest: String,
    delete: String,
}

/// A part, and the time of its oldest entry where that is known.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Head {
    pub(super) part: Part,
    pub(super) first_time: Option<u64>,
}

impl Table {
    pub(super) fn new(spec: StreamSpec) -> Table {
        let name = format!("stream_{}", spec.name);
        Table {
            insert: format!("INSERT INTO {name} ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"),
            oldest: format!(
                "SELECT sequence, time, length(key) + length(body) FROM {name} WHERE part = ?1 AND sequence >= ?2 ORDER BY sequence LIMIT ?3"
            ),
            delete: format!("DELETE FROM {name} WHERE part = ?1 AND sequence >= ?2 AND sequence < ?3"),
            spec,
        }
    }

    /// Appends entries to a part.
    pub(super) fn append(
        &self,
        connection: &Connection,
        revision: u64,
        number: u64,
        entries: &[&Entry],
        head: &mut Head,
    ) -> rusqlite::Result<()> {
        let mut insert = connection.prepare_cached(&self.insert)?;
        for entry in entries {
            let sequence = head.part.last + 1;
            let crc = of_entry(self.spec.name, [number, sequence, revision, entry.time], &entry.key, &entry.body);
            insert.execute(params![
                number.cast_signed(),
                sequence.cast_signed(),
                revision.cast_signed(),
                entry.time.cast_signed(),
                crc,
                entry.key,
                entry.body
            ])?;
            head.part.last = sequence;
            head.part.bytes += entry.bytes() as u64;
        }
        Ok(())
    }

    /// Deletes the oldest entries of a part that are too many or too old, at most so many.
    pub(super) fn trim(
        &self,
        connection: &Connection,
        number: u64,
        newest_time: u64,
        entries_max: u64,
        head: &mut Head,
    ) -> rusqlite::Result<()> {
        let keep = self.spec.keep;
        if head.first_time.is_some_and(|time| !keep.is_over(&head.part, time, newest_time)) {
            return Ok(());
        }
        let first = head.part.first;
        let mut oldest = connection.prepare_cached(&self.oldest)?;
        // One more than may go, whose time is remembered.
        let limit = entries_max.cast_signed().saturating_add(1);
        let mut rows = oldest.query(params![number.cast_signed(), first.cast_signed(), limit])?;
        head.first_time = None;
        while let Some(row) = rows.next()? {
            let [sequence, time, bytes] = numbers(row)?;
            if sequence != head.part.first {
                return Err(rusqlite::Error::IntegralValueOutOfRange(0, sequence.cast_signed()));
            }
            let is_over = keep.is_over(&head.part, time, newest_time);
            if !is_over || head.part.first - first == entries_max {
                head.first_time = Some(time);
                break;
            }
            head.part.first += 1;
            head.part.bytes = head.part.bytes.saturating_sub(bytes);
        }
        if head.part.first > first {
            let [number, first, next] = [number, first, head.part.first].map(u64::cast_signed);
            connection.prepare_cached(&self.delete)?.execute([number, first, next])?;
        }
        Ok(())
    }
}

fn numbers<const N: usize>(row: &Row<'_>) -> rusqlite::Result<[u64; N]> {
    let mut numbers = [0; N];
    for (column, number) in numbers.iter_mut().enumerate() {
        *number = row.get::<_, i64>(column)?.cast_unsigned();
    }
    Ok(numbers)
}

/// The first and the last sequence of a part that are in the table.
pub(super) fn ends(connection: &Connection, stream: &str, number: u64) -> rusqlite::Result<Option<(u64, u64)>> {
    let end = |order| {
        let query = format!("SELECT sequence FROM stream_{stream} WHERE part = ?1 ORDER BY sequence {order} LIMIT 1");
        connection.query_row(&query, [number.cast_signed()], |row| row.get::<_, i64>(0)).optional()
    };
    Ok(end("ASC")?.zip(end("DESC")?).map(|(first, last)| (first.cast_unsigned(), last.cast_unsigned())))
}

/// Why a query ended before its end.
#[derive(Debug)]
pub(super) enum Stopped {
    Failed(rusqlite::Error),
    Damaged(Wrong),
}

/// The entry with this part and sequence does not agree with its checksum.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wrong {
    pub(super) part: u64,
    pub(super) sequence: u64,
}

impl From<rusqlite::Error> for Stopped {
    fn from(error: rusqlite::Error) -> Stopped {
        Stopped::Failed(error)
    }
}

/// Passes what a query finds in a stream's table to `take`.
///
/// `rest` follows the table's name.
pub(super) fn query(
    connection: &Connection,
    stream: &str,
    rest: &str,
    params: impl rusqlite::Params,
    take: &mut crate::TakeEntry<'_>,
) -> Result<(), Stopped> {
    let mut wrong = None;
    each(connection, stream, rest, params, &mut |found| match found {
        Ok(found) => take(found),
        Err(which) => {
            wrong = Some(which);
            ControlFlow::Break(())
        }
    })?;
    wrong.map_or(Ok(()), |wrong| Err(Stopped::Damaged(wrong)))
}

/// The same, with entries that do not agree with their checksums.
pub(super) fn each(
    connection: &Connection,
    stream: &str,
    rest: &str,
    params: impl rusqlite::Params,
    take: &mut dyn FnMut(Result<Found<'_>, Wrong>) -> ControlFlow<()>,
) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM stream_{stream} {rest}"))?;
    let mut rows = statement.query(params)?;
    while let Some(row) = rows.next()? {
        if take(found(stream, row)) == ControlFlow::Break(()) {
            break;
        }
    }
    Ok(())
}

/// An entry, checked.
fn found<'a>(stream: &str, row: &'a Row<'_>) -> Result<Found<'a>, Wrong> {
    let number = |column| row.get::<_, i64>(column).unwrap_or_default().cast_unsigned();
    let [part, sequence, revision, time] = [0, 1, 2, 3].map(number);
    let bytes = |column| row.get_ref(column).and_then(|value| Ok(value.as_blob()?)).ok();
    let crc: Option<u32> = row.get(4).ok();
    let wrong = Wrong { part, sequence };
    let (key, body) = (bytes(5).ok_or(wrong)?, bytes(6).ok_or(wrong)?);
    if crc != Some(of_entry(stream, [part, sequence, revision, time], key, body)) {
        return Err(wrong);
    }
    Ok(Found { part, sequence, revision, time, key, body })
}

//! Reads one row, or groups one by one.

use super::{
    entries::{Stopped, Wrong, query},
    known::Heads,
    log::{LogRow, group},
    words::{damaged, failed},
};
use crate::{Entry, Error, Found, Group, TakeGroup, group::Changes, name::row_name, stream::Touched};
use rusqlite::{Connection, params};
use std::{collections::HashMap, ops::ControlFlow, path::Path};

/// Groups that are read in one transaction: short ones let the database's log begin anew.
const GROUPS_AT_ONCE: u64 = 16;

/// The content of rows as the group of this revision left it; `None` where the group deleted one.
pub(super) fn rows_in_group(
    path: &Path,
    connection: &Connection,
    revision: u64,
    table: &str,
    wanted: &[u64],
    found: &mut HashMap<u64, Option<Vec<u8>>>,
) -> Result<(), Error> {
    let failed = |error: rusqlite::Error| failed(path, &error);
    let wrong = |cause: &str| damaged(path, &format!("group {revision}"), cause);
    let query = "SELECT revision, crc, touched, body FROM log WHERE revision = ?1";
    let mut statement = connection.prepare_cached(query).map_err(failed)?;
    let mut rows = statement.query([revision.cast_signed()]).map_err(failed)?;
    let row = rows.next().map_err(failed)?.ok_or_else(|| wrong("it is missing"))?;
    let mut newest: HashMap<u64, Option<&[u8]>> = HashMap::new();
    let group = group(path, row)?;
    for change in Changes::of(group.body) {
        let change = change.map_err(|error| wrong(&error.to_string()))?;
        if change.table == table {
            newest.insert(change.sequence, change.body);
        }
    }
    for sequence in wanted {
        let body =
            newest.get(sequence).ok_or_else(|| wrong(&format!("it has no row {} of {table}", row_name(*sequence))))?;
        found.insert(*sequence, body.map(<[u8]>::to_vec));
    }
    Ok(())
}

/// The same without knowing the group: reads the log backwards, as far as the snapshot. `None` when no group has the row.
pub(super) fn row_in_log(
    path: &Path,
    connection: &Connection,
    covered: u64,
    table: &str,
    sequence: u64,
) -> Result<Option<Option<Vec<u8>>>, Error> {
    let failed = |error: rusqlite::Error| failed(path, &error);
    let query = "SELECT revision, crc, touched, body FROM log WHERE revision > ?1 ORDER BY revision DESC";
    let mut statement = connection.prepare_cached(query).map_err(failed)?;
    let mut rows = statement.query([covered.cast_signed()]).map_err(failed)?;
    while let Some(row) = rows.next().map_err(failed)? {
        let newest = newest_in(path, &group(path, row)?, table, sequence)?;
        if newest.is_some() {
            return Ok(newest);
        }
    }
    Ok(None)
}

/// What a group left of a row: `None` when it has not touched it, `Some(None)` when it has deleted it.
fn newest_in(path: &Path, group: &LogRow<'_>, table: &str, sequence: u64) -> Result<Option<Option<Vec<u8>>>, Error> {
    let mut newest = None;
    for change in Changes::of(group.body) {
        let change = change.map_err(|error| damaged(path, &format!("group {}", group.revision), &error.to_string()))?;
        if change.table == table && change.sequence == sequence {
            newest = Some(change.body.map(<[u8]>::to_vec));
        }
    }
    Ok(newest)
}

/// Passes groups from a revision on to `take`, in order.
pub(super) fn groups(
    path: &Path,
    connection: &Connection,
    heads: &Heads,
    mut from: u64,
    take: &mut TakeGroup<'_>,
) -> Result<(), Error> {
    loop {
        let groups = some_groups(path, connection, heads, from)?;
        let count = groups.len() as u64;
        for (revision, group) in groups {
            if take(revision, group) == ControlFlow::Break(()) {
                return Ok(());
            }
            from = revision + 1;
        }
        if count < GROUPS_AT_ONCE {
            return Ok(());
        }
    }
}

fn some_groups(path: &Path, connection: &Connection, heads: &Heads, from: u64) -> Result<Vec<(u64, Group)>, Error> {
    let failed = |error: rusqlite::Error| failed(path, &error);
    let mut statement = connection
        .prepare_cached("SELECT revision, crc, touched, body FROM log WHERE revision >= ?1 ORDER BY revision LIMIT ?2")
        .map_err(failed)?;
    let mut rows = statement.query(params![from.cast_signed(), GROUPS_AT_ONCE.cast_signed()]).map_err(failed)?;
    let mut groups = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let LogRow { revision, touched, body } = group(path, row)?;
        if revision != from + groups.len() as u64 {
            return Err(damaged(path, &format!("group {}", from + groups.len() as u64), "it is missing"));
        }
        let mut entries = Vec::new();
        for touched in touched {
            let first = heads.get(&touched.stream).and_then(|parts| parts.get(&touched.number));
            let first = first.map_or(touched.part.first, |head| head.part.first);
            entries_of(path, connection, revision, &touched, first, &mut entries)?;
        }
        let group = Group::decode(body.to_vec(), entries)
            .map_err(|error| damaged(path, &format!("group {revision}"), &error.to_string()))?;
        groups.push((revision, group));
    }
    Ok(groups)
}

/// The entries that a group appended to a part, which now begins at `first`.
fn entries_of(
    path: &Path,
    connection: &Connection,
    revision: u64,
    touched: &Touched,
    first: u64,
    entries: &mut Vec<Entry>,
) -> Result<(), Error> {
    let Touched { stream, number, .. } = touched;
    let range = touched.appended_from(first);
    let mut expected = *range.start();
    let mut take = |found: Found<'_>| {
        if found.sequence != expected || found.revision != revision {
            return ControlFlow::Break(());
        }
        expected += 1;
        entries.push(Entry {
            stream: stream.clone().into(),
            part: found.part,
            time: found.time,
            key: found.key.to_vec(),
            body: found.body.to_vec(),
        });
        ControlFlow::Continue(())
    };
    let sequences = params![number.cast_signed(), range.start().cast_signed(), range.end().cast_signed()];
    query(connection, stream, "WHERE part = ?1 AND sequence BETWEEN ?2 AND ?3 ORDER BY sequence", sequences, &mut take)
        .map_err(|stopped| stopped_error(path, stream, stopped))?;
    if expected <= *range.end() {
        let place = format!("stream {stream}, part {number}, entry {expected}");
        return Err(damaged(path, &place, &format!("it is not as group {revision} wrote it")));
    }
    Ok(())
}

/// Why a stream could not be read.
pub(super) fn stopped_error(path: &Path, stream: &str, stopped: Stopped) -> Error {
    match stopped {
        Stopped::Failed(error) => failed(path, &error),
        Stopped::Damaged(Wrong { part, sequence }) => {
            let place = format!("stream {stream}, part {part}, entry {sequence}");
            damaged(path, &place, "it does not agree with its checksum")
        }
    }
}

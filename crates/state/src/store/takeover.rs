//! Takes the state of an earlier version over, once: from `state.db`, which had a table for each kind of row.
//!
//! The file stays, marked with a schema that no earlier version opens, until the operator deletes it.

use super::{
    Retention, StoreError, Table,
    streams::{JOURNAL, REFUSED, REPLAYS, options},
};
use cvmd_rows::{Engine, Entry, Group, SqliteEngine, make_whole};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row};
use std::path::Path;

/// The `PRAGMA user_version` of a file that was taken over. Versions that used it wrote 1 to 4.
const MOVED: i64 = 5;
/// The first schema that is read as it is; older ones are brought to it first.
const FIRST_LIKE_THIS: i64 = 3;
/// Bytes of rows and entries that are taken over in one group.
const GROUP_BYTES: usize = 1 << 20;

/// Before schema 3 the bytes of lines were not counted, and replay keys were in the lines. A launch template's row held its
/// versions, which get new numbers in their order, because nothing else uses the sequence of a version.
const FROM_SCHEMA_2: &str = "
    CREATE TABLE replays (number INTEGER PRIMARY KEY, at_seconds INTEGER NOT NULL, key TEXT NOT NULL);
    INSERT INTO replays (at_seconds, key)
        SELECT body ->> '$.at_seconds', body ->> '$.replay'
        FROM (SELECT line, body FROM journal ORDER BY line DESC LIMIT 200000) WHERE body ->> '$.replay' IS NOT NULL ORDER BY line;
    CREATE TABLE IF NOT EXISTS launch_templates (sequence INTEGER PRIMARY KEY, id TEXT NOT NULL, schema INTEGER NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL);
    CREATE TABLE launch_template_versions (sequence INTEGER PRIMARY KEY, id TEXT NOT NULL, schema INTEGER NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL);
    INSERT INTO launch_template_versions (sequence, id, schema, revision, body)
        SELECT sequence, id || '/' || number, schema, revision, json_object(
            'template', id, 'number', number, 'sequence', sequence,
            'account', template -> '$.account', 'region', template -> '$.region', 'data', json_remove(version, '$.number')
        )
        FROM (
            SELECT row_number() OVER (ORDER BY old.sequence, inner.key) AS sequence, old.id, old.schema, old.revision,
                old.body AS template, inner.value AS version, inner.value ->> '$.number' AS number
            FROM launch_templates AS old, json_each(old.body, '$.versions') AS inner
        );
    UPDATE launch_templates SET body = json_set(body, '$.versions', json(
        (SELECT json_group_array(value ->> '$.number') FROM json_each(body, '$.versions'))
    ));
";

/// Makes the directory of the file, if only the latter is there. It is there as a whole or not at all.
///
/// # Errors
/// When the file cannot be read, is a newer version's, or both are there and the file was used since.
pub(super) fn take_over(file: &Path, directory: &Path, retention: Retention) -> Result<(), StoreError> {
    let open = |cause: String| StoreError::Open(format!("{}: {cause}", file.display()));
    if !file.try_exists().map_err(|error| open(error.to_string()))? {
        return Ok(());
    }
    let is_there = directory.try_exists().map_err(|error| open(error.to_string()))?;
    let failed = |error: rusqlite::Error| open(cvmd_rows::in_words(&error));
    // Not read-only: what a killed server left in its log must be recovered before anything can be read.
    let mut old = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(failed)?;
    let found: i64 = old.pragma_query_value(None, "user_version", |row| row.get(0)).map_err(failed)?;
    match (found, is_there) {
        (MOVED, true) => Ok(()),
        (..MOVED, true) => Err(StoreError::Both),
        (..=MOVED, false) => {
            mark(&mut old, found).map_err(failed)?;
            make_whole(directory, options(retention), |engine| {
                copy(&old, engine).map_err(|error| match error {
                    Stopped::Sqlite(error) => {
                        StoreError::Open(format!("{}: {}", file.display(), cvmd_rows::in_words(&error)))
                    }
                    Stopped::Store(error) => error,
                })
            })?;
            tracing::info!(file = %file.display(), directory = %directory.display(), "the state was taken over; the file is no longer needed");
            Ok(())
        }
        _ => Err(StoreError::Newer { found, known: MOVED }),
    }
}

/// Before anything is copied: from here on no earlier version changes what was copied already.
fn mark(old: &mut Connection, found: i64) -> rusqlite::Result<()> {
    old.execute_batch("PRAGMA synchronous = FULL;")?;
    let transaction = old.transaction()?;
    // 0 is a start that was killed before it wrote anything.
    if (1..FIRST_LIKE_THIS).contains(&found) {
        transaction.execute_batch(FROM_SCHEMA_2)?;
    }
    transaction.pragma_update(None, "user_version", MOVED)?;
    transaction.commit()?;
    old.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

#[derive(Debug)]
enum Stopped {
    Sqlite(rusqlite::Error),
    Store(StoreError),
}

impl From<rusqlite::Error> for Stopped {
    fn from(error: rusqlite::Error) -> Stopped {
        Stopped::Sqlite(error)
    }
}

impl From<cvmd_rows::Error> for Stopped {
    fn from(error: cvmd_rows::Error) -> Stopped {
        Stopped::Store(error.into())
    }
}

struct Copy<'a> {
    engine: &'a mut SqliteEngine,
    revision: u64,
    group: Group,
}

impl Copy<'_> {
    fn append_if(&mut self, is_time: bool) -> Result<(), cvmd_rows::Error> {
        if is_time {
            self.revision += 1;
            self.engine.append(self.revision, &std::mem::take(&mut self.group))?;
        }
        Ok(())
    }

    fn entry(
        &mut self,
        stream: &'static str,
        part: u64,
        time: u64,
        key: Vec<u8>,
        body: Vec<u8>,
    ) -> Result<(), Stopped> {
        self.group.append(Entry { stream: stream.into(), part, time, key, body });
        Ok(self.append_if(self.group.bytes() >= GROUP_BYTES)?)
    }
}

fn copy(old: &Connection, engine: &mut SqliteEngine) -> Result<(), Stopped> {
    let mut copy = Copy { engine, revision: 0, group: Group::new() };
    for table in Table::all().map(Table::name) {
        each(old, table, &format!("SELECT sequence, body FROM {table} ORDER BY sequence"), |row| {
            copy.group.put(table, row.get::<_, i64>(0)?.cast_unsigned(), bytes(row, 1)?);
            Ok(copy.append_if(copy.group.bytes() >= GROUP_BYTES)?)
        })?;
    }
    // Lines of earlier versions hold no microseconds.
    let time = "(body ->> '$.at_seconds') * 1000000 + coalesce(body ->> '$.microseconds', 0)";
    each(old, "journal", &format!("SELECT request, body, {time} FROM journal ORDER BY line"), |row| {
        let time = row.get::<_, i64>(2)?.cast_unsigned();
        copy.entry(JOURNAL, 0, time, bytes(row, 0)?.to_vec(), bytes(row, 1)?.to_vec())
    })?;
    each(
        old,
        "refused",
        &format!("SELECT request, body, {time}, account FROM refused ORDER BY account, number"),
        |row| {
            let (time, account) = (row.get::<_, i64>(2)?.cast_unsigned(), row.get::<_, u32>(3)?.into());
            copy.entry(REFUSED, account, time, bytes(row, 0)?.to_vec(), bytes(row, 1)?.to_vec())
        },
    )?;
    each(old, "replays", "SELECT at_seconds, key FROM replays ORDER BY number", |row| {
        copy.entry(REPLAYS, 0, row.get::<_, i64>(0)?.cast_unsigned(), Vec::new(), bytes(row, 1)?.to_vec())
    })?;
    Ok(copy.append_if(!copy.group.is_empty())?)
}

/// Each row of a query about a table, if there is that table.
fn each(
    old: &Connection,
    table: &str,
    query: &str,
    mut take: impl FnMut(&Row<'_>) -> Result<(), Stopped>,
) -> Result<(), Stopped> {
    let is_there = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    if old.query_row(is_there, [table], |_| Ok(())).optional()?.is_none() {
        return Ok(());
    }
    let mut statement = old.prepare(query)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        take(row)?;
    }
    Ok(())
}

fn bytes<'a>(row: &'a Row<'_>, column: usize) -> Result<&'a [u8], rusqlite::Error> {
    row.get_ref(column)?.as_bytes().map_err(Into::into)
}

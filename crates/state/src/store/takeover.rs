//! Takes the state of an earlier version over, once: from `state.db`, which had a table for each kind of row.

use super::{
    Table,
    streams::{JOURNAL, REFUSED, REPLAYS},
};
use cvmd_rows::{Copy, Earlier, Entry, Error, Options, column_bytes};
use rusqlite::Row;
use std::path::Path;

/// The newest schema of `state.db`.
const NEWEST: i64 = 4;
/// The first schema that is read as it is; older ones are brought to it first.
const FIRST_LIKE_THIS: i64 = 3;

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

/// Makes `state/` of a data directory out of its `state.db`, if only the latter is there.
///
/// # Errors
/// As [`Earlier::take_over`].
pub(super) fn take_over(data: &Path, options: Options) -> Result<(), Error> {
    let earlier = Earlier { file: &data.join("state.db"), newest: NEWEST };
    let prepare = |old: &rusqlite::Connection, found| {
        // 0 is a start that was killed before it wrote anything.
        if (1..FIRST_LIKE_THIS).contains(&found) { old.execute_batch(FROM_SCHEMA_2) } else { Ok(()) }
    };
    earlier.take_over(&data.join("state"), options, prepare, copy)
}

fn copy(copy: &mut Copy<'_>) -> Result<(), Error> {
    for table in Table::all().map(Table::name) {
        copy.each(table, &format!("SELECT sequence, body FROM {table} ORDER BY sequence"), |row, group| {
            group.put(table, number(row, 0)?, column_bytes(row, 1)?);
            Ok(())
        })?;
    }
    // Lines of earlier versions hold no microseconds.
    let line = "(body ->> '$.at_seconds') * 1000000 + coalesce(body ->> '$.microseconds', 0), request, body";
    copy.each("journal", &format!("SELECT 0, {line} FROM journal ORDER BY line"), |row, group| {
        group.append(entry(JOURNAL, row)?);
        Ok(())
    })?;
    copy.each("refused", &format!("SELECT account, {line} FROM refused ORDER BY account, number"), |row, group| {
        group.append(entry(REFUSED, row)?);
        Ok(())
    })?;
    copy.each("replays", "SELECT 0, at_seconds, '', key FROM replays ORDER BY number", |row, group| {
        group.append(entry(REPLAYS, row)?);
        Ok(())
    })
}

/// The columns are part, time, key and body.
fn entry(stream: &'static str, row: &Row<'_>) -> rusqlite::Result<Entry> {
    let (key, body) = (column_bytes(row, 2)?.to_vec(), column_bytes(row, 3)?.to_vec());
    Ok(Entry { stream: stream.into(), part: number(row, 0)?, time: number(row, 1)?, key, body })
}

fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    Ok(row.get::<_, i64>(column)?.cast_unsigned())
}

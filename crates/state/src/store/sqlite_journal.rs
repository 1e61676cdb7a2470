//! The journal in SQLite: accepted commands, refused ones, and replay keys, each stored for as long as it must be.

use super::{Group, Journal, Retention, StoreError, failed};
use crate::{JournalFilter, JournalLine};
use cvmd_model::RequestId;
use rusqlite::{Connection, OpenFlags, params};
use std::{
    collections::HashMap,
    path::{Path, PathBuf},
};

/// `refused` is a ring per account: `slot` is the line's number modulo the maximum of lines.
pub(super) const LAYOUT: &str = "
    CREATE TABLE IF NOT EXISTS journal (line INTEGER PRIMARY KEY, request BLOB NOT NULL, body TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS refused (account INTEGER NOT NULL, slot INTEGER NOT NULL, number INTEGER NOT NULL, request BLOB NOT NULL, body TEXT NOT NULL, PRIMARY KEY (account, slot)) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS replays (number INTEGER PRIMARY KEY, at_seconds INTEGER NOT NULL, key TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS meta (revision INTEGER NOT NULL, journal_bytes INTEGER NOT NULL DEFAULT 0);
    INSERT INTO meta (revision) SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM meta);
";

/// Before schema 3 the bytes of lines were not counted, and replay keys were in the lines.
pub(super) const FROM_SCHEMA_2: &str = "
    ALTER TABLE meta ADD COLUMN journal_bytes INTEGER NOT NULL DEFAULT 0;
    UPDATE meta SET journal_bytes = (SELECT coalesce(sum(length(CAST(body AS BLOB))), 0) FROM journal);
    CREATE TABLE replays (number INTEGER PRIMARY KEY, at_seconds INTEGER NOT NULL, key TEXT NOT NULL);
    INSERT INTO replays (at_seconds, key)
        SELECT body ->> '$.at_seconds', body ->> '$.replay'
        FROM (SELECT line, body FROM journal ORDER BY line DESC LIMIT 200000) WHERE body ->> '$.replay' IS NOT NULL ORDER BY line;
";

/// The number of lines deleted at once, and the maximum of times in one group: deleting must not delay a commit.
const DELETE_LINES: i64 = 64;
const DELETES_MAX: usize = 16;

/// Writes a group's part of the journal, and deletes what is too old.
#[derive(Debug)]
pub(super) struct JournalWriter {
    retention: Retention,
    /// Bytes of all lines but the refused ones, at the last commit.
    bytes: u64,
    /// The number of the last refused line, by account; read when it is first needed.
    refused: HashMap<u32, u64>,
    /// The oldest line's number and the oldest replay key's time; read when they are needed and unknown. After a group
    /// that is not committed they may be too new: then the old ones stay a little longer.
    first_line: Option<u64>,
    first_replay_seconds: Option<u64>,
}

impl JournalWriter {
    pub(super) fn open(connection: &Connection, retention: Retention) -> rusqlite::Result<JournalWriter> {
        let bytes: i64 = connection.query_row("SELECT journal_bytes FROM meta", [], |row| row.get(0))?;
        let bytes = bytes.cast_unsigned();
        Ok(JournalWriter { retention, bytes, refused: HashMap::new(), first_line: None, first_replay_seconds: None })
    }

    /// Writes the group's lines; returns the bytes that the journal then has.
    pub(super) fn write(&mut self, connection: &Connection, group: &Group) -> rusqlite::Result<u64> {
        let mut bytes = self.bytes;
        let mut last_line = None;
        for line in &group.lines {
            let body = body(line)?;
            bytes += body.len() as u64;
            last_line = Some(append(connection, line.request, &body)?);
        }
        for line in &group.refused {
            self.write_refused(connection, line)?;
        }
        self.write_replays(connection, group)?;
        match last_line {
            Some(last_line) => self.forget(connection, last_line.cast_unsigned(), bytes),
            None => Ok(bytes),
        }
    }

    /// The group is durable.
    pub(super) fn committed(&mut self, bytes: u64) {
        self.bytes = bytes;
    }

    fn write_refused(&mut self, connection: &Connection, line: &JournalLine) -> rusqlite::Result<()> {
        let account = line.account.0;
        let last = match self.refused.get(&account) {
            Some(last) => *last,
            None => {
                let query = "SELECT max(number) FROM refused WHERE account = ?1";
                let last: Option<i64> = connection.query_row(query, [account], |row| row.get(0))?;
                last.unwrap_or_default().cast_unsigned()
            }
        };
        // A group that is not committed leaves a gap in the numbers, which does no harm.
        let number = last + 1;
        self.refused.insert(account, number);
        let slot = number % self.retention.refused_lines.max(1);
        connection.prepare_cached("INSERT OR REPLACE INTO refused VALUES (?1, ?2, ?3, ?4, ?5)")?.execute(params![
            account,
            slot.cast_signed(),
            number.cast_signed(),
            line.request.0.as_bytes().as_slice(),
            body(line)?
        ])?;
        Ok(())
    }

    /// Writes the new replay keys and deletes expired ones, at most twice as many as were written.
    fn write_replays(&mut self, connection: &Connection, group: &Group) -> rusqlite::Result<()> {
        let lines = || group.lines.iter().chain(&group.refused).filter(|line| line.replay.is_some());
        let Some(newest_seconds) = lines().map(|line| line.at_seconds).max() else { return Ok(()) };
        let mut insert = connection.prepare_cached("INSERT INTO replays (at_seconds, key) VALUES (?1, ?2)")?;
        for line in lines() {
            insert.execute(params![line.at_seconds.cast_signed(), line.replay])?;
        }
        let first = || {
            let query = "SELECT at_seconds FROM replays ORDER BY number LIMIT 1";
            connection.prepare_cached(query)?.query_row([], |row| row.get::<_, i64>(0))
        };
        let first_seconds = match self.first_replay_seconds {
            Some(seconds) => seconds,
            None => first()?.cast_unsigned(),
        };
        self.first_replay_seconds = Some(first_seconds);
        let old_seconds = newest_seconds.saturating_sub(self.retention.replay_seconds);
        if first_seconds >= old_seconds {
            return Ok(());
        }
        self.first_replay_seconds = None;
        let count = i64::try_from(lines().count()).unwrap_or(i64::MAX / 2);
        connection
            .prepare_cached(
                "DELETE FROM replays WHERE at_seconds < ?1 AND number IN (SELECT number FROM replays ORDER BY number LIMIT ?2)",
            )?
            .execute(params![old_seconds.cast_signed(), 2 * count])?;
        Ok(())
    }

    /// Deletes the oldest lines until there are few enough, and returns the bytes left.
    fn forget(&mut self, connection: &Connection, last_line: u64, mut bytes: u64) -> rusqlite::Result<u64> {
        for _ in 0..DELETES_MAX {
            let first_line = match self.first_line {
                Some(line) => line,
                None => {
                    let query = "SELECT line FROM journal ORDER BY line LIMIT 1";
                    connection.query_row(query, [], |row| row.get::<_, i64>(0))?.cast_unsigned()
                }
            };
            self.first_line = Some(first_line);
            let too_many = (last_line.saturating_sub(first_line) + 1).saturating_sub(self.retention.lines);
            if too_many == 0 && bytes <= self.retention.bytes {
                break;
            }
            let count =
                if bytes > self.retention.bytes { DELETE_LINES } else { too_many.cast_signed().min(DELETE_LINES) };
            self.first_line = None;
            // The last line stays, so that the numbers continue.
            let mut delete = connection.prepare_cached(
                "DELETE FROM journal WHERE line IN (SELECT line FROM journal WHERE line < ?1 ORDER BY line LIMIT ?2) RETURNING length(CAST(body AS BLOB))",
            )?;
            let gone = delete.query_map(params![last_line.cast_signed(), count], |row| row.get::<_, i64>(0))?;
            let gone: Vec<i64> = gone.collect::<Result<_, _>>()?;
            if gone.is_empty() {
                break;
            }
            bytes = bytes.saturating_sub(gone.iter().sum::<i64>().cast_unsigned());
        }
        Ok(bytes)
    }
}

/// A line's text without its replay key, which has a table of its own.
fn body(line: &JournalLine) -> rusqlite::Result<String> {
    let text = match &line.replay {
        None => serde_json::to_string(line),
        Some(_) => serde_json::to_string(&JournalLine { replay: None, ..line.clone() }),
    };
    text.map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))
}

fn append(connection: &Connection, request: RequestId, body: &str) -> rusqlite::Result<i64> {
    connection
        .prepare_cached("INSERT INTO journal (request, body) VALUES (?1, ?2)")?
        .insert(params![request.0.as_bytes().as_slice(), body])
}

/// A reader of the journal; each query opens a connection of its own.
///
/// There is no index by request: it would cost every commit a random write for a query that an operator makes now and
/// then. Two million lines are searched in a second or two.
#[derive(Debug)]
pub(super) struct SqliteJournal(PathBuf);

impl SqliteJournal {
    pub(super) fn at(path: &Path) -> SqliteJournal {
        SqliteJournal(path.to_path_buf())
    }

    fn open(&self) -> Result<Connection, StoreError> {
        Connection::open_with_flags(&self.0, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed)
    }
}

impl Journal for SqliteJournal {
    fn lines_of(&self, request: RequestId) -> Result<Vec<JournalLine>, StoreError> {
        let connection = self.open()?;
        let mut lines = Vec::new();
        for query in [
            "SELECT body FROM refused WHERE request = ?1 ORDER BY number",
            "SELECT body FROM journal WHERE request = ?1 ORDER BY line",
        ] {
            let mut statement = connection.prepare(query).map_err(failed)?;
            let found = statement.query_map([request.0.as_bytes().as_slice()], line).map_err(failed)?;
            lines.extend(found.collect::<Result<Vec<_>, _>>().map_err(failed)?);
        }
        lines.sort_by_key(time);
        Ok(lines)
    }

    fn last_lines(&self, filter: JournalFilter, lines_max: usize) -> Result<Vec<JournalLine>, StoreError> {
        let connection = self.open()?;
        // The refused lines are few, and sorted only by account and time.
        let refused = newest(&connection, REFUSED_NEWEST_FIRST, &filter, lines_max)?;
        let others = newest(&connection, "SELECT body FROM journal ORDER BY line DESC", &filter, lines_max)?;
        let mut lines: Vec<_> = others.into_iter().chain(refused).collect();
        // A stable sort, so that lines of earlier versions, which hold no microseconds, stay in their order.
        lines.sort_by_key(|line| std::cmp::Reverse(time(line)));
        lines.truncate(lines_max);
        lines.reverse();
        Ok(lines)
    }

    fn replays_since(&self, at_seconds: u64) -> Result<Vec<Box<str>>, StoreError> {
        let connection = self.open()?;
        let query = "SELECT key FROM replays WHERE at_seconds >= ?1 ORDER BY number";
        let mut statement = connection.prepare(query).map_err(failed)?;
        let keys = statement.query_map([at_seconds.cast_signed()], |row| row.get(0)).map_err(failed)?;
        keys.collect::<Result<_, _>>().map_err(failed)
    }
}

const REFUSED_NEWEST_FIRST: &str = "SELECT body FROM refused ORDER BY body ->> '$.at_seconds' DESC, coalesce(body ->> '$.microseconds', 0) DESC, number DESC";

fn time(line: &JournalLine) -> (u64, u32) {
    (line.at_seconds, line.microseconds)
}

/// The first lines of a query that match. A line whose text rules out a match is not parsed.
fn newest(
    connection: &Connection,
    query: &str,
    filter: &JournalFilter,
    lines_max: usize,
) -> Result<Vec<JournalLine>, StoreError> {
    let named = filter.instance.map(|instance| instance.to_string());
    let action = filter.action.map(|action| format!("\"action\":\"{action}\""));
    let sought = [named, action];
    let mut statement = connection.prepare(query).map_err(failed)?;
    let mut rows = statement.query([]).map_err(failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        if found.len() == lines_max {
            break;
        }
        let body = row.get_ref(0).and_then(|body| Ok(body.as_str()?)).map_err(failed)?;
        if sought.iter().flatten().all(|sought| body.contains(sought)) {
            found.extend(Some(line(row).map_err(failed)?).filter(|line| filter.fits(line)));
        }
    }
    Ok(found)
}

fn line(row: &rusqlite::Row<'_>) -> rusqlite::Result<JournalLine> {
    let body = row.get_ref(0)?.as_bytes()?;
    let line: JournalLine = serde_json::from_slice(body)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into()))?;
    // Lines of earlier versions hold their replay key.
    Ok(JournalLine { replay: None, ..line })
}

//! The embedded store: SQLite, one table a kind, one transaction a group.
//!
//! WAL with `synchronous=FULL`, integer primary keys and 1 kB pages were the fastest of the layouts measured for
//! random updates of rows of this size: about half the CPU of 4 kB pages without rowid.

use super::{Group, Journal, Row, Store, StoreError, Table, TakeRow};
use crate::JournalLine;
use cvmd_model::RequestId;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// The newest layout that this code knows. 2 has more tables than 1; an older cvmd would lose what is in them.
const SCHEMA: i64 = 2;
/// Of each row's body.
const ROW_SCHEMA: i64 = 1;
/// Lines kept; older ones go, a few with every group.
const JOURNAL_LINES: i64 = 2_000_000;

/// SQLite in one file.
#[derive(Debug)]
pub struct SqliteStore {
    connection: Connection,
    path: PathBuf,
}

/// A reader of the journal; each question opens a connection of its own.
///
/// There is no index by request: it would cost every commit a random write for the sake of a question that an operator
/// asks now and then. Two million lines are searched in a second or two.
#[derive(Debug)]
struct SqliteJournal(PathBuf);

impl SqliteStore {
    /// Opens or makes the database, readable by its owner only.
    ///
    /// # Errors
    /// [`StoreError::Newer`] when a newer cvmd has written it; [`StoreError::Open`] for all else.
    pub fn open(path: &Path) -> Result<SqliteStore, StoreError> {
        let open = |cause: rusqlite::Error| StoreError::Open(format!("{}: {cause}", path.display()));
        owner_only(path).map_err(|cause| StoreError::Open(format!("{}: {cause}", path.display())))?;
        let connection = Connection::open(path).map_err(open)?;
        let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(open)?;
        if found > SCHEMA {
            return Err(StoreError::Newer { found, known: SCHEMA });
        }
        connection
            .execute_batch(
                "PRAGMA page_size = 1024;
                 PRAGMA journal_mode = WAL;
                 PRAGMA synchronous = FULL;
                 PRAGMA wal_autocheckpoint = 40000;
                 PRAGMA cache_size = -8192;
                 PRAGMA busy_timeout = 5000;",
            )
            .map_err(open)?;
        connection.execute_batch(&layout()).map_err(open)?;
        connection.set_prepared_statement_cache_capacity(64);
        Ok(SqliteStore { connection, path: path.to_path_buf() })
    }
}

impl Store for SqliteStore {
    fn load(&mut self, take: &mut TakeRow<'_>) -> Result<u64, StoreError> {
        for table in Table::all() {
            let query = format!("SELECT sequence, body FROM {} ORDER BY sequence", table.name());
            let mut statement = self.connection.prepare(&query).map_err(failed)?;
            let mut rows = statement.query([]).map_err(failed)?;
            while let Some(row) = rows.next().map_err(failed)? {
                let sequence: i64 = row.get(0).map_err(failed)?;
                let body = row.get_ref(1).and_then(|value| Ok(value.as_bytes()?)).map_err(failed)?;
                take(table, sequence.cast_unsigned(), body)?;
            }
        }
        self.revision()
    }

    fn persist(&mut self, group: &Group) -> Result<(), StoreError> {
        let transaction = self.connection.transaction().map_err(failed)?;
        for row in &group.rows {
            write(&transaction, row, group.revision).map_err(failed)?;
        }
        let lines = i64::try_from(group.lines.len()).unwrap_or(i64::MAX / 2);
        let mut last_line = 0;
        for line in &group.lines {
            last_line = append(&transaction, line).map_err(failed)?;
        }
        if last_line > JOURNAL_LINES {
            transaction
                .prepare_cached(
                    "DELETE FROM journal WHERE line IN (SELECT line FROM journal WHERE line <= ?1 ORDER BY line LIMIT ?2)",
                )
                .and_then(|mut statement| statement.execute(params![last_line - JOURNAL_LINES, 2 * lines]))
                .map_err(failed)?;
        }
        transaction
            .prepare_cached("UPDATE meta SET revision = ?1")
            .and_then(|mut statement| statement.execute([group.revision.cast_signed()]))
            .map_err(failed)?;
        transaction.commit().map_err(failed)
    }

    fn revision(&mut self) -> Result<u64, StoreError> {
        let revision: Option<i64> =
            self.connection.query_row("SELECT revision FROM meta", [], |row| row.get(0)).optional().map_err(failed)?;
        Ok(revision.unwrap_or_default().cast_unsigned())
    }

    fn journal(&self) -> Arc<dyn Journal> {
        Arc::new(SqliteJournal(self.path.clone()))
    }
}

impl SqliteJournal {
    fn open(&self) -> Result<Connection, StoreError> {
        Connection::open_with_flags(&self.0, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(failed)
    }
}

impl Journal for SqliteJournal {
    fn lines_of(&self, request: RequestId) -> Result<Vec<JournalLine>, StoreError> {
        let connection = self.open()?;
        let query = "SELECT body FROM journal WHERE request = ?1 ORDER BY line";
        let mut statement = connection.prepare(query).map_err(failed)?;
        let lines = statement.query_map([request.0.as_bytes().as_slice()], line).map_err(failed)?;
        lines.collect::<Result<_, _>>().map_err(failed)
    }

    fn replays_since(&self, at_seconds: u64) -> Result<Vec<JournalLine>, StoreError> {
        let connection = self.open()?;
        // The newest lines first, and no further back than the time asked for.
        let mut statement = connection.prepare("SELECT body FROM journal ORDER BY line DESC").map_err(failed)?;
        let mut rows = statement.query([]).map_err(failed)?;
        let mut lines = Vec::new();
        while let Some(row) = rows.next().map_err(failed)? {
            let line = line(row).map_err(failed)?;
            // Lines are written within seconds of their time; a minute of slack covers the longest group.
            if line.at_seconds + 60 < at_seconds {
                break;
            }
            if line.replay.is_some() && line.at_seconds >= at_seconds {
                lines.push(line);
            }
        }
        Ok(lines)
    }
}

fn line(row: &rusqlite::Row<'_>) -> rusqlite::Result<JournalLine> {
    let body = row.get_ref(0)?.as_bytes()?;
    serde_json::from_slice(body)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, error.into()))
}

/// Makes what is missing: all of a new database, the newer tables of an older one.
fn layout() -> String {
    let mut layout = String::from("BEGIN;\n");
    for table in Table::all() {
        layout += &format!(
            "CREATE TABLE IF NOT EXISTS {} (sequence INTEGER PRIMARY KEY, id TEXT NOT NULL, schema INTEGER NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL);\n",
            table.name()
        );
    }
    layout +=
        "CREATE TABLE IF NOT EXISTS journal (line INTEGER PRIMARY KEY, request BLOB NOT NULL, body TEXT NOT NULL);\n";
    layout += "CREATE TABLE IF NOT EXISTS meta (revision INTEGER NOT NULL);\n";
    layout += "INSERT INTO meta SELECT 0 WHERE NOT EXISTS (SELECT 1 FROM meta);\n";
    layout += &format!("PRAGMA user_version = {SCHEMA};\nCOMMIT;");
    layout
}

fn write(connection: &Connection, row: &Row, revision: u64) -> rusqlite::Result<usize> {
    let table = row.table.name();
    let sequence = row.sequence.cast_signed();
    let Some(body) = &row.body else {
        return connection.prepare_cached(&format!("DELETE FROM {table} WHERE sequence = ?1"))?.execute([sequence]);
    };
    let body = std::str::from_utf8(body).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    connection.prepare_cached(&format!("INSERT OR REPLACE INTO {table} VALUES (?1, ?2, ?3, ?4, ?5)"))?.execute(params![
        sequence,
        row.id,
        ROW_SCHEMA,
        revision.cast_signed(),
        body
    ])
}

fn append(connection: &Connection, line: &JournalLine) -> rusqlite::Result<i64> {
    let body = serde_json::to_string(line).map_err(|error| rusqlite::Error::ToSqlConversionFailure(error.into()))?;
    connection
        .prepare_cached("INSERT INTO journal (request, body) VALUES (?1, ?2)")?
        .insert(params![line.request.0.as_bytes().as_slice(), body])
}

fn failed(cause: rusqlite::Error) -> StoreError {
    StoreError::Failed(cause.to_string())
}

#[cfg(unix)]
fn owner_only(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    // SQLite gives its WAL the mode of the database itself.
    std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path).map(drop)
}

#[cfg(not(unix))]
fn owner_only(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

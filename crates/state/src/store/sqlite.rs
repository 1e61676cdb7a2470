//! The embedded store: SQLite, one table per kind, one transaction per group.
//!
//! WAL with `synchronous=FULL`, integer primary keys and 1 kB pages were the fastest of the layouts measured for
//! random updates of rows of this size: about half the CPU of 4 kB pages without rowid.

use super::{
    Group, Journal, Retention, Row, Store, StoreError, Table, TakeRow, failed,
    sqlite_journal::{self, JournalWriter, SqliteJournal},
};
use cvmd_sqlite_log::{Log, PAGES_MAX, in_words};
use rusqlite::{Connection, OptionalExtension, params};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// The newest layout that this code knows. Each layout has more tables than the one before it; an older cvmd would lose
/// their content.
const SCHEMA: i64 = 4;
/// The schema number of each row's body.
const ROW_SCHEMA: i64 = 1;

/// SQLite in one file.
#[derive(Debug)]
pub struct SqliteStore {
    // Invariant: dropped before the connection, which closes last and deletes the log.
    log: Log,
    connection: Connection,
    path: PathBuf,
    journal: JournalWriter,
}

impl SqliteStore {
    /// Opens or makes the database, readable by its owner only.
    ///
    /// # Errors
    /// [`StoreError::Newer`] when a newer cvmd has written it; [`StoreError::Open`] for all else.
    pub fn open(path: &Path) -> Result<SqliteStore, StoreError> {
        SqliteStore::keeping(path, Retention::default())
    }

    /// The same, with another size of the journal.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn keeping(path: &Path, retention: Retention) -> Result<SqliteStore, StoreError> {
        let open = |cause: rusqlite::Error| StoreError::Open(format!("{}: {}", path.display(), in_words(&cause)));
        owner_only(path).map_err(|cause| StoreError::Open(format!("{}: {cause}", path.display())))?;
        let connection = Connection::open(path).map_err(open)?;
        let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(open)?;
        if found > SCHEMA {
            return Err(StoreError::Newer { found, known: SCHEMA });
        }
        connection
            .execute_batch(&format!(
                "PRAGMA page_size = 1024;
                 PRAGMA journal_mode = WAL;
                 PRAGMA synchronous = FULL;
                 PRAGMA wal_autocheckpoint = {PAGES_MAX};
                 PRAGMA cache_size = -8192;
                 PRAGMA busy_timeout = 5000;",
            ))
            .map_err(open)?;
        connection.execute_batch(&layout(found)).map_err(open)?;
        let journal = JournalWriter::open(&connection, retention).map_err(open)?;
        connection.set_prepared_statement_cache_capacity(64);
        let log = Log::open(path).map_err(open)?;
        Ok(SqliteStore { log, connection, path: path.to_path_buf(), journal })
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
        let bytes = self.journal.write(&transaction, group).map_err(failed)?;
        transaction
            .prepare_cached("UPDATE meta SET revision = ?1, journal_bytes = ?2")
            .and_then(|mut statement| statement.execute([group.revision.cast_signed(), bytes.cast_signed()]))
            .map_err(failed)?;
        transaction.commit().map_err(failed)?;
        self.journal.committed(bytes);
        let bytes = group.rows.iter().map(|row| row.body.as_ref().map_or(0, Vec::len)).sum();
        self.log.committed(group.rows.len() + group.lines.len(), bytes, &self.connection);
        Ok(())
    }

    fn revision(&mut self) -> Result<u64, StoreError> {
        let revision: Option<i64> =
            self.connection.query_row("SELECT revision FROM meta", [], |row| row.get(0)).optional().map_err(failed)?;
        Ok(revision.unwrap_or_default().cast_unsigned())
    }

    fn log_bytes(&self) -> u64 {
        self.log.bytes()
    }

    fn journal(&self) -> Arc<dyn Journal> {
        Arc::new(SqliteJournal::at(&self.path))
    }
}

/// Before schema 3 a launch template's row held its versions. They get new numbers in their order, because nothing else
/// uses the sequence of a version.
const TEMPLATES_FROM_SCHEMA_2: &str = "
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

/// Creates what is missing: everything in a new database; in an older one the newer tables, filled from older rows.
fn layout(found: i64) -> String {
    let is_older = (1..3).contains(&found);
    let mut layout = String::from("BEGIN;\n");
    if is_older {
        layout += sqlite_journal::FROM_SCHEMA_2;
    }
    for table in Table::all() {
        layout += &format!(
            "CREATE TABLE IF NOT EXISTS {} (sequence INTEGER PRIMARY KEY, id TEXT NOT NULL, schema INTEGER NOT NULL, revision INTEGER NOT NULL, body TEXT NOT NULL);\n",
            table.name()
        );
    }
    layout += sqlite_journal::LAYOUT;
    if is_older {
        layout += TEMPLATES_FROM_SCHEMA_2;
    }
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

#[cfg(unix)]
fn owner_only(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt;
    // SQLite gives its WAL the file mode of the database.
    std::fs::OpenOptions::new().create(true).append(true).mode(0o600).open(path).map(drop)
}

#[cfg(not(unix))]
fn owner_only(_path: &Path) -> std::io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_store_that_was_closed_leaves_no_log() {
        let directory = tempfile::tempdir().unwrap();
        let (path, wal) = (directory.path().join("state.db"), directory.path().join("state.db-wal"));
        for _ in 0..20 {
            let store = SqliteStore::open(&path).unwrap();
            assert!(wal.exists());
            drop(store);
            assert!(!wal.exists(), "all is in the database itself");
        }
    }
}

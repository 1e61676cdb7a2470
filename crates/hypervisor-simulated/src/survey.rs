//! Looks into `machines.db` before it is opened: the directory it belongs to, and whether it is empty.

use crate::store_error::StoreError;
use cvmd_model::InstanceId;
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use std::path::Path;
use uuid::Uuid;

/// The findings. A missing file counts as empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Survey {
    /// The data directory that the file belongs to; unknown for files of older versions.
    pub directory: Option<Uuid>,
    /// It holds neither machines nor images.
    pub is_empty: bool,
    /// One of the machines is of an instance that `is_known`, or there are none (images alone show nothing). Only
    /// examined if the directory is unknown.
    pub has_known: bool,
}

impl Survey {
    /// Looks into the `machines.db` of a directory, without creating it.
    ///
    /// # Errors
    /// When there is a file that is no database, or cannot be read.
    pub fn of(data: &Path, is_known: impl Fn(InstanceId) -> bool) -> Result<Survey, StoreError> {
        let path = data.join("machines.db");
        if !path.exists() {
            return Ok(Survey { is_empty: true, ..Survey::default() });
        }
        // Not read-only: what a killed server left in the log must be recovered before anything can be read.
        let connection = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        let mut survey = Survey { is_empty: true, ..Survey::default() };
        if has_table(&connection, "directory")? {
            survey.directory = read(&connection)?;
        }
        for table in ["machines", "images"] {
            if has_table(&connection, table)? {
                let query = format!("SELECT 1 FROM {table} LIMIT 1");
                survey.is_empty &= connection.query_row(&query, [], |_| Ok(())).optional()?.is_none();
            }
        }
        if survey.directory.is_none() && has_table(&connection, "machines")? {
            let mut statement = connection.prepare("SELECT id FROM machines")?;
            let mut rows = statement.query([])?;
            survey.has_known = true;
            while let Some(row) = rows.next()? {
                survey.has_known = false;
                if instance(row.get::<_, i64>(0)?.cast_unsigned()).is_some_and(&is_known) {
                    survey.has_known = true;
                    break;
                }
            }
        }
        Ok(survey)
    }
}

/// The instance id with that number.
fn instance(number: u64) -> Option<InstanceId> {
    let characters = number.to_be_bytes();
    format!("{}-{}", InstanceId::PREFIX, std::str::from_utf8(&characters).ok()?).parse().ok()
}

fn has_table(connection: &Connection, name: &str) -> rusqlite::Result<bool> {
    let query = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?1";
    Ok(connection.query_row(query, [name], |_| Ok(())).optional()?.is_some())
}

fn read(connection: &Connection) -> rusqlite::Result<Option<Uuid>> {
    let id: Option<String> = connection.query_row("SELECT id FROM directory", [], |row| row.get(0)).optional()?;
    Ok(id.and_then(|id| id.parse().ok()))
}

/// Writes the directory's id into the file.
pub(crate) fn belong(connection: &Connection, directory: Uuid) -> rusqlite::Result<()> {
    if read(connection)? == Some(directory) {
        return Ok(());
    }
    connection
        .execute("INSERT OR REPLACE INTO directory (one, id) VALUES (1, ?1)", params![directory.to_string()])
        .map(drop)
}

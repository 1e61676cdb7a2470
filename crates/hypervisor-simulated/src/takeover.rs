//! Takes the machines of an earlier version over, once: from `machines.db`, which had a table of machines in place.
//!
//! The file stays, marked with a schema that no earlier version opens, until the operator deletes it.

use crate::store_error::{MOVED, StoreError};
use cvmd_rows::{Engine, Group, Options, SqliteEngine, make_whole};
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::path::Path;

/// The tables of `machines/`. A machine's number is its id's.
pub(crate) const MACHINES: &str = "machines";
pub(crate) const IMAGES: &str = "images";
/// One row: the id of the data directory that the machines belong to.
pub(crate) const DIRECTORY: &str = "directory";

/// Bytes of rows that are taken over in one group.
const GROUP_BYTES: usize = 1 << 20;

/// Makes `machines/` of `machines.db`, if only the latter is there. It is there as a whole or not at all.
///
/// # Errors
/// When the file cannot be read, or both are there and the file was used since.
pub(crate) fn take_over(data: &Path) -> Result<(), StoreError> {
    let (file, directory) = (data.join("machines.db"), data.join("machines"));
    if !file.try_exists()? {
        return Ok(());
    }
    // Not read-only: what a killed server left in its log must be recovered before anything can be read.
    let old = Connection::open_with_flags(&file, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let found: i64 = old.pragma_query_value(None, "user_version", |row| row.get(0))?;
    match (found, directory.try_exists()?) {
        (MOVED, true) => Ok(()),
        (..MOVED, true) => Err(StoreError::Both),
        (..=MOVED, false) => {
            // Marked before anything is copied: from here on no earlier version changes what was copied already.
            old.execute_batch(&format!(
                "PRAGMA wal_checkpoint(TRUNCATE); PRAGMA synchronous = FULL; PRAGMA user_version = {MOVED};"
            ))?;
            make_whole(&directory, Options::new(Vec::new()), |engine| copy(&old, engine))?;
            tracing::info!("machines.db was taken over into machines/, and is no longer needed");
            Ok(())
        }
        _ => Err(StoreError::Newer { found }),
    }
}

fn copy(old: &Connection, engine: &mut SqliteEngine) -> Result<(), StoreError> {
    let (mut revision, mut group) = (0, Group::new());
    for table in [MACHINES, IMAGES, DIRECTORY] {
        let query = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
        if old.query_row(query, [table], |_| Ok(())).optional()?.is_none() {
            continue;
        }
        let columns = if table == DIRECTORY { "one, id" } else { "id, body" };
        let mut statement = old.prepare(&format!("SELECT {columns} FROM {table}"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let sequence: i64 = row.get(0)?;
            group.put(table, sequence.cast_unsigned(), row.get_ref(1)?.as_bytes().map_err(rusqlite::Error::from)?);
            if group.bytes() >= GROUP_BYTES {
                revision += 1;
                engine.append(revision, &std::mem::take(&mut group))?;
            }
        }
    }
    if !group.is_empty() {
        engine.append(revision + 1, &group)?;
    }
    Ok(())
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::{
        machine::{Machine, test::definition},
        store::StoredMachines,
    };
    use std::net::Ipv4Addr;

    fn old(data: &Path, machines: &[&Machine], version: i64) {
        let connection = Connection::open(data.join("machines.db")).unwrap();
        connection
            .execute_batch(&format!(
                "PRAGMA journal_mode = WAL;
                 CREATE TABLE IF NOT EXISTS machines (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
                 CREATE TABLE IF NOT EXISTS directory (one INTEGER PRIMARY KEY, id TEXT NOT NULL);
                 PRAGMA user_version = {version};"
            ))
            .unwrap();
        for machine in machines {
            let row = (machine.id.to_u64().cast_signed(), serde_json::to_string(machine).unwrap());
            connection.execute("INSERT OR REPLACE INTO machines VALUES (?1, ?2)", row).unwrap();
        }
    }

    fn machines(data: &Path) -> Vec<Machine> {
        StoredMachines::open(data).unwrap().contents.machines.iter().map(|machine| Machine::clone(machine)).collect()
    }

    #[test]
    fn machines_of_an_earlier_version_are_taken_over_once() {
        let data = tempfile::tempdir().unwrap();
        let machine = Machine::new(&definition(Ipv4Addr::LOCALHOST, ""), [1, 2]);
        old(data.path(), &[&machine], 2);
        // What a try that was killed has left.
        std::fs::create_dir(data.path().join("machines.new")).unwrap();
        std::fs::write(data.path().join("machines.new/log.db"), "half").unwrap();
        assert_eq!(machines(data.path()), std::slice::from_ref(&machine));
        assert!(!data.path().join("machines.new").exists());
        let version: i64 = Connection::open(data.path().join("machines.db"))
            .unwrap()
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(version, MOVED, "no earlier version opens it");
        assert_eq!(machines(data.path()), std::slice::from_ref(&machine), "and it is not taken over again");
        std::fs::remove_file(data.path().join("machines.db")).unwrap();
        assert_eq!(machines(data.path()), [machine]);
    }

    #[test]
    fn a_file_that_was_used_beside_the_directory_is_refused() {
        let data = tempfile::tempdir().unwrap();
        drop(StoredMachines::open(data.path()).unwrap());
        let machine = Machine::new(&definition(Ipv4Addr::LOCALHOST, ""), [1, 2]);
        old(data.path(), &[&machine], 2);
        let error = StoredMachines::open(data.path()).unwrap_err().to_string();
        assert!(error.starts_with("both machines/ and a machines.db of an earlier version are there"), "{error}");
        old(data.path(), &[], 9);
        std::fs::remove_dir_all(data.path().join("machines")).unwrap();
        let error = StoredMachines::open(data.path()).unwrap_err().to_string();
        assert_eq!(error, "machines.db has schema 9, newer than 3, the newest that this program reads");
        assert!(!data.path().join("machines").exists());
    }
}

//! Takes the machines of an earlier version over, once: from `machines.db`, which had a table of machines in place.

use cvmd_rows::{Earlier, Error, Options, column_bytes};
use std::path::Path;

/// The tables of `machines/`. A machine's number is its id's.
pub(crate) const MACHINES: &str = "machines";
pub(crate) const IMAGES: &str = "images";
/// One row: the id of the data directory that the machines belong to.
pub(crate) const DIRECTORY: &str = "directory";
/// One row: the data directory's epoch, which the state has too.
pub(crate) const EPOCH: &str = "epoch";

/// The newest schema of `machines.db`.
const NEWEST: i64 = 2;

/// Makes `machines/` of a data directory out of its `machines.db`, if only the latter is there.
///
/// # Errors
/// As [`Earlier::take_over`].
pub(crate) fn take_over(data: &Path, options: Options) -> Result<(), Error> {
    let earlier = Earlier { file: &data.join("machines.db"), newest: NEWEST };
    earlier.take_over(
        &data.join("machines"),
        options,
        |_, _| Ok(()),
        |copy| {
            [(MACHINES, "id, body"), (IMAGES, "id, body"), (DIRECTORY, "one, id")].into_iter().try_for_each(
                |(table, columns)| {
                    copy.each(table, &format!("SELECT {columns} FROM {table}"), |row, group| {
                        group.put(table, row.get::<_, i64>(0)?.cast_unsigned(), column_bytes(row, 1)?);
                        Ok(())
                    })
                },
            )
        },
    )
}

#[cfg(test)]
mod test {
    use crate::{
        machine::{Machine, test::definition},
        store::StoredMachines,
    };
    use rusqlite::Connection;
    use std::net::Ipv4Addr;
    use std::path::Path;

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
        assert_eq!(version, 4, "no earlier version opens it");
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
        assert!(
            error.contains("machines.db, which an earlier version used, are there, and only one of them is right"),
            "{error}"
        );
        old(data.path(), &[], 9);
        std::fs::remove_dir_all(data.path().join("machines")).unwrap();
        let error = StoredMachines::open(data.path()).unwrap_err().to_string();
        assert!(error.ends_with("machines.db has layout 9, and this program knows 4: use a newer one"), "{error}");
        assert!(!data.path().join("machines").exists());
    }
}

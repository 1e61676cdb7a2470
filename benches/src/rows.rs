//! The rows in a stopped server's files, and how long SQLite takes to read them.

use anyhow::Context;
use rusqlite::{Connection, OpenFlags};
use std::{
    path::Path,
    time::{Duration, Instant},
};

/// Number and size of the rows of one file.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Rows {
    pub(crate) count: usize,
    /// Bytes of their JSON.
    pub(crate) bytes: usize,
    pub(crate) took: Duration,
}

/// Everything that the state loads.
pub(crate) fn state(data: &Path) -> anyhow::Result<Rows> {
    read(&data.join("state.db"), |table| !["journal", "meta", "refused", "replays"].contains(&table))
}

/// The simulated machines.
pub(crate) fn machines(data: &Path) -> anyhow::Result<Rows> {
    read(&data.join("machines.db"), |table| table != "directory")
}

fn read(path: &Path, is_wanted: impl Fn(&str) -> bool) -> anyhow::Result<Rows> {
    let begun = Instant::now();
    let describe = || format!("{} cannot be read", path.display());
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).with_context(describe)?;
    let mut tables =
        connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")?;
    let tables: Vec<String> = tables.query_map([], |row| row.get(0))?.collect::<Result<_, _>>()?;
    let mut read = Rows::default();
    for table in tables.iter().filter(|table| is_wanted(table)) {
        let mut statement = connection.prepare(&format!("SELECT body FROM {table} ORDER BY rowid"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            read.count += 1;
            read.bytes += row.get_ref(0)?.as_bytes()?.len();
        }
    }
    read.took = begun.elapsed();
    Ok(read)
}

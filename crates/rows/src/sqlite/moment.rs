//! One moment of a directory, from which it is copied while groups are appended to it.
//!
//! A read transaction of SQLite's holds the log and the streams as they were, and an open file the snapshot, though
//! another one may be named meanwhile. SQLite's own log grows until the moment is dropped.

use super::{
    database::{Draft, draft, file, last_revision, look, make_directory, named, owners_file, publish},
    snapshot,
    words::{failed, io, name},
};
use crate::Error;
use rusqlite::{Connection, params_from_iter, types::Value};
use std::{
    fs::File,
    path::{Path, PathBuf},
};

/// The rows and streams of one revision.
#[derive(Debug)]
pub struct Moment {
    path: PathBuf,
    /// In a read transaction.
    connection: Connection,
    revision: u64,
    /// The named snapshot's file, and its revision.
    snapshot: Option<(u64, File)>,
}

impl Moment {
    /// The rows and streams as they are now, whether a program has the directory open or not.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn of(directory: &Path) -> Result<Moment, Error> {
        let path = file(directory);
        let connection = look(&path, &[])?;
        let failed = |error: rusqlite::Error| failed(&path, &error);
        connection.execute_batch("BEGIN").map_err(failed)?;
        let revision = last_revision(&connection).map_err(failed)?;
        let snapshot = match named(&connection).map_err(failed)? {
            Some(named) => {
                let (path, _) = snapshot::whole(directory, named.revision)?;
                Some((named.revision, File::open(&path).map_err(io(&path))?))
            }
            None => None,
        };
        Ok(Moment { path, connection, revision, snapshot })
    }

    /// The revision of its last group.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Copies it into a directory, which is made, and syncs the copy. Until it is whole, it cannot be opened.
    ///
    /// # Errors
    /// When rows stand there already, or the copy cannot be written.
    pub fn copy_to(mut self, directory: &Path) -> Result<(), Error> {
        let to = file(directory);
        if to.try_exists().map_err(io(&to))? {
            return Err(Error::Failed { file: name(&to), cause: "it is there already: name another directory".into() });
        }
        make_directory(directory)?;
        if let Some((revision, from)) = &mut self.snapshot {
            let path = snapshot::file(directory, *revision);
            let mut to = owners_file(&path)?;
            to.set_len(0).map_err(io(&path))?;
            std::io::copy(from, &mut to).map_err(io(&path))?;
            to.sync_all().map_err(io(&path))?;
        }
        let page_bytes = self.connection.pragma_query_value(None, "page_size", |row| row.get(0));
        let draft = draft(directory, page_bytes.map_err(|error| failed(&self.path, &error))?)?;
        self.fill(&draft).map_err(|error| failed(&draft.path, &error))?;
        publish(directory, draft)
    }

    fn fill(&self, draft: &Draft) -> rusqlite::Result<()> {
        let to = Connection::open(&draft.path)?;
        to.execute_batch("PRAGMA synchronous = OFF; BEGIN")?;
        let covered = self.snapshot.as_ref().map_or(0, |(revision, _)| *revision);
        self.copy(&to, "snapshot", "")?;
        self.copy(&to, "log", &format!("WHERE revision > {covered}"))?;
        let query = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name GLOB 'stream_*'";
        let mut statement = self.connection.prepare(query)?;
        let tables = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (table, sql) in tables.collect::<Result<Vec<(String, String)>, _>>()? {
            to.execute_batch(&sql)?;
            self.copy(&to, &table, "")?;
        }
        to.execute_batch("COMMIT")?;
        to.close().map_err(|(_, error)| error)
    }

    fn copy(&self, to: &Connection, table: &str, filter: &str) -> rusqlite::Result<()> {
        let mut select = self.connection.prepare(&format!("SELECT * FROM {table} {filter}"))?;
        let columns = select.column_count();
        let places = vec!["?"; columns].join(", ");
        let mut insert = to.prepare(&format!("INSERT INTO {table} VALUES ({places})"))?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let values = (0..columns).map(|column| row.get(column)).collect::<Result<Vec<Value>, _>>()?;
            insert.execute(params_from_iter(values))?;
        }
        Ok(())
    }
}

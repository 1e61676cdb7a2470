//! The embedded engine: a log table and streams in one SQLite database, and snapshots as databases beside it.
//!
//! WAL with `synchronous=FULL`: a group is one row at the end of a table, and costs one sync.

mod append;
mod checksum;
mod database;
mod entries;
mod index;
mod known;
mod load;
mod read;
mod streams;
mod words;

use crate::{Engine, Error, Group, StreamSpec, Streams, Take, TakeGroup};
use append::Writer;
use entries::Table;
use known::Known;
use rusqlite::Connection;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// What an engine is opened with.
#[derive(Debug, Clone)]
pub struct Options {
    pub streams: Vec<StreamSpec>,
    /// Bytes of a page of a new directory's databases: a power of two from 512 to 65,536.
    pub page_bytes: u32,
}

impl Options {
    /// The settings that were fastest, with these streams.
    #[must_use]
    pub fn new(streams: Vec<StreamSpec>) -> Options {
        Options { streams, page_bytes: 8192 }
    }
}

/// Rows in a directory.
#[derive(Debug)]
pub struct SqliteEngine {
    path: PathBuf,
    /// None once a write failed with an unknown outcome.
    writer: Option<Writer>,
    /// Why there is no writer.
    closed: Option<String>,
    /// Reads what was written, and shares no page with the writer.
    reader: Connection,
    tables: Vec<Table>,
    /// What the log and the snapshot say; None before they were read.
    known: Option<Known>,
}

impl SqliteEngine {
    /// Opens a directory, or makes it.
    ///
    /// # Errors
    /// [`Error::Newer`], [`Error::Foreign`], [`Error::Incomplete`] and [`Error::Damaged`] where something else stands there than
    /// what this engine wrote; nothing is written then.
    pub fn open(directory: &Path, options: Options) -> Result<SqliteEngine, Error> {
        database::create(directory, options.page_bytes)?;
        let path = database::file(directory);
        let writer = Writer { connection: database::open(&path, &options.streams)? };
        let reader = database::look(&path, &options.streams)?;
        let tables = options.streams.into_iter().map(Table::new).collect();
        Ok(SqliteEngine { path, writer: Some(writer), closed: None, reader, tables, known: None })
    }

    fn known(&mut self) -> Result<&mut Known, Error> {
        if self.known.is_none() {
            self.load(&mut |_| Ok(()))?;
        }
        Ok(self.known.get_or_insert_default())
    }

    /// Closes the writer for good: what became of its last write is not guessed.
    fn close(&mut self, cause: String) -> Error {
        self.writer = None;
        tracing::error!(
            file = words::name(&self.path),
            cause,
            "a group could not be written, and nothing more is written until the next start"
        );
        self.closed = Some(cause.clone());
        Error::Unknown { file: words::name(&self.path), cause }
    }
}

impl Engine for SqliteEngine {
    fn load(&mut self, take: &mut Take<'_>) -> Result<u64, Error> {
        let known = load::load(&self.path, &self.reader, &self.tables, take)?;
        let revision = known.revision;
        self.known = Some(known);
        Ok(revision)
    }

    fn revision(&self) -> u64 {
        self.known.as_ref().map_or(0, |known| known.revision)
    }

    fn append(&mut self, revision: u64, group: &Group) -> Result<(), Error> {
        if let Some(cause) = &self.closed {
            return Err(Error::Closed { file: words::name(&self.path), cause: cause.clone() });
        }
        append::admit(&self.path, &self.tables, group)?;
        self.known()?;
        let (Some(writer), Some(known)) = (&mut self.writer, &mut self.known) else {
            return Err(Error::Closed { file: words::name(&self.path), cause: String::new() });
        };
        match writer.write(&self.tables, &known.heads, revision, group) {
            Ok(written) => {
                known.appended(revision, group, written.touched, written.heads);
                Ok(())
            }
            Err(append::Failed::Next(next)) => {
                Err(Error::Fenced { file: words::name(&self.path), given: revision, next })
            }
            Err(append::Failed::Full) => Err(Error::Full { file: words::name(&self.path) }),
            Err(append::Failed::Unknown(error)) => Err(self.close(words::in_words(&error))),
        }
    }

    fn get(&mut self, table: &str, sequence: u64) -> Result<Option<Vec<u8>>, Error> {
        self.known()?;
        let Some(known) = &self.known else { return Ok(None) };
        let transaction = self.reader.unchecked_transaction().map_err(|error| words::failed(&self.path, &error))?;
        let in_log = read::row_in_log(&self.path, &transaction, &known.index, table, sequence)?;
        Ok(in_log.flatten())
    }

    fn read(&mut self, from: u64, take: &mut TakeGroup<'_>) -> Result<(), Error> {
        self.known()?;
        let Some(known) = &self.known else { return Ok(()) };
        let named = database::named(&self.reader).map_err(|error| words::failed(&self.path, &error))?;
        let first = named.map_or(1, |named| named.revision + 1);
        if from < first {
            return Err(Error::Gone { from, first });
        }
        read::groups(&self.path, &self.reader, &known.heads, from, take)
    }

    fn snapshot(&mut self) -> Result<(), Error> {
        Ok(())
    }

    fn tidy(&mut self) -> Result<bool, Error> {
        Ok(false)
    }

    fn check(&mut self) -> Result<Vec<String>, Error> {
        Ok(Vec::new())
    }

    fn closed(&self) -> Option<&str> {
        self.closed.as_deref()
    }

    fn log_bytes(&self) -> u64 {
        0
    }

    fn streams(&self) -> Arc<dyn Streams> {
        let specs = self.tables.iter().map(|table| table.spec.clone()).collect();
        Arc::new(streams::SqliteStreams { path: self.path.clone(), specs })
    }
}

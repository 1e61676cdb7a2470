//! A snapshot's file: a database with a table for each table of rows, written once, in the order of the keys.
//!
//! It is found by its name, and counts only once the log's database names it, with the number of its rows and a checksum
//! over all of them. People read it with sqlite3.

use super::{
    checksum,
    database::{APPLICATION, LAYOUT, Named, only_a_file, owners_file, remove, sync_directory},
    run::{Keyed, Source},
    steps::{Step, Steps},
    words::{damaged, failed, io, name},
};
use crate::{Error, stream::Part};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};
use std::{
    collections::{BTreeMap, VecDeque},
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::Arc,
};

/// Holds the parts of streams. No table of rows can have this name.
const PARTS: &str = "_streams";
/// Rows that are read together.
const ROWS_AT_ONCE: i64 = 256;

/// Parts by stream and number.
pub(super) type Parts = BTreeMap<(String, u64), Part>;

/// Receives a row: table, sequence, content.
pub(super) type TakeRow<'a> = &'a mut dyn FnMut(&str, u64, &[u8]) -> Result<(), Error>;
/// Receives what is wrong, and stops by returning it.
pub(super) type TakeWrong<'a> = &'a mut dyn FnMut(Error) -> Result<(), Error>;

/// A snapshot that the log's database names.
#[derive(Debug)]
pub(super) struct Snapshot {
    path: PathBuf,
    connection: Connection,
    named: Named,
    /// Of the file.
    bytes: u64,
}

pub(super) fn file(directory: &Path, revision: u64) -> PathBuf {
    directory.join(format!("snapshot-{revision:020}.db"))
}

/// The revision in a file's name, of a snapshot or of what was left of one.
pub(super) fn revision_of(file: &std::ffi::OsStr) -> Option<u64> {
    file.to_str()?.strip_prefix("snapshot-")?.split('.').next()?.parse().ok()
}

/// Bytes of a database's head, and its first words.
const HEAD_BYTES: u64 = 100;
const HEAD: &[u8] = b"SQLite format 3\0";

/// A named snapshot's file, and its bytes. It is as long as it was written: not cut off, and nothing behind its end.
pub(super) fn whole(directory: &Path, revision: u64) -> Result<(PathBuf, u64), Error> {
    let path = file(directory, revision);
    if !path.try_exists().map_err(io(&path))? {
        return Err(Error::Incomplete { file: name(&path), witness: name(&super::database::file(directory)) });
    }
    let bytes = whole_bytes(&path)?;
    Ok((path, bytes))
}

fn whole_bytes(path: &Path) -> Result<u64, Error> {
    only_a_file(path)?;
    let file = File::open(path).map_err(io(path))?;
    let bytes = file.metadata().map_err(io(path))?.len();
    let mut head = Vec::new();
    file.take(HEAD_BYTES).read_to_end(&mut head).map_err(io(path))?;
    // What is of another kind is named by SQLite.
    let (Some(page), Some(pages), true) = (head.get(16..18), head.get(28..32), head.starts_with(HEAD)) else {
        return if bytes < HEAD_BYTES { Err(damaged(path, "as a whole", "it was cut off")) } else { Ok(bytes) };
    };
    let number = |bytes: &[u8]| bytes.iter().fold(0, |number, byte| number << 8 | u64::from(*byte));
    // 65,536 does not fit.
    let page_bytes = if number(page) == 1 { 1 << 16 } else { number(page) };
    let written = page_bytes * number(pages);
    match bytes == written {
        true => Ok(bytes),
        false => Err(damaged(path, "as a whole", &format!("it has {bytes} bytes, and was written with {written}"))),
    }
}

impl Snapshot {
    pub(super) fn open(directory: &Path, named: Named) -> Result<Snapshot, Error> {
        let (path, bytes) = whole(directory, named.revision)?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(&path, flags).map_err(|error| failed(&path, &error))?;
        let pragma = |pragma| connection.pragma_query_value(None, pragma, |row| row.get::<_, i64>(0));
        let found = pragma("user_version").map_err(|error| failed(&path, &error))?;
        if pragma("application_id").map_err(|error| failed(&path, &error))? != APPLICATION {
            return Err(Error::Foreign { file: name(&path) });
        }
        if found > LAYOUT {
            return Err(Error::Newer { file: name(&path), found, known: LAYOUT });
        }
        Ok(Snapshot { path, connection, named, bytes })
    }

    pub(super) fn named(&self) -> Named {
        self.named
    }

    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    fn tables(&self) -> rusqlite::Result<Vec<String>> {
        let query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name != ?1 ORDER BY name";
        let mut statement = self.connection.prepare(query)?;
        let names = statement.query_map([PARTS], |row| row.get(0))?;
        names.collect()
    }

    /// One row's content, checked.
    pub(super) fn get(&self, table: &str, sequence: u64) -> Result<Option<Vec<u8>>, Error> {
        let failed = |error: rusqlite::Error| failed(&self.path, &error);
        let exists = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
        let mut statement = self.connection.prepare_cached(exists).map_err(failed)?;
        if !statement.exists([table]).map_err(failed)? {
            return Ok(None);
        }
        let query = format!("SELECT crc, body FROM \"{table}\" WHERE sequence = ?1");
        let mut statement = self.connection.prepare_cached(&query).map_err(failed)?;
        let stored = |row: &rusqlite::Row<'_>| Ok((row.get::<_, u32>(0)?, row.get::<_, Vec<u8>>(1)?));
        let found = statement.query_row([sequence.cast_signed()], stored).optional().map_err(failed)?;
        match found {
            Some((crc, body)) if crc != checksum::of_row(table, sequence, &body) => {
                Err(self.wrong_row(table, sequence))
            }
            found => Ok(found.map(|(_, body)| body)),
        }
    }

    /// Passes each row to `take`, checked, and returns the parts of streams. What is wrong goes to `wrong`, which may
    /// stop the reading with it.
    pub(super) fn read(&self, take: TakeRow<'_>, wrong: TakeWrong<'_>) -> Result<Parts, Error> {
        let failed = |error: rusqlite::Error| failed(&self.path, &error);
        let (mut count, mut crc, mut has_wrong) = (0, 0, false);
        for table in self.tables().map_err(failed)? {
            let query = format!("SELECT sequence, crc, body FROM \"{table}\" ORDER BY sequence");
            let mut statement = self.connection.prepare(&query).map_err(failed)?;
            let mut rows = statement.query([]).map_err(failed)?;
            while let Some(row) = rows.next().map_err(failed)? {
                let sequence = row.get::<_, i64>(0).map_err(failed)?.cast_unsigned();
                let body = row.get_ref(2).and_then(|value| Ok(value.as_blob()?)).unwrap_or_default();
                let of_row = checksum::of_row(&table, sequence, body);
                (count, crc) = (count + 1, checksum::of_rows(crc, of_row));
                if row.get::<_, u32>(1).ok() == Some(of_row) {
                    take(&table, sequence, body)?;
                } else {
                    has_wrong = true;
                    wrong(self.wrong_row(&table, sequence))?;
                }
            }
        }
        match self.compare(count, crc) {
            // A row that was named is reason enough for another checksum.
            Err(_) if has_wrong && count == self.named.rows => self.parts().map_err(failed),
            Err(error) => {
                wrong(error)?;
                self.parts().map_err(failed)
            }
            parts => parts,
        }
    }

    /// Whether the rows are as many and have the checksum with which the snapshot was named.
    fn compare(&self, count: u64, crc: u32) -> Result<Parts, Error> {
        let parts = self.parts().map_err(|error| failed(&self.path, &error))?;
        let Named { revision, rows, crc: expected } = self.named;
        if (count, of_parts(crc, &parts)) != (rows, expected) {
            let cause = format!("of its {rows} rows {count} are there, or others than were written");
            return Err(damaged(&self.path, &format!("snapshot of revision {revision}"), &cause));
        }
        Ok(parts)
    }

    pub(super) fn parts(&self) -> rusqlite::Result<Parts> {
        let mut statement =
            self.connection.prepare(&format!("SELECT stream, part, first, last, bytes FROM {PARTS}"))?;
        let part = |row: &rusqlite::Row<'_>| {
            let [number, first, last, bytes] =
                [1, 2, 3, 4].map(|column| row.get::<_, i64>(column).map(i64::cast_unsigned));
            Ok(((row.get(0)?, number?), Part { first: first?, last: last?, bytes: bytes? }))
        };
        let parts = statement.query_map([], part)?;
        parts.collect()
    }

    fn wrong_row(&self, table: &str, sequence: u64) -> Error {
        damaged(
            &self.path,
            &format!("row {} of {table}", crate::row_name(sequence)),
            "it does not agree with its checksum",
        )
    }

    /// What SQLite finds wrong with the file's pages, one line each.
    pub(super) fn check_pages(&self) -> Result<Vec<String>, Error> {
        let found = super::database::integrity(&self.connection).map_err(|error| failed(&self.path, &error))?;
        Ok(found.into_iter().map(|line| format!("{}: {line}", self.path.display())).collect())
    }

    /// The rows as a source of the next snapshot, checked.
    pub(super) fn into_source(self) -> Result<Source, Error> {
        let tables = self.tables().map_err(|error| failed(&self.path, &error))?;
        let tables = tables.into_iter().map(Into::into).collect();
        Ok(Box::new(Rows { snapshot: self, tables, next: Some(i64::MIN), buffer: VecDeque::new(), seen: Some((0, 0)) }))
    }
}

/// Reads a snapshot a few rows at a time.
struct Rows {
    snapshot: Snapshot,
    tables: VecDeque<Arc<str>>,
    /// Where the first table is read on; None when it is at its end.
    next: Option<i64>,
    buffer: VecDeque<Keyed>,
    /// Rows that were read, and their checksum; None once they were compared with what the snapshot was named with.
    seen: Option<(u64, u32)>,
}

impl Rows {
    fn fill(&mut self) -> Result<(), Error> {
        while self.buffer.is_empty() {
            let Some(table) = self.tables.front() else {
                // A row that has vanished here must not vanish from the next snapshot without a word.
                return self.seen.take().map_or(Ok(()), |(count, crc)| self.snapshot.compare(count, crc).map(drop));
            };
            let Some(next) = self.next else {
                self.tables.pop_front();
                self.next = Some(i64::MIN);
                continue;
            };
            let failed = |error: rusqlite::Error| failed(&self.snapshot.path, &error);
            let query =
                format!("SELECT sequence, crc, body FROM \"{table}\" WHERE sequence >= ?1 ORDER BY sequence LIMIT ?2");
            let mut statement = self.snapshot.connection.prepare_cached(&query).map_err(failed)?;
            let mut rows = statement.query([next, ROWS_AT_ONCE]).map_err(failed)?;
            while let Some(row) = rows.next().map_err(failed)? {
                let sequence: i64 = row.get(0).map_err(failed)?;
                let (crc, body): (u32, Box<[u8]>) = (row.get(1).map_err(failed)?, row.get(2).map_err(failed)?);
                if crc != checksum::of_row(table, sequence.cast_unsigned(), &body) {
                    return Err(self.snapshot.wrong_row(table, sequence.cast_unsigned()));
                }
                self.seen = self.seen.map(|(count, of_rows)| (count + 1, checksum::of_rows(of_rows, crc)));
                self.buffer.push_back(Keyed { table: Arc::clone(table), sequence, body: Some(body) });
            }
            self.next = self.buffer.back().and_then(|last| last.sequence.checked_add(1));
        }
        Ok(())
    }
}

impl Iterator for Rows {
    type Item = Result<Keyed, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.fill() {
            Err(error) => Some(Err(error)),
            Ok(()) => self.buffer.pop_front().map(Ok),
        }
    }
}

/// Adds the parts to the checksum of the rows.
fn of_parts(crc: u32, parts: &Parts) -> u32 {
    parts.iter().fold(crc, |crc, ((stream, number), part)| {
        let numbers = [part.first, part.last, part.bytes].map(u64::to_le_bytes).concat();
        checksum::of_rows(crc, checksum::of_row(stream, *number, &numbers))
    })
}

/// Writes a snapshot's file, and syncs it and its name.
pub(super) fn write(
    directory: &Path,
    revision: u64,
    page_bytes: u32,
    rows: impl Iterator<Item = Result<Keyed, Error>>,
    parts: &Parts,
    steps: &Steps,
) -> Result<Named, Error> {
    let path = file(directory, revision);
    remove(&path)?;
    drop(owners_file(&path)?);
    steps.at(Step::SnapshotBegun);
    let written = fill(&path, page_bytes, rows, parts).and_then(|(rows, crc)| {
        steps.at(Step::SnapshotWritten);
        // Before anything names it.
        File::open(&path).and_then(|file| file.sync_all()).map_err(io(&path))?;
        steps.at(Step::SnapshotSynced);
        sync_directory(directory)?;
        steps.at(Step::DirectorySynced);
        Ok(Named { revision, rows, crc })
    });
    if written.is_err() {
        // It only takes room.
        let _ = remove(&path);
    }
    written
}

fn fill(
    path: &Path,
    page_bytes: u32,
    rows: impl Iterator<Item = Result<Keyed, Error>>,
    parts: &Parts,
) -> Result<(u64, u32), Error> {
    let failed = |error: rusqlite::Error| failed(path, &error);
    let connection = Connection::open(path).map_err(failed)?;
    // Nobody reads the file before it is whole, so that nothing has to be undone in it.
    connection
        .execute_batch(&format!(
            "PRAGMA page_size = {page_bytes}; PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
             PRAGMA locking_mode = EXCLUSIVE; PRAGMA cache_size = -2048;
             PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {LAYOUT};
             BEGIN;
             CREATE TABLE {PARTS} (stream TEXT NOT NULL, part INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, bytes INTEGER NOT NULL);"
        ))
        .map_err(failed)?;
    let (mut count, mut crc) = (0, 0);
    let mut table: Arc<str> = "".into();
    let mut insert = String::new();
    for row in rows {
        let row = row?;
        let Some(body) = row.body else { continue };
        if row.table != table {
            table = row.table;
            let columns = "(sequence INTEGER PRIMARY KEY, crc INTEGER NOT NULL, body BLOB NOT NULL)";
            connection.execute_batch(&format!("CREATE TABLE \"{table}\" {columns}")).map_err(failed)?;
            insert = format!("INSERT INTO \"{table}\" VALUES (?1, ?2, ?3)");
        }
        let of_row = checksum::of_row(&table, row.sequence.cast_unsigned(), &body);
        let mut statement = connection.prepare_cached(&insert).map_err(failed)?;
        statement.execute(params![row.sequence, of_row, body]).map_err(failed)?;
        (count, crc) = (count + 1, checksum::of_rows(crc, of_row));
    }
    for ((stream, number), part) in parts {
        let numbers = [*number, part.first, part.last, part.bytes].map(u64::cast_signed);
        let [number, first, last, bytes] = numbers;
        let insert = format!("INSERT INTO {PARTS} VALUES (?1, ?2, ?3, ?4, ?5)");
        let mut statement = connection.prepare_cached(&insert).map_err(failed)?;
        statement.execute(params![stream, number, first, last, bytes]).map_err(failed)?;
    }
    connection.execute_batch("COMMIT").map_err(failed)?;
    connection.close().map_err(|(_, error)| failed(error))?;
    Ok((count, of_parts(crc, parts)))
}

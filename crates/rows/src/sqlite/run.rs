//! The log as sorted runs: what a snapshot merges with the one before it.
//!
//! The log is read once, in its order, and gathered by key. When what was gathered is large it is written to a file in
//! the order of its keys, so that a snapshot needs little memory whatever the log's size.

use super::{
    database::owners_file,
    log::group,
    words::{damaged, failed, io},
};
use crate::{
    Error,
    group::Changes,
    stream::{Part, Touched},
};
use rusqlite::{Connection, params};
use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{BufReader, BufWriter, Read, Seek, Write},
    path::Path,
    sync::Arc,
};

/// Groups that are read in one transaction, and their bytes: short transactions let the database's log begin anew.
const GROUPS_AT_ONCE: u64 = 16;
const BYTES_AT_ONCE: usize = 4 << 20;
/// What a row takes in memory beside its content.
const ROW_OVERHEAD: usize = 64;

/// A row as the sources of a snapshot have it, in the order of table and sequence. SQLite orders sequences as signed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Keyed {
    pub(super) table: Arc<str>,
    pub(super) sequence: i64,
    /// None when it was deleted.
    pub(super) body: Option<Box<[u8]>>,
}

/// Rows in the order of their keys.
pub(super) type Source = Box<dyn Iterator<Item = Result<Keyed, Error>>>;

/// What a part of the log holds.
#[derive(Default)]
pub(super) struct Log {
    /// Oldest first.
    pub(super) runs: Vec<Source>,
    /// The parts of streams as they are at its end.
    pub(super) parts: BTreeMap<(String, u64), Part>,
}

/// Receives what a group did to streams, and its rows; returns what is wrong with them.
type TakeGroup<'a> = &'a mut dyn FnMut(Vec<Touched>, &[u8]) -> Result<(), String>;

type Gathered = BTreeMap<(Arc<str>, i64), Option<Box<[u8]>>>;

/// Reads the groups behind `after` up to `through`. Runs larger than `run_bytes` go to files beside `scratch`, which are
/// gone with the value. `is_cancelled` is asked between transactions.
pub(super) fn read_log(
    path: &Path,
    connection: &Connection,
    (after, through): (u64, u64),
    scratch: &Path,
    run_bytes: usize,
    is_cancelled: &dyn Fn() -> bool,
) -> Result<Log, Error> {
    let mut log = Log::default();
    let mut tables: BTreeSet<Arc<str>> = BTreeSet::new();
    let mut gathered = Gathered::new();
    let mut bytes = 0;
    let mut next = after + 1;
    while next <= through {
        if is_cancelled() {
            return Err(Error::Failed { file: super::words::name(path), cause: "it is being closed".into() });
        }
        next = read_some(path, connection, (next, through), &mut |touched, body| {
            for Touched { stream, number, part, .. } in touched {
                log.parts.insert((stream, number), part);
            }
            for change in Changes::of(body) {
                let change = change.map_err(|error| error.to_string())?;
                let table = tables.get(change.table).cloned().unwrap_or_else(|| change.table.into());
                tables.insert(Arc::clone(&table));
                bytes += ROW_OVERHEAD + change.body.map_or(0, <[u8]>::len);
                gathered.insert((table, change.sequence.cast_signed()), change.body.map(Into::into));
            }
            Ok(())
        })?;
        if bytes >= run_bytes && next <= through {
            let file = scratch.with_extension(format!("run{}", log.runs.len()));
            log.runs.push(write_run(&file, std::mem::take(&mut gathered)).map_err(io(&file))?);
            bytes = 0;
        }
    }
    let keyed = |((table, sequence), body)| Ok(Keyed { table, sequence, body });
    log.runs.push(Box::new(gathered.into_iter().map(keyed)));
    Ok(log)
}

/// Reads a few groups in one transaction; returns the revision that comes next.
fn read_some(
    path: &Path,
    connection: &Connection,
    (mut next, through): (u64, u64),
    take: TakeGroup<'_>,
) -> Result<u64, Error> {
    let failed = |error: rusqlite::Error| failed(path, &error);
    let query =
        "SELECT revision, crc, touched, body FROM log WHERE revision BETWEEN ?1 AND ?2 ORDER BY revision LIMIT ?3";
    let mut statement = connection.prepare_cached(query).map_err(failed)?;
    let range = params![next.cast_signed(), through.cast_signed(), GROUPS_AT_ONCE.cast_signed()];
    let mut rows = statement.query(range).map_err(failed)?;
    let (begin, mut bytes) = (next, 0);
    while let Some(row) = rows.next().map_err(failed)? {
        let row = group(path, row)?;
        if row.revision != next {
            break;
        }
        bytes += row.body.len();
        take(row.touched, row.body).map_err(|cause| damaged(path, &format!("group {next}"), &cause))?;
        next += 1;
        if bytes >= BYTES_AT_ONCE {
            break;
        }
    }
    if next == begin { Err(damaged(path, &format!("group {next}"), "it is missing")) } else { Ok(next) }
}

const NEW_TABLE: u8 = 0;
const PUT: u8 = 1;
const DELETED: u8 = 2;

/// Writes rows to a file that has no name any more: it is gone with its last user.
fn write_run(path: &Path, gathered: Gathered) -> std::io::Result<Source> {
    let file = owners_file(path).map_err(std::io::Error::other)?;
    file.set_len(0)?;
    // Where open files cannot be deleted it stays until the next snapshot is named.
    let _ = std::fs::remove_file(path);
    let mut writer = BufWriter::with_capacity(1 << 16, file);
    let mut last: Option<Arc<str>> = None;
    for ((table, sequence), body) in gathered {
        if last.as_ref() != Some(&table) {
            // A name is at most 48 bytes long.
            writer.write_all(&[NEW_TABLE, table.len() as u8])?;
            writer.write_all(table.as_bytes())?;
            last = Some(table);
        }
        writer.write_all(&[if body.is_some() { PUT } else { DELETED }])?;
        writer.write_all(&sequence.to_le_bytes())?;
        if let Some(body) = body {
            // A group bounds it.
            writer.write_all(&(body.len() as u32).to_le_bytes())?;
            writer.write_all(&body)?;
        }
    }
    let mut file = writer.into_inner().map_err(std::io::IntoInnerError::into_error)?;
    file.rewind()?;
    let reader = RunFile { reader: BufReader::with_capacity(1 << 16, file), table: "".into() };
    let path = path.to_owned();
    Ok(Box::new(reader.map(move |row| row.map_err(io(&path)))))
}

struct RunFile {
    reader: BufReader<File>,
    table: Arc<str>,
}

impl RunFile {
    fn bytes<const N: usize>(&mut self) -> std::io::Result<[u8; N]> {
        let mut bytes = [0; N];
        self.reader.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn content(&mut self, length: usize) -> std::io::Result<Vec<u8>> {
        let mut bytes = vec![0; length];
        self.reader.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn row(&mut self, mut tag: u8) -> std::io::Result<Keyed> {
        if tag == NEW_TABLE {
            let [length] = self.bytes()?;
            let name = String::from_utf8(self.content(length.into())?).map_err(std::io::Error::other)?;
            self.table = name.into();
            [tag] = self.bytes()?;
        }
        let sequence = i64::from_le_bytes(self.bytes()?);
        let body = if tag == PUT {
            let length = u32::from_le_bytes(self.bytes()?);
            Some(self.content(length as usize)?.into())
        } else {
            None
        };
        Ok(Keyed { table: Arc::clone(&self.table), sequence, body })
    }
}

impl Iterator for RunFile {
    type Item = std::io::Result<Keyed>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut tag = [0];
        match self.reader.read(&mut tag) {
            Ok(0) => None,
            Ok(_) => Some(self.row(tag[0])),
            Err(error) => Some(Err(error)),
        }
    }
}

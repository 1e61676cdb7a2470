//! The log's database: how it is made, opened and looked at.

use super::words::{NOT_FIT, damaged, failed, io, name};
use crate::{Error, StreamSpec};
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::{
    fs::{File, OpenOptions},
    path::{Path, PathBuf},
};

/// The newest layout that this code knows.
pub(super) const LAYOUT: i64 = 1;
/// Marks the databases of this crate, "cvdr".
pub(super) const APPLICATION: i64 = 0x6376_6472;

/// A group's row. The checksum is over revision, `touched` and `body`; `touched` stands before `body`, so that it is read
/// without the pages that hold the body.
const LOG: &str =
    "CREATE TABLE log (revision INTEGER PRIMARY KEY, crc INTEGER NOT NULL, touched BLOB NOT NULL, body BLOB NOT NULL)";
/// One row at most: the snapshot that stands for all groups up to its revision.
const SNAPSHOT: &str =
    "CREATE TABLE snapshot (revision INTEGER PRIMARY KEY, rows INTEGER NOT NULL, crc INTEGER NOT NULL)";

pub(super) const FILE: &str = "log.db";

/// Page cache of each connection, in kB. A log is read once and written at its end.
const CACHE_KB: i64 = 2 * 1024;

/// The table of a stream.
///
/// With parts the primary key is the table itself. Without, rows are appended at the end of it, which fills its pages.
pub(super) fn stream_table(spec: &StreamSpec) -> String {
    stream_layout(spec.name, spec.has_parts)
}

/// The same, of a stream that is not known otherwise.
pub(super) fn stream_layout(table: &str, has_parts: bool) -> String {
    if has_parts {
        format!(
            "CREATE TABLE stream_{table} (part INTEGER NOT NULL, sequence INTEGER NOT NULL, revision INTEGER NOT NULL, time INTEGER NOT NULL, crc INTEGER NOT NULL, key BLOB NOT NULL, body BLOB NOT NULL, PRIMARY KEY (part, sequence)) WITHOUT ROWID"
        )
    } else {
        format!(
            "CREATE TABLE stream_{table} (part INTEGER NOT NULL, sequence INTEGER PRIMARY KEY, revision INTEGER NOT NULL, time INTEGER NOT NULL, crc INTEGER NOT NULL, key BLOB NOT NULL, body BLOB NOT NULL)"
        )
    }
}

/// Makes the database where there is none.
pub(super) fn create(directory: &Path, page_bytes: u32) -> Result<(), Error> {
    let path = directory.join(FILE);
    if path.try_exists().map_err(io(&path))? {
        return Ok(());
    }
    make_directory(directory)?;
    if let Some(witness) = witness(directory)? {
        return Err(Error::Incomplete { file: name(&path), witness });
    }
    publish(directory, draft(directory, page_bytes)?)
}

/// A database under another name, so that a crash leaves none that is half made.
pub(super) struct Draft {
    pub(super) path: PathBuf,
    file: File,
}

/// Makes one, with the tables that each has. It is synced once, when it gets its name.
pub(super) fn draft(directory: &Path, page_bytes: u32) -> Result<Draft, Error> {
    let path = directory.join("log.db.new");
    remove(&path)?;
    let file = owners_file(&path)?;
    let make = || {
        let connection = Connection::open(&path)?;
        connection.execute_batch(&format!(
            "PRAGMA synchronous = OFF; PRAGMA page_size = {page_bytes}; PRAGMA journal_mode = WAL; BEGIN; {LOG}; {SNAPSHOT};
             PRAGMA application_id = {APPLICATION}; PRAGMA user_version = {LAYOUT}; COMMIT;"
        ))?;
        // The last connection to close writes the log back and deletes it.
        connection.close().map_err(|(_, error)| error)
    };
    make().map_err(|error| failed(&path, &error))?;
    Ok(Draft { path, file })
}

/// Gives it its name, once nobody has it open.
pub(super) fn publish(directory: &Path, draft: Draft) -> Result<(), Error> {
    draft.file.sync_all().map_err(io(&draft.path))?;
    let path = file(directory);
    std::fs::rename(&draft.path, &path).map_err(io(&path))?;
    sync_directory(directory)
}

/// A file that no database is without: its own log, or a snapshot.
fn witness(directory: &Path) -> Result<Option<String>, Error> {
    for entry in std::fs::read_dir(directory).map_err(io(directory))? {
        let entry = entry.map_err(io(directory))?.file_name();
        let file = entry.to_string_lossy();
        if (file.starts_with("log.db-") || file.starts_with("snapshot-")) && !file.ends_with(".new") {
            return Ok(Some(name(&directory.join(&entry))));
        }
    }
    Ok(None)
}

/// Whether a file has a name that this engine gives to files in its directory.
#[must_use]
pub fn is_ours(name: &std::ffi::OsStr) -> bool {
    ["log.db", "snapshot-"].iter().any(|begin| name.as_encoded_bytes().starts_with(begin.as_bytes()))
}

/// Makes a directory readable by its owner only, where there is none, and its name durable.
pub(super) fn make_directory(directory: &Path) -> Result<(), Error> {
    if directory.try_exists().map_err(io(directory))? {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(directory).map_err(io(directory))?;
    let parent = directory.parent().filter(|parent| !parent.as_os_str().is_empty());
    sync_directory(parent.unwrap_or(Path::new(".")))
}

/// Makes a file readable by its owner only. SQLite gives its own log the same mode.
pub(super) fn owners_file(path: &Path) -> Result<File, Error> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map_err(io(path))
}

/// Deletes a file, if there is one.
pub(super) fn remove(path: &Path) -> Result<(), Error> {
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(io(path)(error)),
        _ => Ok(()),
    }
}

/// Makes names in a directory durable.
pub(crate) fn sync_directory(directory: &Path) -> Result<(), Error> {
    File::open(directory).and_then(|file| file.sync_all()).map_err(io(directory))
}

/// Opens the database for writing, and makes what the streams need. Nothing is written before it was looked at.
pub(super) fn open(path: &Path, streams: &[StreamSpec]) -> Result<Connection, Error> {
    drop(look(path, streams)?);
    let failed = |error: rusqlite::Error| failed(path, &error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection
        .execute_batch(&format!(
            "PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             PRAGMA wal_autocheckpoint = 0; PRAGMA cache_size = -{CACHE_KB};"
        ))
        .map_err(failed)?;
    connection.set_prepared_statement_cache_capacity(64);
    if !is_durable(&connection).map_err(failed)? {
        return Err(Error::Failed { file: name(path), cause: NOT_FIT.into() });
    }
    make_streams(&connection, streams).map_err(failed)?;
    Ok(connection)
}

/// Makes the tables that are missing, in one transaction.
fn make_streams(connection: &Connection, streams: &[StreamSpec]) -> rusqlite::Result<()> {
    let mut missing = Vec::new();
    for spec in streams {
        if schema_of(connection, &format!("stream_{}", spec.name))?.is_none() {
            missing.push(stream_table(spec));
        }
    }
    match missing[..] {
        [] => Ok(()),
        _ => connection.execute_batch(&format!("BEGIN; {}; COMMIT;", missing.join("; "))),
    }
}

/// Whether a commit is synced before it returns.
pub(super) fn is_durable(connection: &Connection) -> rusqlite::Result<bool> {
    let synchronous: i64 = connection.pragma_query_value(None, "synchronous", |row| row.get(0))?;
    let journal: String = connection.pragma_query_value(None, "journal_mode", |row| row.get(0))?;
    Ok(synchronous == 2 && journal == "wal")
}

/// Refuses what would be read without end, or waited for.
pub(super) fn only_a_file(path: &Path) -> Result<(), Error> {
    match std::fs::metadata(path).map_err(io(path))?.is_file() {
        true => Ok(()),
        false => Err(damaged(path, "as a whole", "it is no regular file")),
    }
}

/// Opens the database for reading, once it is known to be one of ours.
pub(super) fn look(path: &Path, streams: &[StreamSpec]) -> Result<Connection, Error> {
    match std::fs::metadata(path) {
        Ok(found) if found.len() == 0 => {
            return Err(damaged(path, "as a whole", "it is empty, as a copy that was cut off"));
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let directory = path.parent().unwrap_or(Path::new("."));
            let witness = witness(directory)?.unwrap_or_else(|| name(directory));
            return Err(Error::Incomplete { file: name(path), witness });
        }
        found => found.map_err(io(path))?,
    };
    only_a_file(path)?;
    let log = path.with_extension("db-wal");
    if log.symlink_metadata().is_ok() {
        only_a_file(&log)?;
    }
    match look_at(path, path, OpenFlags::empty(), streams) {
        // SQLite makes files beside a database to share it, and cannot on a read-only or a full disk. What has nothing in
        // SQLite's own log is whole without it.
        Err(Error::Failed { file, cause }) if has_no_log(path) => {
            look_unused(path, streams).map_err(|_| Error::Failed { file, cause })
        }
        looked => looked,
    }
}

/// The same, of one that nobody has open, and without SQLite's own log: nothing is made beside it.
pub(super) fn look_unused(path: &Path, streams: &[StreamSpec]) -> Result<Connection, Error> {
    look_at(path, &immutable(path), OpenFlags::SQLITE_OPEN_URI, streams)
}

/// Whether nothing is in SQLite's own log: then nobody is writing.
fn has_no_log(path: &Path) -> bool {
    std::fs::metadata(path.with_extension("db-wal")).map_or(true, |log| log.len() == 0)
}

/// The name by which SQLite opens a file that nobody changes.
fn immutable(path: &Path) -> PathBuf {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-_.".contains(&byte);
    let bytes = path.as_os_str().as_encoded_bytes().iter();
    let text: String =
        bytes.map(|byte| if is_plain(*byte) { char::from(*byte).into() } else { format!("%{byte:02X}") }).collect();
    format!("file:{text}?immutable=1").into()
}

fn look_at(path: &Path, opened_as: &Path, flags: OpenFlags, streams: &[StreamSpec]) -> Result<Connection, Error> {
    let flags = flags | OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(opened_as, flags).map_err(|error| failed(path, &error))?;
    let failed = |error: rusqlite::Error| failed(path, &error);
    connection.execute_batch("PRAGMA busy_timeout = 5000; PRAGMA query_only = TRUE;").map_err(failed)?;
    let pragma = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0)).map_err(failed);
    if pragma("application_id")? != APPLICATION {
        return Err(Error::Foreign { file: name(path) });
    }
    let found = pragma("user_version")?;
    if found > LAYOUT {
        return Err(Error::Newer { file: name(path), found, known: LAYOUT });
    }
    let streams = streams.iter().map(|spec| (format!("stream_{}", spec.name), stream_table(spec), false));
    let fixed = [("log".to_owned(), LOG.to_owned(), true), ("snapshot".to_owned(), SNAPSHOT.to_owned(), true)];
    for (table, layout, is_needed) in fixed.into_iter().chain(streams) {
        match schema_of(&connection, &table).map_err(failed)? {
            Some(found) if found == layout => {}
            None if !is_needed => {}
            _ => return Err(damaged(path, &format!("table {table}"), "it has not the columns that it was made with")),
        }
    }
    Ok(connection)
}

fn schema_of(connection: &Connection, table: &str) -> rusqlite::Result<Option<String>> {
    let query = "SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?1";
    connection.query_row(query, [table], |row| row.get(0)).optional()
}

/// The snapshot that is named: revision, rows, checksum.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) revision: u64,
    pub(super) rows: u64,
    pub(super) crc: u32,
}

pub(super) fn named(connection: &Connection) -> rusqlite::Result<Option<Named>> {
    let query = "SELECT revision, rows, crc FROM snapshot ORDER BY revision DESC LIMIT 1";
    connection
        .prepare_cached(query)?
        .query_row([], |row| {
            let (revision, rows) = (row.get::<_, i64>(0)?.cast_unsigned(), row.get::<_, i64>(1)?.cast_unsigned());
            Ok(Named { revision, rows, crc: row.get(2)? })
        })
        .optional()
}

/// The revision of the last group, in the log or in the snapshot.
pub(super) fn last_revision(connection: &Connection) -> rusqlite::Result<u64> {
    let query = "SELECT revision FROM log ORDER BY revision DESC LIMIT 1";
    let last: Option<i64> = connection.prepare_cached(query)?.query_row([], |row| row.get(0)).optional()?;
    match last {
        Some(last) => Ok(last.cast_unsigned()),
        None => Ok(named(connection)?.map_or(0, |named| named.revision)),
    }
}

/// Where the log's database stands in a directory.
pub(super) fn file(directory: &Path) -> PathBuf {
    directory.join(FILE)
}

/// What SQLite finds wrong with a database's pages; nothing when all is well.
pub(super) fn integrity(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    ask(connection, "PRAGMA integrity_check")
}

/// What it finds wrong with those that hold the log and the snapshot's name. A group that a damaged page has taken along
/// from the log's end leaves no gap, nor does an end that lies elsewhere.
pub(super) fn integrity_of_log(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut lines = ask(connection, "PRAGMA quick_check(log)")?;
    lines.extend(ask(connection, "PRAGMA quick_check(snapshot)")?);
    // They are made first, in this order.
    let places = "SELECT name || ' is not where it was made' FROM sqlite_schema
                  WHERE rootpage != iif(name = 'log', 2, 3) AND name IN ('log', 'snapshot')";
    lines.extend(ask(connection, places)?);
    Ok(lines)
}

/// The lines of an answer, without headings and the one that says that all is well.
fn ask(connection: &Connection, query: &str) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(query)?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let lines = lines.iter().flat_map(|lines| lines.lines());
    Ok(lines.filter(|line| *line != "ok" && !line.starts_with("***")).map(str::to_owned).collect())
}

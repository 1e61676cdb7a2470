//! Takes the rows of a database that an earlier version used over into a directory, once.
//!
//! ```text
//! file: used (.. newest) ──> begun (newest + 1) ──> the directory is made as a whole ──> done (newest + 2)
//! ```
//!
//! Both marks keep earlier versions from opening the file, which stays until the operator deletes it. Invariant: a file that
//! is done is never read again. It is older than the directory that was made of it, and would bring back what was removed since.

use crate::{
    Engine, Error, Group, Options, SqliteEngine,
    sqlite::{failed, io, name, sync_directory},
};
use rusqlite::{Connection, OpenFlags, OptionalExtension, Row};
use std::path::Path;

/// Bytes of rows and entries that are taken over in one group.
const GROUP_BYTES: usize = 1 << 20;

/// A database that earlier versions used.
#[derive(Debug, Clone, Copy)]
pub struct Earlier<'a> {
    pub file: &'a Path,
    /// The newest `user_version` with which it was used.
    pub newest: i64,
}

impl Earlier<'_> {
    /// Makes the directory of the file, if only the file is there. The directory is there as a whole or not at all.
    ///
    /// `prepare` gets the file's version, in the transaction that marks it as begun; `copy` reads it.
    ///
    /// # Errors
    /// [`Error::Both`] when the file was used beside the directory, [`Error::Lost`] when the directory is gone that was made of
    /// it, [`Error::Newer`], and what prevents reading or writing.
    pub fn take_over(
        self,
        directory: &Path,
        options: Options,
        prepare: impl FnOnce(&Connection, i64) -> rusqlite::Result<()>,
        copy: impl FnOnce(&mut Copy<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let Earlier { file, newest } = self;
        let (begun, done) = (newest + 1, newest + 2);
        if !file.try_exists().map_err(io(file))? {
            return Ok(());
        }
        let wrong = |error: rusqlite::Error| failed(file, &error);
        // Not read-only: what a killed server left in its log must be recovered before anything can be read.
        let mut old = Connection::open_with_flags(file, OpenFlags::SQLITE_OPEN_READ_WRITE).map_err(wrong)?;
        let found = old.pragma_query_value(None, "user_version", |row| row.get::<_, i64>(0)).map_err(wrong)?;
        let names = || (name(file), name(directory));
        match directory.try_exists().map_err(io(directory))? {
            _ if found > done => return Err(Error::Newer { file: name(file), found, known: done }),
            true if found == done => return Ok(()),
            // Killed between the two.
            true if found == begun => {}
            true => {
                let (file, directory) = names();
                return Err(Error::Both { file, directory });
            }
            false if found == done => {
                let (file, directory) = names();
                return Err(Error::Lost { file, directory });
            }
            false => {
                mark(&mut old, begun, |old| prepare(old, found)).map_err(wrong)?;
                make_whole(directory, options, |engine| {
                    let mut copying = Copy { file, old: &old, engine, revision: 0, group: Group::new() };
                    copy(&mut copying)?;
                    copying.append()
                })?;
                tracing::info!(
                    file = name(file),
                    directory = name(directory),
                    "taken over; the file is no longer needed"
                );
            }
        }
        mark(&mut old, done, |_| Ok(())).map_err(wrong)
    }
}

fn mark(
    old: &mut Connection,
    version: i64,
    prepare: impl FnOnce(&Connection) -> rusqlite::Result<()>,
) -> rusqlite::Result<()> {
    old.execute_batch("PRAGMA synchronous = FULL")?;
    let transaction = old.transaction()?;
    prepare(&transaction)?;
    transaction.pragma_update(None, "user_version", version)?;
    transaction.commit()?;
    old.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
}

/// Makes the directory under another name, and gives it its own once it is filled and everything is synced. What an
/// earlier try has left under that other name is deleted.
fn make_whole(
    directory: &Path,
    options: Options,
    fill: impl FnOnce(&mut SqliteEngine) -> Result<(), Error>,
) -> Result<(), Error> {
    let draft = directory.with_extension("new");
    match std::fs::remove_dir_all(&draft) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io(&draft)(error)),
        _ => {}
    }
    let mut engine = SqliteEngine::open(&draft, options)?;
    fill(&mut engine)?;
    drop(engine);
    sync_directory(&draft)?;
    std::fs::rename(&draft, directory).map_err(io(directory))?;
    directory.parent().map_or(Ok(()), sync_directory)
}

/// The copying of an earlier database.
#[derive(Debug)]
pub struct Copy<'a> {
    file: &'a Path,
    old: &'a Connection,
    engine: &'a mut SqliteEngine,
    revision: u64,
    group: Group,
}

impl Copy<'_> {
    /// Passes each row of a query about a table to `take`, with the group that it goes into; none if there is no such table.
    ///
    /// # Errors
    /// When the file cannot be read, or the directory written.
    pub fn each(
        &mut self,
        table: &str,
        query: &str,
        take: impl Fn(&Row<'_>, &mut Group) -> rusqlite::Result<()>,
    ) -> Result<(), Error> {
        let (file, old) = (self.file, self.old);
        let wrong = |error: rusqlite::Error| failed(file, &error);
        let is_there = "SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1";
        if old.query_row(is_there, [table], |_| Ok(())).optional().map_err(wrong)?.is_none() {
            return Ok(());
        }
        let mut statement = old.prepare(query).map_err(wrong)?;
        let mut rows = statement.query([]).map_err(wrong)?;
        while let Some(row) = rows.next().map_err(wrong)? {
            take(row, &mut self.group).map_err(wrong)?;
            if self.group.bytes() >= GROUP_BYTES {
                self.append()?;
            }
        }
        Ok(())
    }

    fn append(&mut self) -> Result<(), Error> {
        if !self.group.is_empty() {
            self.revision += 1;
            self.engine.append(self.revision, &std::mem::take(&mut self.group))?;
        }
        Ok(())
    }
}

/// The bytes of a column that holds a text or a blob.
///
/// # Errors
/// When it holds something else.
pub fn column_bytes<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<&'a [u8]> {
    row.get_ref(column)?.as_bytes().map_err(Into::into)
}

#[cfg(test)]
mod test {
    use super::*;
    use std::cell::Cell;

    struct Old(tempfile::TempDir);

    impl Old {
        fn new() -> Old {
            Old(tempfile::tempdir().unwrap())
        }

        /// Sets the version, and adds a row.
        fn used(&self, version: i64) {
            let make = "CREATE TABLE IF NOT EXISTS things (id INTEGER PRIMARY KEY, body TEXT);
                        INSERT INTO things (body) VALUES (printf('%.*c', 700000, 'x'));";
            self.open().execute_batch(&format!("{make} PRAGMA user_version = {version}")).unwrap();
        }

        fn open(&self) -> Connection {
            Connection::open(self.0.path().join("things.db")).unwrap()
        }

        fn version(&self) -> i64 {
            self.open().pragma_query_value(None, "user_version", |row| row.get(0)).unwrap()
        }

        /// Takes it over, and returns how many rows were copied.
        fn take_over(&self, is_broken: bool) -> Result<usize, Error> {
            let (file, copied) = (self.0.path().join("things.db"), Cell::new(0));
            let options = Options::new(Vec::new());
            Earlier { file: &file, newest: 2 }.take_over(
                &self.directory(),
                options,
                |_, _| Ok(()),
                |copy| {
                    copy.each("things", "SELECT id, body FROM things", |row, group| {
                        copied.set(copied.get() + 1);
                        group.put("things", row.get::<_, i64>(0)?.cast_unsigned(), column_bytes(row, 1)?);
                        Ok(())
                    })?;
                    copy.each("nothing", "SELECT 1 FROM nothing", |_, _| panic!("there is no such table"))?;
                    if is_broken { Err(Error::Full { file: "things".into() }) } else { Ok(()) }
                },
            )?;
            Ok(copied.get())
        }

        fn directory(&self) -> std::path::PathBuf {
            self.0.path().join("things")
        }

        fn rows(&self) -> usize {
            let mut rows = 0;
            let mut engine = SqliteEngine::open(&self.directory(), Options::new(Vec::new())).unwrap();
            let mut take = |chunk: crate::Chunk| {
                rows += chunk.len();
                Ok(())
            };
            engine.load(&mut take).unwrap();
            rows
        }
    }

    #[test]
    fn rows_are_taken_over_once_as_a_whole_or_not_at_all() {
        let old = Old::new();
        assert_eq!(old.take_over(false).unwrap(), 0, "there is nothing");
        (0..3).for_each(|_| old.used(2));
        assert!(old.take_over(true).is_err() && !old.directory().exists());
        assert_eq!(old.version(), 3, "no earlier version changes what is being copied");
        assert_eq!((old.take_over(false).unwrap(), old.rows(), old.version()), (3, 3, 4));
        assert!(!old.directory().with_extension("new").exists());
        assert_eq!(old.take_over(false).unwrap(), 0, "and not again");
        // As if killed before the second mark.
        old.open().pragma_update(None, "user_version", 3).unwrap();
        assert_eq!((old.take_over(false).unwrap(), old.version()), (0, 4));
    }

    #[test]
    fn a_file_never_brings_back_what_was_removed_since_it_was_taken_over() {
        let old = Old::new();
        old.used(2);
        old.take_over(false).unwrap();
        std::fs::remove_dir_all(old.directory()).unwrap();
        assert!(matches!(old.take_over(false), Err(Error::Lost { .. })));
        assert!(!old.directory().exists());
    }

    #[test]
    fn a_file_that_was_used_beside_the_directory_or_by_a_newer_version_is_refused() {
        let old = Old::new();
        old.used(2);
        old.take_over(false).unwrap();
        old.used(1);
        assert!(matches!(old.take_over(false), Err(Error::Both { .. })));
        old.used(5);
        assert!(matches!(old.take_over(false), Err(Error::Newer { found: 5, known: 4, .. })));
    }
}

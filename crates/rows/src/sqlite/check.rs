//! Reads everything, and says what does not add up, one line a fault.

use super::{
    database::{file, integrity, look, look_unused, named, stream_layout},
    entries::each,
    log::group,
    snapshot::{Parts, Snapshot},
    words::{failed, name},
};
use crate::{
    Error,
    group::Changes,
    stream::{Part, Touched},
};
use rusqlite::Connection;
use std::{
    collections::BTreeSet,
    ops::ControlFlow,
    path::{Path, PathBuf},
};

/// Checks a directory, whether a program has it open or not, and writes nothing.
///
/// Every group, row and entry is compared with its checksum; the log and each part of a stream must be without gaps; a
/// snapshot must have the rows that it was named with; SQLite looks at the pages.
///
/// # Errors
/// When the directory cannot be read at all.
pub fn check(directory: &Path) -> Result<Vec<String>, Error> {
    faults(directory, &look(&file(directory), &[])?)
}

/// The same of a directory that nobody has open, as a backup: SQLite makes no files beside it.
///
/// # Errors
/// As [`check`].
pub fn check_unused(directory: &Path) -> Result<Vec<String>, Error> {
    faults(directory, &look_unused(&file(directory), &[])?)
}

fn faults(directory: &Path, connection: &Connection) -> Result<Vec<String>, Error> {
    let mut check = Check { path: file(directory), faults: Vec::new(), lacks_group: false };
    check.all(directory, connection).map_err(|error| failed(&check.path, &error))?;
    Ok(check.faults)
}

struct Check {
    path: PathBuf,
    faults: Vec<String>,
    /// Whether a group is wrong or missing: where it left the streams is unknown then.
    lacks_group: bool,
}

impl Check {
    fn wrong(&mut self, error: &Error) {
        self.faults.push(error.to_string());
    }

    fn say(&mut self, place: &str, what: &str) {
        self.faults.push(format!("{}: {place}: {what}", name(&self.path)));
    }

    fn all(&mut self, directory: &Path, connection: &Connection) -> rusqlite::Result<()> {
        // One moment, also of a directory that is being written to.
        let moment = connection.unchecked_transaction()?;
        let named = named(&moment)?;
        let mut parts = Parts::new();
        if let Some(named) = named {
            match Snapshot::open(directory, named) {
                Ok(snapshot) => parts = self.snapshot(&snapshot),
                Err(error) => self.wrong(&error),
            }
        }
        match integrity(&moment) {
            Ok(lines) => lines.iter().for_each(|line| self.say("pages", line)),
            Err(error) => self.say("pages", &error.to_string()),
        }
        self.log(&moment, named.map_or(0, |named| named.revision), &mut parts)?;
        let query = "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name GLOB 'stream_*' ORDER BY name";
        let mut statement = moment.prepare(query)?;
        let tables = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        for (table, sql) in tables.collect::<Result<Vec<(String, String)>, _>>()? {
            let stream = table.trim_start_matches("stream_");
            if ![false, true].map(|has_parts| stream_layout(stream, has_parts)).contains(&sql) {
                self.say(&format!("table {table}"), "it has not the columns that it was made with");
            }
            if let Err(error) = self.stream(&moment, stream, &mut parts) {
                self.say(&format!("stream {stream}"), &error.to_string());
            }
        }
        if self.lacks_group {
            parts.clear();
        }
        for ((stream, number), part) in parts {
            self.say(&format!("stream {stream}, part {number}"), &format!("entry {} is missing", part.first));
        }
        Ok(())
    }

    fn snapshot(&mut self, snapshot: &Snapshot) -> Parts {
        match snapshot.check_pages() {
            Ok(lines) => self.faults.extend(lines),
            Err(error) => self.wrong(&error),
        }
        let mut wrong = |error: Error| {
            self.faults.push(error.to_string());
            Ok(())
        };
        snapshot.read(&mut |_, _, _| Ok(()), &mut wrong).unwrap_or_else(|error| {
            self.wrong(&error);
            Parts::new()
        })
    }

    /// Checks the groups, and takes over how they left the parts of streams.
    fn log(&mut self, connection: &Connection, covered: u64, parts: &mut Parts) -> rusqlite::Result<()> {
        let mut statement = connection.prepare("SELECT revision, crc, touched, body FROM log ORDER BY revision")?;
        let mut rows = statement.query([])?;
        let mut next = None;
        while let Some(row) = rows.next()? {
            let revision = row.get::<_, i64>(0)?.cast_unsigned();
            // Groups that the snapshot covers may be there or not.
            let expected = next.unwrap_or(revision.min(covered + 1));
            if revision != expected {
                self.lacks_group = true;
                match revision.wrapping_sub(1) {
                    last if last == expected => self.say(&format!("group {last}"), "it is missing"),
                    last => self.say(&format!("groups {expected} to {last}"), "they are missing"),
                }
            }
            next = Some(revision + 1);
            match group(&self.path, row) {
                Ok(group) => {
                    if Changes::of(group.body).any(|change| change.is_err()) {
                        self.say(&format!("group {revision}"), "its rows are malformed");
                    }
                    for Touched { stream, number, part, .. } in group.touched {
                        parts.insert((stream, number), part);
                    }
                }
                Err(error) => {
                    self.lacks_group = true;
                    self.wrong(&error);
                }
            }
        }
        Ok(())
    }

    /// Checks a stream's entries. Its parts are taken from the list.
    fn stream(&mut self, connection: &Connection, stream: &str, parts: &mut Parts) -> rusqlite::Result<()> {
        let mut lines = Vec::new();
        let mut seen: Vec<(u64, Part)> = Vec::new();
        each(connection, stream, "ORDER BY part, sequence", [], &mut |found| {
            let (number, sequence, length) = match found {
                Ok(found) => (found.part, found.sequence, found.key.len() + found.body.len()),
                Err(wrong) => {
                    lines.push((wrong.part, format!("entry {} does not agree with its checksum", wrong.sequence)));
                    (wrong.part, wrong.sequence, 0)
                }
            };
            match seen.last_mut() {
                Some((same, part)) if *same == number => {
                    if sequence != part.last + 1 {
                        lines.push((number, format!("entry {} is missing", part.last + 1)));
                    }
                    *part = Part { last: sequence, bytes: part.bytes + length as u64, ..*part };
                }
                _ => seen.push((number, Part { first: sequence, last: sequence, bytes: length as u64 })),
            }
            ControlFlow::Continue(())
        })?;
        let named: BTreeSet<u64> = lines.iter().map(|(number, _)| *number).collect();
        for (number, found) in seen {
            match parts.remove(&(stream.to_owned(), number)) {
                _ if self.lacks_group => {}
                // An entry that was named is reason enough for other bytes.
                Some(part) if named.contains(&number) && (part.first, part.last) == (found.first, found.last) => {}
                Some(part) if part == found => {}
                Some(part) => lines.push((number, format!("it is {found} instead of {part}"))),
                None => lines.push((number, "no group has written to it".into())),
            }
        }
        for (number, line) in lines {
            self.say(&format!("stream {stream}, part {number}"), &line);
        }
        Ok(())
    }
}

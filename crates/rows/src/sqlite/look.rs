//! Reads the rows of a directory without opening it for writing.

use super::{
    database::{self, file, last_revision},
    load,
    merge::Merged,
    run::read_log,
    words::failed,
};
use crate::{BoxError, Error, Take};
use std::path::Path;

/// Receives a row: its table, its sequence, its content.
type TakeRow<'a> = dyn FnMut(&str, u64, &[u8]) -> Result<(), BoxError> + 'a;

/// Passes every row to `take` once, as [`crate::Engine::load`] does, whether a program has the directory open or not, and
/// writes nothing. Returns the last revision.
///
/// # Errors
/// As [`crate::Engine::load`].
pub fn read_rows(directory: &Path, take: &mut Take<'_>) -> Result<u64, Error> {
    let reader = database::look(&file(directory), &[])?;
    load::load(directory, &reader, &[], take).map(|(known, _)| known.revision)
}

/// The same row by row, in the order of their tables' names and then of their sequences. The rows of the log are gathered
/// in memory.
///
/// # Errors
/// As [`crate::Engine::load`].
pub fn read_sorted(directory: &Path, take: &mut TakeRow<'_>) -> Result<(), Error> {
    let path = file(directory);
    let reader = database::look(&path, &[])?;
    let (moment, snapshot) = load::moment(directory, &reader)?;
    let covered = snapshot.as_ref().map_or(0, |snapshot| snapshot.named().revision);
    let last = last_revision(&moment).map_err(|error| failed(&path, &error))?;
    let log = read_log(&path, &moment, (covered, last), &path, usize::MAX, &|| false)?;
    let snapshot = snapshot.map(|snapshot| snapshot.into_source()).transpose()?;
    for row in Merged::of(snapshot.into_iter().chain(log.runs).collect()) {
        let row = row?;
        take(&row.table, row.sequence.cast_unsigned(), &row.body.unwrap_or_default()).map_err(Error::Taking)?;
    }
    Ok(())
}

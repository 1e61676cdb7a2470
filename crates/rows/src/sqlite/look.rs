//! Reads the rows of a directory without opening it for writing.

use super::{database, load};
use crate::{Error, Take};
use std::path::Path;

/// Passes every row to `take` once, as [`crate::Engine::load`] does, whether a program has the directory open or not, and
/// writes nothing. Returns the last revision.
///
/// # Errors
/// As [`crate::Engine::load`].
pub fn read_rows(directory: &Path, take: &mut Take<'_>) -> Result<u64, Error> {
    let reader = database::look(&database::file(directory), &[])?;
    load::load(directory, &reader, &[], take).map(|(known, _)| known.revision)
}

//! Marks errors in what the user has set, as opposed to failures: a command then ends with another status.

use crate::plain_words;

/// The status of clap for a malformed command line.
pub(crate) const STATUS: u8 = 2;

/// An argument, a variable or a setting of the configuration that is refused before anything is done.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Misuse(String);

/// Marks an error as [`Misuse`].
///
/// # Errors
/// The same error, marked as [`Misuse`].
pub(crate) fn checked<T>(outcome: anyhow::Result<T>) -> anyhow::Result<T> {
    outcome.map_err(|error| Misuse(plain_words::chain(&error)).into())
}

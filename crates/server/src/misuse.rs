//! What somebody said that makes no sense, as opposed to what could not be done: it ends a command with another status.

use crate::plain_words;

/// As clap ends a command line that it cannot read.
pub(crate) const STATUS: u8 = 2;

/// An argument, a variable or a setting of the configuration that is refused before anything is done.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Misuse(String);

/// The outcome of a look at what was said.
///
/// # Errors
/// The same, marked as [`Misuse`].
pub(crate) fn checked<T>(outcome: anyhow::Result<T>) -> anyhow::Result<T> {
    outcome.map_err(|error| Misuse(plain_words::chain(&error)).into())
}

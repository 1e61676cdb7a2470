//! Valid names of accounts.

use anyhow::bail;

const LETTERS_MAX: usize = 64;

/// Refuses an invalid name.
///
/// # Errors
/// The message describes a valid one.
pub(crate) fn check(name: &str) -> anyhow::Result<()> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.is_empty() || name.len() > LETTERS_MAX || !name.bytes().all(legal) {
        bail!("an account's name is 1 to {LETTERS_MAX} letters, digits, `-`, `_` and `.`");
    }
    Ok(())
}

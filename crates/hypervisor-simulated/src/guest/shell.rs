//! What a guest's shell remembers from one command to the next. Pure.

use std::{borrow::Cow, collections::BTreeMap};

/// Who may not do what with a new file, unless `umask` says it.
const UMASK: u32 = 0o022;

/// What a shell remembers from one command to the next.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shell {
    /// Where `cd` has led; `None` is the home directory.
    pub directory: Option<String>,
    pub variables: BTreeMap<String, String>,
    /// `set -e`: the first command that fails ends it.
    pub errexit: bool,
    /// What `umask` has said.
    pub umask: Option<u32>,
    /// Of the latest command: `$?`.
    pub status: u8,
    /// Whether it has told where to find what it knows.
    pub hinted: bool,
    /// Loops that it is inside of, and what of the innermost one `break` or `continue` leaves.
    pub loops: u32,
    pub leaving: Option<Leaving>,
}

/// What is left of a loop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaving {
    Loop,
    /// This time through it.
    Lap,
}

impl Shell {
    /// Bytes of its variables.
    pub(crate) fn bytes(&self) -> usize {
        self.variables.iter().map(|(name, value)| name.len() + value.len()).sum()
    }

    pub(crate) fn umask(&self) -> u32 {
        self.umask.unwrap_or(UMASK)
    }

    pub(crate) fn value(&self, name: &str) -> Option<Cow<'_, str>> {
        if name == "?" {
            Some(self.status.to_string().into())
        } else {
            self.variables.get(name).map(|value| value.into())
        }
    }
}

/// `NAME=value`.
pub(crate) fn assignment(word: &str) -> Option<(&str, &str)> {
    word.split_once('=').filter(|(name, _)| is_name(name))
}

/// Whether a variable may be called so.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

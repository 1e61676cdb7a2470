//! What a guest's shell remembers between commands. Pure.

use std::{borrow::Cow, collections::BTreeMap};

/// The permissions that new files do not get, unless `umask` sets others.
const UMASK: u32 = 0o022;

/// What a shell remembers between commands.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shell {
    /// The directory set by `cd`; `None` is the home directory.
    pub directory: Option<String>,
    pub variables: BTreeMap<String, String>,
    /// `set -e`: the first command that fails ends it.
    pub errexit: bool,
    /// `set -o pipefail`: a pipeline has the status of its last command that failed.
    pub pipefail: bool,
    /// The value set by `umask`.
    pub umask: Option<u32>,
    /// The status of the latest command: `$?`.
    pub status: u8,
    /// Whether it has printed the hint at the commands that exist.
    pub hinted: bool,
    /// The number of loops around the current command, and how `break` or `continue` leaves the innermost.
    pub loops: u32,
    pub leaving: Option<Leaving>,
}

/// How a loop is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leaving {
    Loop,
    /// Only this iteration.
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

/// Whether it is a valid name of a variable.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

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
    pub options: Options,
    /// The value set by `umask`.
    pub umask: Option<u32>,
    /// The status of the latest command: `$?`.
    pub status: u8,
    /// Whether it has printed the hint at the commands that exist.
    pub hinted: bool,
    /// The number of loops around the current command, and how `break` or `continue` leaves them.
    pub loops: u32,
    pub leaving: Option<Leaving>,
}

/// What `set`, the options of `sh` and the first line of a script choose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// `-e`: the first command that fails ends the shell.
    pub errexit: bool,
    /// `-o pipefail`: a pipeline has the status of its last command that failed.
    pub pipefail: bool,
}

impl Options {
    /// The options that every reader knows, for its message about another one. `-u` and `-x` do nothing.
    pub(crate) const KNOWN: &str = "-e, -u, -x and -o pipefail";

    /// Applies the options that stand first. Returns those of `others` that are among them, and the words behind them.
    ///
    /// # Errors
    /// A word that holds another option; those before it are applied.
    pub(crate) fn read<'a, 'b>(
        &mut self,
        mut words: &'a [&'b str],
        others: &str,
    ) -> Result<(String, &'a [&'b str]), &'b str> {
        let mut given = String::new();
        while let [word, rest @ ..] = words {
            let Some(letters) = word.strip_prefix(['-', '+']).filter(|letters| !letters.is_empty()) else { break };
            words = rest;
            if *word == "--" {
                break;
            }
            let on = word.starts_with('-');
            for letter in letters.chars() {
                match letter {
                    'e' => self.errexit = on,
                    'u' | 'x' => {}
                    'o' => {
                        let [name, rest @ ..] = words else { return Err(word) };
                        words = rest;
                        match *name {
                            "errexit" => self.errexit = on,
                            "pipefail" => self.pipefail = on,
                            "nounset" | "xtrace" => {}
                            _ => return Err(name),
                        }
                    }
                    letter if others.contains(letter) => given.push(letter),
                    _ => return Err(word),
                }
            }
        }
        Ok((given, words))
    }
}

/// How loops are left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Leaving {
    /// How many of the innermost, at least one.
    pub loops: u32,
    /// The last of them goes on with its next iteration.
    pub goes_on: bool,
}

impl Shell {
    /// Bytes of its variables.
    pub(crate) fn bytes(&self) -> usize {
        self.variables.iter().map(|(name, value)| name.len() + value.len()).sum()
    }

    /// Whether a `break` or `continue` before leaves the innermost loop; what is left of it leaves outer ones.
    pub(crate) fn leaves_loop(&mut self) -> bool {
        let Some(leaving) = &mut self.leaving else { return false };
        leaving.loops -= 1;
        let leaves = leaving.loops > 0 || !leaving.goes_on;
        self.leaving = self.leaving.filter(|leaving| leaving.loops > 0);
        leaves
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

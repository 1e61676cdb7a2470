//! A text of a guest on its way: what it may still print, and how it is ended that goes on and on.

use super::{
    input::Input,
    process,
    shell::Shell,
    signals::Signals,
    streams::Print,
    syntax_tree::{Command, Word},
    userland::Userland,
};
use crate::{bounds::Bound, computing::HEAVY};
use russh::Error;

/// Bytes that one text may print, and run as scripts, before it is ended, each command counting as a few: nobody else waits for one guest.
pub(crate) const PRINTED_MAX: usize = 32 << 20;
pub(crate) const COMMAND_COUNTS: usize = 1 << 10;
/// The status of what a bound has ended.
pub(crate) const ENDED: u8 = 2;

/// What a word of a command weighs: it may name a file or a directory to look into.
const WORD_WEIGHS: usize = 64;
/// What looks for patterns: how long that takes, no word tells.
const SEARCHES: [&str; 2] = ["grep", "sed"];

/// Why a text does not run, or not on.
pub(crate) struct Refused {
    pub(crate) words: String,
    /// The bound that it reached; what is merely not understood has reached none.
    pub(crate) bound: Option<Bound>,
}

/// A text on its way, with all that it calls.
pub(crate) struct Going<'a> {
    pub(crate) signals: &'a Signals,
    /// Whether a first command has begun.
    pub(crate) begun: bool,
    /// What it may still print; `None` once it has been ended, for that or another bound.
    pub(crate) left: Option<usize>,
    pub(crate) depth: usize,
}

/// What a command is given, beside its words.
pub(crate) struct Given<'a> {
    pub(crate) input: &'a Input,
    /// It is part of a condition: that it fails ends no shell.
    pub(crate) is_asked: bool,
}

/// About how long a command computes, before it is known what its words come to.
pub(crate) fn weight(command: &Command) -> usize {
    let words = command.words();
    let searches = |name: &Word| name.plain().is_none_or(|name| SEARCHES.contains(&name));
    if words.first().is_some_and(searches) { HEAVY } else { words.len() * WORD_WEIGHS }
}

impl Userland {
    /// Counts what a text has printed. It may not go on for ever.
    pub(crate) async fn spend(
        &self,
        bytes: usize,
        shell: &mut Shell,
        out: &mut impl Print,
        going: &mut Going<'_>,
    ) -> Result<(), Error> {
        if let Some(left) = going.left {
            going.left = left.checked_sub(bytes);
            if going.left.is_none() {
                self.refuse(shell, Refused::bound(Bound::Output, "ended: it runs on and on"), out).await?;
            }
        }
        Ok(())
    }

    pub(crate) async fn refuse(&self, shell: &mut Shell, refused: Refused, out: &mut impl Print) -> Result<(), Error> {
        if let Some(bound) = refused.bound {
            self.machines.bounds().reached(bound);
        }
        shell.status = ENDED;
        out.print(&process::fails(&format!("cvmd-guest: {}", refused.words), ENDED)).await
    }
}

impl Refused {
    pub(crate) fn words(words: impl Into<String>) -> Refused {
        Refused { words: words.into(), bound: None }
    }

    pub(crate) fn bound(bound: Bound, words: impl Into<String>) -> Refused {
        Refused { words: words.into(), bound: Some(bound) }
    }
}

#[cfg(test)]
mod test {
    use super::{super::grammar::parse, *};

    #[test]
    fn what_searches_or_may_is_heavy() {
        let weight = |text: &str| weight(&parse(text).ok().unwrap()[0]);
        for (text, is_heavy) in
            [("hostname", false), ("grep x f", true), ("sed p f", true), ("$A x f", true), ("A=1", false)]
        {
            assert_eq!(weight(text) >= HEAVY, is_heavy, "{text}");
        }
    }
}

//! A text that is being run in a guest: what it may still print, and how one that runs without end is stopped.

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

/// The maximum bytes that one text may print and run as scripts before it is ended; each command counts as some bytes.
/// It bounds how long one guest can delay others.
pub(crate) const PRINTED_MAX: usize = 32 << 20;
pub(crate) const COMMAND_COUNTS: usize = 1 << 10;
/// The exit status of a text that reached a bound.
pub(crate) const ENDED: u8 = 2;

/// The weight of a word of a command: it may name a file or a directory to read.
const WORD_WEIGHS: usize = 64;
/// Commands that search for patterns, whose time does not follow from their words.
const SEARCHES: [&str; 2] = ["grep", "sed"];

/// Why a text does not run, or does not go on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Refused {
    pub(crate) words: String,
    /// The bound that it reached; `None` when it was only not understood.
    pub(crate) bound: Option<Bound>,
}

/// A text that is being run, with everything it calls.
pub(crate) struct Going<'a> {
    pub(crate) signals: &'a Signals,
    /// Whether its first command has begun.
    pub(crate) begun: bool,
    /// The bytes that it may still print; `None` once it was ended at a bound.
    pub(crate) left: Option<usize>,
    pub(crate) depth: usize,
}

/// Where a command runs: in a shell, with a receiver of its output, as a part of a text.
pub(crate) struct Run<'r, 'g, P> {
    pub(crate) shell: &'r mut Shell,
    pub(crate) out: &'r mut P,
    pub(crate) going: &'r mut Going<'g>,
}

impl<'g, P> Run<'_, 'g, P> {
    /// The same with another receiver.
    pub(crate) fn into<'s, Q>(&'s mut self, out: &'s mut Q) -> Run<'s, 'g, Q> {
        Run { shell: self.shell, out, going: self.going }
    }
}

/// What a command gets beside its words.
pub(crate) struct Given<'a> {
    pub(crate) input: &'a Input,
    /// It is part of a condition, so its failure ends no shell.
    pub(crate) is_asked: bool,
    /// The command that reads its output.
    pub(crate) reader: Option<&'a Command>,
}

/// An estimate of how long a command computes, before its words have values.
pub(crate) fn weight(command: &Command) -> usize {
    let words = command.words();
    let searches = |name: &Word| name.plain().is_none_or(|name| SEARCHES.contains(&name));
    if words.first().is_some_and(searches) { HEAVY } else { words.len() * WORD_WEIGHS }
}

impl Userland {
    /// Counts what a text has printed, so that it cannot run for ever.
    pub(crate) async fn spend(&self, bytes: usize, run: &mut Run<'_, '_, impl Print>) -> Result<(), Error> {
        if let Some(left) = run.going.left {
            run.going.left = left.checked_sub(bytes);
            if run.going.left.is_none() {
                self.refuse(run.shell, Refused::bound(Bound::Output, "ended: it runs on and on"), run.out).await?;
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

    /// The memory's owner has counted it.
    pub(crate) fn no_memory() -> Refused {
        Refused::words("Cannot allocate memory")
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

//! A text of a guest, parsed once before it runs, and the memory that it takes until it has run.

use super::{
    going::Refused,
    grammar::{self, Unclear},
    shell::Shell,
    syntax_tree::{self, Command},
    userland::Userland,
};
use crate::{bounds::Bound, memory::Share};

/// The commands of a text.
#[derive(Debug)]
pub(crate) struct Parsed {
    pub(crate) commands: Vec<Command>,
    /// The memory that they take.
    pub(crate) share: Share,
}

impl Parsed {
    /// `share`: that of the text, which becomes that of its commands.
    ///
    /// # Errors
    /// Why the text does not run: it is not understood, or takes too much memory.
    pub(crate) fn of(read: Result<Vec<Command>, Unclear>, text: &str, mut share: Share) -> Result<Parsed, Refused> {
        let commands = read.map_err(|unclear| match unclear {
            Unclear::Syntax(why) => Refused::words(format!("syntax error: {why}")),
            Unclear::TooMuch(what) => Refused::bound(Bound::Line, what),
        })?;
        let fits = share.resize(syntax_tree::weight(text, &commands));
        if fits { Ok(Parsed { commands, share }) } else { Err(Refused::no_memory()) }
    }

    /// Counts the shell's variables too.
    ///
    /// # Errors
    /// They take too much memory.
    pub(crate) fn beside(mut self, shell: &Shell) -> Result<Parsed, Refused> {
        if self.share.grow(shell.bytes()) { Ok(self) } else { Err(Refused::no_memory()) }
    }
}

impl Userland {
    /// Parses a text in the guest's turn.
    ///
    /// # Errors
    /// As [`Parsed::of`].
    pub(crate) async fn parse(&self, text: &str) -> Result<Parsed, Refused> {
        self.compute(text.len(), || Parsed::of(grammar::parse(text), text, self.memory.share())).await
    }
}

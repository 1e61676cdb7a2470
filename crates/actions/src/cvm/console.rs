//! The word in a console's address: whose console may be opened, and until when. The server reads what an action wrote.

use cvmd_model::InstanceId;
use std::fmt;

/// The path of consoles on the one port; `?s=` and the word follow.
pub const PAGE: &str = "/_cvmd/console";

/// What a console's word holds, sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    pub instance: InstanceId,
    /// Unix seconds.
    pub until_seconds: u64,
}

/// Stands before what is sealed, so that nothing else that is sealed opens a console.
const KIND: &str = "console";

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{KIND} {} {}", self.instance, self.until_seconds)
    }
}

impl Ticket {
    /// Reads what a ticket prints.
    #[must_use]
    pub fn read(text: &str) -> Option<Ticket> {
        let mut words = text.split(' ');
        let (kind, instance, until) = (words.next()?, words.next()?, words.next()?);
        let ticket = Ticket { instance: instance.parse().ok()?, until_seconds: until.parse().ok()? };
        (kind == KIND && words.next().is_none()).then_some(ticket)
    }
}

/// A sealed text as an address can hold it: other letters for those of base64 that mean something there.
pub(crate) fn word(sealed: &str) -> String {
    sealed.replace('+', "-").replace('/', "_").replace('=', "")
}

/// The sealed text of a word.
#[must_use]
pub fn sealed(word: &str) -> String {
    let mut text = word.replace('-', "+").replace('_', "/");
    while !text.len().is_multiple_of(4) {
        text.push('=');
    }
    text
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_ticket_is_read_as_it_was_written_and_nothing_else_is_one() {
        let ticket = Ticket { instance: InstanceId::from_random(7), until_seconds: 1_795_478_415 };
        assert_eq!(Ticket::read(&ticket.to_string()), Some(ticket));
        for text in ["", "console", "console ins-1e4r6y8i", "console ins-1e4r6y8i soon", "message ins-1e4r6y8i 1"] {
            assert_eq!(Ticket::read(text), None, "{text}");
        }
        assert_eq!(Ticket::read(&format!("{ticket} more")), None);
    }

    #[test]
    fn a_word_keeps_what_was_sealed() {
        for text in ["abc+", "ab/=", "ab==", ""] {
            assert_eq!(sealed(&word(text)), text);
        }
    }
}

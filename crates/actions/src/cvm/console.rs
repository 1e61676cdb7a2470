//! The ticket in a console's address: whose console may be opened, and until when. An action writes it, the server
//! reads it.

use cvmd_model::InstanceId;
use std::fmt;

/// The path of consoles on the port; `?s=` and the ticket follow.
pub const PAGE: &str = "/_cvmd/console";

/// The content of a ticket, which is sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ticket {
    pub instance: InstanceId,
    /// Unix seconds.
    pub until_seconds: u64,
}

impl fmt::Display for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.instance, self.until_seconds)
    }
}

impl Ticket {
    /// Parses the content of a ticket.
    #[must_use]
    pub fn read(text: &str) -> Option<Ticket> {
        let mut words = text.split(' ');
        let (instance, until) = (words.next()?, words.next()?);
        let ticket = Ticket { instance: instance.parse().ok()?, until_seconds: until.parse().ok()? };
        words.next().is_none().then_some(ticket)
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_ticket_is_read_as_it_was_written_and_nothing_else_is_one() {
        let ticket = Ticket { instance: InstanceId::from_random(7), until_seconds: 1_795_478_415 };
        assert_eq!(Ticket::read(&ticket.to_string()), Some(ticket));
        for text in ["", "ins-1e4r6y8i", "ins-1e4r6y8i soon", "1 ins-1e4r6y8i"] {
            assert_eq!(Ticket::read(text), None, "{text}");
        }
        assert_eq!(Ticket::read(&format!("{ticket} more")), None);
    }
}

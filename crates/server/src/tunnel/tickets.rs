//! The tickets in consoles' addresses, each of which opens a console once and in time.

use crate::master_key::MasterKey;
use cvmd_actions::{Purpose, Ticket};
use hyper::StatusCode;
use parking_lot::Mutex;
use std::collections::HashMap;

/// The used tickets that are still valid. A restart forgets them, but ends every console.
#[derive(Debug, Default)]
pub(crate) struct Used(Mutex<HashMap<String, u64>>);

/// Why no console opens. The text is for the caller, one line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoConsole {
    #[error("a console is opened by a WebSocket of version 13")]
    NoWebSocket,
    #[error("a console is not opened by a page of another server: its `Origin` is not this `Host`")]
    Elsewhere,
    #[error("this is no address of a console: ask DescribeInstanceVncUrl for one")]
    Unknown,
    #[error("this address was used already, or is older than 15 seconds: ask DescribeInstanceVncUrl for another")]
    Over,
    #[error("the instance is not running")]
    NotRunning,
    #[error("as many consoles are open as there may be, of one account or in all")]
    TooMany,
    #[error("as many SSH sessions and consoles are open as there may be, of the instance, of its account or in all")]
    Crowded,
    #[error("the instance's console cannot be opened now; the operator's log says why")]
    Broken,
}

impl NoConsole {
    pub(crate) fn status(self) -> StatusCode {
        match self {
            NoConsole::NoWebSocket => StatusCode::BAD_REQUEST,
            NoConsole::Elsewhere | NoConsole::Unknown | NoConsole::Over => StatusCode::FORBIDDEN,
            NoConsole::NotRunning | NoConsole::TooMany | NoConsole::Crowded => StatusCode::SERVICE_UNAVAILABLE,
            NoConsole::Broken => StatusCode::BAD_GATEWAY,
        }
    }
}

impl Used {
    /// Redeems the ticket of a query.
    pub(super) fn redeem(&self, key: &MasterKey, query: &str, now_seconds: u64) -> Result<Ticket, NoConsole> {
        let word = query.split('&').find_map(|pair| pair.strip_prefix("s=")).ok_or(NoConsole::Unknown)?;
        let clear = key.open_sealed(word, Purpose::Console).map_err(|_| NoConsole::Unknown)?;
        let ticket = Ticket::read(clear.expose()).ok_or(NoConsole::Unknown)?;
        if ticket.until_seconds < now_seconds {
            return Err(NoConsole::Over);
        }
        let mut used = self.0.lock();
        used.retain(|_, until_seconds| *until_seconds >= now_seconds);
        let again = used.insert(word.to_owned(), ticket.until_seconds).is_some();
        if again { Err(NoConsole::Over) } else { Ok(ticket) }
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use cvmd_actions::Seal;
    use cvmd_model::{AccountNumber, InstanceId, RequestId};

    const NOW: u64 = 1_795_478_400;

    #[test]
    fn a_word_opens_once_and_in_time_and_nothing_else_that_is_sealed_does() {
        let directory = tempfile::tempdir().unwrap();
        let key = MasterKey::open(&directory.path().join("key")).unwrap();
        let used = Used::default();
        let ticket = Ticket { instance: InstanceId::from_random(7), until_seconds: NOW + 15 };
        let query = |text: &str| format!("s={}", key.seal(text, Purpose::Console));
        let words = query(&ticket.to_string());
        assert_eq!(used.redeem(&key, &words, NOW + 15), Ok(ticket));
        assert_eq!(used.redeem(&key, &words, NOW + 15), Err(NoConsole::Over));
        let late = query(&ticket.to_string());
        assert_eq!(used.redeem(&key, &late, NOW + 16), Err(NoConsole::Over));
        let password = Purpose::Password { account: AccountNumber(1), request: RequestId(uuid::Uuid::nil()) };
        let password = format!("s={}", key.seal(&ticket.to_string(), password));
        // Another encoding of the same bytes would be another text, and open the console again.
        let padded = format!("{words}=");
        for other in [query("secret"), password, padded, "s=".into(), "s=AAAA".into(), "t=AAAA".into(), String::new()] {
            assert_eq!(used.redeem(&key, &other, NOW), Err(NoConsole::Unknown), "{other}");
        }
        assert_eq!(used.redeem(&key, &query(&ticket.to_string()), NOW), Ok(ticket), "each word for itself");
    }
}

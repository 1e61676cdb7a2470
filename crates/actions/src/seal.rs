//! The texts that are stored encrypted, and the names they are sealed for: a text that was sealed for one row cannot be
//! opened for another.

use cvmd_model::{AccountNumber, Credential, RequestId};
use cvmd_state::Message;
use std::fmt;

/// Encrypts under the master key, which actions never see.
pub trait Seal: Send + Sync {
    /// The encrypted text, of letters that an address can hold (`A-Za-z0-9._-`). It opens with the same purpose only.
    fn seal(&self, clear: &str, purpose: Purpose<'_>) -> Box<str>;
}

/// What a sealed text is for and where it stands. Printed, it is the associated data of the encryption.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose<'a> {
    /// The SecretKey of a credential.
    SecretKey { account: AccountNumber, secret_id: &'a str },
    /// The password that nobody chose. All messages of one request hold the same one, so the request names them.
    Password { account: AccountNumber, request: RequestId },
    /// A console's ticket, which stands in an address and in no row.
    Console,
}

impl<'a> From<&'a Credential> for Purpose<'a> {
    fn from(row: &'a Credential) -> Purpose<'a> {
        Purpose::SecretKey { account: row.account, secret_id: &row.secret_id }
    }
}

impl From<&Message> for Purpose<'_> {
    fn from(row: &Message) -> Self {
        Purpose::Password { account: row.account, request: row.request }
    }
}

impl fmt::Display for Purpose<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Invariant: no two purposes print the same; what may hold any letters stands last.
        match self {
            Purpose::SecretKey { account, secret_id } => write!(f, "secret-key {} {secret_id}", account.0),
            Purpose::Password { account, request } => write!(f, "password {} {request}", account.0),
            Purpose::Console => f.write_str("console"),
        }
    }
}

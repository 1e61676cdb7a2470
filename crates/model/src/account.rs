//! Accounts, the owners of everything, and the credentials they sign with.

use serde::{Deserialize, Serialize};

/// An account's number inside cvmd: small, never reused, the first part of every row's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AccountNumber(pub u32);

/// Who owns instances and key pairs. What one account owns, another can neither see nor touch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    pub number: AccountNumber,
    /// Unique among accounts.
    pub name: Box<str>,
    /// The vendor's account number, as tags and resource descriptions show it.
    pub uin: u64,
    pub app_id: u64,
    pub created_seconds: u64,
}

/// A SecretId and its encrypted SecretKey. HMAC needs the key in clear, so it cannot be a hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    pub sequence: u64,
    pub account: AccountNumber,
    pub secret_id: Box<str>,
    /// Encrypted under the master key, which is not in the database, for this account and SecretId.
    pub secret_key_encrypted: Box<str>,
    pub created_seconds: u64,
    /// When it was revoked. The row stays, so that the id cannot be issued again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked_seconds: Option<u64>,
}

impl Credential {
    /// Whether requests can be signed with it.
    #[must_use]
    pub fn is_valid(&self) -> bool {
        self.revoked_seconds.is_none()
    }
}

/// A number that never changes for one account and place, without being stored.
#[must_use]
pub fn lasting_number(account: AccountNumber, place: &str, what: u64) -> u64 {
    // FNV-1a: spreads the few names; nothing depends on its strength.
    let bytes = place.bytes().chain(account.0.to_be_bytes()).chain(what.to_be_bytes());
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

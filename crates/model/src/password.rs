//! What is known of a password.

use serde::{Deserialize, Serialize};

/// What is known of an instance's password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Password {
    /// None was ever set: without a key nobody enters.
    Never,
    /// SHA-512 crypt.
    Set(Box<str>),
    /// The disk's own, from the custom image that it was made of: known to the guest, not to us.
    FromImage,
}

impl std::fmt::Debug for Password {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Password::Never => "Never",
            Password::Set(_) => "Set(hidden)",
            Password::FromImage => "FromImage",
        })
    }
}

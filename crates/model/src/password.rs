//! Passwords of instances: of a set one only a hash is stored.

use serde::{Deserialize, Serialize};

/// What cvmd knows of an instance's password.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Password {
    /// None was ever set: without a key nobody can log in.
    Never,
    /// SHA-512 crypt.
    Set(Box<str>),
    /// The disk's own password, from the custom image that it was made of: the guest knows it, cvmd does not.
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

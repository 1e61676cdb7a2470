//! What a guest must admit.

use crate::{KeyPairId, Password, PublicKey};
use serde::{Deserialize, Serialize};

/// The login that a guest must have: one user, these keys, this password, and whether password login is allowed at all.
///
/// The `Debug` form hides the password's hash.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Login {
    /// `root` or `ubuntu`, depending on the image.
    pub user: Box<str>,
    /// Keys that must be accepted.
    pub keys: Vec<PublicKey>,
    /// SHA-512 crypt (`$6$...`), or `None` where no password is set: then no password is accepted.
    pub password_hash: Option<Box<str>>,
    /// Whether sshd offers the password method.
    pub password_login: bool,
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login")
            .field("user", &self.user)
            .field("keys", &self.keys)
            .field("password_set", &self.password_hash.is_some())
            .field("password_login", &self.password_login)
            .finish()
    }
}

/// The wanted login: which key pairs, what password, and whether password login is allowed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginWanted {
    pub keys: Vec<KeyPairId>,
    pub password: Password,
    /// Set separately: Associate clears it, ResetInstancesPassword sets it, and unbinding the last key sets it if a
    /// password is known.
    pub password_login: bool,
}

//! Decides who may log in, from the machine's row alone and at the moment of the attempt.

use crate::{
    admission::{Admission, Conditions},
    machine::Machine,
};
use russh::{
    MethodKind, MethodSet,
    keys::{Algorithm, PublicKey},
};
use sha_crypt::{PasswordHashRef, PasswordVerifier, ShaCrypt};

/// The hash that is verified when there is no password or no such user, so that a refusal always takes the same time.
const NOBODYS_HASH: &str =
    "$6$cvmdcvmdcvmdcvmd$4kUzKyHqxqMBPyUhjP4UmbrpmLGFzpZTg6mN4BVyfJiyHXYEkDj2IRTkjk4WFQVmLEjc9f1jYtiBL2kQm8wGd.";

/// The methods that can admit somebody; sshd lists them after a refusal. Keyboard-interactive asks for the password.
pub(crate) fn methods(machine: &Machine) -> MethodSet {
    let mut methods = MethodSet::from([MethodKind::PublicKey].as_slice());
    if machine.entrance().password_login {
        methods.push(MethodKind::Password);
        methods.push(MethodKind::KeyboardInteractive);
    }
    methods
}

/// Whether a key admits to `user`'s account. The answer for an offered and for a signed key is the same. Signatures
/// with SHA-1 are refused, as sshd has done since 8.8.
pub(crate) fn key_admits(
    machine: &Machine,
    user: &str,
    (key, algorithm): (&PublicKey, &Algorithm),
    conditions: &Conditions,
) -> Option<Admission> {
    if *user != *machine.entrance().user || matches!(algorithm, Algorithm::Rsa { hash: None }) {
        return None;
    }
    machine.entrance().admits(&key.to_bytes().ok()?, conditions)
}

/// Whether a password admits to `user`'s account. Deliberately slow (about a millisecond of hashing), whatever the
/// answer.
pub(crate) fn password_admits(machine: &Machine, user: &str, password: &str) -> bool {
    // `&`, so that both sides are always computed: a refusal always takes the same time.
    password_fits(machine, user, password) & machine.entrance().password_login
}

/// Whether it is that user's password, even if sshd does not accept passwords. Equally slow.
pub(crate) fn password_fits(machine: &Machine, user: &str, password: &str) -> bool {
    let known = *user == *machine.entrance().user;
    let hash = machine.entrance().password_hash.as_deref().filter(|_| known);
    let right = PasswordHashRef::new(hash.unwrap_or(NOBODYS_HASH))
        .is_ok_and(|hash| ShaCrypt::SHA512.verify_password(password.as_bytes(), hash).is_ok());
    right && hash.is_some()
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn nobodys_hash_is_one_so_that_it_costs_as_much_as_any() {
        let hash = PasswordHashRef::new(NOBODYS_HASH).unwrap();
        let error = ShaCrypt::SHA512.verify_password(b"x", hash).unwrap_err();
        assert_eq!(error, sha_crypt::password_hash::Error::PasswordInvalid);
    }
}

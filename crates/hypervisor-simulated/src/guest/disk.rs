//! The part of a machine's disk that concerns logins, and whom it admits. Pure: no IO.

use crate::admission::{Admission, Conditions, Options};
use cvmd_hypervisor::authorized_keys::{self, Entry, same_key};
use cvmd_model::{KeyBlob, Login, PublicKey};
use serde::{Deserialize, Serialize};

/// The part of a disk that decides who may log in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    /// The login user of the guest.
    pub user: Box<str>,
    /// The text of that user's `~/.ssh/authorized_keys`.
    pub authorized_keys: Box<str>,
    /// SHA-512 crypt, or `None`: then no password is accepted.
    pub password_hash: Option<Box<str>>,
    /// sshd's `PasswordAuthentication`.
    pub password_login: bool,
}

impl Disk {
    /// A disk that admits nobody.
    #[must_use]
    pub fn admitting_nobody() -> Disk {
        Disk { user: "root".into(), authorized_keys: "".into(), password_hash: None, password_login: false }
    }

    /// The home directory of its user.
    #[must_use]
    pub fn home(&self) -> String {
        if &*self.user == "root" { "/root".into() } else { format!("/home/{}", self.user) }
    }

    /// The disk after writing `wanted` and removing `gone`.
    #[must_use]
    pub fn with_login(&self, wanted: &Login, gone: &[KeyBlob]) -> Disk {
        Disk {
            user: wanted.user.clone(),
            authorized_keys: authorized_keys::rewrite(&self.authorized_keys, &wanted.keys, gone).into(),
            password_hash: wanted.password_hash.clone(),
            password_login: wanted.password_login,
        }
    }

    /// Adds the lines that it does not have.
    pub(crate) fn add_lines(&mut self, lines: &str) {
        let missing = lines.lines().filter(|line| !self.authorized_keys.lines().any(|known| known == *line));
        let missing: String = missing.flat_map(|line| [line, "\n"]).collect();
        if !missing.is_empty() {
            let end = if self.authorized_keys.is_empty() || self.authorized_keys.ends_with('\n') { "" } else { "\n" };
            self.authorized_keys = format!("{}{end}{missing}", self.authorized_keys).into();
        }
    }

    /// What of `wanted` and `gone` this disk does not fulfil, in words for a person; `Ok` when it fulfils all.
    ///
    /// # Errors
    /// The first difference.
    pub fn agrees_with(&self, wanted: &Login, gone: &[KeyBlob]) -> Result<(), String> {
        authorized_keys::check(&self.authorized_keys, &wanted.keys, gone)?;
        if self.user != wanted.user {
            return Err(format!("the user is {}, not {}", self.user, wanted.user));
        }
        if self.password_hash != wanted.password_hash {
            return Err("the password is another one".into());
        }
        if self.password_login != wanted.password_login {
            return Err(format!("password login is {}", if self.password_login { "on" } else { "off" }));
        }
        Ok(())
    }

    /// What the disk admits at all times and from everywhere. Keys of algorithms without a type here (people may write
    /// ECDSA keys into a guest) admit too, but a [`Login`] cannot name them.
    #[must_use]
    pub fn login(&self) -> Login {
        let mut keys: Vec<PublicKey> = Vec::new();
        for entry in Entry::all(&self.authorized_keys) {
            if Options::parse(entry.options).is_some_and(|options| options.admits_always())
                && let Some(key) = public_key(&entry)
                && !keys.iter().any(|other| other.blob() == key.blob())
            {
                keys.push(key);
            }
        }
        Login {
            user: self.user.clone(),
            keys,
            password_hash: self.password_hash.clone(),
            password_login: self.password_login,
        }
    }

    /// Whether a key's blob admits to this disk's account. As in sshd, the first line that holds it and whose options
    /// admit decides.
    #[must_use]
    pub fn admits(&self, blob: &[u8], conditions: &Conditions) -> Option<Admission> {
        let entries = Entry::all(&self.authorized_keys).filter(|entry| same_key(&entry.key, blob));
        entries.map(|entry| Options::parse(entry.options)).find_map(|options| options?.admit(conditions))
    }
}

/// A key of an algorithm with a type here.
fn public_key(entry: &Entry<'_>) -> Option<PublicKey> {
    let line = russh::keys::PublicKey::from_bytes(&entry.key).ok()?.to_openssh().ok()?;
    PublicKey::parse(&format!("{line} {}", entry.comment)).ok()
}

#[cfg(test)]
mod test {
    use super::*;
    use base64::{Engine, engine::general_purpose::STANDARD};

    /// The key of an Ed25519 blob with 32 equal bytes.
    fn key(number: u8) -> PublicKey {
        let blob = [b"\0\0\0\x0bssh-ed25519\0\0\0\x20".as_slice(), &[number; 32]].concat();
        PublicKey::parse(&format!("ssh-ed25519 {}", STANDARD.encode(blob))).unwrap()
    }

    fn disk(text: &str) -> Disk {
        Disk { authorized_keys: text.into(), ..Disk::admitting_nobody() }
    }

    fn noon(disk: &Disk, key: &PublicKey) -> Option<Admission> {
        let conditions = Conditions { address: Some([127, 0, 0, 1].into()), now_seconds: 1_800_000_000 };
        disk.admits(key.blob().as_bytes(), &conditions)
    }

    #[test]
    fn a_key_quoted_in_another_keys_command_does_not_enter() {
        let text = format!("command=\"echo {}\" {}\n", key(1), key(2));
        assert_eq!(noon(&disk(&text), &key(1)), None);
        assert!(noon(&disk(&text), &key(2)).is_some());
    }

    #[test]
    fn options_are_honoured_or_the_line_admits_nobody() {
        let admits = |options: &str| noon(&disk(&format!("{options} {}", key(1))), &key(1));
        assert_eq!(admits(""), Some(Admission::default()));
        assert_eq!(
            admits("no-pty,command=\"echo \\\"a, b\\\"\",no-port-forwarding"),
            Some(Admission { command: Some("echo \"a, b\"".into()), no_pty: true })
        );
        for options in ["from=\"10.0.0.1\"", "expiry-time=\"20200101\"", "cert-authority", "no-such-option"] {
            assert_eq!(admits(options), None, "{options}");
            assert!(disk(&format!("{options} {}", key(1))).login().keys.is_empty());
        }
        for options in ["from=\"127.0.0.0/8\"", "expiry-time=\"20300101\""] {
            assert_eq!(admits(options), Some(Admission::default()), "{options}");
        }
        assert_eq!(noon(&disk(&format!("# {}", key(1))), &key(1)), None);
    }
}

//! What stands on a machine's disk about logins, and the surgery on the text of `~/.ssh/authorized_keys`.
//!
//! Pure: no IO. The text belongs to the guest's owner; cvmd adds lines at its end and takes whole lines out, and every
//! other byte stays as it is.

use crate::authorized_keys::{Admission, Conditions, Entry, same_key};
use cvmd_model::{KeyBlob, Login, PublicKey};
use serde::{Deserialize, Serialize};

/// The part of a disk that decides who may enter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disk {
    /// The one account of the guest that people enter.
    pub user: Box<str>,
    /// The text of that user's `~/.ssh/authorized_keys`.
    pub authorized_keys: Box<str>,
    /// SHA-512 crypt, or `None`: then no password admits.
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

    /// The disk after `wanted` has been written and `gone` has been taken off.
    ///
    /// A wanted key needs a line without options: one that a person has restricted (`command="..."`) is not the
    /// access that was asked for. Keys written earlier that are named by neither list stay: the caller names what goes.
    #[must_use]
    pub fn with_login(&self, wanted: &Login, gone: &[KeyBlob]) -> Disk {
        let mut text: String = self
            .authorized_keys
            .split_inclusive('\n')
            .filter(|line| !gone.iter().any(|blob| is_about(line, blob)))
            .collect();
        for key in &wanted.keys {
            if has_plain_line(&text, key.blob()) {
                continue;
            }
            append_line(&mut text, &key.to_string());
        }
        Disk {
            user: wanted.user.clone(),
            authorized_keys: text.into(),
            password_hash: wanted.password_hash.clone(),
            password_login: wanted.password_login,
        }
    }

    /// What of `wanted` and `gone` this disk does not hold, in words for a person; `Ok` when it holds all.
    ///
    /// # Errors
    /// The first difference.
    pub fn agrees_with(&self, wanted: &Login, gone: &[KeyBlob]) -> Result<(), String> {
        if let Some(key) = wanted.keys.iter().find(|key| !has_plain_line(&self.authorized_keys, key.blob())) {
            return Err(format!("the key {key} is not there"));
        }
        let still = |blob: &&KeyBlob| !wanted.keys.iter().any(|key| key.blob() == *blob);
        let stands = |blob: &&KeyBlob| self.authorized_keys.split('\n').any(|line| is_about(line, blob));
        if let Some(blob) = gone.iter().filter(still).find(stands) {
            return Err(format!("the key {blob:?} is still there"));
        }
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

    /// What the disk admits at all times and from everywhere. Keys of algorithms that cvmd has no type for (people may write
    /// ECDSA keys into a guest) admit too, but a [`Login`] cannot name them.
    #[must_use]
    pub fn login(&self) -> Login {
        let mut keys: Vec<PublicKey> = Vec::new();
        for entry in self.authorized_keys.split('\n').filter_map(Entry::read) {
            if entry.options().is_some_and(|options| options.admits_always())
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

    /// Whether a key's blob opens this disk's account: the first line that holds it and whose options let it in decides,
    /// as in sshd.
    #[must_use]
    pub fn admits(&self, blob: &[u8], conditions: &Conditions) -> Option<Admission> {
        let entries = self.authorized_keys.split('\n').filter_map(Entry::read);
        entries.filter(|entry| same_key(&entry.key, blob)).find_map(|entry| entry.options()?.admit(conditions))
    }
}

/// Appends one line, on a line of its own even where a person's editor left no newline at the end.
fn append_line(text: &mut String, line: &str) {
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(line);
    text.push('\n');
}

/// Whether a line is about a key: the one that sshd reads, or in a line that sshd cannot read whatever looks like one.
fn is_about(line: &str, blob: &KeyBlob) -> bool {
    match Entry::read(line) {
        Some(entry) => same_key(&entry.key, blob.as_bytes()),
        None => KeyBlob::of_line(line).as_ref() == Some(blob),
    }
}

/// Whether a key has a line without options.
fn has_plain_line(text: &str, blob: &KeyBlob) -> bool {
    text.split('\n').filter_map(Entry::read).any(|entry| !entry.has_options() && same_key(&entry.key, blob.as_bytes()))
}

/// A key that cvmd has a type for.
fn public_key(entry: &Entry<'_>) -> Option<PublicKey> {
    let line = russh::keys::PublicKey::from_bytes(&entry.key).ok()?.to_openssh().ok()?;
    PublicKey::parse(&format!("{line} {}", entry.comment)).ok()
}

#[cfg(test)]
mod test {
    use super::*;

    fn key(number: u8) -> PublicKey {
        PublicKey::parse(&format!("ssh-ed25519 {}", line_base64(number))).unwrap()
    }

    /// An Ed25519 blob of 32 times one byte, in base64.
    fn line_base64(number: u8) -> String {
        const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut bytes = b"\0\0\0\x0bssh-ed25519\0\0\0\x20".to_vec();
        bytes.extend([number; 32]);
        let mut text = String::new();
        for group in bytes.chunks(3) {
            let word = group.iter().fold(0u32, |word, byte| word << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
            for index in 0..=group.len() {
                text.push(ALPHABET[(word >> (18 - 6 * index) & 63) as usize] as char);
            }
            text.extend(std::iter::repeat_n('=', 3 - group.len()));
        }
        text
    }

    fn disk(text: &str) -> Disk {
        Disk { authorized_keys: text.into(), ..Disk::admitting_nobody() }
    }

    fn wanted(keys: &[PublicKey]) -> Login {
        Login { user: "root".into(), keys: keys.to_vec(), password_hash: None, password_login: false }
    }

    fn noon(disk: &Disk, key: &PublicKey) -> Option<Admission> {
        let conditions = Conditions { address: Some([127, 0, 0, 1].into()), now_seconds: 1_800_000_000 };
        disk.admits(key.blob().as_bytes(), &conditions)
    }

    #[test]
    fn wanted_keys_are_appended_once_and_other_lines_stay_byte_for_byte() {
        let by_hand = format!("# mine\r\n\n  {} somebody\nno newline at the end", key(1));
        let after = disk(&by_hand).with_login(&wanted(&[key(2)]), &[]);
        assert_eq!(&*after.authorized_keys, format!("{by_hand}\n{}\n", key(2)));
        assert_eq!(after.with_login(&wanted(&[key(2)]), &[]), after);
        assert_eq!(after.agrees_with(&wanted(&[key(2)]), &[]), Ok(()));
    }

    #[test]
    fn gone_keys_leave_whatever_their_options_and_comment() {
        let text = format!(
            "keep this\nfrom=\"10.0.0.0/8\",command=\"say \\\"hello you\\\"\" {} a b c\n{}\n\t{}",
            key(1),
            key(2),
            key(1)
        );
        let after = disk(&text).with_login(&wanted(&[]), &[key(1).blob().clone()]);
        assert_eq!(&*after.authorized_keys, format!("keep this\n{}\n", key(2)));
        assert!(disk(&text).agrees_with(&wanted(&[]), &[key(1).blob().clone()]).is_err());
    }

    #[test]
    fn a_key_quoted_in_another_keys_command_is_not_that_lines_key() {
        let text = format!("command=\"echo {}\" {}\n", key(1), key(2));
        assert_eq!(&*disk(&text).with_login(&wanted(&[]), &[key(1).blob().clone()]).authorized_keys, text);
        assert_eq!(noon(&disk(&text), &key(1)), None);
        assert!(noon(&disk(&text), &key(2)).is_some());
    }

    #[test]
    fn a_restricted_line_is_not_the_access_that_was_wanted() {
        let text = format!("command=\"uptime\" {}\n", key(1));
        let after = disk(&text).with_login(&wanted(&[key(1)]), &[]);
        assert_eq!(&*after.authorized_keys, format!("{text}{}\n", key(1)));
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

//! What stands on a machine's disk about logins, and the surgery on the text of `~/.ssh/authorized_keys`.
//!
//! Pure: no IO. The text belongs to the guest's owner; cvmd adds lines at its end and takes whole lines out, and every
//! other byte stays as it is.

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

/// A line of `authorized_keys` under which sshd admits a key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Admission {
    /// `command="..."`: run instead of whatever the client asks for.
    pub command: Option<Box<str>>,
    /// `no-pty` or `restrict`: no terminal.
    pub no_pty: bool,
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
            .filter(|line| !blob_of(line).is_some_and(|blob| gone.contains(&blob)))
            .collect();
        for key in &wanted.keys {
            if plain_line_of(&text, key.blob()) {
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
        if let Some(key) = wanted.keys.iter().find(|key| !plain_line_of(&self.authorized_keys, key.blob())) {
            return Err(format!("the key {key} is not there"));
        }
        let still = |blob: &&KeyBlob| !wanted.keys.iter().any(|key| key.blob() == *blob);
        let blobs: Vec<KeyBlob> = self.authorized_keys.lines().filter_map(blob_of).collect();
        if let Some(blob) = gone.iter().filter(still).find(|blob| blobs.contains(blob)) {
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

    /// What the disk admits. Keys of algorithms that cvmd has no type for (people may write ECDSA keys into a guest)
    /// admit too, but a [`Login`] cannot name them.
    #[must_use]
    pub fn login(&self) -> Login {
        let mut keys: Vec<PublicKey> = Vec::new();
        for line in self.authorized_keys.lines() {
            if let Some((options, key)) = split_line(line)
                && admission(options).is_some()
                && let Ok(key) = PublicKey::parse(key)
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

    /// Whether a key's blob opens this disk's account: the first line that holds it and whose options are understood
    /// decides, as in sshd.
    #[must_use]
    pub fn admits(&self, blob: &[u8]) -> Option<Admission> {
        self.authorized_keys.lines().find_map(|line| {
            let (options, key) = split_line(line)?;
            (KeyBlob::of_line(key)?.as_bytes() == blob).then(|| admission(options))?
        })
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

/// The key that a line is about: the one that sshd reads, or in a line that sshd cannot read whatever looks like one.
fn blob_of(line: &str) -> Option<KeyBlob> {
    split_line(line).and_then(|(_, key)| KeyBlob::of_line(key)).or_else(|| KeyBlob::of_line(line))
}

fn plain_line_of(text: &str, blob: &KeyBlob) -> bool {
    text.lines().any(|line| {
        split_line(line)
            .is_some_and(|(options, key)| options.is_empty() && KeyBlob::of_line(key).as_ref() == Some(blob))
    })
}

/// Splits a line into its options and its `<algorithm> <base64> <comment>`; `None` for comments and garbage.
fn split_line(line: &str) -> Option<(&str, &str)> {
    let line = line.trim();
    if line.is_empty() || line.starts_with('#') {
        return None;
    }
    if starts_with_key(line) {
        return Some(("", line));
    }
    let mut quoted = false;
    let mut escaped = false;
    let end = line.find(|character: char| {
        if character == '"' && !escaped {
            quoted = !quoted;
        }
        escaped = character == '\\' && !escaped;
        !quoted && character.is_ascii_whitespace()
    })?;
    let (options, rest) = line.split_at(end);
    let rest = rest.trim_start();
    starts_with_key(rest).then_some((options, rest))
}

/// Whether the first two words are an algorithm and a key of it.
fn starts_with_key(text: &str) -> bool {
    let mut words = text.split_ascii_whitespace();
    let (Some(algorithm), Some(base64)) = (words.next(), words.next()) else { return false };
    KeyBlob::of_line(&format!("{algorithm} {base64}")).is_some()
}

/// What a line's options permit; `None` when one of them is not understood.
///
/// Refusing is the safe side: an option mostly restricts a key (`from=`, `expiry-time=`, `cert-authority`), and a
/// guest that overlooked it would admit somebody whom the line's author meant to keep out. Options about forwarding
/// and environment have nothing to act on here, so they are taken.
fn admission(options: &str) -> Option<Admission> {
    let mut admission = Admission::default();
    for option in split_options(options) {
        let (name, value) = option.split_once('=').map_or((option, None), |(name, value)| (name, Some(value)));
        match (name.to_ascii_lowercase().as_str(), value) {
            ("command", Some(value)) => admission.command = Some(unquote(value)?.into()),
            ("restrict" | "no-pty", None) => admission.no_pty = true,
            ("pty", None) => admission.no_pty = false,
            (
                "agent-forwarding"
                | "no-agent-forwarding"
                | "port-forwarding"
                | "no-port-forwarding"
                | "x11-forwarding"
                | "no-x11-forwarding"
                | "user-rc"
                | "no-user-rc",
                None,
            )
            | ("environment" | "permitopen" | "permitlisten" | "tunnel", Some(_)) => {}
            _ => return None,
        }
    }
    Some(admission)
}

fn split_options(options: &str) -> impl Iterator<Item = &str> {
    let mut quoted = false;
    let mut escaped = false;
    options
        .split(move |character: char| {
            if character == '"' && !escaped {
                quoted = !quoted;
            }
            escaped = character == '\\' && !escaped;
            !quoted && character == ','
        })
        .filter(|option| !option.is_empty())
}

fn unquote(value: &str) -> Option<String> {
    Some(value.strip_prefix('"')?.strip_suffix('"')?.replace("\\\"", "\""))
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
        assert_eq!(disk(&text).admits(key(1).blob().as_bytes()), None);
        assert!(disk(&text).admits(key(2).blob().as_bytes()).is_some());
    }

    #[test]
    fn a_restricted_line_is_not_the_access_that_was_wanted() {
        let text = format!("command=\"uptime\" {}\n", key(1));
        let after = disk(&text).with_login(&wanted(&[key(1)]), &[]);
        assert_eq!(&*after.authorized_keys, format!("{text}{}\n", key(1)));
    }

    #[test]
    fn options_are_honoured_or_the_line_admits_nobody() {
        let admits = |options: &str| disk(&format!("{options} {}", key(1))).admits(key(1).blob().as_bytes());
        assert_eq!(admits(""), Some(Admission::default()));
        assert_eq!(
            admits("no-pty,command=\"echo \\\"a, b\\\"\",no-port-forwarding"),
            Some(Admission { command: Some("echo \"a, b\"".into()), no_pty: true })
        );
        for options in ["from=\"10.0.0.1\"", "expiry-time=\"20200101\"", "cert-authority", "no-such-option"] {
            assert_eq!(admits(options), None, "{options}");
            assert!(disk(&format!("{options} {}", key(1))).login().keys.is_empty());
        }
        assert_eq!(disk(&format!("# {}", key(1))).admits(key(1).blob().as_bytes()), None);
    }
}

//! Public keys in OpenSSH's form, and the key pairs that carry them.

use crate::{AccountNumber, KeyPairId, Tag};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use std::fmt;

/// The bytes of a public key as SSH sends them (RFC 4253 section 6.6): two keys are the same when these are equal.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct KeyBlob(Box<[u8]>);

impl KeyBlob {
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The blob of any line that contains `<algorithm> <base64>`, with or without options and comment. So a line of
    /// `authorized_keys` that a person wrote is recognised by its key.
    #[must_use]
    pub fn of_line(line: &str) -> Option<KeyBlob> {
        let mut words = line.split_ascii_whitespace().peekable();
        while let Some(word) = words.next() {
            if word.starts_with('#') {
                return None;
            }
            let next = words.peek()?;
            if let Ok(bytes) = STANDARD.decode(next)
                && read_field(&bytes).is_some_and(|(name, _)| name == word.as_bytes())
            {
                return Some(KeyBlob(bytes.into()));
            }
        }
        None
    }
}

impl fmt::Debug for KeyBlob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&STANDARD.encode(&self.0))
    }
}

/// Why a text is not a public key that cvmd accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedKey {
    #[error("a public key is one line: algorithm, base64, comment")]
    Form,
    #[error("the base64 part does not hold the key that the algorithm names")]
    Content,
    #[error("an RSA key has 1024 to 16384 bits, this one {bits}")]
    RsaBits { bits: usize },
    #[error("only ssh-rsa and ssh-ed25519 keys are taken")]
    Algorithm,
}

/// One public key: `ssh-rsa` from 1024 bits, or `ssh-ed25519`.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Box<str>", into = "String")]
pub struct PublicKey {
    algorithm: Algorithm,
    blob: KeyBlob,
    comment: Box<str>,
}

#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
enum Algorithm {
    Rsa,
    Ed25519,
}

impl Algorithm {
    const fn name(self) -> &'static str {
        match self {
            Algorithm::Rsa => "ssh-rsa",
            Algorithm::Ed25519 => "ssh-ed25519",
        }
    }
}

impl PublicKey {
    /// Reads one line of OpenSSH's form: algorithm, base64, optional comment.
    ///
    /// Unlike upstream, whose text allows RSA only, Ed25519 is accepted too
    /// (<https://cloud.tencent.com/document/api/213/15700>).
    ///
    /// # Errors
    /// [`MalformedKey`] names the part that is wrong.
    pub fn parse(text: &str) -> Result<PublicKey, MalformedKey> {
        let line = text.trim();
        if line.contains(['\n', '\r', '\0']) {
            return Err(MalformedKey::Form);
        }
        let mut words = line.splitn(3, [' ', '\t']);
        let (name, base64) = words.next().zip(words.next()).ok_or(MalformedKey::Form)?;
        let algorithm = match name {
            "ssh-rsa" => Algorithm::Rsa,
            "ssh-ed25519" => Algorithm::Ed25519,
            _ => return Err(MalformedKey::Algorithm),
        };
        let bytes = STANDARD.decode(base64).map_err(|_| MalformedKey::Form)?;
        check(algorithm, &bytes)?;
        let comment = words.next().unwrap_or_default().trim().into();
        Ok(PublicKey { algorithm, blob: KeyBlob(bytes.into()), comment })
    }

    #[must_use]
    pub fn blob(&self) -> &KeyBlob {
        &self.blob
    }

    /// The same key with another comment; clients want three words and ignore the third.
    #[must_use]
    pub fn with_comment(mut self, comment: &str) -> PublicKey {
        self.comment = comment.into();
        self
    }

    #[must_use]
    pub fn comment(&self) -> &str {
        &self.comment
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.algorithm.name(), STANDARD.encode(&self.blob.0))?;
        if self.comment.is_empty() { Ok(()) } else { write!(f, " {}", self.comment) }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl TryFrom<Box<str>> for PublicKey {
    type Error = MalformedKey;
    fn try_from(text: Box<str>) -> Result<Self, MalformedKey> {
        PublicKey::parse(&text)
    }
}

impl From<PublicKey> for String {
    fn from(key: PublicKey) -> String {
        key.to_string()
    }
}

/// A key pair. The private half is never stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyPair {
    pub id: KeyPairId,
    /// Order of creation; lists show the newest first.
    pub sequence: u64,
    pub account: AccountNumber,
    /// 1 to 25 of `[A-Za-z0-9_]`, unique in the account.
    pub name: Box<str>,
    pub project_id: u32,
    /// At most 60 characters.
    pub description: Box<str>,
    pub public_key: PublicKey,
    pub created_seconds: u64,
    pub tags: Box<[Tag]>,
}

fn check(algorithm: Algorithm, bytes: &[u8]) -> Result<(), MalformedKey> {
    let (name, rest) = read_field(bytes).ok_or(MalformedKey::Content)?;
    if name != algorithm.name().as_bytes() {
        return Err(MalformedKey::Content);
    }
    let (first, rest) = read_field(rest).ok_or(MalformedKey::Content)?;
    match algorithm {
        Algorithm::Ed25519 if first.len() == 32 && rest.is_empty() => Ok(()),
        Algorithm::Ed25519 => Err(MalformedKey::Content),
        Algorithm::Rsa => {
            let (modulus, rest) = read_field(rest).ok_or(MalformedKey::Content)?;
            // RFC 4251 section 5: an mpint is minimal. It starts with a zero byte only before a set high bit, and is
            // never negative here.
            let positive = |number: &[u8]| match number {
                [0, next, ..] => next & 0x80 != 0,
                [first, ..] => first & 0x80 == 0,
                [] => false,
            };
            if !positive(modulus) || !positive(first) || !rest.is_empty() {
                return Err(MalformedKey::Content);
            }
            let digits = if modulus[0] == 0 { &modulus[1..] } else { modulus };
            let bits = digits.len() * 8 - digits[0].leading_zeros() as usize;
            if (1024..=16384).contains(&bits) { Ok(()) } else { Err(MalformedKey::RsaBits { bits }) }
        }
    }
}

/// One length-prefixed field and the rest.
fn read_field(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_at_checked(4)?;
    let length = u32::from_be_bytes(length.try_into().ok()?) as usize;
    rest.split_at_checked(length)
}

#[cfg(test)]
mod test {
    use super::*;

    const ED25519: &str = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";

    #[test]
    fn a_key_is_the_same_whatever_its_comment_or_options() {
        let key = PublicKey::parse(&format!("{ED25519} somebody@somewhere with blanks")).unwrap();
        assert_eq!(key.comment(), "somebody@somewhere with blanks");
        let by_hand = format!("no-pty,command=\"echo hello\" {ED25519} other");
        assert_eq!(KeyBlob::of_line(&by_hand).as_ref(), Some(key.blob()));
        assert_eq!(KeyBlob::of_line(&format!("# {ED25519}")), None);
        assert_eq!(PublicKey::parse(&key.to_string()).unwrap(), key);
    }

    #[test]
    fn text_that_is_no_key_is_refused_with_the_reason() {
        assert_eq!(PublicKey::parse("hello"), Err(MalformedKey::Form));
        assert_eq!(PublicKey::parse("ssh-dss AAAA"), Err(MalformedKey::Algorithm));
        assert_eq!(PublicKey::parse("ssh-rsa !!!!"), Err(MalformedKey::Form));
        assert_eq!(PublicKey::parse(&ED25519.replace("ssh-ed25519 ", "ssh-rsa ")), Err(MalformedKey::Content));
        assert_eq!(PublicKey::parse(&format!("{ED25519}\n{ED25519}")), Err(MalformedKey::Form));
    }

    #[test]
    fn rsa_keys_below_1024_bits_are_refused() {
        let blob = |modulus: &[u8]| {
            let mut bytes = Vec::new();
            for field in [b"ssh-rsa".as_slice(), &[1, 0, 1], modulus] {
                bytes.extend((field.len() as u32).to_be_bytes());
                bytes.extend(field);
            }
            format!("ssh-rsa {}", STANDARD.encode(bytes))
        };
        assert_eq!(PublicKey::parse(&blob(&[0x7f; 64])), Err(MalformedKey::RsaBits { bits: 511 }));
        let mut modulus = vec![0xff; 128];
        modulus.insert(0, 0);
        assert!(PublicKey::parse(&blob(&modulus)).is_ok());
        assert_eq!(PublicKey::parse(&blob(&[])), Err(MalformedKey::Content));
    }
}

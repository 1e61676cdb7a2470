//! Hashes, salts and fingerprints, and their text forms.

use crate::text::as_text;
use base64::{Engine, engine::general_purpose::STANDARD_NO_PAD};
use cvmd_model::KeyBlob;
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};

/// The text is not what the type is written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected {0}")]
pub struct MalformedHash(&'static str);

/// A hash of the tree: of a leaf or of a node. 64 digits of 0-9 and a-f as text.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// An event's hash, RFC 6962 section 2.1: SHA-256 over a zero byte and the event's bytes.
    #[must_use]
    pub fn of_leaf(bytes: &[u8]) -> Hash {
        Hash(Sha256::new().chain_update([0]).chain_update(bytes).finalize().into())
    }

    /// The hash above two others, RFC 6962 section 2.1: SHA-256 over a byte 1, the left and the right one.
    #[must_use]
    pub fn of_node(left: &Hash, right: &Hash) -> Hash {
        Hash(Sha256::new().chain_update([1]).chain_update(left.0).chain_update(right.0).finalize().into())
    }

    /// The root of a tree without leaves: SHA-256 over nothing.
    #[must_use]
    pub fn of_empty_tree() -> Hash {
        Hash(Sha256::digest([]).into())
    }
}

/// 16 random bytes, so that nobody who sees an event's hash can guess the event. 32 digits of 0-9 and a-f as text.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Salt(pub [u8; 16]);

/// The SHA-256 of a public SSH key's blob. As text what `ssh-keygen -l` prints: `SHA256:` and base64 without padding.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 32]);

impl Fingerprint {
    #[must_use]
    pub fn of(blob: &KeyBlob) -> Fingerprint {
        Fingerprint(Sha256::digest(blob.as_bytes()).into())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHA256:{}", STANDARD_NO_PAD.encode(self.0))
    }
}

impl FromStr for Fingerprint {
    type Err = MalformedHash;
    fn from_str(text: &str) -> Result<Fingerprint, MalformedHash> {
        let bytes = text.strip_prefix("SHA256:").and_then(|text| STANDARD_NO_PAD.decode(text).ok());
        let bytes = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.map(Fingerprint).ok_or(MalformedHash("SHA256: and 43 characters of base64"))
    }
}

macro_rules! as_hex {
    ($name:ident, $form:literal) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let mut text = [0; 2 * size_of::<$name>()];
                // Invariant: the digits of a byte are two, and ASCII.
                hex::encode_to_slice(self.0, &mut text).expect("two digits a byte");
                f.write_str(std::str::from_utf8(&text).unwrap_or_default())
            }
        }

        impl FromStr for $name {
            type Err = MalformedHash;
            fn from_str(text: &str) -> Result<Self, MalformedHash> {
                from_hex(text).map($name).ok_or(MalformedHash($form))
            }
        }
    };
}

as_hex!(Hash, "64 digits of 0-9 and a-f");
as_hex!(Salt, "32 digits of 0-9 and a-f");
as_text!(Hash Salt Fingerprint);

/// Small letters alone: a hash has one text form.
fn from_hex<const N: usize>(text: &str) -> Option<[u8; N]> {
    let is_small = !text.bytes().any(|byte| byte.is_ascii_uppercase());
    hex::decode(text).ok().filter(|_| is_small)?.try_into().ok()
}

#[cfg(test)]
mod test {
    use super::*;
    use cvmd_model::PublicKey;

    #[test]
    fn a_hash_has_one_text_form() {
        let text = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Hash::of_empty_tree().to_string(), text);
        assert_eq!(text.parse(), Ok(Hash::of_empty_tree()));
        for other in [&text.to_uppercase(), &text[..62], &format!("{text}00"), &text.replace('e', "g"), ""] {
            assert!(other.parse::<Hash>().is_err(), "{other}");
        }
        assert!(text.parse::<Salt>().is_err());
    }

    /// As `ssh-keygen -l` prints it.
    #[test]
    fn a_fingerprint_is_openssh_s() {
        let key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f";
        let fingerprint = Fingerprint::of(PublicKey::parse(key).unwrap().blob());
        assert_eq!(fingerprint.to_string(), "SHA256:ZkAslGjFiUHdGf/WUL8rQvkib4PTvQatUV0OUQSncCA");
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        assert!(fingerprint.to_string().trim_start_matches("SHA256:").parse::<Fingerprint>().is_err());
    }
}

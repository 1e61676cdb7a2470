//! The key of one signed request, by which a second arrival of it is recognised.

use crate::hash;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;

/// A hash over (SecretId, Timestamp, Nonce, Signature) of a v1 request. The nonce alone is not enough: some clients
/// draw it from 0..65535.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ReplayKey([u8; 16]);

/// Text that is no [`ReplayKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a replay key is 32 hexadecimal digits")]
pub struct MalformedReplayKey;

impl ReplayKey {
    /// `signature` is decoded, so that another encoding of it does not make another key.
    pub(crate) fn new(secret_id: &str, timestamp: u64, nonce: u64, signature: &[u8]) -> ReplayKey {
        let mut hasher = Sha256::new();
        hasher.update(timestamp.to_be_bytes());
        hasher.update(nonce.to_be_bytes());
        hasher.update((signature.len() as u64).to_be_bytes());
        hasher.update(signature);
        hasher.update(secret_id.as_bytes());
        let digest: [u8; 32] = hasher.finalize().into();
        let mut key = [0; 16];
        key.copy_from_slice(&digest[..16]);
        ReplayKey(key)
    }

    /// 32 lower-case hexadecimal digits.
    pub fn to_hex(self) -> String {
        hex::encode(self.0)
    }

    /// Reads what [`to_hex`](ReplayKey::to_hex) wrote.
    pub fn from_hex(text: &str) -> Result<ReplayKey, MalformedReplayKey> {
        hash::from_hex(text.as_bytes()).map(ReplayKey).ok_or(MalformedReplayKey)
    }
}

impl fmt::Debug for ReplayKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "ReplayKey({})", self.to_hex())
    }
}

impl TryFrom<String> for ReplayKey {
    type Error = MalformedReplayKey;

    fn try_from(text: String) -> Result<ReplayKey, MalformedReplayKey> {
        ReplayKey::from_hex(&text)
    }
}

impl From<ReplayKey> for String {
    fn from(key: ReplayKey) -> String {
        key.to_hex()
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn every_part_makes_another_key() {
        let key = ReplayKey::new("AKIDabc", 1, 2, b"signature");
        assert_eq!(key, ReplayKey::new("AKIDabc", 1, 2, b"signature"));
        for other in [
            ReplayKey::new("AKIDabd", 1, 2, b"signature"),
            ReplayKey::new("AKIDabc", 2, 2, b"signature"),
            ReplayKey::new("AKIDabc", 1, 3, b"signature"),
            ReplayKey::new("AKIDabc", 1, 2, b"signaturf"),
            // No part can take bytes from its neighbour.
            ReplayKey::new("KIDabc", 1, 2, b"signatureA"),
        ] {
            assert_ne!(key, other);
        }
    }
}

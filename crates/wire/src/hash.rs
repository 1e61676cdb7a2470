//! Hexadecimal digits of hashes and signatures.

use sha2::{Digest, Sha256};

/// SHA-256 of an empty payload, as every GET has.
pub(crate) const OF_NOTHING: &[u8; 64] = b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

pub(crate) fn sha256_hex(bytes: &[u8]) -> [u8; 64] {
    to_hex(&Sha256::digest(bytes).into())
}

pub(crate) fn to_hex(bytes: &[u8; 32]) -> [u8; 64] {
    let mut text = [0; 64];
    hex::encode_to_slice(bytes, &mut text).expect("a byte has two digits");
    text
}

/// Reads exactly twice `BYTES` hexadecimal digits of either case.
pub(crate) fn from_hex<const BYTES: usize>(text: &[u8]) -> Option<[u8; BYTES]> {
    let mut bytes = [0; BYTES];
    hex::decode_to_slice(text, &mut bytes).ok()?;
    Some(bytes)
}

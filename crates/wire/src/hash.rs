//! Hexadecimal digits of hashes and signatures.

use sha2::{Digest, Sha256};

/// SHA-256 of an empty payload, as every GET has.
pub(crate) const OF_NOTHING: &[u8; 64] = b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

const DIGITS: &[u8; 16] = b"0123456789abcdef";

pub(crate) fn sha256_hex(bytes: &[u8]) -> [u8; 64] {
    to_hex(&Sha256::digest(bytes).into())
}

pub(crate) fn to_hex(bytes: &[u8; 32]) -> [u8; 64] {
    let mut text = [0; 64];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair.copy_from_slice(&hex_of_byte(*byte));
    }
    text
}

pub(crate) fn hex_of_byte(byte: u8) -> [u8; 2] {
    [DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]
}

/// Reads exactly twice `BYTES` hexadecimal digits of either case.
pub(crate) fn from_hex<const BYTES: usize>(text: &[u8]) -> Option<[u8; BYTES]> {
    if text.len() != BYTES * 2 {
        return None;
    }
    let mut bytes = [0; BYTES];
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = byte_of_hex(pair[0], pair[1])?;
    }
    Some(bytes)
}

/// The byte that two hexadecimal digits of either case mean.
pub(crate) fn byte_of_hex(high: u8, low: u8) -> Option<u8> {
    Some(digit(high)? << 4 | digit(low)?)
}

fn digit(character: u8) -> Option<u8> {
    match character {
        b'0'..=b'9' => Some(character - b'0'),
        b'a'..=b'f' => Some(character - b'a' + 10),
        b'A'..=b'F' => Some(character - b'A' + 10),
        _ => None,
    }
}

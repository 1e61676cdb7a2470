//! Encodes rows.

use serde::Serialize;

/// Bytes that hold most rows, so that few buffers grow while a row is encoded.
const USUAL_BYTES: usize = 1024;

/// The row as JSON.
pub(crate) fn encode(row: &impl Serialize) -> Vec<u8> {
    let mut body = Vec::with_capacity(USUAL_BYTES);
    // Invariant: rows hold strings, numbers and sequences only; serde_json cannot refuse them.
    serde_json::to_writer(&mut body, row).expect("a row is plain data");
    body
}

//! How large a request and its parts may be, and how much of it a message repeats.

use crate::{Excess, Reason};
use cvmd_wire::{Map, Value};

/// The maximum bytes of a text: more than any id, name or description that the vendor allows.
pub(crate) const TEXT_BYTES_MAX: usize = 1024;
/// Texts that may be longer: 16 KiB in base64, and keys of 16384 bits.
pub(crate) const LONG_TEXTS: &[(&str, usize)] = &[("PublicKey", 8 * 1024), ("UserData", 16 * 1024 / 3 * 4 + 8)];
/// The maximum of values in a list: an address for each instance that one request makes.
pub(crate) const LIST_MAX: usize = 500;
/// The maximum bytes of all names and texts of one request together.
pub(crate) const REQUEST_BYTES_MAX: usize = 256 * 1024;

/// What a text of that name may have.
pub(crate) fn bytes_max(name: &str) -> usize {
    let long = LONG_TEXTS.iter().find(|(long, _)| *long == name);
    long.map_or(TEXT_BYTES_MAX, |(_, limit)| *limit)
}

/// Refuses a request with more than [`REQUEST_BYTES_MAX`].
pub(crate) fn within_request_bound(root: &Map) -> Result<(), Reason> {
    let sizes: Vec<_> = root.iter().map(|(name, value)| (name, name.len() + bytes(value))).collect();
    let given = sizes.iter().map(|(_, size)| size).sum();
    match sizes.iter().max_by_key(|(_, size)| *size) {
        Some((longest, _)) if given > REQUEST_BYTES_MAX => {
            Err(Excess::Request { given, longest: shorten(longest).into(), limit: REQUEST_BYTES_MAX }.into())
        }
        _ => Ok(()),
    }
}

/// Bytes of its names and texts. Depth and number of values are bounded where it is parsed.
fn bytes(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::List(list) => list.iter().map(bytes).sum(),
        Value::Map(map) => map.iter().map(|(name, value)| name.len() + bytes(value)).sum(),
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Unsigned(_) | Value::Float(_) => 0,
    }
}

/// At most 64 characters of a received text, for a message.
pub(crate) fn shorten(text: &str) -> String {
    match text.char_indices().nth(64) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_string(),
    }
}

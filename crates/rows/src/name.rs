//! What a table or a stream may be called.

/// Bytes of the longest name.
const BYTES_MAX: usize = 48;

/// Whether it may name a table or a stream: small letters, digits and underscores, a letter first.
pub(crate) fn is_name(name: &str) -> bool {
    let is_allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    name.len() <= BYTES_MAX
        && name.starts_with(|first: char| first.is_ascii_lowercase())
        && name.bytes().all(is_allowed)
        // SQLite keeps these names for itself.
        && !name.starts_with("sqlite_")
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn names_need_no_quoting() {
        for name in ["a", "key_pairs", "disks2"] {
            assert!(is_name(name), "{name}");
        }
        let long = "a".repeat(BYTES_MAX + 1);
        for name in ["", "_a", "2a", "A", "a b", "a\"", "ä", "sqlite_x", &long] {
            assert!(!is_name(name), "{name}");
        }
    }
}

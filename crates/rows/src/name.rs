//! What a table or a stream may be called, and how messages name a row.

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

/// A row as messages name it: by its number, or by the eight letters and digits that the number stands for.
#[must_use]
pub fn row_name(sequence: u64) -> String {
    let bytes = sequence.to_be_bytes();
    let is_text = bytes.iter().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if is_text { bytes.map(char::from).iter().collect() } else { sequence.to_string() }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_row_is_named_by_its_number_or_by_the_text_in_it() {
        assert_eq!(row_name(u64::from_be_bytes(*b"1e4r6y8i")), "1e4r6y8i");
        for number in [0, 15, u64::from_be_bytes(*b"1E4r6y8i"), u64::MAX] {
            assert_eq!(row_name(number), number.to_string());
        }
    }

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

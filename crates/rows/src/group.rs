//! A group: what becomes durable together. Rows are encoded once, when they are put into it.
//!
//! ```text
//! body:  a table's name:  0, length u8, name
//!        a row's content: 1, sequence i64, length u32, bytes
//!        a deletion:      2, sequence i64
//! ```
//!
//! Numbers are little-endian. A row belongs to the table that was named last before it.

use crate::name::is_name;
use std::borrow::Cow;

const TABLE: u8 = 0;
const PUT: u8 = 1;
const DELETE: u8 = 2;

/// Rows that are put and deleted, in this order, and entries that are appended to streams.
#[derive(Debug, Clone, Default)]
pub struct Group {
    body: Vec<u8>,
    /// Where in the body the last table's name stands.
    table: (usize, usize),
    rows: usize,
    entries: Vec<Entry>,
}

/// One row's new content, or its deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Change<'a> {
    pub table: &'a str,
    pub sequence: u64,
    /// `None` deletes the row.
    pub body: Option<&'a [u8]>,
}

/// One entry of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The stream's name, one of those that the engine was opened with.
    pub stream: Cow<'static, str>,
    /// Entries of each part have sequences and a bound of their own. 0 where the stream has no parts.
    pub part: u64,
    /// In a unit that is up to the caller; below 2^63. Entries may be read by it, and expire by it.
    pub time: u64,
    /// What the entry may be found by. Empty, or a few bytes.
    pub key: Vec<u8>,
    pub body: Vec<u8>,
}

impl Entry {
    /// What counts against a stream's bound in bytes.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.key.len() + self.body.len()
    }
}

impl Group {
    #[must_use]
    pub fn new() -> Group {
        Group::default()
    }

    /// Sets a row's content.
    ///
    /// # Panics
    /// When the table's name is none: small letters, digits and underscores, a letter first, 48 bytes at most. When the
    /// content is 4 GiB or more.
    pub fn put(&mut self, table: &str, sequence: u64, content: &[u8]) {
        self.put_with(table, sequence, |body| body.extend_from_slice(content));
    }

    /// Sets a row's content to what the function appends to the buffer: a row is encoded where it will lie.
    ///
    /// # Panics
    /// As [`Group::put`].
    pub fn put_with(&mut self, table: &str, sequence: u64, encode: impl FnOnce(&mut Vec<u8>)) {
        self.begin(table, PUT, sequence);
        let length_at = self.body.len();
        self.body.extend_from_slice(&[0; 4]);
        encode(&mut self.body);
        let length = u32::try_from(self.body.len() - length_at - 4).expect("a row is smaller than 4 GiB");
        self.body[length_at..length_at + 4].copy_from_slice(&length.to_le_bytes());
    }

    /// Deletes a row, if there is one.
    ///
    /// # Panics
    /// When the table's name is none.
    pub fn delete(&mut self, table: &str, sequence: u64) {
        self.begin(table, DELETE, sequence);
    }

    /// Appends an entry to its stream.
    pub fn append(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    fn begin(&mut self, table: &str, tag: u8, sequence: u64) {
        let (start, end) = self.table;
        if &self.body[start..end] != table.as_bytes() {
            assert!(is_name(table), "{table:?} names no table");
            self.body.push(TABLE);
            // A name is at most 48 bytes long.
            self.body.push(table.len() as u8);
            self.table = (self.body.len(), self.body.len() + table.len());
            self.body.extend_from_slice(table.as_bytes());
        }
        self.body.push(tag);
        self.body.extend_from_slice(&sequence.to_le_bytes());
        self.rows += 1;
    }

    /// The rows as one sequence of bytes.
    #[must_use]
    pub fn body(&self) -> &[u8] {
        &self.body
    }

    /// The rows, in the order in which they were put and deleted.
    pub fn changes(&self) -> impl Iterator<Item = Change<'_>> {
        // Invariant: a body that was built here, or read by `Group::decode`, is well-formed.
        Changes::of(&self.body).map(|change| change.expect("a group's body is well-formed"))
    }

    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The number of rows.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of rows and entries together, which [`crate::GROUP_BYTES_MAX`] bounds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.body.len() + self.entries.iter().map(Entry::bytes).sum::<usize>()
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows == 0 && self.entries.is_empty()
    }

    /// A group that was read.
    ///
    /// # Errors
    /// What is wrong with the body.
    pub(crate) fn decode(body: Vec<u8>, entries: Vec<Entry>) -> Result<Group, Malformed> {
        let mut rows = 0;
        for change in Changes::of(&body) {
            change?;
            rows += 1;
        }
        Ok(Group { body, table: (0, 0), rows, entries })
    }
}

impl PartialEq for Group {
    fn eq(&self, other: &Group) -> bool {
        self.body == other.body && self.entries == other.entries
    }
}

impl Eq for Group {}

/// The body is not one that a group can have.
#[derive(Debug, thiserror::Error)]
#[error("the group's content is cut off or malformed")]
pub(crate) struct Malformed;

/// Reads a body.
pub(crate) struct Changes<'a> {
    rest: &'a [u8],
    table: Option<&'a str>,
}

impl<'a> Changes<'a> {
    pub(crate) fn of(body: &'a [u8]) -> Changes<'a> {
        Changes { rest: body, table: None }
    }

    fn bytes(&mut self, length: usize) -> Option<&'a [u8]> {
        let (bytes, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(bytes)
    }

    fn change(&mut self) -> Option<Change<'a>> {
        let mut tag = self.bytes(1)?[0];
        if tag == TABLE {
            let length = self.bytes(1)?[0];
            let name = std::str::from_utf8(self.bytes(usize::from(length))?).ok()?;
            self.table = Some(name).filter(|name| is_name(name));
            tag = self.bytes(1)?[0];
        }
        let table = self.table?;
        let sequence = u64::from_le_bytes(self.bytes(8)?.try_into().ok()?);
        let body = match tag {
            PUT => {
                let length = u32::from_le_bytes(self.bytes(4)?.try_into().ok()?);
                Some(self.bytes(usize::try_from(length).ok()?)?)
            }
            DELETE => None,
            _ => return None,
        };
        Some(Change { table, sequence, body })
    }
}

impl<'a> Iterator for Changes<'a> {
    type Item = Result<Change<'a>, Malformed>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let change = self.change().ok_or(Malformed);
        if change.is_err() {
            self.rest = &[];
        }
        Some(change)
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn group() -> Group {
        let mut group = Group::new();
        group.put("vpcs", 7, b"seven");
        group.put_with("vpcs", u64::MAX, |body| body.extend_from_slice(b"last"));
        group.delete("instances", 3);
        group.put("vpcs", 1, b"");
        group
    }

    #[test]
    fn a_group_reads_back_as_it_was_put() {
        let group = group();
        let of = |table, sequence, body| Change { table, sequence, body };
        let expected = [
            of("vpcs", 7, Some(&b"seven"[..])),
            of("vpcs", u64::MAX, Some(b"last")),
            of("instances", 3, None),
            of("vpcs", 1, Some(b"")),
        ];
        assert_eq!(group.changes().collect::<Vec<_>>(), expected);
        assert_eq!(group.rows(), 4);
        assert_eq!(group.body().windows(4).filter(|bytes| bytes == b"vpcs").count(), 2, "a name stands once in a row");
    }

    #[test]
    fn a_body_that_is_cut_off_or_changed_is_malformed_or_another_but_never_a_panic() {
        let whole = group();
        for length in 1..whole.body().len() {
            let cut = Group::decode(whole.body()[..length].to_vec(), vec![]);
            assert!(cut.is_err() || cut.unwrap().rows() < whole.rows(), "{length}");
        }
        for bit in 0..whole.body().len() * 8 {
            let mut body = whole.body().to_vec();
            body[bit / 8] ^= 1 << (bit % 8);
            if let Ok(other) = Group::decode(body, vec![]) {
                assert_eq!(other.changes().count(), other.rows());
            }
        }
        assert_eq!(Group::decode(whole.body().to_vec(), vec![]).unwrap(), whole);
    }

    #[test]
    #[should_panic(expected = "names no table")]
    fn a_name_that_sqlite_would_have_to_quote_is_refused() {
        Group::new().put("key pairs", 1, b"");
    }
}

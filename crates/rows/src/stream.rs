//! Streams: how long their entries are kept, and what a group says of the parts that it appended to.

use crate::{Entry, Error, name::is_name};

/// A group deletes this number of old entries of a part that it appends to, and two more for each that it appends:
/// deleting must not delay a commit.
const DELETE_MIN: u64 = 64;

/// A stream and what bounds it. Streams keep their entries when the engine is opened without them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamSpec {
    pub name: &'static str,
    /// Whether entries are numbered and bounded part by part, so that no part pushes out another's entries.
    pub has_parts: bool,
    pub keep: Keep,
}

impl StreamSpec {
    /// A stream without parts.
    ///
    /// # Panics
    /// When the name is none; see [`crate::Group::put`].
    #[must_use]
    pub fn new(name: &'static str, keep: Keep) -> StreamSpec {
        assert!(is_name(name), "{name:?} names no stream");
        StreamSpec { name, has_parts: false, keep }
    }

    /// A stream with parts.
    ///
    /// # Panics
    /// As [`StreamSpec::new`].
    #[must_use]
    pub fn in_parts(name: &'static str, keep: Keep) -> StreamSpec {
        StreamSpec { has_parts: true, ..StreamSpec::new(name, keep) }
    }

    pub(crate) fn admit(&self, entry: &Entry, file: &str) -> Result<(), Error> {
        if entry.part != 0 && !self.has_parts {
            let stream = format!("{}, part {}", self.name, entry.part);
            return Err(Error::NoStream { file: file.into(), stream });
        }
        Ok(())
    }
}

/// How much of each part is kept: the oldest entries go when one of the bounds is passed, a few with every group that
/// appends to the part. The newest entry always stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keep {
    pub entries: u64,
    /// Bytes of keys and bodies.
    pub bytes: u64,
    /// How much older than the newest one an entry may be, in the unit of [`Entry::time`].
    pub age: u64,
}

impl Keep {
    /// No bound.
    pub const ALL: Keep = Keep { entries: u64::MAX, bytes: u64::MAX, age: u64::MAX };

    /// Whether the oldest entry, of this time, must go.
    pub(crate) fn is_over(&self, part: &Part, first_time: u64, newest_time: u64) -> bool {
        part.first < part.last
            && (part.entries() > self.entries
                || part.bytes > self.bytes
                || newest_time.saturating_sub(first_time) > self.age)
    }
}

/// The entries that are deleted at most with so many appended.
pub(crate) fn delete_max(appended: u64) -> u64 {
    DELETE_MIN.saturating_add(appended.saturating_mul(2))
}

/// The entries of one part: from the first to the last, without gaps. Of a new part the last is 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) bytes: u64,
}

impl Default for Part {
    fn default() -> Self {
        Part { first: 1, last: 0, bytes: 0 }
    }
}

impl Part {
    pub(crate) fn entries(&self) -> u64 {
        self.last + 1 - self.first
    }
}

impl std::fmt::Display for Part {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "entries {} to {} of {} bytes", self.first, self.last, self.bytes)
    }
}

/// What one group did to one part of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Touched {
    pub(crate) stream: String,
    pub(crate) number: u64,
    pub(crate) appended: u64,
    /// As it is after the group.
    pub(crate) part: Part,
}

impl Touched {
    /// Writes it behind the others of its group.
    pub(crate) fn encode(&self, bytes: &mut Vec<u8>) {
        // A name is at most 48 bytes long.
        bytes.push(self.stream.len() as u8);
        bytes.extend_from_slice(self.stream.as_bytes());
        for number in [self.number, self.appended, self.part.first, self.part.last, self.part.bytes] {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
    }

    /// Reads all of a group; `None` when they are malformed.
    pub(crate) fn decode_all(mut bytes: &[u8]) -> Option<Vec<Touched>> {
        let mut all = Vec::new();
        while let Some((length, rest)) = bytes.split_first() {
            let (name, rest) = rest.split_at_checked(usize::from(*length))?;
            let (numbers, rest) = rest.split_at_checked(5 * 8)?;
            bytes = rest;
            let stream = String::from_utf8(name.to_vec()).ok().filter(|name| is_name(name))?;
            let number = |at: usize| u64::from_le_bytes(std::array::from_fn(|byte| numbers[at * 8 + byte]));
            let part = Part { first: number(2), last: number(3), bytes: number(4) };
            let is_whole = part.first >= 1 && part.first <= part.last && number(1) <= part.last;
            all.push(Some(Touched { stream, number: number(0), appended: number(1), part }).filter(|_| is_whole)?);
        }
        Some(all)
    }

    /// The sequences that the group appended and that are still there when the part begins at `first`.
    pub(crate) fn appended_from(&self, first: u64) -> std::ops::RangeInclusive<u64> {
        first.max(self.part.last + 1 - self.appended)..=self.part.last
    }
}

/// The entries by stream and part, in the order of their first entries.
pub(crate) fn by_part(entries: &[Entry]) -> Vec<(&str, u64, Vec<&Entry>)> {
    let mut parts: Vec<(&str, u64, Vec<&Entry>)> = Vec::new();
    for entry in entries {
        match parts.iter_mut().rev().find(|(stream, part, _)| *stream == entry.stream && *part == entry.part) {
            Some((_, _, entries)) => entries.push(entry),
            None => parts.push((&entry.stream, entry.part, vec![entry])),
        }
    }
    parts
}

//! Merges sorted sources: of each row the newest content.

use super::run::{Keyed, Source};
use crate::Error;
use std::{cmp::Ordering, collections::BinaryHeap, sync::Arc};

/// Rows of all sources in the order of their keys, each once. Deleted ones are left out.
pub(super) struct Merged {
    /// Oldest first.
    sources: Vec<Source>,
    /// The next row of each source that has one.
    heads: BinaryHeap<Head>,
    /// The key that was met last: rows of older sources with the same one are outdated.
    last: Option<(Arc<str>, i64)>,
    error: Option<Error>,
}

struct Head {
    row: Keyed,
    source: usize,
}

impl Merged {
    /// The sources stand from the oldest to the newest.
    pub(super) fn of(sources: Vec<Source>) -> Merged {
        let count = sources.len();
        let mut merged = Merged { sources, heads: BinaryHeap::new(), last: None, error: None };
        (0..count).for_each(|source| merged.advance(source));
        merged
    }

    fn advance(&mut self, source: usize) {
        match self.sources[source].next() {
            Some(Ok(row)) => self.heads.push(Head { row, source }),
            Some(Err(error)) => self.error = Some(error),
            None => {}
        }
    }

    /// The next row of any source.
    fn pop(&mut self) -> Option<Keyed> {
        let Head { row, source } = self.heads.pop()?;
        self.advance(source);
        Some(row)
    }
}

impl Iterator for Merged {
    type Item = Result<Keyed, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(error) = self.error.take() {
                return Some(Err(error));
            }
            let row = self.pop()?;
            let is_outdated =
                self.last.as_ref().is_some_and(|(table, sequence)| *sequence == row.sequence && *table == row.table);
            if is_outdated {
                continue;
            }
            self.last = Some((Arc::clone(&row.table), row.sequence));
            if row.body.is_some() {
                return Some(Ok(row));
            }
        }
    }
}

impl Ord for Head {
    /// The greatest is the one with the first key, and of the same key the newest.
    fn cmp(&self, other: &Head) -> Ordering {
        let of_key = other.row.table.cmp(&self.row.table).then(other.row.sequence.cmp(&self.row.sequence));
        of_key.then(self.source.cmp(&other.source))
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Head) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Head) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Head {}

#[cfg(test)]
mod test {
    use super::*;

    fn source(rows: &'static [(&str, i64, Option<&str>)]) -> Source {
        Box::new(rows.iter().map(|(table, sequence, body)| {
            let body = body.map(|body| body.as_bytes().into());
            Ok(Keyed { table: (*table).into(), sequence: *sequence, body })
        }))
    }

    #[test]
    fn of_each_row_the_newest_content_remains() {
        let oldest =
            source(&[("a", 1, Some("old")), ("a", 2, Some("old")), ("b", -5, Some("old")), ("b", 1, Some("old"))]);
        let middle = source(&[("a", 2, None), ("b", 1, Some("mid")), ("c", 1, None)]);
        let newest = source(&[("a", 2, Some("new")), ("a", 3, Some("new")), ("b", -5, None)]);
        let merged: Vec<_> = Merged::of(vec![oldest, middle, newest])
            .map(|row| {
                let row = row.unwrap();
                (row.table.to_string(), row.sequence, String::from_utf8(row.body.unwrap().into()).unwrap())
            })
            .collect();
        let expected = [("a", 1, "old"), ("a", 2, "new"), ("a", 3, "new"), ("b", 1, "mid")];
        assert_eq!(merged, expected.map(|(table, sequence, body)| (table.to_owned(), sequence, body.to_owned())));
    }

    #[test]
    fn an_error_of_any_source_ends_it() {
        let broken: Source = Box::new(std::iter::once(Err(Error::Gone { from: 1, first: 2 })));
        let merged = Merged::of(vec![source(&[("a", 1, Some("x"))]), broken]);
        assert!(merged.collect::<Result<Vec<_>, _>>().is_err());
    }
}

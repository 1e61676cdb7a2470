//! Merges sorted sources: of each row the newest content.

use super::run::{Keyed, Source};
use crate::Error;
use std::{cmp::Ordering, iter::Peekable};

/// Rows of all sources in the order of their keys, each once. Deleted ones are left out.
pub(super) struct Merged {
    /// Oldest first.
    sources: Vec<Peekable<Source>>,
}

impl Merged {
    /// The sources stand from the oldest to the newest.
    pub(super) fn of(sources: impl IntoIterator<Item = Source>) -> Merged {
        Merged { sources: sources.into_iter().map(Iterator::peekable).collect() }
    }

    /// The next row, deleted or not.
    fn newest(&mut self) -> Option<Result<Keyed, Error>> {
        let mut first: Option<usize> = None;
        for index in 0..self.sources.len() {
            match self.sources[index].peek() {
                None => continue,
                Some(Err(_)) => return self.sources[index].next(),
                Some(Ok(_)) => {}
            }
            // Of the same key the newest source counts.
            if first.is_none_or(|first| self.compare(index, first) != Ordering::Greater) {
                first = Some(index);
            }
        }
        let first = first?;
        for older in 0..first {
            if self.compare(older, first) == Ordering::Equal {
                self.sources[older].next();
            }
        }
        self.sources[first].next()
    }

    fn compare(&mut self, one: usize, other: usize) -> Ordering {
        let [one, other] = [one, other].map(|index| match self.sources[index].peek() {
            Some(Ok(row)) => Some((std::sync::Arc::clone(&row.table), row.sequence)),
            _ => None,
        });
        match (one, other) {
            (Some(one), Some(other)) => one.cmp(&other),
            (None, None) => Ordering::Equal,
            // What has ended comes last.
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
        }
    }
}

impl Iterator for Merged {
    type Item = Result<Keyed, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            match self.newest()? {
                Ok(row) if row.body.is_none() => {}
                row => return Some(row),
            }
        }
    }
}

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
        let merged: Vec<_> = Merged::of([oldest, middle, newest])
            .map(|row| {
                let row = row.unwrap();
                (row.table.to_string(), row.sequence, String::from_utf8(row.body.unwrap().into()).unwrap())
            })
            .collect();
        let expected = [("a", 1, "old"), ("a", 2, "new"), ("a", 3, "new"), ("b", 1, "mid")];
        assert_eq!(merged, expected.map(|(table, sequence, body)| (table.to_owned(), sequence, body.to_owned())));
    }
}

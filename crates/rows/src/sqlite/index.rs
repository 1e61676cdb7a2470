//! Where each row's newest content stands in the log: the revision of its group.
//!
//! Only places are kept, never content: who reads a row reads the database.

use std::collections::HashMap;

type Tables = HashMap<Box<str>, HashMap<u64, u64, foldhash::fast::FixedState>>;

/// Rows whose newest content is in the log.
#[derive(Debug, Default)]
pub(super) struct Index {
    newer: Tables,
}

impl Index {
    /// Notes that this group has the row.
    pub(super) fn note(&mut self, table: &str, sequence: u64, revision: u64) {
        match self.newer.get_mut(table) {
            Some(rows) => {
                rows.insert(sequence, revision);
            }
            None => {
                self.newer.entry(table.into()).or_default().insert(sequence, revision);
            }
        }
    }

    /// The revision of the group that holds the row's newest content.
    pub(super) fn find(&self, table: &str, sequence: u64) -> Option<u64> {
        self.newer.get(table).and_then(|rows| rows.get(&sequence)).copied()
    }
}

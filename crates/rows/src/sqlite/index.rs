//! Where each row's newest content stands in the log: the revision of its group.
//!
//! Only places are kept, never content: who reads a row reads the database.

use std::collections::HashMap;

type Map<K, V> = HashMap<K, V, foldhash::fast::FixedState>;
/// Revisions by table and sequence.
type Tables = Map<Box<str>, Map<u64, u64>>;

/// Rows whose newest content is in the log.
#[derive(Debug, Default)]
pub(super) struct Index {
    newer: Tables,
    /// Groups that the snapshot under way covers. They leave as a whole when it is named.
    covered: Tables,
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
        let in_tables = |tables: &Tables| tables.get(table).and_then(|rows| rows.get(&sequence)).copied();
        in_tables(&self.newer).or_else(|| in_tables(&self.covered))
    }

    /// A snapshot of all groups until now begins.
    pub(super) fn begin_snapshot(&mut self) {
        // What a failed snapshot left behind.
        let mut newer = std::mem::take(&mut self.newer);
        for (table, rows) in newer.drain() {
            self.covered.entry(table).or_default().extend(rows);
        }
    }

    /// The snapshot that was begun is named.
    pub(super) fn end_snapshot(&mut self) {
        self.covered = Tables::default();
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn what_a_snapshot_covers_is_found_in_the_log_until_it_is_named() {
        let mut index = Index::default();
        index.note("vpcs", 1, 1);
        index.note("vpcs", 2, 1);
        index.begin_snapshot();
        index.note("vpcs", 2, 2);
        let find = |index: &Index| [1, 2, 3].map(|sequence| index.find("vpcs", sequence));
        assert_eq!(find(&index), [Some(1), Some(2), None]);
        // The first one failed.
        index.begin_snapshot();
        assert_eq!(find(&index), [Some(1), Some(2), None]);
        index.note("vpcs", 3, 3);
        index.end_snapshot();
        assert_eq!(find(&index), [None, None, Some(3)]);
    }
}

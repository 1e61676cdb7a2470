//! What is known of the stored rows while an engine is open.

use super::{entries::Head, index::Index};
use crate::{Group, stream::Touched};
use std::collections::HashMap;

/// Parts by stream and number.
pub(super) type Heads = HashMap<String, HashMap<u64, Head>>;

/// What the log and the snapshot say, without any content.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) revision: u64,
    pub(super) heads: Heads,
    /// Where rows stand in the log; None when it is not kept.
    pub(super) index: Option<Index>,
    /// Bytes of groups that the named snapshot does not cover.
    pub(super) log_bytes: u64,
}

impl Known {
    /// A group is durable. `touched` and `heads` are in the same order.
    pub(super) fn appended(&mut self, revision: u64, group: &Group, touched: Vec<Touched>, heads: Vec<Head>) {
        self.revision = revision;
        self.log_bytes += group.body().len() as u64;
        if let Some(index) = &mut self.index {
            group.changes().for_each(|change| index.note(change.table, change.sequence, revision));
        }
        for (Touched { stream, number, .. }, head) in touched.into_iter().zip(heads) {
            self.heads.entry(stream).or_default().insert(number, head);
        }
    }
}

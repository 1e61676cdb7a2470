//! Ids as numbers.

/// An id as a number, for tables that hold rows of many kinds; in the order of the ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowKey(pub u64, pub u32);

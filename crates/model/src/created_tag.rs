//! A tag that an account has made before anything carries it.

use crate::{AccountNumber, RegionId, Resource, RowKey};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A key and a value that are there until they are deleted, whatever carries them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedTag {
    pub sequence: u64,
    pub account: AccountNumber,
    pub key: Box<str>,
    pub value: Box<str>,
}

/// The vendor names tags by key and value alone; inside, a number does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct CreatedTagId(pub u64);

impl fmt::Display for CreatedTagId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tag-{}", self.0)
    }
}

impl From<CreatedTagId> for RowKey {
    fn from(id: CreatedTagId) -> RowKey {
        RowKey(id.0, 0)
    }
}

impl Resource for CreatedTag {
    type Id = CreatedTagId;

    fn id(&self) -> CreatedTagId {
        CreatedTagId(self.sequence)
    }

    fn sequence(&self) -> u64 {
        self.sequence
    }

    fn account(&self) -> AccountNumber {
        self.account
    }

    fn region(&self) -> Option<RegionId> {
        None
    }
}

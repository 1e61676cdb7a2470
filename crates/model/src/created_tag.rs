//! A tag that an account has made before anything carries it.

use crate::{AccountNumber, RowKey, resource::resource};
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

resource!(CreatedTag, CreatedTagId, |tag| CreatedTagId(tag.sequence), |_tag| None);

//! A tag that an account has created before any resource carries it.

use crate::{AccountNumber, RowKey, resource::resource};
use serde::{Deserialize, Serialize};
use std::fmt;

/// A key and a value that exist until they are deleted, whether a resource carries them or not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreatedTag {
    pub sequence: u64,
    pub account: AccountNumber,
    pub key: Box<str>,
    pub value: Box<str>,
}

/// The vendor names tags only by key and value; the state's tables need a number.
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

resource!(CreatedTag, CreatedTagId, id: |tag| CreatedTagId(tag.sequence), region: |_tag| None);

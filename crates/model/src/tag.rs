//! A tag, as most kinds of resources have them.

use serde::{Deserialize, Serialize};

/// A key and a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tag {
    pub key: Box<str>,
    pub value: Box<str>,
}

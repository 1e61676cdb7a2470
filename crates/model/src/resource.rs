//! What a row must say of itself to be kept beside others of its kind: its id, its owner, its place in the list.

use crate::{AccountNumber, RegionId, RowKey};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::{Debug, Display};

/// A kind of row that is found by its id, and listed by account and region, newest first; the state keeps it in a table.
pub trait Resource: Debug + Serialize + DeserializeOwned + Send + Sync + 'static {
    type Id: Copy + Ord + Into<RowKey> + Debug + Display + Send + Sync;

    fn id(&self) -> Self::Id;

    /// Order of creation; the same for ever.
    fn sequence(&self) -> u64;

    fn account(&self) -> AccountNumber;

    /// `None` when the kind belongs to the account alone.
    fn region(&self) -> Option<RegionId>;
}

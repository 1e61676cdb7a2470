//! The fields that a row needs to be stored in a table: its id, its owner, its place in the list.

use crate::{AccountNumber, RegionId, RowKey};
use serde::{Serialize, de::DeserializeOwned};
use std::fmt::{Debug, Display};

/// A kind of row that is found by its id, and listed by account and region, newest first; the state stores it in a
/// table.
pub trait Resource: Debug + Serialize + DeserializeOwned + Send + Sync + 'static {
    type Id: Copy + Ord + Into<RowKey> + Debug + Display + Send + Sync;

    fn id(&self) -> Self::Id;

    /// Order of creation; never changes.
    fn sequence(&self) -> u64;

    fn account(&self) -> AccountNumber;

    /// `None` when the kind belongs to the account alone.
    fn region(&self) -> Option<RegionId>;
}

/// `impl Resource` of a row that has the fields `sequence` and `account`: its type, its id's type, its id unless that is the
/// field `id`, and its region.
macro_rules! resource {
    ($kind:ty, $id:ty, |$row:ident| $region:expr) => {
        resource!($kind, $id, |row| row.id, |$row| $region);
    };
    ($kind:ty, $id:ty, |$of:ident| $value:expr, |$row:ident| $region:expr) => {
        impl $crate::Resource for $kind {
            type Id = $id;

            fn id(&self) -> $id {
                let $of = self;
                $value
            }

            fn sequence(&self) -> u64 {
                self.sequence
            }

            fn account(&self) -> $crate::AccountNumber {
                self.account
            }

            fn region(&self) -> Option<$crate::RegionId> {
                let $row = self;
                $region
            }
        }
    };
}

pub(crate) use resource;

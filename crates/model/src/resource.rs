//! The fields that a row needs to be stored in a table: its id, its owner, its place in the list.

use crate::{AccountNumber, RegionId, RowKey, Tag};
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

    /// The tags that the tag product lists.
    fn tags(&self) -> &[Tag] {
        &[]
    }
}

/// `impl Resource` of a row that has the fields `sequence` and `account`: its type, its id's type, its id unless that is the
/// field `id`, its region, and its tags where the tag product lists them.
macro_rules! resource {
    ($kind:ty, $id:ty, region: |$row:ident| $region:expr $(, tags: |$tagged:ident| $tags:expr)?) => {
        resource!($kind, $id, id: |row| row.id, region: |$row| $region $(, tags: |$tagged| $tags)?);
    };
    (
        $kind:ty, $id:ty,
        id: |$of:ident| $value:expr,
        region: |$row:ident| $region:expr
        $(, tags: |$tagged:ident| $tags:expr)?
    ) => {
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

            $(fn tags(&self) -> &[$crate::Tag] {
                let $tagged = self;
                $tags
            })?
        }
    };
}

pub(crate) use resource;

//! The kinds of row that stand on shelves. A new kind is its struct and its [`Kept`] in `model`, and one line here.

use crate::{Shelf, View, store::StoreError};
use cvmd_model::{
    AccountNumber, CreatedTag, CustomImage, DisasterRecoverGroup, Kept, LaunchTemplate, LaunchTemplateVersion,
    SecurityGroup, Snapshot, Subnet, Vpc,
};
use serde_json::{from_slice, to_vec};
use std::sync::Arc;

/// The accessor of [`View`] and the name of the table; the kind, and the name of its table in code.
macro_rules! shelves {
    ($($field:ident: $kind:ident in $table:ident,)*) => {
        /// Which shelf.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ShelfName {
            $($table,)*
        }

        impl ShelfName {
            pub const ALL: &'static [ShelfName] = &[$(ShelfName::$table,)*];

            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(ShelfName::$table => stringify!($field),)*
                }
            }
        }

        /// A row of one of the shelves.
        #[derive(Debug, Clone)]
        pub enum Shelved {
            $($kind(Arc<$kind>),)*
        }

        $(impl From<Arc<$kind>> for Shelved {
            fn from(value: Arc<$kind>) -> Shelved {
                Shelved::$kind(value)
            }
        })*

        /// All shelves, as of one moment.
        #[derive(Debug, Clone, Default)]
        pub(crate) struct Shelves {
            $($field: Shelf<$kind>,)*
        }

        impl View {
            $(#[must_use]
            pub fn $field(&self) -> &Shelf<$kind> {
                &self.shelves.$field
            })*
        }

        impl View {
            /// What stands in that row's place.
            pub(crate) fn shelved(&self, row: &Shelved) -> Option<Shelved> {
                match row {
                    $(Shelved::$kind(value) => self.shelves.$field.get(value.id()).cloned().map(Shelved::$kind),)*
                }
            }
        }

        impl Shelves {
            pub(crate) fn put(&mut self, row: &Shelved) {
                match row {
                    $(Shelved::$kind(value) => self.$field.put(value),)*
                }
            }

            /// How many rows of each kind the account owns.
            pub(crate) fn owned(&self, account: AccountNumber) -> impl Iterator<Item = (&'static str, usize)> {
                [$((stringify!($field), self.$field.count_of(account)),)*].into_iter()
            }

            /// The account's rows of all kinds.
            pub(crate) fn all_of(&self, account: AccountNumber) -> Vec<Shelved> {
                let mut rows = Vec::new();
                $(rows.extend(self.$field.all_of(account).cloned().map(Shelved::from));)*
                rows
            }

            pub(crate) fn remove(&mut self, row: &Shelved) {
                match row {
                    $(Shelved::$kind(value) => self.$field.remove(value.id()),)*
                }
            }
        }

        impl Shelved {
            pub(crate) fn shelf(&self) -> ShelfName {
                match self {
                    $(Shelved::$kind(_) => ShelfName::$table,)*
                }
            }

            /// The account that it belongs to.
            pub(crate) fn owner(&self) -> AccountNumber {
                match self {
                    $(Shelved::$kind(value) => value.account(),)*
                }
            }

            pub(crate) fn sequence(&self) -> u64 {
                match self {
                    $(Shelved::$kind(value) => value.sequence(),)*
                }
            }

            pub(crate) fn id(&self) -> String {
                match self {
                    $(Shelved::$kind(value) => value.id().to_string(),)*
                }
            }

            pub(crate) fn body(&self) -> Vec<u8> {
                let body = match self {
                    $(Shelved::$kind(value) => to_vec(value),)*
                };
                // Invariant: rows hold strings, numbers and sequences only; serde_json cannot refuse them.
                body.expect("a row is plain data")
            }

            pub(crate) fn read(shelf: ShelfName, sequence: u64, body: &[u8]) -> Result<Shelved, StoreError> {
                let row = match shelf {
                    $(ShelfName::$table => from_slice(body).map(|value| Shelved::$kind(Arc::new(value))),)*
                };
                let unreadable = |cause: serde_json::Error| StoreError::Unreadable {
                    table: shelf.name(),
                    sequence,
                    cause: cause.to_string(),
                };
                row.map_err(unreadable)
            }
        }
    };
}

shelves! {
    vpcs: Vpc in Vpcs,
    subnets: Subnet in Subnets,
    security_groups: SecurityGroup in SecurityGroups,
    custom_images: CustomImage in CustomImages,
    launch_templates: LaunchTemplate in LaunchTemplates,
    launch_template_versions: LaunchTemplateVersion in LaunchTemplateVersions,
    disaster_recover_groups: DisasterRecoverGroup in DisasterRecoverGroups,
    snapshots: Snapshot in Snapshots,
    created_tags: CreatedTag in CreatedTags,
}

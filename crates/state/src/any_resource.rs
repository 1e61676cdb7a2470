//! The kinds of row without an index of their own. CONTRIBUTING.md says what a new kind needs.

use crate::json;
use cvmd_model::{AccountNumber, RegionId, Resource, RowKey, Tag};
use serde_json::from_slice;
use std::sync::Arc;

/// Passes all kinds to a macro: the table's name, the kind, and the table's name in code.
macro_rules! resource_kinds {
    ($define:ident) => {
        $define! {
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
    };
}

pub(crate) use resource_kinds;

/// A kind of row that [`AnyResource`] can hold.
pub trait Kind: Resource {
    const KIND: ResourceKind;

    /// The row, if it is of this kind.
    fn of(row: &AnyResource) -> Option<&Arc<Self>>;

    fn into_any(row: Arc<Self>) -> AnyResource;
}

macro_rules! any_resource {
    ($($field:ident: $kind:ident in $table:ident,)*) => {
        /// The kind of a row.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ResourceKind {
            $($table,)*
        }

        impl ResourceKind {
            pub const ALL: &'static [ResourceKind] = &[$(ResourceKind::$table,)*];

            /// The name of its table.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(ResourceKind::$table => stringify!($field),)*
                }
            }
        }

        /// A row of any of the kinds.
        #[derive(Debug, Clone)]
        pub enum AnyResource {
            $($kind(Arc<cvmd_model::$kind>),)*
        }

        $(impl Kind for cvmd_model::$kind {
            const KIND: ResourceKind = ResourceKind::$table;

            fn of(row: &AnyResource) -> Option<&Arc<Self>> {
                match row {
                    AnyResource::$kind(value) => Some(value),
                    _ => None,
                }
            }

            fn into_any(row: Arc<Self>) -> AnyResource {
                AnyResource::$kind(row)
            }
        })*

        impl AnyResource {
            pub(crate) fn kind(&self) -> ResourceKind {
                match self {
                    $(AnyResource::$kind(_) => ResourceKind::$table,)*
                }
            }

            /// The account that owns it.
            pub(crate) fn account(&self) -> AccountNumber {
                match self {
                    $(AnyResource::$kind(value) => value.account(),)*
                }
            }

            pub(crate) fn tags(&self) -> &[Tag] {
                match self {
                    $(AnyResource::$kind(value) => value.tags(),)*
                }
            }

            pub(crate) fn region(&self) -> Option<RegionId> {
                match self {
                    $(AnyResource::$kind(value) => value.region(),)*
                }
            }

            pub(crate) fn sequence(&self) -> u64 {
                match self {
                    $(AnyResource::$kind(value) => value.sequence(),)*
                }
            }

            pub(crate) fn key(&self) -> RowKey {
                match self {
                    $(AnyResource::$kind(value) => value.id().into(),)*
                }
            }

            pub(crate) fn id(&self) -> String {
                match self {
                    $(AnyResource::$kind(value) => value.id().to_string(),)*
                }
            }

            pub(crate) fn body(&self) -> Vec<u8> {
                match self {
                    $(AnyResource::$kind(value) => json::encode(value),)*
                }
            }

            pub(crate) fn read(kind: ResourceKind, body: &[u8]) -> serde_json::Result<AnyResource> {
                Ok(match kind {
                    $(ResourceKind::$table => AnyResource::$kind(Arc::new(from_slice(body)?)),)*
                })
            }
        }
    };
}

resource_kinds!(any_resource);

//! Finds regions, zones, instance types and images of the catalogue by name. Rows name them so, too.

use crate::{Catalogue, Image, ImageId, InstanceType, InstanceTypeId, Region, RegionId, Zone, ZoneId};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt;

macro_rules! places {
    ($($id:ident: $kind:ident in $list:ident;)*) => {
        $(
            impl $id {
                pub fn all() -> impl Iterator<Item = $id> {
                    // Invariant: the catalogue has no more entries than an index can address.
                    (0..=u16::MAX).take(Catalogue::get().$list.len()).map($id)
                }

                #[must_use]
                pub fn find(name: &str) -> Option<$id> {
                    $id::all().find(|id| id.name() == name)
                }

                #[must_use]
                pub fn get(self) -> &'static $kind {
                    &Catalogue::get().$list[usize::from(self.0)]
                }

                #[must_use]
                pub fn name(self) -> &'static str {
                    self.get().name
                }
            }

            impl fmt::Debug for $id {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(self.name())
                }
            }

            impl fmt::Display for $id {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(self.name())
                }
            }
        )*
    };
}

places! {
    RegionId: Region in regions;
    ZoneId: Zone in zones;
}

impl ZoneId {
    #[must_use]
    pub fn region(self) -> RegionId {
        self.get().region
    }
}

impl Image {
    #[must_use]
    pub fn find(id: ImageId) -> Option<&'static Image> {
        Catalogue::get().image(id)
    }
}

impl InstanceTypeId {
    #[must_use]
    pub fn find(name: &str) -> Option<InstanceTypeId> {
        let index = Catalogue::get().type_named(name)?;
        u16::try_from(index).ok().map(InstanceTypeId)
    }

    #[must_use]
    pub fn get(self) -> &'static InstanceType {
        &Catalogue::get().types[usize::from(self.0)]
    }
}

/// Rows hold an entry's name.
macro_rules! stored_by_name {
    ($($id:ident: $what:literal),*) => {
        $(
            impl Serialize for $id {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.serialize_str(self.get().name)
                }
            }

            impl<'de> Deserialize<'de> for $id {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                    let missing = || {
                        D::Error::custom(format!(
                            "no {} `{text}`: one of the operator's own stands in the configuration's [catalogue]",
                            $what
                        ))
                    };
                    $id::find(&text).ok_or_else(missing)
                }
            }
        )*
    };
}

stored_by_name!(RegionId: "region", ZoneId: "zone", InstanceTypeId: "instance type");

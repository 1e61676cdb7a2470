//! Finds regions, zones, instance types and images of the catalogue by name. Rows name them so, too.

use crate::{Catalogue, Image, ImageId, InstanceType, InstanceTypeId, Region, RegionId, Zone, ZoneId};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt;

impl RegionId {
    pub fn all() -> impl Iterator<Item = RegionId> {
        // Invariant: the catalogue has no more entries than an index can address.
        (0..=u16::MAX).take(Catalogue::get().regions.len()).map(RegionId)
    }

    #[must_use]
    pub fn find(name: &str) -> Option<RegionId> {
        RegionId::all().find(|region| region.name() == name)
    }

    #[must_use]
    pub fn get(self) -> &'static Region {
        &Catalogue::get().regions[usize::from(self.0)]
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        self.get().name
    }
}

impl ZoneId {
    pub fn all() -> impl Iterator<Item = ZoneId> {
        (0..=u16::MAX).take(Catalogue::get().zones.len()).map(ZoneId)
    }

    #[must_use]
    pub fn find(name: &str) -> Option<ZoneId> {
        ZoneId::all().find(|zone| zone.name() == name)
    }

    #[must_use]
    pub fn get(self) -> &'static Zone {
        &Catalogue::get().zones[usize::from(self.0)]
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        self.get().name
    }

    #[must_use]
    pub fn region(self) -> RegionId {
        self.get().region
    }
}

macro_rules! by_name {
    ($name:ident, $what:literal) => {
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.name())
            }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
                let missing = || {
                    D::Error::custom(format!(
                        "no {} `{text}`: one of the operator's own stands in the configuration's [catalogue]",
                        $what
                    ))
                };
                $name::find(&text).ok_or_else(missing)
            }
        }
    };
}
by_name!(RegionId, "region");
by_name!(ZoneId, "zone");

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

impl Serialize for InstanceTypeId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.get().name)
    }
}

impl<'de> Deserialize<'de> for InstanceTypeId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        let missing = || {
            D::Error::custom(format!(
                "no instance type `{text}`: one of the operator's own stands in the configuration's [catalogue]"
            ))
        };
        InstanceTypeId::find(&text).ok_or_else(missing)
    }
}

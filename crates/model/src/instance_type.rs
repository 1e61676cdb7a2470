//! The instance types that can be asked for.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// One instance type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstanceType {
    pub name: &'static str,
    pub family: &'static str,
    pub cpu: u32,
    pub memory_gib: u32,
}

const fn of(name: &'static str, family: &'static str, cpu: u32, memory_gib: u32) -> InstanceType {
    InstanceType { name, family, cpu, memory_gib }
}

/// All types, the smallest first: it is what RunInstances without InstanceType takes.
pub const INSTANCE_TYPES: &[InstanceType] = &[
    of("S5.SMALL1", "S5", 1, 1),
    of("S5.SMALL2", "S5", 1, 2),
    of("S5.SMALL4", "S5", 1, 4),
    of("S5.MEDIUM2", "S5", 2, 2),
    of("S5.MEDIUM4", "S5", 2, 4),
    of("S5.MEDIUM8", "S5", 2, 8),
    of("S5.LARGE8", "S5", 4, 8),
    of("S5.LARGE16", "S5", 4, 16),
    of("S5.2XLARGE16", "S5", 8, 16),
    of("S5.2XLARGE32", "S5", 8, 32),
    of("S5.4XLARGE32", "S5", 16, 32),
    of("S5.4XLARGE64", "S5", 16, 64),
    of("S6.MEDIUM2", "S6", 2, 2),
    of("S6.MEDIUM4", "S6", 2, 4),
    of("S6.LARGE8", "S6", 4, 8),
    of("SA2.SMALL1", "SA2", 1, 1),
    of("SA2.SMALL2", "SA2", 1, 2),
    of("SA2.MEDIUM2", "SA2", 2, 2),
    of("SA2.MEDIUM4", "SA2", 2, 4),
    of("SA2.LARGE8", "SA2", 4, 8),
    of("SA3.MEDIUM4", "SA3", 2, 4),
    of("SA5.MEDIUM2", "SA5", 2, 2),
    of("SA5.MEDIUM4", "SA5", 2, 4),
    of("C5.LARGE8", "C5", 4, 8),
    of("C6.LARGE8", "C6", 4, 8),
    of("M5.SMALL8", "M5", 1, 8),
    of("M5.MEDIUM16", "M5", 2, 16),
];

/// An index into [`INSTANCE_TYPES`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct InstanceTypeId(u8);

impl InstanceTypeId {
    pub const SMALLEST: InstanceTypeId = InstanceTypeId(0);

    #[must_use]
    pub fn find(name: &str) -> Option<InstanceTypeId> {
        let index = INSTANCE_TYPES.iter().position(|known| known.name == name)?;
        u8::try_from(index).ok().map(InstanceTypeId)
    }

    #[must_use]
    pub fn get(self) -> &'static InstanceType {
        &INSTANCE_TYPES[self.0 as usize]
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
        InstanceTypeId::find(&text).ok_or_else(|| D::Error::custom(format!("no instance type `{text}`")))
    }
}

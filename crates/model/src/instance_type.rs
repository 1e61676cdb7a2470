//! The instance types that can be requested.

/// One instance type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct InstanceType {
    pub name: &'static str,
    pub family: &'static str,
    pub cpu: u32,
    pub memory_gib: u32,
    pub gpu: u32,
    /// Whether lists show it without being asked for it. The others are old or uncommon: they can be launched, and are
    /// found by their name or family.
    pub is_listed: bool,
}

/// The listed types, the smallest first: RunInstances without InstanceType takes that one.
const LISTED: &[&str] = &[
    "S5.SMALL1",
    "S5.SMALL2",
    "S5.SMALL4",
    "S5.MEDIUM2",
    "S5.MEDIUM4",
    "S5.MEDIUM8",
    "S5.LARGE8",
    "S5.LARGE16",
    "S5.2XLARGE16",
    "S5.2XLARGE32",
    "S5.4XLARGE32",
    "S5.4XLARGE64",
    "S6.MEDIUM2",
    "S6.MEDIUM4",
    "S6.LARGE8",
    "SA2.SMALL1",
    "SA2.SMALL2",
    "SA2.MEDIUM2",
    "SA2.MEDIUM4",
    "SA2.LARGE8",
    "SA3.MEDIUM4",
    "SA5.MEDIUM2",
    "SA5.MEDIUM4",
    "C5.LARGE8",
    "C6.LARGE8",
    "M5.SMALL8",
    "M5.MEDIUM16",
];

/// GiB of memory per CPU; a family's types differ by it.
type Ratios = &'static [u32];
const STANDARD: Ratios = &[1, 2, 4];
const COMPUTE: Ratios = &[2, 4];
const MEMORY: Ratios = &[8];
const HIGH_IO: Ratios = &[2, 4, 8];
const BIG_DATA: Ratios = &[4];

/// Families whose types are named after their CPUs and memory.
const FAMILIES: &[(&str, Ratios)] = &[
    ("S1", STANDARD),
    ("S2", STANDARD),
    ("S2ne", STANDARD),
    ("S3", STANDARD),
    ("S3ne", STANDARD),
    ("S4", STANDARD),
    ("S4m", STANDARD),
    ("S5", STANDARD),
    ("S5se", STANDARD),
    ("S6", STANDARD),
    ("S6t", STANDARD),
    ("S7", STANDARD),
    ("S8", STANDARD),
    ("S9", STANDARD),
    ("S9e", STANDARD),
    ("SA1", STANDARD),
    ("SA2", STANDARD),
    ("SA3", STANDARD),
    ("SA4", STANDARD),
    ("SA5", STANDARD),
    ("SA9", STANDARD),
    ("SK1", STANDARD),
    ("SN2", STANDARD),
    ("SN3ne", STANDARD),
    ("SR1", STANDARD),
    ("TS5", STANDARD),
    ("C2", COMPUTE),
    ("C3", COMPUTE),
    ("C4", COMPUTE),
    ("C4ne", COMPUTE),
    ("C5", COMPUTE),
    ("C6", COMPUTE),
    ("CN2", COMPUTE),
    ("CN3", COMPUTE),
    ("TC3", COMPUTE),
    ("M1", MEMORY),
    ("M2", MEMORY),
    ("M3", MEMORY),
    ("M4", MEMORY),
    ("M5", MEMORY),
    ("M6", MEMORY),
    ("M6ce", MEMORY),
    ("M6mp", MEMORY),
    ("M6p", MEMORY),
    ("M8", MEMORY),
    ("M9", MEMORY),
    ("MA2", MEMORY),
    ("MA3", MEMORY),
    ("MA4", MEMORY),
    ("MA5", MEMORY),
    ("MA9", MEMORY),
    ("MN2", MEMORY),
    ("TM5", MEMORY),
    ("I1", HIGH_IO),
    ("I2", HIGH_IO),
    ("I3", HIGH_IO),
    ("I6t", HIGH_IO),
    ("IT2", HIGH_IO),
    ("IT3", HIGH_IO),
    ("IT3a", HIGH_IO),
    ("IT3b", HIGH_IO),
    ("IT3c", HIGH_IO),
    ("IT5", HIGH_IO),
    ("IT5c", HIGH_IO),
    ("ITA4", HIGH_IO),
    ("ITA5", HIGH_IO),
    ("IA3se", HIGH_IO),
    ("D1", BIG_DATA),
    ("D2", BIG_DATA),
    ("D3", BIG_DATA),
];

/// The numbers of CPUs that types of a family have.
const CPUS: [u32; 12] = [1, 2, 4, 8, 12, 16, 24, 32, 48, 64, 84, 96];

/// Types with names of another form, mostly those with GPUs: name, CPUs, GiB and GPUs.
const OTHERS: &[(&str, u32, u32, u32)] = &[
    ("GN2.7XLARGE56", 28, 56, 1),
    ("GN2.14XLARGE112", 56, 112, 2),
    ("GN6.7XLARGE48", 28, 48, 1),
    ("GN6.14XLARGE96", 56, 96, 2),
    ("GN6S.LARGE20", 4, 20, 1),
    ("GN6S.2XLARGE40", 8, 40, 2),
    ("GN7.LARGE20", 4, 20, 1),
    ("GN7.2XLARGE32", 8, 32, 1),
    ("GN7.5XLARGE80", 20, 80, 1),
    ("GN7.8XLARGE128", 32, 128, 1),
    ("GN7.10XLARGE160", 40, 160, 2),
    ("GN7.20XLARGE320", 80, 320, 4),
    ("GN7vw.LARGE16", 4, 16, 1),
    ("GN7vw.2XLARGE32", 8, 32, 1),
    ("GN7vw.4XLARGE64", 16, 64, 1),
    ("GN8.LARGE56", 6, 56, 1),
    ("GN8.3XLARGE112", 14, 112, 2),
    ("GN8.7XLARGE224", 28, 224, 4),
    ("GN8.14XLARGE448", 56, 448, 8),
    ("GN10X.2XLARGE40", 8, 40, 1),
    ("GN10X.4XLARGE80", 18, 80, 2),
    ("GN10X.9XLARGE160", 36, 160, 4),
    ("GN10X.18XLARGE320", 72, 320, 8),
    ("GN10Xp.2XLARGE40", 10, 40, 1),
    ("GN10Xp.5XLARGE80", 20, 80, 2),
    ("GN10Xp.10XLARGE160", 40, 160, 4),
    ("GN10Xp.20XLARGE320", 80, 320, 8),
    ("GT4.4XLARGE96", 16, 96, 1),
    ("GT4.8XLARGE192", 32, 192, 2),
    ("GT4.20XLARGE474", 82, 474, 4),
    ("GT4.41XLARGE948", 164, 948, 8),
    ("GI1.4XLARGE64", 16, 64, 0),
    ("GI3X.8XLARGE64", 32, 64, 1),
    ("GI3X.22XLARGE226", 90, 226, 2),
    ("GI3X.45XLARGE452", 180, 452, 4),
    ("GNV4.3XLARGE44", 12, 44, 1),
    ("GNV4v.LARGE16", 4, 16, 1),
    ("PNV4.7XLARGE116", 28, 116, 1),
    ("PNV4.14XLARGE232", 56, 232, 2),
    ("PNV4.28XLARGE466", 112, 466, 4),
    ("FX2.7XLARGE60", 28, 60, 0),
    ("BMI5.24XLARGE192", 96, 192, 0),
    ("BMS5.24XLARGE384", 96, 384, 0),
    ("IT5.21XLARGE320", 84, 320, 0),
];

/// `MEDIUM4`: the part of a type's name after the family, for that many CPUs and GiB.
fn size(cpu: u32, memory_gib: u32) -> String {
    match cpu {
        1 => format!("SMALL{memory_gib}"),
        2 => format!("MEDIUM{memory_gib}"),
        4 => format!("LARGE{memory_gib}"),
        _ => format!("{}XLARGE{memory_gib}", cpu / 4),
    }
}

/// All of the vendor's types: the listed ones, then the others.
pub(crate) fn vendors() -> Vec<InstanceType> {
    let mut types = Vec::new();
    for (family, ratios) in FAMILIES {
        for cpu in CPUS {
            // No large type has as little as one GiB per CPU.
            for ratio in ratios.iter().filter(|ratio| **ratio > 1 || cpu <= 16) {
                let memory_gib = cpu * ratio;
                let name = format!("{family}.{}", size(cpu, memory_gib)).leak();
                types.push(InstanceType { name, family, cpu, memory_gib, gpu: 0, is_listed: false });
            }
        }
    }
    for (name, cpu, memory_gib, gpu) in OTHERS.iter().copied() {
        types.push(InstanceType { name, family: family_of(name), cpu, memory_gib, gpu, is_listed: false });
    }
    let place = |kind: &InstanceType| LISTED.iter().position(|name| *name == kind.name);
    for kind in &mut types {
        kind.is_listed = place(kind).is_some();
    }
    types.sort_by_key(|kind| place(kind).unwrap_or(usize::MAX));
    types
}

/// The part before the dot.
pub(crate) fn family_of(name: &'static str) -> &'static str {
    name.split_once('.').map_or(name, |(family, _)| family)
}

/// An index into [`crate::Catalogue::types`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct InstanceTypeId(pub(crate) u16);

impl InstanceTypeId {
    pub const SMALLEST: InstanceTypeId = InstanceTypeId(0);
}

#[cfg(test)]
mod test {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn names_are_unique_and_what_is_listed_comes_first() {
        let types = vendors();
        assert_eq!(types.iter().map(|kind| kind.name).collect::<BTreeSet<_>>().len(), types.len());
        let listed: Vec<&str> = types.iter().filter(|kind| kind.is_listed).map(|kind| kind.name).collect();
        assert_eq!(listed, LISTED);
        assert_eq!(types[..LISTED.len()].iter().map(|kind| kind.name).collect::<Vec<_>>(), LISTED);
        assert_eq!(InstanceTypeId::SMALLEST.get().name, "S5.SMALL1");
    }

    #[test]
    fn old_and_uncommon_types_exist_with_the_size_in_their_names() {
        for (name, cpu, memory_gib) in [
            ("S1.SMALL1", 1, 1),
            ("S3.SMALL1", 1, 1),
            ("SN3ne.2XLARGE16", 8, 16),
            ("IT5.4XLARGE64", 16, 64),
            ("I1.MEDIUM16", 2, 16),
            ("M3.SMALL8", 1, 8),
            ("D2.2XLARGE32", 8, 32),
            ("GN8.LARGE56", 6, 56),
        ] {
            let kind = InstanceTypeId::find(name).unwrap_or_else(|| panic!("{name}")).get();
            assert_eq!((kind.cpu, kind.memory_gib, kind.is_listed), (cpu, memory_gib, false), "{name}");
        }
        for name in ["S99.HUGE", "S5.LARGE9", "S5", "", "s5.small1", "S5.SMALL1 "] {
            assert_eq!(InstanceTypeId::find(name), None, "{name}");
        }
    }
}

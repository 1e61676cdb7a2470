//! The vendor's regions and zones.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::fmt;

/// One of the vendor's regions, as an index into [`REGIONS`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionId(u8);

/// One of the vendor's zones, as an index into [`ZONES`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZoneId(u8);

/// Name, Chinese name, English name.
pub const REGIONS: &[(&str, &str, &str)] = &[
    ("ap-beijing", "华北地区(北京)", "North China (Beijing)"),
    ("ap-chengdu", "西南地区(成都)", "Southwest China (Chengdu)"),
    ("ap-chongqing", "西南地区(重庆)", "Southwest China (Chongqing)"),
    ("ap-guangzhou", "华南地区(广州)", "South China (Guangzhou)"),
    ("ap-hongkong", "港澳台地区(中国香港)", "Hong Kong, Macau and Taiwan (Hong Kong)"),
    ("ap-nanjing", "华东地区(南京)", "East China (Nanjing)"),
    ("ap-seoul", "亚太东北(首尔)", "Northeast Asia (Seoul)"),
    ("ap-shanghai", "华东地区(上海)", "East China (Shanghai)"),
    ("ap-singapore", "亚太东南(新加坡)", "Southeast Asia (Singapore)"),
    ("ap-tokyo", "亚太东北(东京)", "Northeast Asia (Tokyo)"),
    ("eu-frankfurt", "欧洲地区(法兰克福)", "Europe (Frankfurt)"),
    ("na-ashburn", "美国东部(弗吉尼亚)", "US East (Virginia)"),
    ("na-siliconvalley", "美国西部(硅谷)", "US West (Silicon Valley)"),
];

/// Name, numeric id, Chinese name, English name. A zone's region is its name without the last part.
pub const ZONES: &[(&str, &str, &str, &str)] = &[
    ("ap-beijing-3", "800003", "北京三区", "Beijing Zone 3"),
    ("ap-beijing-5", "800005", "北京五区", "Beijing Zone 5"),
    ("ap-beijing-6", "800006", "北京六区", "Beijing Zone 6"),
    ("ap-beijing-7", "800007", "北京七区", "Beijing Zone 7"),
    ("ap-chengdu-1", "160001", "成都一区", "Chengdu Zone 1"),
    ("ap-chengdu-2", "160002", "成都二区", "Chengdu Zone 2"),
    ("ap-chongqing-1", "190001", "重庆一区", "Chongqing Zone 1"),
    ("ap-guangzhou-3", "100003", "广州三区", "Guangzhou Zone 3"),
    ("ap-guangzhou-4", "100004", "广州四区", "Guangzhou Zone 4"),
    ("ap-guangzhou-6", "100006", "广州六区", "Guangzhou Zone 6"),
    ("ap-guangzhou-7", "100007", "广州七区", "Guangzhou Zone 7"),
    ("ap-hongkong-2", "300002", "香港二区", "Hong Kong Zone 2"),
    ("ap-hongkong-3", "300003", "香港三区", "Hong Kong Zone 3"),
    ("ap-nanjing-1", "330001", "南京一区", "Nanjing Zone 1"),
    ("ap-nanjing-3", "330003", "南京三区", "Nanjing Zone 3"),
    ("ap-seoul-1", "180001", "首尔一区", "Seoul Zone 1"),
    ("ap-seoul-2", "180002", "首尔二区", "Seoul Zone 2"),
    ("ap-shanghai-2", "200002", "上海二区", "Shanghai Zone 2"),
    ("ap-shanghai-4", "200004", "上海四区", "Shanghai Zone 4"),
    ("ap-shanghai-5", "200005", "上海五区", "Shanghai Zone 5"),
    ("ap-singapore-1", "900001", "新加坡一区", "Singapore Zone 1"),
    ("ap-singapore-2", "900002", "新加坡二区", "Singapore Zone 2"),
    ("ap-singapore-3", "900003", "新加坡三区", "Singapore Zone 3"),
    ("ap-tokyo-1", "250001", "东京一区", "Tokyo Zone 1"),
    ("ap-tokyo-2", "250002", "东京二区", "Tokyo Zone 2"),
    ("eu-frankfurt-1", "170001", "法兰克福一区", "Frankfurt Zone 1"),
    ("eu-frankfurt-2", "170002", "法兰克福二区", "Frankfurt Zone 2"),
    ("na-ashburn-1", "220001", "弗吉尼亚一区", "Virginia Zone 1"),
    ("na-ashburn-2", "220002", "弗吉尼亚二区", "Virginia Zone 2"),
    ("na-siliconvalley-1", "150001", "硅谷一区", "Silicon Valley Zone 1"),
    ("na-siliconvalley-2", "150002", "硅谷二区", "Silicon Valley Zone 2"),
];

impl RegionId {
    #[must_use]
    pub fn find(name: &str) -> Option<RegionId> {
        let index = REGIONS.iter().position(|(region, ..)| *region == name)?;
        u8::try_from(index).ok().map(RegionId)
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        REGIONS[self.0 as usize].0
    }
}

impl ZoneId {
    pub fn all() -> impl Iterator<Item = ZoneId> {
        // Invariant: there are fewer than 256.
        (0..=u8::MAX).take(ZONES.len()).map(ZoneId)
    }

    #[must_use]
    pub fn find(name: &str) -> Option<ZoneId> {
        let index = ZONES.iter().position(|(zone, ..)| *zone == name)?;
        u8::try_from(index).ok().map(ZoneId)
    }

    #[must_use]
    pub fn name(self) -> &'static str {
        ZONES[self.0 as usize].0
    }

    #[must_use]
    pub fn region(self) -> RegionId {
        // Invariant: every zone's name begins with a region's; a test walks the table.
        let (region, _) = self.name().rsplit_once('-').unwrap_or_default();
        RegionId::find(region).unwrap_or(RegionId(0))
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
                $name::find(&text).ok_or_else(|| D::Error::custom(format!("no {} `{text}`", $what)))
            }
        }
    };
}
by_name!(RegionId, "region");
by_name!(ZoneId, "zone");

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn every_zone_lies_in_a_region_and_every_region_has_a_zone() {
        for (name, ..) in ZONES {
            let region = ZoneId::find(name).unwrap().region();
            assert!(name.starts_with(region.name()), "{name} in {region}");
        }
        for (name, ..) in REGIONS {
            assert!(ZONES.iter().any(|(zone, ..)| zone.starts_with(name)), "{name}");
        }
    }
}

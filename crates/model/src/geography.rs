//! The vendor's regions and zones, and the operator's own beside them.

/// One of the regions, as an index into [`crate::Catalogue::regions`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionId(pub(crate) u16);

/// One of the zones, as an index into [`crate::Catalogue::zones`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ZoneId(pub(crate) u16);

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Region {
    pub name: &'static str,
    pub chinese: &'static str,
    pub english: &'static str,
    /// Whether instances can be launched in it: at least one zone is open.
    pub is_open: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    pub name: &'static str,
    /// The vendor's number, as text.
    pub number: &'static str,
    pub chinese: &'static str,
    pub english: &'static str,
    pub region: RegionId,
    /// A closed zone is known to filters; launching in it is refused as sold out.
    pub is_open: bool,
}

/// One of the vendor's regions with its zones, given by their numbers.
pub(crate) struct RegionRow {
    pub name: &'static str,
    pub chinese: &'static str,
    pub english: &'static str,
    /// The name that its zones' names begin with, in Chinese and in English.
    pub city: (&'static str, &'static str),
    /// The number of the region; a zone's number is this and four digits of its own.
    pub number: u32,
    pub open: &'static [u8],
    pub closed: &'static [u8],
}

#[rustfmt::skip]
macro_rules! regions {
    ($($name:literal $chinese:literal $english:literal ($city:literal $english_city:literal) $number:literal $open:tt $closed:tt)*) => {
        &[$(RegionRow {
            name: $name, chinese: $chinese, english: $english, city: ($city, $english_city), number: $number,
            open: &$open, closed: &$closed,
        }),*]
    };
}

/// Sorted by name. Zones that the vendor's pages call sold out or no longer list are closed, and so is a region without
/// an open zone. The numbers 77 to 79 are invented, because no page gives the real ones.
pub(crate) const REGION_ROWS: &[RegionRow] = regions! {
    "ap-bangkok" "亚太东南(曼谷)" "Southeast Asia (Bangkok)" ("曼谷" "Bangkok") 23 [1, 2] []
    "ap-beijing" "华北地区(北京)" "North China (Beijing)" ("北京" "Beijing") 80 [3, 4, 5, 6, 7, 8] [1, 2]
    "ap-beijing-fsi" "华北地区(北京金融)" "North China (Beijing Finance)" ("北京金融" "Beijing Finance") 46 [1, 2] []
    "ap-chengdu" "西南地区(成都)" "Southwest China (Chengdu)" ("成都" "Chengdu") 16 [1, 2] []
    "ap-chongqing" "西南地区(重庆)" "Southwest China (Chongqing)" ("重庆" "Chongqing") 19 [1] []
    "ap-guangzhou" "华南地区(广州)" "South China (Guangzhou)" ("广州" "Guangzhou") 10 [3, 4, 5, 6, 7] [1, 2]
    "ap-guangzhou-open" "华南地区(广州Open)" "South China (Guangzhou Open)" ("广州Open" "Guangzhou Open") 12 [] [1]
    "ap-hongkong" "港澳台地区(中国香港)" "Hong Kong, Macau and Taiwan (Hong Kong)" ("香港" "Hong Kong") 30 [2, 3] [1]
    "ap-jakarta" "亚太东南(雅加达)" "Southeast Asia (Jakarta)" ("雅加达" "Jakarta") 72 [1, 2, 3] []
    "ap-mumbai" "亚太南部(孟买)" "South Asia (Mumbai)" ("孟买" "Mumbai") 21 [] [1, 2]
    "ap-nanjing" "华东地区(南京)" "East China (Nanjing)" ("南京" "Nanjing") 33 [1, 2, 3] []
    "ap-seoul" "亚太东北(首尔)" "Northeast Asia (Seoul)" ("首尔" "Seoul") 18 [1, 2] []
    "ap-shanghai" "华东地区(上海)" "East China (Shanghai)" ("上海" "Shanghai") 20 [2, 3, 4, 5, 8, 9] [1, 6, 7]
    "ap-shanghai-adc" "华东地区(上海自动驾驶云)" "East China (Shanghai ADC)" ("上海自动驾驶云" "Shanghai ADC") 78 [1, 2, 3, 4] []
    "ap-shanghai-fsi" "华东地区(上海金融)" "East China (Shanghai Finance)" ("上海金融" "Shanghai Finance") 70 [2, 3, 4] [1]
    "ap-shenzhen-fsi" "华南地区(深圳金融)" "South China (Shenzhen Finance)" ("深圳金融" "Shenzhen Finance") 11 [1, 2] [3]
    "ap-singapore" "亚太东南(新加坡)" "Southeast Asia (Singapore)" ("新加坡" "Singapore") 90 [1, 2, 3, 4] []
    "ap-taipei" "港澳台地区(中国台北)" "Hong Kong, Macau and Taiwan (Taipei)" ("台北" "Taipei") 39 [] [1]
    "ap-tianjin" "华北地区(天津)" "North China (Tianjin)" ("天津" "Tianjin") 36 [] [1, 2]
    "ap-tokyo" "亚太东北(东京)" "Northeast Asia (Tokyo)" ("东京" "Tokyo") 25 [1, 2] []
    "ap-zhongwei" "西北地区(中卫)" "Northwest China (Zhongwei)" ("中卫" "Zhongwei") 77 [1] []
    "eu-frankfurt" "欧洲地区(法兰克福)" "Europe (Frankfurt)" ("法兰克福" "Frankfurt") 17 [1, 2] []
    "eu-moscow" "欧洲地区(莫斯科)" "Europe (Moscow)" ("莫斯科" "Moscow") 24 [] [1]
    "me-saudi-arabia" "中东地区(沙特阿拉伯)" "Middle East (Saudi Arabia)" ("利雅得" "Riyadh") 79 [1, 2] []
    "na-ashburn" "美国东部(弗吉尼亚)" "US East (Virginia)" ("弗吉尼亚" "Virginia") 22 [1, 2] []
    "na-siliconvalley" "美国西部(硅谷)" "US West (Silicon Valley)" ("硅谷" "Silicon Valley") 15 [1, 2] []
    "na-toronto" "北美地区(多伦多)" "North America (Toronto)" ("多伦多" "Toronto") 40 [] [1]
    "sa-saopaulo" "南美地区(圣保罗)" "South America (Saopaulo)" ("圣保罗" "Saopaulo") 74 [1] []
};

/// The names of regions in the legacy API: <https://www.tencentcloud.com/document/product/1111/46459>, and the others
/// from the vendor's own SDKs.
const SHORT_NAMES: &[(&str, &str)] = &[
    ("bj", "ap-beijing"),
    ("bjjr", "ap-beijing-fsi"),
    ("ca", "na-toronto"),
    ("cd", "ap-chengdu"),
    ("cq", "ap-chongqing"),
    ("de", "eu-frankfurt"),
    ("gz", "ap-guangzhou"),
    ("gzopen", "ap-guangzhou-open"),
    ("hk", "ap-hongkong"),
    ("in", "ap-mumbai"),
    ("jkt", "ap-jakarta"),
    ("jp", "ap-tokyo"),
    ("kr", "ap-seoul"),
    ("nj", "ap-nanjing"),
    ("ru", "eu-moscow"),
    ("sao", "sa-saopaulo"),
    ("sg", "ap-singapore"),
    ("sh", "ap-shanghai"),
    ("shjr", "ap-shanghai-fsi"),
    ("szjr", "ap-shenzhen-fsi"),
    ("th", "ap-bangkok"),
    ("tpe", "ap-taipei"),
    ("tsn", "ap-tianjin"),
    ("use", "na-ashburn"),
    ("usw", "na-siliconvalley"),
];

impl RegionId {
    /// The region with that name, or with that short name of the legacy API.
    #[must_use]
    pub fn named(name: &str, legacy: bool) -> Option<RegionId> {
        let long = SHORT_NAMES.iter().find(|(short, _)| legacy && *short == name).map(|(_, long)| *long);
        RegionId::find(long.unwrap_or(name))
    }
}

const NUMERALS: [&str; 10] = ["零", "一", "二", "三", "四", "五", "六", "七", "八", "九"];

impl RegionRow {
    /// Its zones by number, `region` being its own index.
    pub(crate) fn zones(&self, region: RegionId) -> Vec<Zone> {
        let mut numbers: Vec<(u8, bool)> = self.open.iter().map(|number| (*number, true)).collect();
        numbers.extend(self.closed.iter().map(|number| (*number, false)));
        numbers.sort_unstable();
        let zone = |(number, is_open): (u8, bool)| Zone {
            name: format!("{}-{number}", self.name).leak(),
            number: (self.number * 10_000 + u32::from(number)).to_string().leak(),
            chinese: format!("{}{}区", self.city.0, NUMERALS[usize::from(number)]).leak(),
            english: format!("{} Zone {number}", self.city.1).leak(),
            region,
            is_open,
        };
        numbers.into_iter().map(zone).collect()
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn every_zone_lies_in_a_region_and_every_region_has_a_zone() {
        for zone in ZoneId::all() {
            let (region, number) = zone.name().rsplit_once('-').unwrap();
            assert_eq!(zone.region().name(), region, "{zone}");
            assert!(number.parse::<u8>().is_ok(), "{zone}");
            assert_eq!(ZoneId::find(zone.name()), Some(zone));
        }
        for region in RegionId::all() {
            let open = ZoneId::all().filter(|zone| zone.region() == region && zone.get().is_open).count();
            assert_eq!(open > 0, region.get().is_open, "{region}");
            assert!(ZoneId::all().any(|zone| zone.region() == region), "{region}");
        }
        assert!(REGION_ROWS.is_sorted_by_key(|row| row.name));
    }

    #[test]
    fn a_short_name_leads_to_a_region() {
        for (short, name) in SHORT_NAMES {
            assert!(RegionId::find(name).is_some() && RegionId::find(short).is_none(), "{short}");
        }
        let named = |name, legacy| RegionId::named(name, legacy).map(RegionId::name);
        assert_eq!((named("gz", true), named("gz", false)), (Some("ap-guangzhou"), None));
        assert_eq!(named("ap-guangzhou", true), Some("ap-guangzhou"));
    }

    #[test]
    fn a_zone_is_numbered_and_called_as_the_vendor_does() {
        let zone = ZoneId::find("na-ashburn-2").unwrap().get();
        assert_eq!((zone.number, zone.chinese, zone.english), ("220002", "弗吉尼亚二区", "Virginia Zone 2"));
        let closed = ZoneId::find("ap-shanghai-1").unwrap().get();
        assert_eq!((closed.number, closed.english, closed.is_open), ("200001", "Shanghai Zone 1", false));
    }
}

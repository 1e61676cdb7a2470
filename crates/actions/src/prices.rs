//! Prices: one plain table, so that estimates and budgets have numbers. Nothing is charged.
//!
//! The price of an instance per hour is that of its CPUs, its memory and its disks. A month in advance costs a number
//! of hours; a spot instance pays a percentage for its CPUs and memory.

use crate::object::Unset;
use cvmd_model::{ChargeType, InstanceType, InternetAccessible};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};
use std::{iter::Sum, ops::Add};

/// An amount in millionths of a yuan, so that sums are exact; read and written in yuan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Yuan(u64);

const MILLION: f64 = 1_000_000.0;
/// The maximum of a single price, so that no sum overflows.
const YUAN_MAX: f64 = 1_000_000.0;

impl Yuan {
    #[must_use]
    pub const fn millionths(amount: u64) -> Yuan {
        Yuan(amount)
    }

    #[must_use]
    pub fn times(self, factor: impl Into<u64>) -> Yuan {
        Yuan(self.0.saturating_mul(factor.into()))
    }

    #[must_use]
    pub fn percent(self, percent: u32) -> Yuan {
        Yuan(self.times(percent).0 / 100)
    }

    /// That many parts of `whole`.
    #[must_use]
    pub fn part(self, parts: u64, whole: u64) -> Yuan {
        let part = u128::from(self.0) * u128::from(parts) / u128::from(whole.max(1));
        Yuan(u64::try_from(part).unwrap_or(u64::MAX))
    }

    #[must_use]
    pub fn minus(self, other: Yuan) -> Yuan {
        Yuan(self.0.saturating_sub(other.0))
    }

    #[expect(clippy::cast_precision_loss, reason = "amounts that lose a millionth are billions of yuan")]
    #[must_use]
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / MILLION
    }
}

impl Add for Yuan {
    type Output = Yuan;

    fn add(self, other: Yuan) -> Yuan {
        Yuan(self.0.saturating_add(other.0))
    }
}

impl Sum for Yuan {
    fn sum<I: Iterator<Item = Yuan>>(amounts: I) -> Yuan {
        amounts.fold(Yuan::default(), Yuan::add)
    }
}

impl Serialize for Yuan {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.as_f64())
    }
}

impl<'de> Deserialize<'de> for Yuan {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Yuan, D::Error> {
        let yuan = f64::deserialize(deserializer)?;
        if !(0.0..=YUAN_MAX).contains(&yuan) {
            return Err(D::Error::custom(format!("{yuan} is no price: 0 to {YUAN_MAX} yuan")));
        }
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is within bounds")]
        Ok(Yuan((yuan * MILLION).round() as u64))
    }
}

/// The table. Its defaults are invented, similar to the vendor's prices; the configuration file's `[prices]` overrides
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Prices {
    pub cpu_hour: Yuan,
    pub memory_gib_hour: Yuan,
    pub disk_gib_hour: DiskPrices,
    /// A Mbit/s of public bandwidth, where bandwidth and not traffic is paid for.
    pub bandwidth_mbps_hour: Yuan,
    pub traffic_gb: Yuan,
    /// A month in advance costs this many hours.
    pub month_hours: u32,
    /// A spot instance pays this percentage of the normal price.
    pub spot_percent: u32,
}

/// The price of a GiB per hour, by `DiskType`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DiskPrices {
    pub cloud_basic: Yuan,
    pub cloud_premium: Yuan,
    pub cloud_bssd: Yuan,
    pub cloud_ssd: Yuan,
    pub cloud_hssd: Yuan,
    pub cloud_tssd: Yuan,
    /// `LOCAL_BASIC` and the other local ones.
    pub local: Yuan,
}

impl Default for Prices {
    fn default() -> Prices {
        Prices {
            cpu_hour: Yuan::millionths(100_000),
            memory_gib_hour: Yuan::millionths(30_000),
            disk_gib_hour: DiskPrices::default(),
            bandwidth_mbps_hour: Yuan::millionths(60_000),
            traffic_gb: Yuan::millionths(800_000),
            month_hours: 400,
            spot_percent: 20,
        }
    }
}

impl Default for DiskPrices {
    fn default() -> DiskPrices {
        DiskPrices {
            cloud_basic: Yuan::millionths(400),
            cloud_premium: Yuan::millionths(500),
            cloud_bssd: Yuan::millionths(700),
            cloud_ssd: Yuan::millionths(1_400),
            cloud_hssd: Yuan::millionths(1_600),
            cloud_tssd: Yuan::millionths(2_500),
            local: Yuan::millionths(400),
        }
    }
}

impl Prices {
    /// The price of CPUs and memory per hour.
    #[must_use]
    pub fn type_hour(&self, kind: &InstanceType) -> Yuan {
        self.cpu_hour.times(kind.cpu) + self.memory_gib_hour.times(kind.memory_gib)
    }

    #[must_use]
    pub fn disk_hour(&self, kind: &str, size_gib: u32) -> Yuan {
        let prices = &self.disk_gib_hour;
        let gib = match kind {
            "CLOUD_BASIC" => prices.cloud_basic,
            "CLOUD_PREMIUM" => prices.cloud_premium,
            "CLOUD_BSSD" => prices.cloud_bssd,
            "CLOUD_SSD" => prices.cloud_ssd,
            "CLOUD_HSSD" => prices.cloud_hssd,
            "CLOUD_TSSD" => prices.cloud_tssd,
            _ => prices.local,
        };
        gib.times(size_gib)
    }

    /// The price for months in advance of something with that price per hour.
    #[must_use]
    pub fn in_advance(&self, hour: Yuan, months: u32) -> Yuan {
        hour.times(self.month_hours).times(months)
    }

    /// The price of a number of instances of a type with disks at that price per hour, for the months or by the hour.
    #[must_use]
    pub(crate) fn instances(&self, kind: &InstanceType, disks: Yuan, charge: Charge, count: u32) -> ItemPrice {
        let hour = self.type_hour(kind);
        match charge {
            Charge::InAdvance { months } => ItemPrice::in_advance(self.in_advance(hour + disks, months).times(count)),
            Charge::Hourly => ItemPrice::hourly((hour + disks).times(count)),
            Charge::Spot => {
                let paid = hour.percent(self.spot_percent) + disks;
                ItemPrice { discount: Some(self.spot_percent), ..ItemPrice::hourly((hour + disks).times(count)) }
                    .discounted(paid.times(count))
            }
        }
    }

    /// The price of public bandwidth of that many instances; zero for those without.
    #[must_use]
    pub(crate) fn bandwidth(&self, internet: &InternetAccessible, months: u32, count: u32) -> ItemPrice {
        let hour = self.bandwidth_mbps_hour.times(internet.max_bandwidth_out).times(count);
        match &*internet.charge_type {
            "BANDWIDTH_PREPAID" => ItemPrice::in_advance(self.in_advance(hour, months)),
            "TRAFFIC_POSTPAID_BY_HOUR" => {
                let any = internet.max_bandwidth_out > 0;
                ItemPrice::hourly(if any { self.traffic_gb } else { Yuan::default() }).per("GB")
            }
            "BANDWIDTH_POSTPAID_BY_HOUR" => ItemPrice::hourly(hour),
            // A bandwidth package is paid for separately.
            _ => ItemPrice::hourly(Yuan::default()),
        }
    }
}

/// How something is paid for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Charge {
    InAdvance { months: u32 },
    Hourly,
    Spot,
}

impl Charge {
    pub(crate) fn of(charge_type: ChargeType, months: u32) -> Charge {
        match charge_type {
            ChargeType::Prepaid => Charge::InAdvance { months },
            ChargeType::PostpaidByHour => Charge::Hourly,
            ChargeType::Spotpaid => Charge::Spot,
        }
    }
}

/// One price in the vendor's form: per unit, or in advance.
#[derive(Debug, Clone, Copy, Default, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ItemPrice {
    unit_price: Option<Yuan>,
    charge_unit: Option<&'static str>,
    unit_price_discount: Option<Yuan>,
    original_price: Option<Yuan>,
    discount_price: Option<Yuan>,
    /// The percentage that is paid.
    discount: Option<u32>,
    // There are no prices here for more than a month, nor tiered prices of traffic.
    unit_price_second_step: Unset,
    unit_price_discount_second_step: Unset,
    unit_price_third_step: Unset,
    unit_price_discount_third_step: Unset,
    original_price_one_year: Unset,
    discount_price_one_year: Unset,
    discount_one_year: Unset,
    original_price_three_year: Unset,
    discount_price_three_year: Unset,
    discount_three_year: Unset,
    original_price_five_year: Unset,
    discount_price_five_year: Unset,
    discount_five_year: Unset,
}

impl ItemPrice {
    pub(crate) fn hourly(price: Yuan) -> ItemPrice {
        let price = Some(price);
        let discount = Some(100);
        ItemPrice {
            unit_price: price,
            charge_unit: Some("HOUR"),
            unit_price_discount: price,
            discount,
            ..ItemPrice::default()
        }
    }

    pub(crate) fn in_advance(price: Yuan) -> ItemPrice {
        let price = Some(price);
        ItemPrice { original_price: price, discount_price: price, discount: Some(100), ..ItemPrice::default() }
    }

    fn per(self, unit: &'static str) -> ItemPrice {
        ItemPrice { charge_unit: Some(unit), ..self }
    }

    fn discounted(self, paid: Yuan) -> ItemPrice {
        ItemPrice { unit_price_discount: Some(paid), ..self }
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use cvmd_model::InstanceTypeId;

    fn medium() -> &'static InstanceType {
        InstanceTypeId::find("S5.MEDIUM4").unwrap().get()
    }

    #[test]
    fn sums_are_exact_and_printed_as_yuan() {
        let prices = Prices::default();
        assert_eq!(prices.type_hour(medium()), Yuan::millionths(320_000));
        let tenth: Yuan = std::iter::repeat_n(Yuan::millionths(100_000), 3).sum();
        assert_eq!(serde_json::to_string(&tenth).unwrap(), "0.3");
    }

    #[test]
    fn a_price_is_read_in_yuan_and_never_negative_or_endless() {
        let read = serde_json::from_str::<Prices>;
        let prices = read(r#"{"cpu_hour":0.05,"disk_gib_hour":{"cloud_ssd":1}}"#).unwrap();
        assert_eq!((prices.cpu_hour.0, prices.disk_gib_hour.cloud_ssd.0), (50_000, 1_000_000));
        assert_eq!(prices.memory_gib_hour, Prices::default().memory_gib_hour);
        for bad in [r#"{"cpu_hour":-1}"#, r#"{"cpu_hour":1e9}"#, r#"{"cpu_year":1}"#, r#"{"month_hours":-1}"#] {
            assert!(read(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn spot_and_advance_pay_as_the_table_says() {
        let prices = Prices::default();
        let disks = prices.disk_hour("CLOUD_PREMIUM", 100);
        let spot = prices.instances(medium(), disks, Charge::Spot, 2);
        assert_eq!((spot.unit_price.unwrap().0, spot.unit_price_discount.unwrap().0), (740_000, 228_000));
        let year = prices.instances(medium(), disks, Charge::InAdvance { months: 12 }, 1);
        assert_eq!(year.original_price, Some(Yuan::millionths(370_000 * 400 * 12)));
        assert_eq!((year.unit_price, year.charge_unit), (None, None));
    }
}

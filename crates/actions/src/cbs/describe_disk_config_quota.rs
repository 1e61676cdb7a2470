//! DescribeDiskConfigQuota: the types of disks on offer, with their prices.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cbs&Version=2017-03-12&Action=DescribeDiskConfigQuota>.
//!
//! Every type of disk is available in all zones of the region, as system disk and as data disk; none in another zone.

use crate::{Action, Body, Context, NULL, Parameters, Product, Reason, Yuan, new_instance, types};
use cvmd_model::ChargeType;
use cvmd_state::View;
use serde::Serialize;

const TYPES: [&str; 6] = ["CLOUD_BASIC", "CLOUD_PREMIUM", "CLOUD_BSSD", "CLOUD_SSD", "CLOUD_HSSD", "CLOUD_TSSD"];
/// Usage, and the minimum size in GiB.
const USAGES: [(&str, u32); 2] = [("SYSTEM_DISK", 20), ("DATA_DISK", 10)];

pub(crate) const ACTION: Action = Action::query(Product::Cbs, "DescribeDiskConfigQuota", answer).without_effect(&[
    "CPU",
    "DedicatedClusterId",
    "Memory",
]);

fn answer(parameters: &mut Parameters, _view: &View, context: &Context) -> Result<Body, Reason> {
    let inquiry = [("INQUIRY_CBS_CONFIG", false), ("INQUIRY_CVM_CONFIG", true)];
    let with_instances = parameters.word("InquiryType", &inquiry)?.unwrap_or(false);
    let charges = [ChargeType::Prepaid, ChargeType::PostpaidByHour].map(|charge| (charge.name(), charge));
    let charge = parameters.word("DiskChargeType", &charges)?;
    let usage = parameters.word("DiskUsage", &USAGES.map(|(usage, _)| (usage, usage)))?;
    let [zones, kinds, families] = ["Zones", "DiskTypes", "InstanceFamilies"].map(|name| parameters.texts(name));
    let (zones, kinds, families) = (zones?, kinds?, families?);
    let passes = |names: &[Box<str>], name: &str| names.is_empty() || names.iter().any(|known| &**known == name);
    let zones = types::zones(context).filter(|zone| passes(&zones, zone.name()));
    let families: Vec<Option<&str>> = if with_instances {
        types::families().into_iter().filter(|family| passes(&families, family)).map(Some).collect()
    } else {
        vec![None]
    };
    let mut configs = Vec::new();
    for zone in zones {
        for family in &families {
            for kind in TYPES.into_iter().filter(|kind| passes(&kinds, kind)) {
                for (disk_usage, least) in
                    USAGES.into_iter().filter(|(name, _)| usage.is_none_or(|usage| usage == *name))
                {
                    let wanted = charges.into_iter().filter(|(_, known)| charge.is_none_or(|charge| charge == *known));
                    configs.extend(wanted.map(|(disk_charge_type, charge)| {
                        object! {
                            Available: true,
                            DiskChargeType: disk_charge_type,
                            Zone: zone.name(),
                            InstanceFamily: *family,
                            DiskType: kind,
                            StepSize: 1,
                            ExtraPerformanceRange: NULL,
                            DeviceClass: NULL,
                            DiskUsage: disk_usage,
                            MinDiskSize: least,
                            MaxDiskSize: new_instance::DISK_GIB_MAX,
                            Price: price(kind, charge, context),
                        }
                    }));
                }
            }
        }
    }
    Ok(Body::of(object! { DiskConfigSet: configs }))
}

/// The price of a GiB: per hour, or for a month in advance.
fn price(kind: &str, charge: ChargeType, context: &Context) -> impl Serialize {
    let prices = &context.policy.prices;
    let hour = prices.disk_hour(kind, 1);
    let (unit, month) = match charge {
        ChargeType::Prepaid => (None, Some(prices.in_advance(hour, 1))),
        ChargeType::PostpaidByHour | ChargeType::Spotpaid => (Some(hour), None),
    };
    let high = |amount: Option<Yuan>| amount.map(|amount| amount.as_f64().to_string());
    object! {
        ChargeUnit: unit.map(|_| "HOUR"),
        DiscountPrice: month,
        DiscountPriceHigh: high(month),
        OriginalPrice: month,
        OriginalPriceHigh: high(month),
        UnitPrice: unit,
        UnitPriceDiscount: unit,
        UnitPriceDiscountHigh: high(unit),
        UnitPriceHigh: high(unit),
    }
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeDiskConfigQuota {"InquiryType":"INQUIRY_CBS_CONFIG","DiskChargeType":"POSTPAID_BY_HOUR","DiskUsage":"SYSTEM_DISK","Zones":["ap-guangzhou-3"],"DiskTypes":["CLOUD_PREMIUM"]}
< {"DiskConfigSet":[{"Available":true,"DiskChargeType":"POSTPAID_BY_HOUR","Zone":"ap-guangzhou-3","InstanceFamily":null,"DiskType":"CLOUD_PREMIUM","StepSize":1,"ExtraPerformanceRange":null,"DeviceClass":null,"DiskUsage":"SYSTEM_DISK","MinDiskSize":20,"MaxDiskSize":32000,"Price":{"ChargeUnit":"HOUR","DiscountPrice":null,...,"UnitPrice":0.0005,"UnitPriceDiscount":0.0005,"UnitPriceDiscountHigh":"0.0005","UnitPriceHigh":"0.0005"}}]}
> DescribeDiskConfigQuota {"InquiryType":"INQUIRY_CVM_CONFIG","DiskChargeType":"PREPAID","DiskUsage":"DATA_DISK","InstanceFamilies":["S5","Z9"],"Zones":["ap-guangzhou-3"],"DiskTypes":["CLOUD_SSD"],"CPU":2,"Memory":4}
< {"DiskConfigSet":[{..."DiskChargeType":"PREPAID",..."InstanceFamily":"S5",..."MinDiskSize":10,..."Price":{"ChargeUnit":null,"DiscountPrice":0.56,"DiscountPriceHigh":"0.56",...}}]}
> DescribeDiskConfigQuota {"InquiryType":"INQUIRY_CBS_CONFIG","DiskTypes":["CLOUD_FLOPPY"]}
< {"DiskConfigSet":[]}
> DescribeDiskConfigQuota {"InquiryType":"INQUIRY_FLOPPY"}
< InvalidParameterValue The value `INQUIRY_FLOPPY` specified in the parameter `InquiryType` is not valid: it is one of `INQUIRY_CBS_CONFIG`, `INQUIRY_CVM_CONFIG`.
> DescribeDiskConfigQuota {"InquiryType":"INQUIRY_CBS_CONFIG","Zones":["ap-shanghai-2","ap-atlantis-1"]}
< {"DiskConfigSet":[]}
> DescribeDiskConfigQuota {"InquiryType":"INQUIRY_CBS_CONFIG","DiskUsage":"LAMP"}
< InvalidParameterValue ...
"#;

//! DescribeZoneInstanceConfigInfos: what is on offer in the zones of the region, one entry per charge type, with its
//! price.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=DescribeZoneInstanceConfigInfos>.
//! Nothing is ever sold out. Prices come from cvmd's own table.

use crate::{
    Action, Body, Context, EMPTY, Filter, NULL, Parameters, Product, Reason, filters, shorten,
    types::{self, family_name},
};
use cvmd_model::{ChargeType, InstanceType, ZoneId};
use cvmd_state::View;
use serde::Serialize;
use std::cmp::Ordering;

const FILTERS_MAX: usize = 10;
const VALUES_MAX: usize = 100;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeZoneInstanceConfigInfos", answer).errors(&[
    "InvalidFilter",
    "InvalidFilterValue.LimitExceeded",
    "InvalidParameterValue.ZoneNotSupported",
    "InvalidZone.MismatchRegion",
]);

/// A column to sort by, and whether the largest comes first.
type SortKey = (fn(&InstanceType) -> u32, bool);

fn answer(parameters: &mut Parameters, _view: &View, context: &Context) -> Result<Body, Reason> {
    let known = ["zone", "instance-family", "instance-type", "instance-charge-type", "sort-keys"];
    let filters = filters::read_all(parameters, &known)?;
    if filters.len() > FILTERS_MAX || filters.iter().any(|filter| filter.values.len() > VALUES_MAX) {
        return Err(Reason::FilterTooLarge);
    }
    let mut found = types::select(context, &filters)?;
    let keys = sort_keys(&filters)?;
    // A stable sort, so that equal entries stay in the table's order.
    found.sort_by(|(_, one), (_, other)| {
        let compared = keys.iter().map(|(key, falls)| {
            let order = key(one).cmp(&key(other));
            if *falls { order.reverse() } else { order }
        });
        compared.fold(Ordering::Equal, Ordering::then)
    });
    let paid = |charge_type: &ChargeType| {
        let mut named = filters.iter().filter(|filter| &*filter.name == "instance-charge-type");
        named.all(|filter| filter.has(charge_type.name()))
    };
    let charge_types = [ChargeType::Prepaid, ChargeType::PostpaidByHour, ChargeType::Spotpaid];
    let charge_types: Vec<ChargeType> = charge_types.into_iter().filter(paid).collect();
    let items = found
        .into_iter()
        .flat_map(|(zone, kind)| charge_types.iter().map(move |charge_type| item(zone, kind, *charge_type, context)));
    Ok(Body::of(object! { InstanceTypeQuotaSet: items.collect::<Vec<_>>() }))
}

/// The parsed values of a sorting filter, such as `cpu:desc`.
fn sort_keys(filters: &[Filter]) -> Result<Vec<SortKey>, Reason> {
    let texts = filters.iter().filter(|filter| &*filter.name == "sort-keys").flat_map(|filter| &filter.values);
    let key = |text: &str| {
        let bad = || Reason::BadValue { name: "sort-keys".into(), value: shorten(text).into() };
        let (column, way) = text.split_once(':').unwrap_or((text, "asc"));
        let column: fn(&InstanceType) -> u32 = match column {
            "cpu" => |kind| kind.cpu,
            "mem" | "memory" => |kind| kind.memory_gib,
            _ => return Err(bad()),
        };
        match way {
            "asc" => Ok((column, false)),
            "desc" => Ok((column, true)),
            _ => Err(bad()),
        }
    };
    texts.map(|text| key(text)).collect()
}

fn item(zone: ZoneId, kind: &InstanceType, charge_type: ChargeType, context: &Context) -> impl Serialize {
    object! {
        Zone: zone.name(),
        InstanceType: kind.name,
        InstanceChargeType: charge_type.name(),
        NetworkCard: 25,
        Externals: object! { ReleaseAddress: NULL, UnsupportNetworks: NULL, StorageBlockAttr: NULL },
        Cpu: kind.cpu,
        Memory: kind.memory_gib,
        InstanceFamily: kind.family,
        TypeName: family_name(kind.family, context.language),
        LocalDiskTypeList: EMPTY,
        Status: "SELL",
        Price: types::price(kind, charge_type, context),
        SoldOutReason: "",
        InstanceBandwidth: 1.5,
        InstancePps: 25,
        StorageBlockAmount: 0,
        CpuType: "-",
        Gpu: 0,
        Fpga: 0,
        Remark: "",
        GpuCount: 0.0,
        Frequency: "-",
        StatusCategory: "EnoughStock",
    }
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeZoneInstanceConfigInfos {"Filters":[{"Name":"zone","Values":["ap-guangzhou-3"]},{"Name":"instance-type","Values":["S5.MEDIUM4"]},{"Name":"instance-charge-type","Values":["POSTPAID_BY_HOUR"]}]}
< {"InstanceTypeQuotaSet":[{"Zone":"ap-guangzhou-3","InstanceType":"S5.MEDIUM4","InstanceChargeType":"POSTPAID_BY_HOUR",..."Cpu":2,"Memory":4,"InstanceFamily":"S5","TypeName":"Standard S5",..."Status":"SELL","Price":{"UnitPrice":0.32,"ChargeUnit":"HOUR","UnitPriceDiscount":0.32,..."Discount":100,...},...}]}
# Each way of paying by itself.
> DescribeZoneInstanceConfigInfos {"Filters":[{"Name":"zone","Values":["ap-guangzhou-3"]},{"Name":"instance-type","Values":["S5.MEDIUM4"]}]}
< {"InstanceTypeQuotaSet":[{..."InstanceChargeType":"PREPAID",..."Price":{..."OriginalPrice":128.0,"DiscountPrice":128.0,"Discount":100,...},...},{..."InstanceChargeType":"POSTPAID_BY_HOUR",...},{..."InstanceChargeType":"SPOTPAID",..."UnitPriceDiscount":0.064,..."Discount":20,...}...}]}
> DescribeZoneInstanceConfigInfos {"Filters":[{"Name":"zone","Values":["ap-guangzhou-4"]},{"Name":"instance-family","Values":["S5"]},{"Name":"instance-charge-type","Values":["PREPAID"]},{"Name":"sort-keys","Values":["cpu:desc","mem:asc"]}]}
< {"InstanceTypeQuotaSet":[{"Zone":"ap-guangzhou-4","InstanceType":"S5.24XLARGE192",...},{"Zone":"ap-guangzhou-4","InstanceType":"S5.24XLARGE384",...},...
> DescribeZoneInstanceConfigInfos {"Filters":[{"Name":"instance-charge-type","Values":["CDHPAID"]}]}
< {"InstanceTypeQuotaSet":[]}
> DescribeZoneInstanceConfigInfos {"Filters":[{"Name":"sort-keys","Values":["colour:desc"]}]}
< InvalidParameterValue The value `colour:desc` specified in the parameter `sort-keys` is not valid.
> DescribeZoneInstanceConfigInfos {"Filters":[{"Name":"sort-keys","Values":["cpu:up"]}]}
< InvalidParameterValue ...
> DescribeZoneInstanceConfigInfos {"Filters":[{"Name":"zone","Values":["ap-atlantis-1"]}]}
< InvalidParameterValue.ZoneNotSupported ...
> DescribeZoneInstanceConfigInfos {"Filters":[{"Name":"zone","Values":["ap-shanghai-2"]}]}
< InvalidZone.MismatchRegion ...
> DescribeZoneInstanceConfigInfos {"Filters":[{"Name":"colour","Values":["red"]}]}
< InvalidFilter ...
> DescribeZoneInstanceConfigInfos {"Filters":[{"Name":"instance-type","Values":[101*"S5.SMALL1"]}]}
< InvalidFilterValue.LimitExceeded ...
"#;

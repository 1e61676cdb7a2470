//! DescribeZoneInstanceConfigInfos: what is on offer in the zones of the region, one entry per charge type, with its
//! price.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=DescribeZoneInstanceConfigInfos>.
//! Nothing is ever sold out. Prices come from cvmd's own table.

use crate::{
    Action, Body, Context, Parameters, Product, Reason, filters,
    filters::Filter,
    parameters::shorten,
    prices::ItemPrice,
    reply::Unset,
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

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    instance_type_quota_set: Vec<Item>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Item {
    zone: &'static str,
    instance_type: &'static str,
    instance_charge_type: &'static str,
    network_card: u32,
    externals: Externals,
    cpu: u32,
    memory: u32,
    instance_family: &'static str,
    type_name: String,
    local_disk_type_list: [(); 0],
    status: &'static str,
    price: ItemPrice,
    sold_out_reason: &'static str,
    instance_bandwidth: f64,
    instance_pps: u32,
    storage_block_amount: u32,
    cpu_type: &'static str,
    gpu: u32,
    fpga: u32,
    remark: &'static str,
    gpu_count: f64,
    frequency: &'static str,
    status_category: &'static str,
}

/// No instance type here has any.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Externals {
    release_address: Unset,
    unsupport_networks: Unset,
    storage_block_attr: Unset,
}

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
    Ok(Body::of(&Reply { instance_type_quota_set: items.collect() }))
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

fn item(zone: ZoneId, kind: &InstanceType, charge_type: ChargeType, context: &Context) -> Item {
    Item {
        zone: zone.name(),
        instance_type: kind.name,
        instance_charge_type: charge_type.name(),
        network_card: 25,
        externals: Externals { release_address: (), unsupport_networks: (), storage_block_attr: () },
        cpu: kind.cpu,
        memory: kind.memory_gib,
        instance_family: kind.family,
        type_name: family_name(kind.family, context.language),
        local_disk_type_list: [],
        status: "SELL",
        price: types::price(kind, charge_type, context),
        sold_out_reason: "",
        instance_bandwidth: 1.5,
        instance_pps: 25,
        storage_block_amount: 0,
        cpu_type: "-",
        gpu: 0,
        fpga: 0,
        remark: "",
        gpu_count: 0.0,
        frequency: "-",
        status_category: "EnoughStock",
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

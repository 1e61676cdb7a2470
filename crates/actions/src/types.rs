//! Instance types in their zones, and the filters that select them.

use crate::{
    Context, Filter, NULL, Reason,
    prices::{Charge, ItemPrice},
    shorten,
};
use cvmd_model::{Catalogue, ChargeType, InstanceType, ZoneId};
use cvmd_wire::Language;
use serde::Serialize;

/// An `InstanceTypeConfig`.
pub(crate) fn config(zone: ZoneId, kind: &InstanceType) -> impl Serialize {
    object! {
        Zone: zone.name(),
        InstanceType: kind.name,
        InstanceFamily: kind.family,
        GPU: kind.gpu,
        CPU: kind.cpu,
        Memory: kind.memory_gib,
        FPGA: 0,
        GpuCount: f64::from(kind.gpu),
        GpuType: NULL,
        GpuMemory: NULL,
    }
}

/// The region's open zones, in the table's order.
pub(crate) fn zones(context: &Context) -> impl Iterator<Item = ZoneId> {
    let region = context.region;
    ZoneId::all().filter(move |zone| zone.region() == region && zone.get().is_open)
}

/// The types in every list.
pub(crate) fn listed() -> impl Iterator<Item = &'static InstanceType> {
    Catalogue::get().types.iter().filter(|kind| kind.is_listed)
}

/// The types for a list: the listed ones, and those that a filter names.
fn kinds(filters: &[Filter]) -> impl Iterator<Item = &'static InstanceType> {
    let is_named = filters.iter().any(|filter| ["instance-family", "instance-type"].contains(&&*filter.name));
    Catalogue::get().types.iter().filter(move |kind| is_named || kind.is_listed)
}

/// Every type in every zone of the region that passes the filters `zone`, `instance-family` and `instance-type`.
///
/// # Errors
/// A zone that does not exist, or that is another region's.
pub(crate) fn select(context: &Context, filters: &[Filter]) -> Result<Vec<(ZoneId, &'static InstanceType)>, Reason> {
    zones_are_here(filters, context)?;
    let passes = |zone: ZoneId, kind: &InstanceType| {
        filters.iter().all(|filter| match &*filter.name {
            "zone" => filter.has(zone.name()),
            "instance-family" => filter.has(kind.family),
            "instance-type" => filter.has(kind.name),
            _ => true,
        })
    };
    let everywhere = zones(context).flat_map(|zone| kinds(filters).map(move |kind| (zone, kind)));
    Ok(everywhere.filter(|(zone, kind)| passes(*zone, kind)).collect())
}

/// Refuses for the first zone of a filter that is not in the request's region.
pub(crate) fn zones_are_here(filters: &[Filter], context: &Context) -> Result<(), Reason> {
    let mut zones = filters.iter().filter(|filter| &*filter.name == "zone").flat_map(|filter| &filter.values);
    zones.try_for_each(|zone| is_here(zone, context).map(drop))
}

/// The zone of that name, if it is in the request's region.
pub(crate) fn is_here(name: &str, context: &Context) -> Result<ZoneId, Reason> {
    let zone = ZoneId::find(name).ok_or_else(|| Reason::Zone { value: shorten(name).into() })?;
    if zone.region() == context.region {
        return Ok(zone);
    }
    Err(Reason::ZoneElsewhere { value: name.into(), region: context.region.name() })
}

/// The existing families, in the order of their first type.
pub(crate) fn families() -> Vec<&'static str> {
    let mut families: Vec<&str> = Vec::new();
    for kind in &Catalogue::get().types {
        if !families.contains(&kind.family) {
            families.push(kind.family);
        }
    }
    families
}

/// The vendor's name of a family, such as `Standard S5`, begins with its purpose.
pub(crate) fn family_name(family: &str, language: Language) -> String {
    let (chinese, english) = match family.as_bytes().first() {
        Some(b'C') => ("计算型", "Compute"),
        Some(b'I') => ("高IO型", "High IO"),
        Some(b'D') => ("大数据型", "Big Data"),
        Some(b'G' | b'P') => ("GPU型", "GPU"),
        Some(b'M') => ("内存型", "Memory Optimized"),
        _ => ("标准型", "Standard"),
    };
    match language {
        Language::Chinese => format!("{chinese}{family}"),
        Language::English => format!("{english} {family}"),
    }
}

/// The price of the type per hour, or per month in advance; without disks.
pub(crate) fn price(kind: &InstanceType, charge_type: ChargeType, context: &Context) -> ItemPrice {
    context.policy.prices.instances(kind, crate::Yuan::default(), Charge::of(charge_type, 1), 1)
}

//! Regions, zones and products, as the two products answer that list them for all others.

use crate::{Body, Context, Parameters, Product, Reason, action::page, parameters::shorten};
use cvmd_model::{RegionId, ZoneId};
use cvmd_wire::Language;
use serde::Serialize;

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Regions {
    total_count: usize,
    region_set: Vec<Region>,
}

/// The members with `MC` belong to the vendor's console.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Region {
    region: &'static str,
    region_name: &'static str,
    region_state: &'static str,
    #[serde(rename = "RegionTypeMC")]
    region_type_mc: Option<()>,
    #[serde(rename = "LocationMC")]
    location_mc: Option<()>,
    #[serde(rename = "RegionNameMC")]
    region_name_mc: Option<()>,
    #[serde(rename = "RegionIdMC")]
    region_id_mc: Option<()>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Zones {
    total_count: usize,
    zone_set: Vec<Zone>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Zone {
    zone: &'static str,
    zone_name: &'static str,
    zone_id: &'static str,
    zone_state: &'static str,
    parent_zone: Option<()>,
    parent_zone_id: Option<()>,
    parent_zone_name: Option<()>,
    zone_type: &'static str,
    #[serde(rename = "MachineRoomTypeMC")]
    machine_room_type_mc: Option<()>,
    #[serde(rename = "ZoneIdMC")]
    zone_id_mc: Option<()>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Products {
    products: Vec<Name>,
    total_count: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Name {
    name: &'static str,
}

/// The regions of the requested product: every product is in all of them.
pub(crate) fn regions(parameters: &mut Parameters, context: &Context) -> Result<Body, Reason> {
    product(parameters)?;
    let region = |region: RegionId| Region {
        region: region.name(),
        region_name: region_name(region, context),
        region_state: state(region.get().is_open),
        region_type_mc: None,
        location_mc: None,
        region_name_mc: None,
        region_id_mc: None,
    };
    let region_set: Vec<Region> = RegionId::all().map(region).collect();
    Ok(Body::of(&Regions { total_count: region_set.len(), region_set }))
}

/// The zones of the request's region.
pub(crate) fn zones(parameters: &mut Parameters, context: &Context) -> Result<Body, Reason> {
    product(parameters)?;
    let here = ZoneId::all().filter(|zone| zone.region() == context.region);
    let zone = |zone: ZoneId| Zone {
        zone: zone.name(),
        zone_name: zone_name(zone, context),
        zone_id: zone.get().number,
        zone_state: state(zone.get().is_open),
        parent_zone: None,
        parent_zone_id: None,
        parent_zone_name: None,
        zone_type: "availability-zone",
        machine_room_type_mc: None,
        zone_id_mc: None,
    };
    let zone_set: Vec<Zone> = here.map(zone).collect();
    Ok(Body::of(&Zones { total_count: zone_set.len(), zone_set }))
}

/// The products that cvmd has.
pub(crate) fn products(parameters: &mut Parameters) -> Result<Body, Reason> {
    let offset = parameters.bounded("Offset", 0, usize::MAX)?.unwrap_or(0);
    let limit = parameters.bounded("Limit", 1, 100)?.unwrap_or(20);
    let products = page(Product::ALL.iter(), (offset, limit)).map(|product| Name { name: product.name() }).collect();
    Ok(Body::of(&Products { products, total_count: Product::ALL.len() }))
}

fn product(parameters: &mut Parameters) -> Result<(), Reason> {
    let name = parameters.text("Product")?.unwrap_or_default();
    match Product::find(&name) {
        Some(_) => Ok(()),
        None => Err(Reason::ProductElsewhere { value: shorten(&name).into() }),
    }
}

/// `RegionState` and `ZoneState`.
pub(crate) fn state(is_open: bool) -> &'static str {
    if is_open { "AVAILABLE" } else { "UNAVAILABLE" }
}

pub(crate) fn region_name(region: RegionId, context: &Context) -> &'static str {
    named(context, region.get().chinese, region.get().english)
}

pub(crate) fn zone_name(zone: ZoneId, context: &Context) -> &'static str {
    named(context, zone.get().chinese, zone.get().english)
}

/// The name in the caller's language.
pub(crate) fn named(context: &Context, chinese: &'static str, english: &'static str) -> &'static str {
    match context.language {
        Language::Chinese => chinese,
        Language::English => english,
    }
}

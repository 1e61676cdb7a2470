//! Regions, zones and products, as the two products answer that list them for all others.

use crate::{Body, Context, NULL, Parameters, Product, Reason, page, shorten};
use cvmd_model::{RegionId, ZoneId};
use cvmd_state::View;
use cvmd_wire::Language;

/// The regions of the requested product: every product is in all of them.
pub(crate) fn regions(parameters: &mut Parameters, _view: &View, context: &Context) -> Result<Body, Reason> {
    product(parameters)?;
    // The members with `MC` belong to the vendor's console.
    let region = |region: RegionId| {
        object! {
            Region: region.name(),
            RegionName: region_name(region, context),
            RegionState: state(region.get().is_open),
            RegionTypeMC: NULL,
            LocationMC: NULL,
            RegionNameMC: NULL,
            RegionIdMC: NULL,
        }
    };
    let region_set: Vec<_> = RegionId::all().map(region).collect();
    Ok(Body::of(object! { TotalCount: region_set.len(), RegionSet: region_set }))
}

/// The zones of the request's region.
pub(crate) fn zones(parameters: &mut Parameters, _view: &View, context: &Context) -> Result<Body, Reason> {
    product(parameters)?;
    let here = ZoneId::all().filter(|zone| zone.region() == context.region);
    let zone = |zone: ZoneId| {
        object! {
            Zone: zone.name(),
            ZoneName: zone_name(zone, context),
            ZoneId: zone.get().number,
            ZoneState: state(zone.get().is_open),
            ParentZone: NULL,
            ParentZoneId: NULL,
            ParentZoneName: NULL,
            ZoneType: "availability-zone",
            MachineRoomTypeMC: NULL,
            ZoneIdMC: NULL,
        }
    };
    let zone_set: Vec<_> = here.map(zone).collect();
    Ok(Body::of(object! { TotalCount: zone_set.len(), ZoneSet: zone_set }))
}

/// The products that cvmd has.
pub(crate) fn products(parameters: &mut Parameters, _view: &View, _context: &Context) -> Result<Body, Reason> {
    let offset = parameters.bounded("Offset", 0, usize::MAX)?.unwrap_or(0);
    let limit = parameters.bounded("Limit", 1, 100)?.unwrap_or(20);
    let products = page(Product::ALL, (offset, limit), |product| object! { Name: product.name() });
    Ok(Body::of(object! { Products: products, TotalCount: Product::ALL.len() }))
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

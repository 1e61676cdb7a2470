//! DescribeZones: the zones of the region asked.
//!
//! <https://cloud.tencent.com/document/api/213/15707>.

use crate::{Action, Body, Context, Effect, Parameters, Product, Reason, places};
use cvmd_model::{ZONES, ZoneId};
use cvmd_state::View;
use serde::Serialize;

pub(crate) const ACTION: Action = Action {
    product: Product::Cvm,
    name: "DescribeZones",
    errors: &[],
    without_effect: &[],
    regionless: false,
    effect: Effect::Query(answer),
};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
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
}

fn answer(_parameters: &mut Parameters, _view: &View, context: &Context) -> Result<Body, Reason> {
    let zone_set: Vec<Zone> = ZONES
        .iter()
        .filter(|(zone, ..)| ZoneId::find(zone).is_some_and(|zone| zone.region() == context.region))
        .map(|(zone, zone_id, chinese, english)| Zone {
            zone,
            zone_name: places::named(context, chinese, english),
            zone_id,
            zone_state: "AVAILABLE",
        })
        .collect();
    Ok(Body::of(&Reply { total_count: zone_set.len(), zone_set }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeZones {}
< {"TotalCount":4,"ZoneSet":[{"Zone":"ap-guangzhou-3","ZoneName":"Guangzhou Zone 3","ZoneId":"100003","ZoneState":"AVAILABLE"},...
> DescribeZones {"Zone":"ap-guangzhou-3"}
< UnknownParameter The parameter `Zone` is not recognized.
"#;

//! DescribeZones: the zones of the requested region.
//!
//! <https://cloud.tencent.com/document/api/213/15707>.

use crate::{Action, Body, Context, Parameters, Product, Reason, places};
use cvmd_model::ZoneId;
use cvmd_state::View;
use serde::Serialize;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeZones", answer);

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
    let zone_set: Vec<Zone> = ZoneId::all()
        .filter(|zone| zone.region() == context.region)
        .map(|zone| Zone {
            zone: zone.name(),
            zone_name: places::zone_name(zone, context),
            zone_id: zone.get().number,
            zone_state: places::state(zone.get().is_open),
        })
        .collect();
    Ok(Body::of(&Reply { total_count: zone_set.len(), zone_set }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeZones {}
# Closed ones too.
< {"TotalCount":7,"ZoneSet":[{"Zone":"ap-guangzhou-1","ZoneName":"Guangzhou Zone 1","ZoneId":"100001","ZoneState":"UNAVAILABLE"},...{"Zone":"ap-guangzhou-3","ZoneName":"Guangzhou Zone 3","ZoneId":"100003","ZoneState":"AVAILABLE"},...
> DescribeZones {"Zone":"ap-guangzhou-3"}
< UnknownParameter The parameter `Zone` is not recognized.
"#;

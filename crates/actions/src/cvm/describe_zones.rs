//! DescribeZones: the zones of the requested region.
//!
//! <https://cloud.tencent.com/document/api/213/15707>.

use crate::{Action, Body, Context, Parameters, Product, Reason, places};
use cvmd_model::ZoneId;
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeZones", answer);

fn answer(_parameters: &mut Parameters, _view: &View, context: &Context) -> Result<Body, Reason> {
    let zone_set: Vec<_> = ZoneId::all()
        .filter(|zone| zone.region() == context.region)
        .map(|zone| {
            object! {
                Zone: zone.name(),
                ZoneName: places::zone_name(zone, context),
                ZoneId: zone.get().number,
                ZoneState: places::state(zone.get().is_open),
            }
        })
        .collect();
    Ok(Body::of(object! { TotalCount: zone_set.len(), ZoneSet: zone_set }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeZones {}
# Closed ones too.
< {"TotalCount":7,"ZoneSet":[{"Zone":"ap-guangzhou-1","ZoneName":"Guangzhou Zone 1","ZoneId":"100001","ZoneState":"UNAVAILABLE"},...{"Zone":"ap-guangzhou-3","ZoneName":"Guangzhou Zone 3","ZoneId":"100003","ZoneState":"AVAILABLE"},...
> DescribeZones {"Zone":"ap-guangzhou-3"}
< UnknownParameter The parameter `Zone` is not recognized.
"#;

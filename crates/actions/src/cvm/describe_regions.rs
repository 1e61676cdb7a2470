//! DescribeRegions: all regions; the one action that API 3.0 answers without a region.
//!
//! <https://cloud.tencent.com/document/api/213/15708>.

use crate::{Action, Body, Context, Parameters, Product, Reason, places};
use cvmd_model::RegionId;
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeRegions", answer).regionless();

fn answer(_parameters: &mut Parameters, _view: &View, context: &Context) -> Result<Body, Reason> {
    let region = |region: RegionId| {
        object! {
            Region: region.name(),
            RegionName: places::region_name(region, context),
            RegionState: places::state(region.get().is_open),
        }
    };
    let region_set: Vec<_> = RegionId::all().map(region).collect();
    Ok(Body::of(object! { TotalCount: region_set.len(), RegionSet: region_set }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeRegions {}
< {"TotalCount":28,"RegionSet":[{"Region":"ap-bangkok","RegionName":"Southeast Asia (Bangkok)","RegionState":"AVAILABLE"},...{"Region":"ap-mumbai",..."RegionState":"UNAVAILABLE"},...
"#;

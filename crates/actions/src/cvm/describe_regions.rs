//! DescribeRegions: all regions; the one action that API 3.0 answers without a region.
//!
//! <https://cloud.tencent.com/document/api/213/15708>.

use crate::{Action, Body, Context, Parameters, Product, Reason, places};
use cvmd_model::RegionId;
use cvmd_state::View;
use serde::Serialize;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeRegions", answer).regionless();

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    total_count: usize,
    region_set: Vec<Region>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Region {
    region: &'static str,
    region_name: &'static str,
    region_state: &'static str,
}

fn answer(_parameters: &mut Parameters, _view: &View, context: &Context) -> Result<Body, Reason> {
    let region = |region: RegionId| Region {
        region: region.name(),
        region_name: places::region_name(region, context),
        region_state: places::state(region.get().is_open),
    };
    let region_set: Vec<Region> = RegionId::all().map(region).collect();
    Ok(Body::of(&Reply { total_count: region_set.len(), region_set }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeRegions {}
< {"TotalCount":28,"RegionSet":[{"Region":"ap-bangkok","RegionName":"Southeast Asia (Bangkok)","RegionState":"AVAILABLE"},...{"Region":"ap-mumbai",..."RegionState":"UNAVAILABLE"},...
"#;

//! DescribeRegions: the regions of a product.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=api&Version=2020-11-06&Action=DescribeRegions>.

use crate::{Action, Body, Context, Parameters, Product, Reason, places};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Api, "DescribeRegions", answer).regionless();

fn answer(parameters: &mut Parameters, _view: &View, context: &Context) -> Result<Body, Reason> {
    places::regions(parameters, context)
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeRegions {"Product":"cvm"}
< {"TotalCount":28,"RegionSet":[...{"Region":"ap-beijing","RegionName":"North China (Beijing)","RegionState":"AVAILABLE",...
> DescribeRegions {"Product":"cos"}
< InvalidParameter The product `cos` is not here.
> DescribeRegions {}
< MissingParameter The request is missing a required parameter `Product`.
"#;

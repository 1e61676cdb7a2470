//! DescribeRegions: the regions of a product.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=region&Version=2022-06-27&Action=DescribeRegions>.

use crate::{Action, Product, places};

pub(crate) const ACTION: Action =
    Action::query(Product::Region, "DescribeRegions", places::regions).without_effect(&["Scene"]);

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeRegions {"Product":"cvm"}
< {"TotalCount":28,"RegionSet":[...{"Region":"ap-beijing","RegionName":"North China (Beijing)","RegionState":"AVAILABLE",...
> DescribeRegions {"Product":"cos"}
< InvalidParameter The product `cos` is not here.
> DescribeRegions {}
< MissingParameter The request is missing a required parameter `Product`.
"#;

//! DescribeProducts: the products that cvmd has.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=region&Version=2022-06-27&Action=DescribeProducts>.

use crate::{Action, Product, places};

pub(crate) const ACTION: Action = Action::query(Product::Region, "DescribeProducts", places::products);

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeProducts {}
< {"Products":[{"Name":"api"},{"Name":"cbs"},{"Name":"cvm"},...],"TotalCount":8}
> DescribeProducts {"Limit":1,"Offset":2}
< {"Products":[{"Name":"cvm"}],"TotalCount":8}
> DescribeProducts {"Limit":-1}
< InvalidParameterValue The value `-1` specified in the parameter `Limit` is not valid: 1 to 100.
> DescribeProducts {"Limit":101}
< InvalidParameterValue ...
> DescribeProducts {"Offset":-1}
< InvalidParameterValue ...
"#;

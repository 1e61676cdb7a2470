//! DescribeZones: the zones of a product in the requested region.
//!
//! <https://cloud.tencent.com/document/api/1596/77929>.

use crate::{Action, Product, places};

pub(crate) const ACTION: Action =
    Action::query(Product::Region, "DescribeZones", places::zones).without_effect(&["Scene"]);

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeZones {"Product":"cvm"}
< {"TotalCount":7,"ZoneSet":[{"Zone":"ap-guangzhou-1",..."ZoneState":"UNAVAILABLE",...{"Zone":"ap-guangzhou-3","ZoneName":"Guangzhou Zone 3","ZoneId":"100003","ZoneState":"AVAILABLE",...
> DescribeZones {"Product":"cos"}
< InvalidParameter The product `cos` is not here.
>> DescribeZones {"Product":"cos"}
< InvalidParameterValue ...
"#;

//! DescribeZones: the zones of a product in the requested region.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=api&Version=2020-11-06&Action=DescribeZones>.

use crate::{Action, Product, places};

pub(crate) const ACTION: Action = Action::query(Product::Api, "DescribeZones", places::zones);

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeZones {"Product":"cvm"}
< {"TotalCount":7,"ZoneSet":[{"Zone":"ap-guangzhou-1",..."ZoneState":"UNAVAILABLE",...{"Zone":"ap-guangzhou-3","ZoneName":"Guangzhou Zone 3","ZoneId":"100003","ZoneState":"AVAILABLE",...
> DescribeZones {"Product":"cos"}
< InvalidParameter The product `cos` is not here.
>> DescribeZones {"Product":"cos"}
< InvalidParameterValue ...
"#;

//! DescribeInstanceTypeConfigs: the instance types on offer in the zones of the region.
//!
//! <https://cloud.tencent.com/document/api/213/15749>.

use crate::{Action, Body, Context, Parameters, Product, Reason, filters, types};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeInstanceTypeConfigs", answer).errors(&[
    "InvalidFilter",
    "InvalidFilterValue.LimitExceeded",
    "InvalidParameterValue.ZoneNotSupported",
    "InvalidZone.MismatchRegion",
]);

fn answer(parameters: &mut Parameters, _view: &View, context: &Context) -> Result<Body, Reason> {
    let filters = filters::read(parameters, &["zone", "instance-family", "instance-type"])?;
    let found = types::select(context, &filters)?;
    let configs: Vec<_> = found.into_iter().map(|(zone, kind)| types::config(zone, kind)).collect();
    Ok(Body::of(object! { InstanceTypeConfigSet: configs }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeInstanceTypeConfigs {"Filters":[{"Name":"zone","Values":["ap-guangzhou-3"]},{"Name":"instance-type","Values":["S5.MEDIUM4"]}]}
< {"InstanceTypeConfigSet":[{"Zone":"ap-guangzhou-3","InstanceType":"S5.MEDIUM4","InstanceFamily":"S5","GPU":0,"CPU":2,"Memory":4,"FPGA":0,"GpuCount":0.0,...}]}
> DescribeInstanceTypeConfigs {"Filters":[{"Name":"instance-family","Values":["C6"]}]}
< {"InstanceTypeConfigSet":[{"Zone":"ap-guangzhou-3",...},{"Zone":"ap-guangzhou-4",...},...
> DescribeInstanceTypeConfigs {"Filters":[{"Name":"instance-family","Values":["Z9"]}]}
< {"InstanceTypeConfigSet":[]}
> DescribeInstanceTypeConfigs {"Filters":[{"Name":"zone","Values":["ap-atlantis-1"]}]}
< InvalidParameterValue.ZoneNotSupported ...
> DescribeInstanceTypeConfigs {"Filters":[{"Name":"zone","Values":["ap-shanghai-2"]}]}
< InvalidZone.MismatchRegion ...
> DescribeInstanceTypeConfigs {"Filters":[{"Name":"colour","Values":["red"]}]}
< InvalidFilter ...
> DescribeInstanceTypeConfigs {"Filters":[{"Name":"instance-type","Values":[6*"S5.SMALL1"]}]}
< InvalidFilterValue.LimitExceeded ...
"#;

//! DescribeInstancesModification: the types that instances can be changed to.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=DescribeInstancesModification>.
//!
//! For several instances: the types that each of them can be changed to.

use crate::{Action, Batch, Body, Context, Parameters, Product, Reason, filters, types};
use cvmd_model::{InstanceId, ZoneId};
use cvmd_state::View;

const INSTANCES_MAX: usize = 20;
const VALUES_MAX: usize = 2;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeInstancesModification", answer).errors(&[
    "InvalidFilter",
    "InvalidFilterValue.LimitExceeded",
    "InvalidInstanceId.Malformed",
    "InvalidInstanceId.NotFound",
    "InvalidParameterValue.LimitExceeded",
]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let ids: Batch<InstanceId> = Batch::read_at_most(parameters, "InstanceIds", INSTANCES_MAX)?;
    let filters = filters::read(parameters, &["status"])?;
    if filters.iter().any(|filter| filter.values.len() > VALUES_MAX) {
        return Err(Reason::FilterTooLarge);
    }
    let instances = ids.find(view, context)?;
    let sold = filters.iter().all(|filter| filter.has("SELL"));
    let mut zones: Vec<ZoneId> = instances.iter().map(|instance| instance.zone).collect();
    zones.sort_unstable();
    zones.dedup();
    let all = zones.iter().flat_map(|zone| types::listed().map(move |kind| (*zone, kind)));
    let fits = |kind: &str| sold && instances.iter().all(|instance| instance.instance_type.get().name != kind);
    let statuses: Vec<_> = all
        .filter(|(_, kind)| fits(kind.name))
        .map(|(zone, kind)| {
            object! { Status: "SELL", Message: "", InstanceTypeConfig: types::config(zone, kind) }
        })
        .collect();
    Ok(Body::of(object! { TotalCount: statuses.len(), InstanceTypeConfigStatusSet: statuses }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
# All but the one that it is.
> DescribeInstancesModification {"InstanceIds":["ins-running1"]}
< {"TotalCount":26,"InstanceTypeConfigStatusSet":[{"Status":"SELL","Message":"","InstanceTypeConfig":{"Zone":"ap-guangzhou-3","InstanceType":"S5.SMALL2",...}},...
> DescribeInstancesModification {"InstanceIds":["ins-running1","ins-stopped1"],"Filters":[{"Name":"status","Values":["SELL"]}]}
< {"TotalCount":26,...
> DescribeInstancesModification {"InstanceIds":["ins-running1"],"Filters":[{"Name":"status","Values":["UNAVAILABLE"]}]}
< {"TotalCount":0,"InstanceTypeConfigStatusSet":[]}
> DescribeInstancesModification {"InstanceIds":["ins-1"]}
< InvalidInstanceId.Malformed ...
> DescribeInstancesModification {"InstanceIds":["ins-foreign1"]}
< InvalidInstanceId.NotFound ...
> DescribeInstancesModification {"InstanceIds":[21*"ins-running1"]}
< InvalidParameterValue.LimitExceeded ...
> DescribeInstancesModification {"InstanceIds":["ins-running1"],"Filters":[{"Name":"colour","Values":["red"]}]}
< InvalidFilter ...
> DescribeInstancesModification {"InstanceIds":["ins-running1"],"Filters":[{"Name":"status","Values":["1","2","3"]}]}
< InvalidFilterValue.LimitExceeded ...
"#;

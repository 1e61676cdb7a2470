//! DescribeInstances: the account's instances in the region, newest first.
//!
//! <https://cloud.tencent.com/document/api/213/15728>. Well-formed ids that do not exist are no error: clients wait for
//! them to disappear.

use crate::{Action, Batch, Body, Context, Parameters, Product, Reason, cvm::describe, filters, reply, shorten};
use cvmd_model::{InstanceId, ZoneId};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeInstances", answer).errors(&[
    "InvalidFilter",
    "InvalidFilterValue.LimitExceeded",
    "InvalidInstanceId.Malformed",
    "InvalidParameterValue.InvalidTimeFormat",
    "InvalidParameterValue.LimitExceeded",
    "InvalidZone.MismatchRegion",
]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let (ids, filters): (Option<Batch<InstanceId>>, _) =
        filters::read_or_ids(parameters, "InstanceIds", "`InstanceIds` and `Filters`", describe::FILTERS)?;
    filters.iter().try_for_each(|filter| check(filter, context))?;
    let cut = filters::page(parameters)?;
    let (total_count, instances) = describe::select(view, context, ids.as_ref(), &filters, cut);
    let instances: Vec<_> = instances.into_iter().map(|instance| reply::instance(instance, view)).collect();
    Ok(Body::of(object! { TotalCount: total_count, InstanceSet: instances }))
}

/// Refuses values that can only be mistakes: a zone of another region, an invalid time.
fn check(filter: &filters::Filter, context: &Context) -> Result<(), Reason> {
    for value in &filter.values {
        match &*filter.name {
            "zone" if ZoneId::find(value).is_none_or(|zone| zone.region() != context.region) => {
                return Err(Reason::ZoneElsewhere { value: shorten(value).into(), region: context.region.name() });
            }
            "creation-start-time" | "creation-end-time" if describe::filter_time(value).is_none() => {
                return Err(Reason::Time { value: shorten(value).into() });
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
# Objects that clients dereference are there; what is unset is null or absent as the vendor has it.
> DescribeInstances {"InstanceIds":["ins-running1"]}
< {"TotalCount":1,"InstanceSet":[{"Placement":{"Zone":"ap-guangzhou-3","ProjectId":0,...},"InstanceId":"ins-running1","InstanceType":"S5.SMALL1","CPU":1,"Memory":1,"RestrictState":"NORMAL",..."PrivateIpAddresses":["127.64.0.2"],"PublicIpAddresses":null,...,"LoginSettings":{"KeyIds":["skey-bound001"],...},"InstanceState":"RUNNING",..."LatestOperation":null,"LatestOperationState":null,"LatestOperationRequestId":null,..."DefaultLoginUser":"root","DefaultLoginPort":22,"LatestOperationErrorMsg":null,...}]}
> DescribeInstances {"InstanceIds":["ins-windows1"]}
< ..."LoginSettings":{"KeyIds":null,...}..."DefaultLoginUser":"Administrator","DefaultLoginPort":3389...
> DescribeInstances {"InstanceIds":["ins-nowhere0","ins-foreign1","ins-shanghai"]}
< {"TotalCount":0,"InstanceSet":[]}
> DescribeInstances {"Filters":[{"Name":"instance-state","Values":["RUNNING","STOPPED"]},{"Name":"tag:team","Values":["red"]}]}
< {"TotalCount":1,"InstanceSet":[{..."InstanceId":"ins-running1"...}]}
> DescribeInstances {"Filters":[{"Name":"creation-start-time","Values":["2026-11-24 00:00:01"]}]}
< {"TotalCount":0,"InstanceSet":[]}
> DescribeInstances {"Filters":[{"Name":"zone","Values":["ap-guangzhou-3"]},{"Name":"creation-end-time","Values":["2026-11-24 00:00:01"]}],"Limit":1,"Offset":9}
< {"TotalCount":10,"InstanceSet":[{..."InstanceId":"ins-running1"...}]}
> DescribeInstances {"InstanceIds":["ins-running1"],"Filters":[{"Name":"zone","Values":["ap-guangzhou-3"]}]}
< InvalidParameter The parameters `InstanceIds` and `Filters` exclude one another.
> DescribeInstances {"InstanceIds":["ins-1122"]}
< InvalidInstanceId.Malformed ...
> DescribeInstances {"InstanceIds":[101*"ins-running1"]}
< InvalidParameterValue.LimitExceeded ...
> DescribeInstances {"Filters":[{"Name":"colour","Values":["red"]}]}
< InvalidFilter ...
> DescribeInstances {"Filters":[{"Name":"zone"}]}
< MissingParameter The request is missing a required parameter `Filters.0.Values`.
> DescribeInstances {"Filters":[{"Name":"zone","Values":["1","2","3","4","5","6"]}]}
< InvalidFilterValue.LimitExceeded ...
# A zone that is closed is one of the region's all the same.
> DescribeInstances {"Filters":[{"Name":"zone","Values":["ap-guangzhou-1","ap-guangzhou-2"]}]}
< {"TotalCount":0,"InstanceSet":[]}
> DescribeInstances {"Filters":[{"Name":"zone","Values":["ap-shanghai-2"]}]}
< InvalidZone.MismatchRegion ...
> DescribeInstances {"Filters":[{"Name":"zone","Values":["ap-guangzhou-10"]}]}
< InvalidZone.MismatchRegion ...
> DescribeInstances {"Filters":[{"Name":"creation-start-time","Values":["yesterday"]}]}
< InvalidParameterValue.InvalidTimeFormat ...
> DescribeInstances {"Limit":"10"}
< InvalidParameter The value type of parameter `Limit` is not valid: ...
>> DescribeInstances {"Limit":"1","Offset":"0","InstanceIds":["ins-running1"]}
< {"TotalCount":1,...
# The message repeats any number that was sent.
> DescribeInstances {"Limit":9223372036854775808}
< InvalidParameterValue.LimitExceeded The value `9223372036854775808` of `Limit` is not valid: 1 to 100.
> tag.GetTagKeys {"MaxResults":9223372036854775808}
< InvalidParameterValue The value `9223372036854775808` specified in the parameter `MaxResults` is not valid: ...
"#;

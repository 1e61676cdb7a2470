//! DescribeDisasterRecoverGroups: the account's placement groups in the region, newest first, with their members.
//!
//! <https://cloud.tencent.com/document/api/213/17810>. Well-formed ids that do not exist are no error; `Name` matches a
//! part of the name.

use crate::{Action, Batch, Body, Context, Parameters, Product, Reason, cvm::groups, filters, page};
use cvmd_model::{DisasterRecoverGroup, DisasterRecoverGroupId};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeDisasterRecoverGroups", answer).errors(&[
    "InvalidFilter",
    "InvalidFilterValue.LimitExceeded",
    "InvalidParameterValue.DisasterRecoverGroupIdMalformed",
    "InvalidParameterValue.LimitExceeded",
]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let by_id = parameters.has("DisasterRecoverGroupIds");
    let ids: Batch<DisasterRecoverGroupId> =
        Batch::read_at_most(parameters, "DisasterRecoverGroupIds", groups::BATCH_MAX)?;
    let part = parameters.text("Name")?.unwrap_or_default();
    let filters = filters::read(parameters, &["tag-key", "tag-value"])?;
    let cut = filters::page(parameters)?;
    let passes = |group: &&DisasterRecoverGroup| {
        (!by_id || ids.contains(&group.id))
            && group.name.contains(&*part)
            && filters.iter().all(|filter| filter.has_tag(&group.tags))
    };
    let list = view.disaster_recover_groups().list(context.account, context.region);
    let found: Vec<&DisasterRecoverGroup> = list.map(AsRef::as_ref).filter(passes).collect();
    Ok(Body::of(object! {
        DisasterRecoverGroupSet: page(&found, cut, |group| groups::reply(group, view)),
        TotalCount: found.len(),
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeDisasterRecoverGroups {"DisasterRecoverGroupIds":["ps-grouped1","ps-nowhere0"]}
< {"DisasterRecoverGroupSet":[{"DisasterRecoverGroupId":"ps-grouped1","Name":"grouped1","Type":"SW","CvmQuotaTotal":20,"CurrentNum":1,"InstanceIds":["ins-prepaid1"],"CreateTime":"2026-11-24T00:00:00Z","Affinity":1,"Strategy":"SPREAD","PartitionCount":0,"Tags":[]}],"TotalCount":1}
> DescribeDisasterRecoverGroups {"Name":"part"}
< {"DisasterRecoverGroupSet":[{..."InstanceIds":[]..."Strategy":"PARTITION","PartitionCount":3...}],"TotalCount":1}
> DescribeDisasterRecoverGroups {"Filters":[{"Name":"tag:team","Values":["red"]}],"Limit":1,"Offset":0}
< {"DisasterRecoverGroupSet":[],"TotalCount":0}
> DescribeDisasterRecoverGroups {"DisasterRecoverGroupIds":["ps-1"]}
< InvalidParameterValue.DisasterRecoverGroupIdMalformed ...
> DescribeDisasterRecoverGroups {"DisasterRecoverGroupIds":[11*"ps-grouped1"]}
< InvalidParameterValue.LimitExceeded ...
> DescribeDisasterRecoverGroups {"Filters":[{"Name":"colour","Values":["red"]}]}
< InvalidFilter ...
> DescribeDisasterRecoverGroups {"Filters":[{"Name":"tag-key","Values":["1","2","3","4","5","6"]}]}
< InvalidFilterValue.LimitExceeded ...
"#;

//! DescribeSecurityGroups: the account's security groups in the region, newest first; the default one always exists.
//!
//! <https://cloud.tencent.com/document/api/215/15808>. Well-formed ids that do not exist are no error.

use super::declared;
use crate::{Action, Body, Context, Parameters, Product, Reason, network::Wanted, vpc::network_reply};
use cvmd_model::{SecurityGroup, SecurityGroupId};
use cvmd_state::View;
use std::{cmp::Reverse, sync::Arc};

pub(crate) const ACTION: Action =
    Action::query(Product::Vpc, "DescribeSecurityGroups", answer).errors_of(&[declared::SELECTION]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let wanted: Wanted<SecurityGroupId> =
        Wanted::read(parameters, "SecurityGroupIds", "`SecurityGroupIds` and `Filters`", FILTERS)?;
    let mut all: Vec<Arc<SecurityGroup>> = view.security_groups_of(context.account, context.region).collect();
    order(parameters, &mut all)?;
    let all = all.into_iter();
    let (total_count, groups) = wanted.select(all, |group| group.id, |filter, group| passes(filter, group));
    let groups: Vec<_> = groups.iter().map(|group| network_reply::security_group(group)).collect();
    let region_statistics = network_reply::region_statistics(context.region, total_count);
    Ok(Body::of(object! { TotalCount: total_count, SecurityGroupSet: groups, RegionStatistics: region_statistics }))
}

/// `OrderField` and `OrderDirection`; without a field the newest come first.
fn order(parameters: &mut Parameters, groups: &mut [Arc<SecurityGroup>]) -> Result<(), Reason> {
    let updated = parameters.word("OrderField", &[("CreatedTime", false), ("UpdateTime", true)])?;
    let descending = parameters.word("OrderDirection", &[("ASC", false), ("DESC", true)])?.unwrap_or(false);
    let Some(updated) = updated else { return Ok(()) };
    let time = |group: &Arc<SecurityGroup>| {
        (if updated { group.updated_seconds } else { group.created_seconds }, group.sequence)
    };
    if descending {
        groups.sort_by_key(|group| Reverse(time(group)));
    } else {
        groups.sort_by_key(time);
    }
    Ok(())
}

filters! {
    fn passes(filter, group: &SecurityGroup) {
        "security-group-id" => filter.has(&group.id.to_string()),
        "project-id" => filter.has(&group.project_id.to_string()),
        "security-group-name" => filter.has_part_of(&group.name),
        ["tag-key"] => &group.tags,
    }
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
# The default group is there before anybody has made one.
> DescribeSecurityGroups {}
< {"TotalCount":3,"SecurityGroupSet":[{"SecurityGroupId":"sg-mine0002",...},{"SecurityGroupId":"sg-mine0001","SecurityGroupName":"mine",...},{"SecurityGroupId":"sg-xb138367","SecurityGroupName":"default","SecurityGroupDesc":"","ProjectId":"0","IsDefault":true,...}]}
> DescribeSecurityGroups {"OrderField":"CreatedTime","OrderDirection":"ASC","Limit":"2"}
< {"TotalCount":3,"SecurityGroupSet":[{"SecurityGroupId":"sg-xb138367",...},{"SecurityGroupId":"sg-mine0001",...}]}
> DescribeSecurityGroups {"OrderField":"UpdateTime","OrderDirection":"DESC","Limit":"1"}
< {"TotalCount":3,"SecurityGroupSet":[{"SecurityGroupId":"sg-mine0002",...}]}
> DescribeSecurityGroups {"SecurityGroupIds":["sg-nowhere0","sg-foreign1","sg-mine0001"]}
< {"TotalCount":1,"SecurityGroupSet":[{"SecurityGroupId":"sg-mine0001",...}]}
> DescribeSecurityGroups {"Filters":[{"Name":"security-group-name","Values":["mine"]},{"Name":"project-id","Values":["0"]},{"Name":"security-group-id","Values":["sg-mine0001"]}]}
< {"TotalCount":1,"SecurityGroupSet":[{"SecurityGroupId":"sg-mine0001",...}]}
> DescribeSecurityGroups {"OrderField":"Name"}
< InvalidParameterValue The value `Name` specified in the parameter `OrderField` is not valid: it is one of `CreatedTime`, `UpdateTime`.
> DescribeSecurityGroups {"SecurityGroupIds":["sg-mine0001"],"Filters":[{"Name":"project-id","Values":["0"]}]}
< InvalidParameter.Coexist ...
> DescribeSecurityGroups {"SecurityGroupIds":["sg"]}
< InvalidParameterValue.Malformed ...
> DescribeSecurityGroups {"SecurityGroupIds":[101*"sg-mine0001"]}
< InvalidParameterValue.LimitExceeded ...
> DescribeSecurityGroups {"Filters":[{"Name":"colour","Values":["red"]}]}
< InvalidParameter.FilterInvalidKey ...
> DescribeSecurityGroups {"Filters":[{"Name":"project-id","Values":["1","2","3","4","5","6"]}]}
< LimitExceeded.NumberOfFilters ...
"#;

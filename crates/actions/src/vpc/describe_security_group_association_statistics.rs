//! DescribeSecurityGroupAssociationStatistics: how many instances, and how many other groups' rules, use each security
//! group.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=vpc&Version=2017-03-12&Action=DescribeSecurityGroupAssociationStatistics>.
//! Terraform deletes a group when nothing uses it any more. A group that does not exist is not answered.

use crate::{Action, Body, Context, Parameters, Product, Reason, batch::Batch};
use cvmd_model::SecurityGroupId;
use cvmd_state::View;
use serde::Serialize;

pub(crate) const ACTION: Action = Action::query(Product::Vpc, "DescribeSecurityGroupAssociationStatistics", answer)
    .errors(&["InvalidParameterValue.LimitExceeded", "InvalidParameterValue.Malformed"]);

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    security_group_association_statistics_set: Vec<Statistics>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Statistics {
    security_group_id: String,
    #[serde(rename = "CVM")]
    instances: u32,
    #[serde(rename = "CDB")]
    databases: u32,
    #[serde(rename = "ENI")]
    interfaces: u32,
    #[serde(rename = "SG")]
    groups: u32,
    #[serde(rename = "CLB")]
    balancers: u32,
    instance_statistics: Vec<OfKind>,
    total_count: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct OfKind {
    instance_type: &'static str,
    instance_count: u32,
}

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let ids: Batch<SecurityGroupId> = Batch::read(parameters, "SecurityGroupIds")?;
    let there = |id: &&SecurityGroupId| view.security_group_of(context.account, context.region, **id).is_some();
    let set = ids.iter().filter(there).map(|id| statistics(*id, view, context)).collect();
    Ok(Body::of(&Reply { security_group_association_statistics_set: set }))
}

fn statistics(id: SecurityGroupId, view: &View, context: &Context) -> Statistics {
    let instances = view.instances_with(id);
    let others = view.security_groups().list(context.account, context.region);
    let naming = others.filter(|other| other.id != id && other.names(id)).count();
    let groups = u32::try_from(naming).unwrap_or(u32::MAX);
    Statistics {
        security_group_id: id.to_string(),
        instances,
        databases: 0,
        interfaces: 0,
        groups,
        balancers: 0,
        instance_statistics: vec![OfKind { instance_type: "CVM", instance_count: instances }],
        total_count: instances.saturating_add(groups),
    }
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> cvm.AssociateSecurityGroups {"SecurityGroupIds":["sg-mine0001"],"InstanceIds":["ins-running1","ins-stopped1"]}
< {}
> DescribeSecurityGroupAssociationStatistics {"SecurityGroupIds":["sg-mine0001","sg-foreign1","sg-mine0002"]}
< {"SecurityGroupAssociationStatisticsSet":[{"SecurityGroupId":"sg-mine0001","CVM":2,"CDB":0,"ENI":0,"SG":1,"CLB":0,"InstanceStatistics":[{"InstanceType":"CVM","InstanceCount":2}],"TotalCount":3},{"SecurityGroupId":"sg-mine0002","CVM":0,...,"TotalCount":0}]}
> DescribeSecurityGroupAssociationStatistics {"SecurityGroupIds":["sg-nowhere0"]}
< {"SecurityGroupAssociationStatisticsSet":[]}
> DescribeSecurityGroupAssociationStatistics {"SecurityGroupIds":["sg"]}
< InvalidParameterValue.Malformed ...
> DescribeSecurityGroupAssociationStatistics {"SecurityGroupIds":[101*"sg-mine0001"]}
< InvalidParameterValue.LimitExceeded ...
"#;

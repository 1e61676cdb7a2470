//! DescribeSecurityGroupAssociationStatistics: how many instances, and how many other groups' rules, use each security
//! group.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=vpc&Version=2017-03-12&Action=DescribeSecurityGroupAssociationStatistics>.
//! Terraform deletes a group when nothing uses it any more. A group that does not exist is not answered.

use crate::{Action, Batch, Body, Context, Parameters, Product, Reason};
use cvmd_model::SecurityGroupId;
use cvmd_state::View;
use serde::Serialize;

pub(crate) const ACTION: Action = Action::query(Product::Vpc, "DescribeSecurityGroupAssociationStatistics", answer)
    .errors(&["InvalidParameterValue.LimitExceeded", "InvalidParameterValue.Malformed"]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let ids: Batch<SecurityGroupId> = Batch::read(parameters, "SecurityGroupIds")?;
    let there = |id: &&SecurityGroupId| view.security_group_of(context.account, context.region, **id).is_some();
    let set: Vec<_> = ids.iter().filter(there).map(|id| statistics(*id, view, context)).collect();
    Ok(Body::of(object! { SecurityGroupAssociationStatisticsSet: set }))
}

fn statistics(id: SecurityGroupId, view: &View, context: &Context) -> impl Serialize {
    let instances = view.instances_with(id);
    let others = view.security_groups().list(context.account, context.region);
    let naming = others.filter(|other| other.id != id && other.names(id)).count();
    let groups = u32::try_from(naming).unwrap_or(u32::MAX);
    object! {
        SecurityGroupId: id.to_string(),
        CVM: instances,
        CDB: 0,
        ENI: 0,
        SG: groups,
        CLB: 0,
        InstanceStatistics: vec![object! { InstanceType: "CVM", InstanceCount: instances }],
        TotalCount: instances.saturating_add(groups),
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

//! AssociateSecurityGroups: binds a security group to instances, after those that they have.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=AssociateSecurityGroups>.
//! Nothing enforces the group's rules, so the machines do not change.

use super::{declared, security_groups::one_group};
use crate::{Action, Apply, Batch, Context, Parameters, Product, Reason, change_all, network::exist};
use cvmd_model::InstanceId;

/// Security groups of an instance.
const GROUPS_MAX: usize = 5;

pub(crate) const ACTION: Action =
    Action::command(Product::Cvm, "AssociateSecurityGroups", prepare).errors_of(&[declared::CHANGE]).errors(&[
        "InvalidParameterValue.LimitExceeded",
        "InvalidSecurityGroupId.NotFound",
        "LimitExceeded.AssociateUSGLimitExceeded",
    ]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let group = one_group(parameters)?;
    let ids: Batch<InstanceId> = Batch::read(parameters, "InstanceIds")?;
    Ok(Box::new(move |tx, context| {
        exist(tx.view(), context, &[group])?;
        let instances = ids.find(tx.view(), context)?;
        change_all(tx, &instances, |instance| instance.bind_security_group(group, GROUPS_MAX, context.by(ACTION.name)))
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> AssociateSecurityGroups {"SecurityGroupIds":["sg-mine0001"],"InstanceIds":["ins-running1","ins-stopped1"]}
< {}
> DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."SecurityGroupIds":["sg-xb138367","sg-mine0001"]..."LatestOperation":"AssociateSecurityGroups","LatestOperationState":"SUCCESS"...
> DescribeInstances {"Filters":[{"Name":"security-group-id","Values":["sg-mine0001"]}]}
< {"TotalCount":2,...
# Once more changes nothing.
> AssociateSecurityGroups {"SecurityGroupIds":["sg-mine0001"],"InstanceIds":["ins-running1"]}
< {}
> DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."SecurityGroupIds":["sg-xb138367","sg-mine0001"]...
> AssociateSecurityGroups {"SecurityGroupIds":["sg-mine0001","sg-mine0002"],"InstanceIds":["ins-running1"]}
< InvalidParameterValue.LimitExceeded The parameter `SecurityGroupIds` has 2 values; at most 1 are allowed.
> AssociateSecurityGroups {"SecurityGroupIds":["sg-foreign1"],"InstanceIds":["ins-running1"]}
< InvalidSecurityGroupId.NotFound The security group `sg-foreign1` does not exist.
> AssociateSecurityGroups {"SecurityGroupIds":["sg-mine0001"],"InstanceIds":["ins-foreign1"]}
< InvalidInstanceId.NotFound ...
> AssociateSecurityGroups {"SecurityGroupIds":["sg-mine0001"],"InstanceIds":["ins-1"]}
< InvalidInstanceId.Malformed ...
> AssociateSecurityGroups {"SecurityGroupIds":["sg-mine0001"],"InstanceIds":["ins-busy0001"]}
< OperationDenied.InstanceOperationInProgress ...
>> AssociateSecurityGroups {"SecurityGroupIds":["sg-mine0001"],"InstanceIds":["ins-busy0001"]}
< InvalidInstance.NotSupported ...

full networks
> ModifyInstancesAttribute {"InstanceIds":["ins-running1"],"SecurityGroups":["sg-mine0001","sg-mine0002","sg-filler03","sg-filler04","sg-filler05"]}
< {}
> AssociateSecurityGroups {"SecurityGroupIds":["sg-filler06"],"InstanceIds":["ins-running1"]}
< LimitExceeded.AssociateUSGLimitExceeded An instance takes at most 5 security groups.
"#;

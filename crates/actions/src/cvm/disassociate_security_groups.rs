//! DisassociateSecurityGroups: unbinds a security group from instances.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=DisassociateSecurityGroups>.
//! Where the vendor is silent: a group that is not bound is no error, and the last one may be unbound.

use super::{declared, security_groups::one_group};
use crate::{Action, Apply, Batch, Context, Parameters, Product, Reason, change_all, network::exist};
use cvmd_model::InstanceId;

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "DisassociateSecurityGroups", prepare)
    .errors_of(&[declared::CHANGE])
    .errors(&["InvalidParameterValue.LimitExceeded", "InvalidSecurityGroupId.NotFound"]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let group = one_group(parameters)?;
    let ids: Batch<InstanceId> = Batch::read(parameters, "InstanceIds")?;
    Ok(Box::new(move |tx, context| {
        exist(tx.view(), context, &[group])?;
        let instances = ids.find(tx.view(), context)?;
        change_all(tx, &instances, |instance| instance.unbind_security_group(group, context.by(ACTION.name)))
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DisassociateSecurityGroups {"SecurityGroupIds":["sg-mine0001"],"InstanceIds":["ins-running1"]}
< {}
> DisassociateSecurityGroups {"SecurityGroupIds":["sg-xb138367"],"InstanceIds":["ins-running1"]}
< {}
> DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."SecurityGroupIds":[]..."LatestOperation":"DisassociateSecurityGroups","LatestOperationState":"SUCCESS"...
> DisassociateSecurityGroups {"SecurityGroupIds":["sg-mine0001","sg-mine0002"],"InstanceIds":["ins-running1"]}
< InvalidParameterValue.LimitExceeded ...
> DisassociateSecurityGroups {"SecurityGroupIds":["sg-nowhere0"],"InstanceIds":["ins-running1"]}
< InvalidSecurityGroupId.NotFound ...
> DisassociateSecurityGroups {"SecurityGroupIds":["sg-mine0001"],"InstanceIds":["ins-nowhere0"]}
< InvalidInstanceId.NotFound ...
> DisassociateSecurityGroups {"SecurityGroupIds":["sg-mine0001"],"InstanceIds":["ins-1"]}
< InvalidInstanceId.Malformed ...
> DisassociateSecurityGroups {"SecurityGroupIds":["sg-mine0001"],"InstanceIds":["ins-busy0001"]}
< OperationDenied.InstanceOperationInProgress ...
>> DisassociateSecurityGroups {"SecurityGroupIds":["sg-mine0001"],"InstanceIds":["ins-busy0001"]}
< InvalidInstance.NotSupported ...
"#;

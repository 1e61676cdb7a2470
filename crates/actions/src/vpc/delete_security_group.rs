//! DeleteSecurityGroup: deletes a security group that no instance has and no other group's rule names.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=vpc&Version=2017-03-12&Action=DeleteSecurityGroup>.

use crate::{Action, Apply, Body, Context, Parameters, Product, Reason, network};
use cvmd_model::{Refusal, SecurityGroupId};

pub(crate) const ACTION: Action = Action::command(Product::Vpc, "DeleteSecurityGroup", prepare).errors(&[
    "InvalidParameterValue.Malformed",
    "InvalidParameterValue.Reserved",
    "ResourceInUse",
    "ResourceNotFound",
]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let id: SecurityGroupId = network::required(parameters, "SecurityGroupId")?;
    Ok(Box::new(move |tx, context| {
        let group = network::found(tx.view().security_group_of(context.account, context.region, id), id)?;
        if group.is_default() {
            return Err(Refusal::NetworkIsDefault(id.to_string().into()).into());
        }
        let instances = tx.view().instances_with(id);
        if instances > 0 {
            return Err(Refusal::SecurityGroupInUse { group: id, instances }.into());
        }
        let mut others = tx.view().security_groups().list(context.account, context.region);
        if let Some(by) = others.find(|other| other.id != id && other.names(id)) {
            return Err(Refusal::SecurityGroupNamed { group: id, by: by.id }.into());
        }
        tx.delete(&group);
        Ok(Body::empty())
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DeleteSecurityGroup {"SecurityGroupId":"sg-mine0001"}
< ResourceInUse The security group `sg-mine0001` is named in a rule of `sg-mine0002`.
> DeleteSecurityGroup {"SecurityGroupId":"sg-mine0002"}
< {}
> cvm.AssociateSecurityGroups {"SecurityGroupIds":["sg-mine0001"],"InstanceIds":["ins-stopped1"]}
< {}
> DeleteSecurityGroup {"SecurityGroupId":"sg-mine0001"}
< ResourceInUse The security group `sg-mine0001` is bound to 1 instance(s).
> cvm.DisassociateSecurityGroups {"SecurityGroupIds":["sg-mine0001"],"InstanceIds":["ins-stopped1"]}
< {}
> DeleteSecurityGroup {"SecurityGroupId":"sg-mine0001"}
< {}
> DescribeSecurityGroups {}
< {"TotalCount":1,"SecurityGroupSet":[{"SecurityGroupId":"sg-xb138367",...}]}
> DeleteSecurityGroup {"SecurityGroupId":"sg-mine0001"}
< ResourceNotFound The resource `sg-mine0001` does not exist.
> DeleteSecurityGroup {"SecurityGroupId":"sg-foreign1"}
< ResourceNotFound ...
> DeleteSecurityGroup {"SecurityGroupId":"sg-xb138367"}
< InvalidParameterValue.Reserved ...
> DeleteSecurityGroup {"SecurityGroupId":"sg"}
< InvalidParameterValue.Malformed ...
"#;

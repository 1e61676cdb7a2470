//! ModifySecurityGroupAttribute: changes a security group's name or description.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=vpc&Version=2017-03-12&Action=ModifySecurityGroupAttribute>.

use super::security_groups::description;
use crate::{Action, Apply, Context, Parameters, Product, Reason, network, vpc::security_rules::change};
use cvmd_model::SecurityGroupId;

pub(crate) const ACTION: Action = Action::command(Product::Vpc, "ModifySecurityGroupAttribute", prepare).errors(&[
    "InvalidParameterValue.Malformed",
    "InvalidParameterValue.TooLong",
    "ResourceNotFound",
]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let id: SecurityGroupId = network::required(parameters, "SecurityGroupId")?;
    let (name, description) = (network::name(parameters, "GroupName")?, description(parameters)?);
    Ok(Box::new(move |tx, context| {
        change(tx, context, id, |group| {
            if let Some(name) = name {
                group.name = name;
            }
            if let Some(description) = description {
                group.description = description;
            }
            group.updated_seconds = context.now_seconds;
            Ok(())
        })
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> ModifySecurityGroupAttribute {"SecurityGroupId":"sg-mine0001","GroupName":"renamed"}
< {}
> ModifySecurityGroupAttribute {"SecurityGroupId":"sg-mine0001","GroupDescription":"told"}
< {}
> DescribeSecurityGroups {"SecurityGroupIds":["sg-mine0001"]}
< ..."SecurityGroupName":"renamed","SecurityGroupDesc":"told"...
> ModifySecurityGroupAttribute {"SecurityGroupId":"sg-xb138367","GroupName":"home"}
< {}
> DescribeSecurityGroups {"SecurityGroupIds":["sg-xb138367"]}
< ..."SecurityGroupName":"home"..."IsDefault":true...
> ModifySecurityGroupAttribute {"SecurityGroupId":"sg-foreign1","GroupName":"x"}
< ResourceNotFound The resource `sg-foreign1` does not exist.
> ModifySecurityGroupAttribute {"SecurityGroupId":"sg","GroupName":"x"}
< InvalidParameterValue.Malformed ...
> ModifySecurityGroupAttribute {"SecurityGroupId":"sg-mine0001","GroupName":"1234567890123456789012345678901234567890123456789012345678901"}
< InvalidParameterValue.TooLong ...
"#;

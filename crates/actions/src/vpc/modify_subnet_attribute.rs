//! ModifySubnetAttribute: changes a subnet's name or broadcast.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=vpc&Version=2017-03-12&Action=ModifySubnetAttribute>.
//! Broadcast is stored and answered; nothing is broadcast here.

use crate::{Action, Apply, Body, Context, Parameters, Product, Reason, network};
use cvmd_model::{Subnet, SubnetId};

pub(crate) const ACTION: Action = Action::command(Product::Vpc, "ModifySubnetAttribute", prepare).errors(&[
    "InvalidParameterValue.Malformed",
    "InvalidParameterValue.TooLong",
    "ResourceNotFound",
]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let id: SubnetId = network::required(parameters, "SubnetId")?;
    let name = network::name(parameters, "SubnetName")?;
    let broadcast = network::text_flag(parameters, "EnableBroadcast")?;
    Ok(Box::new(move |tx, context| {
        let found = network::found(tx.view().subnet_of(context.account, context.region, id), id)?;
        let mut subnet = Subnet::clone(&found);
        subnet.name = name.unwrap_or(subnet.name);
        subnet.broadcast = broadcast.unwrap_or(subnet.broadcast);
        subnet.sequence = network::place(tx, subnet.sequence);
        tx.put(subnet);
        Ok(Body::empty())
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> ModifySubnetAttribute {"SubnetId":"subnet-mine0001","SubnetName":"renamed","EnableBroadcast":"TRUE"}
< {}
> DescribeSubnets {"SubnetIds":["subnet-mine0001"]}
< ..."SubnetName":"renamed"..."EnableBroadcast":true...
> ModifySubnetAttribute {"SubnetId":"subnet-q454yc3b","SubnetName":"home"}
< {}
> DescribeSubnets {"Filters":[{"Name":"is-default","Values":["true"]},{"Name":"zone","Values":["ap-guangzhou-3"]}]}
< {"TotalCount":1,"SubnetSet":[{..."SubnetId":"subnet-q454yc3b","SubnetName":"home",..."IsDefault":true,...,...}],...}
> ModifySubnetAttribute {"SubnetId":"subnet-foreign1","SubnetName":"x"}
< ResourceNotFound ...
> ModifySubnetAttribute {"SubnetId":"mine0001","SubnetName":"x"}
< InvalidParameterValue.Malformed ...
> ModifySubnetAttribute {"SubnetId":"subnet-mine0001","SubnetName":"1234567890123456789012345678901234567890123456789012345678901"}
< InvalidParameterValue.TooLong ...
"#;

//! DeleteSubnet: deletes a subnet without instances.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=vpc&Version=2017-03-12&Action=DeleteSubnet>.
//! A terminated instance stays in its subnet until its machine is gone.

use crate::{Action, Apply, Body, Context, Parameters, Product, Reason, network};
use cvmd_model::{Refusal, SubnetId};

pub(crate) const ACTION: Action = Action::command(Product::Vpc, "DeleteSubnet", prepare).errors(&[
    "InvalidParameterValue.Malformed",
    "InvalidParameterValue.Reserved",
    "ResourceInUse",
    "ResourceNotFound",
]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let id: SubnetId = network::required(parameters, "SubnetId")?;
    Ok(Box::new(move |tx, context| {
        let subnet = network::found(tx.view().subnet_of(context.account, context.region, id), id)?;
        if subnet.is_default() {
            return Err(Refusal::NetworkIsDefault(id.to_string().into()).into());
        }
        match tx.view().instances_in(id) {
            0 => tx.delete(&subnet),
            instances => return Err(Refusal::SubnetInUse { subnet: id, instances }.into()),
        }
        Ok(Body::empty())
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> cvm.RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","VirtualPrivateCloud":{"VpcId":"vpc-mine0001","SubnetId":"subnet-mine0001"}}
< {"InstanceIdSet":["ins-..."]}
> DeleteSubnet {"SubnetId":"subnet-mine0001"}
< ResourceInUse The subnet `subnet-mine0001` is used by 1 instance(s).
> DeleteSubnet {"SubnetId":"subnet-mine0002"}
< {}
> DescribeSubnets {"SubnetIds":["subnet-mine0002"]}
< {"TotalCount":0,"SubnetSet":[],...}
> DeleteSubnet {"SubnetId":"subnet-mine0002"}
< ResourceNotFound The resource `subnet-mine0002` does not exist.
> DeleteSubnet {"SubnetId":"subnet-q454yc3b"}
< InvalidParameterValue.Reserved ...
> DeleteSubnet {"SubnetId":"nonsense"}
< InvalidParameterValue.Malformed ...
"#;

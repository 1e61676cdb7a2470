//! DeleteVpc: deletes a VPC that has no subnets.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=vpc&Version=2017-03-12&Action=DeleteVpc>.
//! Where the vendor is silent: a VPC with subnets is in use, even if they are empty, and the default VPC cannot be
//! deleted.

use crate::{Action, Apply, Body, Context, Parameters, Product, Reason, network};
use cvmd_model::{Refusal, VpcId};

pub(crate) const ACTION: Action = Action::command(Product::Vpc, "DeleteVpc", prepare).errors(&[
    "InvalidParameterValue.Malformed",
    "InvalidParameterValue.Reserved",
    "ResourceInUse",
    "ResourceNotFound",
]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let id: VpcId = network::required(parameters, "VpcId")?;
    Ok(Box::new(move |tx, context| {
        let vpc = network::found(tx.view().vpc_of(context.account, context.region, id), id)?;
        if vpc.is_default() {
            return Err(Refusal::NetworkIsDefault(id.to_string().into()).into());
        }
        let mut subnets = tx.view().subnets().list(context.account, context.region);
        if let Some(subnet) = subnets.find(|subnet| subnet.vpc == id) {
            return Err(Refusal::VpcInUse { vpc: id, subnet: subnet.id }.into());
        }
        tx.delete(&vpc);
        Ok(Body::empty())
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DeleteVpc {"VpcId":"vpc-twin0001"}
< ResourceInUse The VPC `vpc-twin0001` has the subnet `subnet-twin0001`: delete that first.
> DeleteSubnet {"SubnetId":"subnet-twin0001"}
< {}
> DeleteVpc {"VpcId":"vpc-twin0001"}
< {}
> DescribeVpcs {"VpcIds":["vpc-twin0001"]}
< {"TotalCount":0,"VpcSet":[]}
> DeleteVpc {"VpcId":"vpc-twin0001"}
< ResourceNotFound The resource `vpc-twin0001` does not exist.
> DeleteVpc {"VpcId":"vpc-foreign1"}
< ResourceNotFound ...
> DeleteVpc {"VpcId":"vpc-vaxeev3f"}
< InvalidParameterValue.Reserved The resource `vpc-vaxeev3f` is the default one, which cannot be deleted.
> DeleteVpc {"VpcId":"subnet-mine0001"}
< InvalidParameterValue.Malformed ...
"#;

//! CreateDefaultVpc: the account's default VPC in the region, and its default subnet in a zone.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=vpc&Version=2017-03-12&Action=CreateDefaultVpc>.
//! Unlike upstream, every account has both from the beginning, so nothing is made; the default zone is the region's
//! first.

use crate::{Action, Body, Context, Parameters, Product, Reason, network, types};
use cvmd_model::VpcId;
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Vpc, "CreateDefaultVpc", answer)
    .errors(&["InvalidParameterValue.UnavailableZone"])
    .without_effect(&["Force"]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let zone = if parameters.has("Zone") { Some(network::zone(parameters, context.region)?) } else { None };
    let no_zone = || Reason::ZoneUnavailable { value: "".into(), region: context.region.name() };
    let zone = zone.or_else(|| types::zones(context).next()).ok_or_else(no_zone)?;
    let vpc = view.vpc_of(context.account, context.region, VpcId::of_default(context.account, context.region));
    let vpc = vpc.ok_or_else(no_zone)?;
    let subnet = view.default_subnet_of(context.account, zone);
    Ok(Body::of(object! {
        Vpc: object! {
            VpcId: vpc.id.to_string(),
            SubnetId: subnet.id.to_string(),
            VpcName: &vpc.name,
            SubnetName: &subnet.name,
            CidrBlock: subnet.cidr.to_string(),
        },
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> CreateDefaultVpc {}
< {"Vpc":{"VpcId":"vpc-vaxeev3f","SubnetId":"subnet-...","VpcName":"Default-VPC","SubnetName":"Default-Subnet","CidrBlock":"127.64.0.0/...
> CreateDefaultVpc {"Zone":"ap-guangzhou-3","Force":true}
< {"Vpc":{"VpcId":"vpc-vaxeev3f","SubnetId":"subnet-q454yc3b",...}}
> DescribeVpcs {"VpcIds":["vpc-vaxeev3f"]}
< ..."IsDefault":true...
> CreateDefaultVpc {"Zone":"ap-shanghai-2"}
< InvalidParameterValue.UnavailableZone ...
> CreateDefaultVpc {"Zone":"ap-atlantis-1"}
< InvalidParameterValue.UnavailableZone ...
"#;

//! CreateSubnet: makes a subnet in a VPC, in one zone; it is associated with the VPC's route table.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=vpc&Version=2017-03-12&Action=CreateSubnet>.
//! The default VPC accepts no further subnets: its own cover it.

use crate::{Action, Apply, Body, Context, Parameters, Product, Reason, Words, network, vpc::network_reply};
use cvmd_model::{Refusal, Subnet, SubnetId, VpcId};

/// The maximum of subnets of a VPC.
const SUBNETS_MAX: usize = 100;

pub(crate) const ACTION: Action = Action::command(Product::Vpc, "CreateSubnet", prepare)
    .errors(&[
        "InvalidParameterValue.Malformed",
        "InvalidParameterValue.SubnetConflict",
        "InvalidParameterValue.SubnetRange",
        "InvalidParameterValue.TagDuplicateKey",
        "InvalidParameterValue.TooLong",
        "InvalidParameterValue.UnavailableZone",
        "ResourceNotFound",
        "UnsupportedOperation",
    ])
    .without_effect(&["StackType"]);

fn prepare(parameters: &mut Parameters, context: &Context) -> Result<Apply, Reason> {
    let vpc: VpcId = network::required(parameters, "VpcId")?;
    let name = network::name(parameters, "SubnetName")?.unwrap_or_default();
    let zone = network::zone(parameters, context.region)?;
    for (parameter, what) in [("Ipv6CidrBlock", Words::name("Ipv6CidrBlock")), ("CdcId", Words::name("CdcId"))] {
        if parameters.text(parameter)?.is_some_and(|value| !value.is_empty()) {
            return Err(Reason::Unsupported { what });
        }
    }
    let cidr = network::cidr(parameters)?;
    let tags = network::tags(parameters)?;
    Ok(Box::new(move |tx, context| {
        let view = tx.view();
        let vpc = network::found(view.vpc_of(context.account, context.region, vpc), vpc)?;
        let there = || view.subnets_of(context.account, context.region).filter(|subnet| subnet.vpc == vpc.id);
        let others: Vec<_> = there().collect();
        vpc.allows_subnet(cidr, others.iter().map(|subnet| &**subnet))?;
        if others.len() >= SUBNETS_MAX {
            return Err(Refusal::SubnetQuota { limit: SUBNETS_MAX }.into());
        }
        let mut random = context.random(b'n');
        let subnet = Subnet {
            id: Context::new_id(&mut random, SubnetId::from_random, |id| view.subnets().get(*id).is_none()),
            sequence: tx.next_sequence(),
            account: context.account,
            zone,
            vpc: vpc.id,
            route_table: vpc.route_table,
            name,
            cidr,
            broadcast: false,
            created_seconds: context.now_seconds,
            tags,
        };
        let body = Body::of(object! { Subnet: network_reply::subnet(&subnet, view) });
        tx.put(subnet);
        Ok(body)
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> CreateSubnet {"VpcId":"vpc-mine0001","SubnetName":"front","CidrBlock":"10.0.9.0/24","Zone":"ap-guangzhou-3","CdcId":"","Tags":[{"Key":"city","Value":"x"}]}
< {"Subnet":{"VpcId":"vpc-mine0001","SubnetId":"subnet-...","SubnetName":"front","CidrBlock":"10.0.9.0/24","Ipv6CidrBlock":"","IsDefault":false,"EnableBroadcast":false,"Zone":"ap-guangzhou-3","RouteTableId":"rtb-mine0001",..."TotalIpAddressCount":253,"AvailableIpAddressCount":253,"CdcId":"","IsCdcSubnet":0,"CreatedTime":"2026-11-24 00:00:00","TagSet":[{"Key":"city","Value":"x"}],...}}
> DescribeSubnets {"Filters":[{"Name":"tag:city","Values":["x"]}]}
< {"TotalCount":1,"SubnetSet":[{...,"SubnetName":"front",...,...}],...}
> CreateSubnet {"VpcId":"vpc-mine0001","SubnetName":"front","CidrBlock":"10.0.9.128/25","Zone":"ap-guangzhou-3"}
< InvalidParameterValue.SubnetConflict The range `10.0.9.128/25` overlaps that of the subnet `subnet-...
> CreateSubnet {"VpcId":"vpc-mine0001","SubnetName":"front","CidrBlock":"10.1.0.0/24","Zone":"ap-guangzhou-3"}
< InvalidParameterValue.SubnetRange The range `10.1.0.0/24` is no subnet's: ...
> CreateSubnet {"VpcId":"vpc-vaxeev3f","SubnetName":"front","CidrBlock":"127.65.0.0/24","Zone":"ap-guangzhou-3"}
< InvalidParameterValue.SubnetConflict The range `127.65.0.0/24` overlaps that of the subnet `subnet-q454yc3b`.
> CreateSubnet {"VpcId":"vpc-foreign1","SubnetName":"front","CidrBlock":"10.0.9.0/24","Zone":"ap-guangzhou-3"}
< ResourceNotFound The resource `vpc-foreign1` does not exist.
> CreateSubnet {"VpcId":"vpc-mine0001","SubnetName":"front","CidrBlock":"10.0.9.0/24","Zone":"ap-shanghai-2"}
< InvalidParameterValue.UnavailableZone The zone `ap-shanghai-2` is not available in the region `ap-guangzhou`.
> CreateSubnet {"VpcId":"vpc-mine0001","SubnetName":"front","CidrBlock":"10.0.9","Zone":"ap-guangzhou-3"}
< InvalidParameterValue.Malformed ...
> CreateSubnet {"VpcId":"vpc-mine0001","SubnetName":"1234567890123456789012345678901234567890123456789012345678901","CidrBlock":"10.0.9.0/24","Zone":"ap-guangzhou-3"}
< InvalidParameterValue.TooLong ...
> CreateSubnet {"VpcId":"vpc-mine0001","SubnetName":"front","CidrBlock":"10.0.9.0/24","Zone":"ap-guangzhou-3","Tags":[{"Key":"a","Value":"b"},{"Key":"a","Value":"c"}]}
< InvalidParameterValue.TagDuplicateKey ...
> CreateSubnet {"VpcId":"vpc-mine0001","SubnetName":"front","CidrBlock":"10.0.9.0/24","Zone":"ap-guangzhou-3","CdcId":"cluster-1"}
< UnsupportedOperation ...

full networks
> CreateSubnet {"VpcId":"vpc-mine0001","SubnetName":"one more","CidrBlock":"10.0.200.0/24","Zone":"ap-guangzhou-3"}
< LimitExceeded The VPC has 100 subnets, which is the limit.
"#;

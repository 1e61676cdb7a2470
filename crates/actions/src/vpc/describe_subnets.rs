//! DescribeSubnets: the account's subnets in the region, newest first, the default ones last.
//!
//! <https://cloud.tencent.com/document/api/215/15784>. Well-formed ids that do not exist are no error. All default
//! subnets share one block of addresses: each shows how many of the block are free. There is no paging by token.

use super::declared;
use crate::{Action, Body, Context, NULL, Parameters, Product, Reason, network::Wanted, vpc::network_reply};
use cvmd_model::{Subnet, SubnetId};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Vpc, "DescribeSubnets", answer)
    .errors_of(&[declared::SELECTION])
    .without_effect(&["MaxResults", "NextToken"]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let wanted: Wanted<SubnetId> = Wanted::read(parameters, "SubnetIds", "`SubnetIds` and `Filters`", FILTERS)?;
    let all = view.subnets_of(context.account, context.region);
    let (total_count, subnets) = wanted.select(all, |subnet| subnet.id, |filter, subnet| passes(filter, subnet));
    let subnets: Vec<_> = subnets.iter().map(|subnet| network_reply::subnet(subnet, view)).collect();
    let region_statistics = network_reply::region_statistics(context.region, total_count);
    Ok(Body::of(object! {
        TotalCount: total_count,
        SubnetSet: subnets,
        RegionStatistics: region_statistics,
        NextToken: NULL,
    }))
}

filters! {
    fn passes(filter, subnet: &Subnet) {
        "subnet-id" => filter.has(&subnet.id.to_string()),
        "vpc-id" => filter.has(&subnet.vpc.to_string()),
        "cidr-block" => filter.has(&subnet.cidr.to_string()) || filter.has(&subnet.cidr.first().to_string()),
        "is-default" => filter.has_flag(subnet.is_default()),
        "is-remote-vpc-snat" => filter.has_flag(false),
        "subnet-name" => filter.has_part_of(&subnet.name),
        "zone" => filter.has(subnet.zone.name()),
        "cdc-id" => filter.has(""),
        "is-cdc-subnet" => filter.has("0"),
        // No subnet here has IPv6.
        "ipv6-cidr-block" | "isp-type" | "address-type" => false,
        ["tag-key"] => &subnet.tags,
    }
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeSubnets {"Filters":[{"Name":"is-default","Values":["true"]},{"Name":"zone","Values":["ap-guangzhou-3"]}]}
< {"TotalCount":1,"SubnetSet":[{"VpcId":"vpc-vaxeev3f","SubnetId":"subnet-q454yc3b","SubnetName":"Default-Subnet","CidrBlock":"127.64.0.0/10","Ipv6CidrBlock":"","IsDefault":true,"EnableBroadcast":false,"Zone":"ap-guangzhou-3","RouteTableId":"rtb-88n8ubyg","NetworkAclId":"","IsRemoteVpcSnat":false,"TotalIpAddressCount":4161535,"AvailableIpAddressCount":4161523,"CdcId":"",...,"TagSet":[],...,...}],...}
> DescribeSubnets {"Filters":[{"Name":"vpc-id","Values":["vpc-mine0001"]},{"Name":"is-remote-vpc-snat","Values":["false"]},{"Name":"is-cdc-subnet","Values":["0"]},{"Name":"cdc-id","Values":[""]}]}
< {"TotalCount":2,"SubnetSet":[{..."SubnetId":"subnet-mine0002",...},{..."SubnetId":"subnet-mine0001",...,...}],...}
> DescribeSubnets {"Filters":[{"Name":"address-type","Values":["GUA"]}]}
< {"TotalCount":0,"SubnetSet":[],...}
> DescribeSubnets {"Limit":"1","Offset":"1","Filters":[{"Name":"cidr-block","Values":["10.0.1.0"]},{"Name":"subnet-name","Values":["mine","twin"]}]}
< {"TotalCount":2,"SubnetSet":[{..."SubnetId":"subnet-mine0001",...,...}],...}
> DescribeSubnets {"SubnetIds":["subnet-nowhere0","subnet-foreign1","subnet-mine0001"]}
< {"TotalCount":1,"SubnetSet":[{..."SubnetId":"subnet-mine0001",...,...}],...}
> DescribeSubnets {"Filters":[{"Name":"subnet-id","Values":["subnet-mine0001"]},{"Name":"tag-key","Values":["team"]}]}
< {"TotalCount":0,"SubnetSet":[],...}

# An instance takes an address of its subnet, and of that only.
> cvm.RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","VirtualPrivateCloud":{"VpcId":"vpc-mine0001","SubnetId":"subnet-mine0001"}}
< {"InstanceIdSet":["ins-..."]}
> DescribeSubnets {"SubnetIds":["subnet-mine0001"]}
< ..."TotalIpAddressCount":13,"AvailableIpAddressCount":12...
> DescribeSubnets {"SubnetIds":["subnet-twin0001"]}
< ..."TotalIpAddressCount":253,"AvailableIpAddressCount":253...
> DescribeSubnets {"SubnetIds":["subnet-q454yc3b"]}
< ..."AvailableIpAddressCount":4161523...

> DescribeSubnets {"SubnetIds":["subnet-mine0001"],"Filters":[{"Name":"zone","Values":["ap-guangzhou-3"]}]}
< InvalidParameter.Coexist ...
> DescribeSubnets {"SubnetIds":["subnet-1"]}
< InvalidParameterValue.Malformed ...
> DescribeSubnets {"SubnetIds":[101*"subnet-mine0001"]}
< InvalidParameterValue.LimitExceeded ...
> DescribeSubnets {"Filters":[{"Name":"colour","Values":["red"]}]}
< InvalidParameter.FilterInvalidKey ...
> DescribeSubnets {"Filters":[{"Name":"zone","Values":["1","2","3","4","5","6"]}]}
< LimitExceeded.NumberOfFilters ...
"#;

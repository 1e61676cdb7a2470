//! CreateVpc: makes a virtual private cloud, with its default route table.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=vpc&Version=2017-03-12&Action=CreateVpc>.
//! IPv4 only. All of 10.0.0.0/8 is allowed, as in the vendor's console.

use super::vpc_settings::{dns_servers, domain_name};
use crate::{Action, Apply, Body, Context, Parameters, Product, Reason, Words, network, vpc::network_reply};
use cvmd_model::{Cidr, Refusal, RouteTableId, Tag, Vpc, VpcId};
use std::net::Ipv4Addr;

/// The maximum of VPCs of an account in a region, without the default one.
const VPCS_MAX: usize = 20;
pub(crate) const ACTION: Action = Action::command(Product::Vpc, "CreateVpc", prepare)
    .errors(&[
        "InvalidParameterValue.LimitExceeded",
        "InvalidParameterValue.Malformed",
        "InvalidParameterValue.Range",
        "InvalidParameterValue.TagDuplicateKey",
        "InvalidParameterValue.TooLong",
        "UnsupportedOperation",
    ])
    .without_effect(&["AddressType", "EnableRouteVpcPublish", "EnableRouteVpcPublishIpv6", "StackType"]);

struct VpcSpec {
    name: Box<str>,
    cidr: Cidr,
    multicast: bool,
    dns_servers: Box<[Ipv4Addr]>,
    domain_name: Box<str>,
    tags: Box<[Tag]>,
}

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let name = network::name(parameters, "VpcName")?.unwrap_or_default();
    if parameters.text("Ipv6CidrBlock")?.is_some_and(|range| !range.is_empty()) {
        return Err(Reason::Unsupported { what: Words::name("Ipv6CidrBlock") });
    }
    let cidr = network::cidr(parameters)?;
    Vpc::allows_cidr(cidr)?;
    let multicast = network::text_flag(parameters, "EnableMulticast")?.unwrap_or(false);
    let (dns_servers, domain_name) = (dns_servers(parameters)?.unwrap_or_default(), domain_name(parameters)?);
    let tags = network::tags(parameters)?;
    let spec = VpcSpec { name, cidr, multicast, dns_servers, domain_name: domain_name.unwrap_or_default(), tags };
    Ok(Box::new(move |tx, context| {
        let view = tx.view();
        if view.vpcs().list(context.account, context.region).filter(|vpc| !vpc.is_default()).count() >= VPCS_MAX {
            return Err(Refusal::VpcQuota { limit: VPCS_MAX }.into());
        }
        let mut random = context.random(b'n');
        let vpc = Vpc {
            id: Context::new_id(&mut random, VpcId::from_random, |id| view.vpcs().get(*id).is_none()),
            sequence: tx.next_sequence(),
            account: context.account,
            region: context.region,
            name: spec.name,
            cidr: spec.cidr,
            route_table: Context::new_id(&mut random, RouteTableId::from_random, |_| true),
            dns_servers: spec.dns_servers,
            domain_name: spec.domain_name,
            multicast: spec.multicast,
            created_seconds: context.now_seconds,
            tags: spec.tags,
        };
        let body = Body::of(object! { Vpc: network_reply::vpc(&vpc) });
        tx.put(vpc);
        Ok(body)
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> CreateVpc {"VpcName":"web","CidrBlock":"10.8.0.0/16","EnableMulticast":"true","DnsServers":["10.8.0.2"],"DomainName":"example.test","Tags":[{"Key":"city","Value":"x"}]}
< {"Vpc":{"VpcId":"vpc-...","VpcName":"web","CidrBlock":"10.8.0.0/16",..."IsDefault":false,"EnableMulticast":true,..."DnsServerSet":["10.8.0.2"],"DomainName":"example.test","CreatedTime":"2026-11-24 00:00:00","TagSet":[{"Key":"city","Value":"x"}],...}}
> DescribeVpcs {"Filters":[{"Name":"tag:city","Values":["x"]}]}
< {"TotalCount":1,"VpcSet":[{"VpcId":"vpc-...","VpcName":"web",...}]}
# Two may have the same range.
> CreateVpc {"VpcName":"web","CidrBlock":"10.8.0.0/16"}
< {"Vpc":...
> CreateVpc {"VpcName":"web"}
< MissingParameter The request is missing a required parameter `CidrBlock`.
> CreateVpc {"VpcName":"","CidrBlock":"10.8.0.0/16"}
< InvalidParameterValue The value `` specified in the parameter `VpcName` is not valid: 1 to 60 characters.
> CreateVpc {"VpcName":"1234567890123456789012345678901234567890123456789012345678901","CidrBlock":"10.8.0.0/16"}
< InvalidParameterValue.TooLong The parameter `VpcName` is longer than 60 characters.
> CreateVpc {"VpcName":"web","CidrBlock":"10.8.0.1/16"}
< InvalidParameterValue.Malformed The value `10.8.0.1/16` of the parameter `CidrBlock` is malformed.
> CreateVpc {"VpcName":"web","CidrBlock":"11.0.0.0/16"}
< InvalidParameterValue.Range The range `11.0.0.0/16` is no VPC's: ...
> CreateVpc {"VpcName":"web","CidrBlock":"10.8.0.0/16","DnsServers":["1.1.1.1","1.1.1.1","1.1.1.1","1.1.1.1","1.1.1.1"]}
< InvalidParameterValue.LimitExceeded The parameter `DnsServers` has 5 values; at most 4 are allowed.
> CreateVpc {"VpcName":"web","CidrBlock":"10.8.0.0/16","EnableMulticast":"perhaps"}
< InvalidParameterValue The value `perhaps` specified in the parameter `EnableMulticast` is not valid: it is one of `true`, `false`.
> CreateVpc {"VpcName":"web","CidrBlock":"10.8.0.0/16","Tags":[{"Key":"a","Value":"b"},{"Key":"a","Value":"c"}]}
< InvalidParameterValue.TagDuplicateKey The tag `a` is given twice.
> CreateVpc {"VpcName":"web","CidrBlock":"10.8.0.0/16","Ipv6CidrBlock":"2001:db8::/56"}
< UnsupportedOperation ...

full networks
> CreateVpc {"VpcName":"one more","CidrBlock":"10.8.0.0/16"}
< LimitExceeded The region has 20 VPCs of the account, which is the limit.
"#;

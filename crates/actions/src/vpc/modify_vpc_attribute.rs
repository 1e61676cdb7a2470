//! ModifyVpcAttribute: changes a VPC's name, DNS servers, domain or multicast.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=vpc&Version=2017-03-12&Action=ModifyVpcAttribute>.
//! DNS servers and domain are stored and answered; guests do not get them.

use super::vpc_settings::{dns_servers, domain_name};
use crate::{Action, Apply, Body, Context, Parameters, Product, Reason, network};
use cvmd_model::{Vpc, VpcId};

pub(crate) const ACTION: Action = Action::command(Product::Vpc, "ModifyVpcAttribute", prepare)
    .errors(&[
        "InvalidParameterValue.LimitExceeded",
        "InvalidParameterValue.Malformed",
        "InvalidParameterValue.TooLong",
        "ResourceNotFound",
    ])
    .without_effect(&["EnableCdcPublish", "EnableRouteVpcPublish", "EnableRouteVpcPublishIpv6"]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let id: VpcId = network::required(parameters, "VpcId")?;
    let name = network::name(parameters, "VpcName")?;
    let multicast = network::text_flag(parameters, "EnableMulticast")?;
    let (dns_servers, domain_name) = (dns_servers(parameters)?, domain_name(parameters)?);
    Ok(Box::new(move |tx, context| {
        let found = network::found(tx.view().vpc_of(context.account, context.region, id), id)?;
        let mut vpc = Vpc::clone(&found);
        vpc.name = name.unwrap_or(vpc.name);
        vpc.multicast = multicast.unwrap_or(vpc.multicast);
        vpc.dns_servers = dns_servers.unwrap_or(vpc.dns_servers);
        vpc.domain_name = domain_name.unwrap_or(vpc.domain_name);
        vpc.sequence = network::place(tx, vpc.sequence);
        tx.put(vpc);
        Ok(Body::empty())
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> ModifyVpcAttribute {"VpcId":"vpc-mine0001","VpcName":"renamed","EnableMulticast":"true","DnsServers":["10.0.0.9"],"DomainName":"example.test"}
< {}
> DescribeVpcs {"VpcIds":["vpc-mine0001"]}
< {"TotalCount":1,"VpcSet":[{"VpcId":"vpc-mine0001","VpcName":"renamed",..."EnableMulticast":true,..."DnsServerSet":["10.0.0.9"],"DomainName":"example.test",...}]}
# What is not given stays; the default VPC stays the default one, and the last of the list.
> ModifyVpcAttribute {"VpcId":"vpc-vaxeev3f","VpcName":"home"}
< {}
> DescribeVpcs {}
< {"TotalCount":3,...{"VpcId":"vpc-vaxeev3f","VpcName":"home","CidrBlock":"127.64.0.0/10",..."IsDefault":true,...}]}
> ModifyVpcAttribute {"VpcId":"vpc-foreign1","VpcName":"x"}
< ResourceNotFound The resource `vpc-foreign1` does not exist.
> ModifyVpcAttribute {"VpcId":"vpc-1","VpcName":"x"}
< InvalidParameterValue.Malformed ...
> ModifyVpcAttribute {"VpcId":"vpc-mine0001","DnsServers":["x"]}
< InvalidParameterValue.Malformed The value `x` of the parameter `DnsServers` is malformed.
> ModifyVpcAttribute {"VpcId":"vpc-mine0001","DnsServers":[5*"1.1.1.1"]}
< InvalidParameterValue.LimitExceeded ...
> ModifyVpcAttribute {"VpcId":"vpc-mine0001","DomainName":"1234567890123456789012345678901234567890123456789012345678901"}
< InvalidParameterValue.TooLong ...
"#;

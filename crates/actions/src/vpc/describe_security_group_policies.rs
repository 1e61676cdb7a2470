//! DescribeSecurityGroupPolicies: a security group's rules in order, with their version.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=vpc&Version=2017-03-12&Action=DescribeSecurityGroupPolicies>.

use crate::{Action, Body, Context, Parameters, Product, Reason, filters, network, vpc::network_reply};
use cvmd_model::{Direction, Peer, Rule, SecurityGroupId};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Vpc, "DescribeSecurityGroupPolicies", answer).errors(&[
    "InvalidParameter.FilterInvalidKey",
    "InvalidParameterValue.Malformed",
    "LimitExceeded.NumberOfFilters",
    "ResourceNotFound",
]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let id: SecurityGroupId = network::required(parameters, "SecurityGroupId")?;
    let filters = filters::read(parameters, FILTERS)?;
    let group = network::found(view.security_group_of(context.account, context.region, id), id)?;
    let passes = |direction, rule: &Rule| filters.iter().all(|filter| passes(filter, direction, rule));
    Ok(Body::of(object! { SecurityGroupPolicySet: network_reply::policy_set(&group, passes) }))
}

filters! {
    fn passes(filter, direction: Direction, rule: &Rule) {
        "security-group-id" => matches!(rule.peer, Peer::Group(id) if filter.has(&id.to_string())),
        "ip" => matches!(&rule.peer, Peer::Ipv4(range) | Peer::Ipv6(range) if filter.has_part_of(range)),
        "protocol-type" => filter.has_word(&rule.protocol),
        "port" => filter.has_word("ALL") || filter.has_part_of(&rule.port),
        "poly" => filter.has_word("ALL") || filter.has_word(if rule.accept { "ACCEPT" } else { "DROP" }),
        "direction" => filter.has_word("ALL") || filter.has_word(if direction == Direction::Ingress { "INBOUND" } else { "OUTBOUND" }),
        "description" => filter.has_part_of(&rule.description),
        // There are no templates here.
        "address-module" | "service-module" => false,
    }
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001"}
< {"SecurityGroupPolicySet":{"Version":"0","Ingress":[{"PolicyIndex":0,"Protocol":"TCP","Port":"22","CidrBlock":"0.0.0.0/0","Ipv6CidrBlock":"","SecurityGroupId":"","ServiceTemplate":{"ServiceId":"","ServiceGroupId":""},"AddressTemplate":{"AddressId":"","AddressGroupId":""},"Action":"ACCEPT","PolicyDescription":"","ModifyTime":"2026-11-24 00:00:00",...}],"Egress":[],"PolicyStatistics":{"IngressIPv4TotalCount":1,...}}}
# The default group lets all IPv4 pass.
> DescribeSecurityGroupPolicies {"SecurityGroupId":"sg-xb138367"}
< {"SecurityGroupPolicySet":{"Version":"0","Ingress":[{..."Protocol":"ALL","Port":"ALL","CidrBlock":"0.0.0.0/0",...}],"Egress":[{...,"CidrBlock":"0.0.0.0/0",...}],...}}
> DescribeSecurityGroupPolicies {"SecurityGroupId":"sg-xb138367","Filters":[{"Name":"direction","Values":["OUTBOUND"]},{"Name":"ip","Values":["0.0"]},{"Name":"protocol-type","Values":["all"]},{"Name":"port","Values":["ALL"]},{"Name":"poly","Values":["ACCEPT"]},{"Name":"description","Values":[""]}]}
< {"SecurityGroupPolicySet":{"Version":"0","Ingress":[],"Egress":[{"PolicyIndex":0,...}],...}}
> DescribeSecurityGroupPolicies {"SecurityGroupId":"sg-mine0002","Filters":[{"Name":"security-group-id","Values":["sg-mine0001"]}]}
< {"SecurityGroupPolicySet":{"Version":"0","Ingress":[{..."SecurityGroupId":"sg-mine0001",...}],...}}
> DescribeSecurityGroupPolicies {"SecurityGroupId":"sg-mine0002","Filters":[{"Name":"address-module","Values":["ipm-1"]}]}
< {"SecurityGroupPolicySet":{"Version":"0","Ingress":[],"Egress":[],...}}
> DescribeSecurityGroupPolicies {"SecurityGroupId":"sg-foreign1"}
< ResourceNotFound The resource `sg-foreign1` does not exist.
> DescribeSecurityGroupPolicies {"SecurityGroupId":"sg"}
< InvalidParameterValue.Malformed ...
> DescribeSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","Filters":[{"Name":"colour","Values":["red"]}]}
< InvalidParameter.FilterInvalidKey ...
> DescribeSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","Filters":[{"Name":"ip","Values":["1","2","3","4","5","6"]}]}
< LimitExceeded.NumberOfFilters ...
"#;

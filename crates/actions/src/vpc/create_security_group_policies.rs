//! CreateSecurityGroupPolicies: inserts rules into a security group, in one direction, before an index or at the end.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=vpc&Version=2017-03-12&Action=CreateSecurityGroupPolicies>.
//! Rules are stored and answered; Unlike upstream, nothing enforces them. A rule without a protocol applies to all, as
//! Packer sends it. There are no templates of addresses or services.

use super::declared;
use crate::{
    Action, Apply, Context, Parameters, Product, Reason, network,
    vpc::security_rules::{Policy, PolicySet, change, unchanged},
};
use cvmd_model::SecurityGroupId;

pub(crate) const ACTION: Action = Action::command(Product::Vpc, "CreateSecurityGroupPolicies", prepare)
    .errors_of(&[declared::POLICIES])
    .errors(&[
        "InvalidParameterValue.Range",
        "LimitExceeded.SecurityGroupPolicySet",
        "UnsupportedOperation.DuplicatePolicy",
    ])
    .without_effect_of(&[declared::POLICY_SET]);

fn prepare(parameters: &mut Parameters, context: &Context) -> Result<Apply, Reason> {
    let id: SecurityGroupId = network::required(parameters, "SecurityGroupId")?;
    let set = PolicySet::read(parameters, "SecurityGroupPolicySet", context.now_seconds)?;
    let version = set.version;
    let (direction, policies) = set.one_direction()?;
    let at = policies.first().and_then(|policy| policy.index);
    if let Some(other) = policies.iter().find(|policy| policy.index != at) {
        let value = other.index.map_or_else(String::new, |index| index.to_string());
        return Err(parameters.bad_value("PolicyIndex", &value));
    }
    let rules = policies.into_iter().map(Policy::whole).collect::<Result<Vec<_>, _>>()?;
    Ok(Box::new(move |tx, context| {
        change(tx, context, id, |group| {
            unchanged(group, version)?;
            group.insert(direction, at, rules, context.now_seconds)
        })
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
# As Packer sends it.
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Egress":[{"CidrBlock":"0.0.0.0/0","Action":"ACCEPT"}]}}
< {}
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Version":"1","Ingress":[{"PolicyIndex":0,"Protocol":"udp","Port":"53,1000-2000","CidrBlock":"10.0.0.5","Action":"drop","PolicyDescription":"names"},{"PolicyIndex":0,"Protocol":"ICMPv6","Ipv6CidrBlock":"::/0","Action":"ACCEPT"}]}}
< {}
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"SecurityGroupId":"sg-mine0001","Action":"ACCEPT","AddressTemplate":{"AddressId":"","AddressGroupId":""},"ServiceTemplate":{"ServiceId":"","ServiceGroupId":""}}]}}
< {}
> DescribeSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001"}
< {"SecurityGroupPolicySet":{"Version":"3","Ingress":[{"PolicyIndex":0,"Protocol":"UDP","Port":"53,1000-2000","CidrBlock":"10.0.0.5","Ipv6CidrBlock":"","SecurityGroupId":"",..."Action":"DROP","PolicyDescription":"names","ModifyTime":"2026-11-24 00:00:00",...},{"PolicyIndex":1,"Protocol":"ICMPV6","Port":"ALL","CidrBlock":"","Ipv6CidrBlock":"::/0",...},{"PolicyIndex":2,"Protocol":"TCP","Port":"22",...},{"PolicyIndex":3,"Protocol":"ALL","Port":"ALL",..."SecurityGroupId":"sg-mine0001",...}],"Egress":[{"PolicyIndex":0,"Protocol":"ALL","Port":"ALL","CidrBlock":"0.0.0.0/0",..."Action":"ACCEPT",...}],"PolicyStatistics":{"IngressIPv4TotalCount":3,"IngressIPv6TotalCount":1,"EgressIPv4TotalCount":1,"EgressIPv6TotalCount":0}}}
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Version":"1","Ingress":[{"CidrBlock":"10.0.0.6","Action":"ACCEPT"}]}}
< UnsupportedOperation.VersionMismatch The rules have the version `3` now: read them again.
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"Protocol":"TCP","Port":"22","CidrBlock":"0.0.0.0/0","Action":"ACCEPT"}]}}
< UnsupportedOperation.DuplicatePolicy Two rules would say the same.
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"PolicyIndex":9,"CidrBlock":"10.0.0.6","Action":"ACCEPT"}]}}
< InvalidParameterValue.Range There is no rule with the index `9`.
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"PolicyIndex":0,"CidrBlock":"10.0.0.6","Action":"ACCEPT"},{"PolicyIndex":1,"CidrBlock":"10.0.0.7","Action":"ACCEPT"}]}}
< InvalidParameterValue The value `1` specified in the parameter `PolicyIndex` is not valid.
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"CidrBlock":"10.0.0.6","Action":"ACCEPT"}],"Egress":[{"CidrBlock":"10.0.0.6","Action":"ACCEPT"}]}}
< InvalidParameter.Coexist The parameters `Ingress` and `Egress` exclude one another.
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"CidrBlock":"10.0.0.6","SecurityGroupId":"sg-mine0001","Action":"ACCEPT"}]}}
< InvalidParameter.Coexist ...
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Version":"0"}}
< MissingParameter At least one of the parameters `Ingress` and `Egress` is needed.
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"Action":"ACCEPT"}]}}
< MissingParameter At least one of the parameters `CidrBlock`, `Ipv6CidrBlock` and `SecurityGroupId` is needed.
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"CidrBlock":"10.0.0.6"}]}}
< MissingParameter The request is missing a required parameter `SecurityGroupPolicySet.Ingress.0.Action`.
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"CidrBlock":"10.0.0.6/40","Action":"ACCEPT"}]}}
< InvalidParameterValue.Malformed The value `10.0.0.6/40` of the parameter `SecurityGroupPolicySet.Ingress.0.CidrBlock` is malformed.
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"Ipv6CidrBlock":"10.0.0.6","Action":"ACCEPT"}]}}
< InvalidParameterValue.Malformed ...
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"SecurityGroupId":"mine","Action":"ACCEPT"}]}}
< InvalidParameterValue.Malformed ...
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"SecurityGroupId":"sg-foreign1","Action":"ACCEPT"}]}}
< ResourceNotFound The resource `sg-foreign1` does not exist.
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"Protocol":"SCTP","CidrBlock":"10.0.0.6","Action":"ACCEPT"}]}}
< InvalidParameterValue The value `SCTP` ...
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"Protocol":"TCP","Port":"9-8","CidrBlock":"10.0.0.6","Action":"ACCEPT"}]}}
< InvalidParameterValue The value `9-8` ...
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"Port":"80","CidrBlock":"10.0.0.6","Action":"ACCEPT"}]}}
< InvalidParameterValue The value `80` ...
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"CidrBlock":"10.0.0.6","Action":"REJECT"}]}}
< InvalidParameterValue The value `REJECT` ...
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Version":"x","Ingress":[{"CidrBlock":"10.0.0.6","Action":"ACCEPT"}]}}
< InvalidParameterValue The value `x` specified in the parameter `SecurityGroupPolicySet.Version` is not valid.
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"ServiceTemplate":{"ServiceId":"ppm-11112222"},"Action":"ACCEPT"}]}}
< UnsupportedOperation ...
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"CidrBlock":"10.0.0.6","Action":"ACCEPT","PolicyDescription":"12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901"}]}}
< InvalidParameterValue.TooLong ...
> DescribeSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001"}
< {"SecurityGroupPolicySet":{"Version":"3",...

full networks
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"CidrBlock":"10.0.0.6","Action":"ACCEPT"}]}}
< LimitExceeded.SecurityGroupPolicySet A security group takes at most 100 rules in each direction.
"#;

//! ModifySecurityGroupPolicies: replaces all rules of a security group; `Version` `0` clears them.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=vpc&Version=2017-03-12&Action=ModifySecurityGroupPolicies>.
//! A direction without rules is cleared. With or without `SortPolicys`, the rules are in the order in which they were
//! given.

use super::declared;
use crate::{
    Action, Apply, Context, Parameters, Product, Reason, network,
    vpc::security_rules::{Policy, PolicySet, change, unchanged},
};
use cvmd_model::SecurityGroupId;

pub(crate) const ACTION: Action = Action::command(Product::Vpc, "ModifySecurityGroupPolicies", prepare)
    .errors_of(&[declared::POLICIES])
    .errors(&["LimitExceeded.SecurityGroupPolicySet", "UnsupportedOperation.DuplicatePolicy"])
    .without_effect_of(&[declared::POLICY_SET])
    .without_effect(&["SortPolicys"]);

fn prepare(parameters: &mut Parameters, context: &Context) -> Result<Apply, Reason> {
    let id: SecurityGroupId = network::required(parameters, "SecurityGroupId")?;
    let set = PolicySet::read(parameters, "SecurityGroupPolicySet", context.now_seconds)?;
    if let Some(index) = set.ingress.iter().chain(&set.egress).find_map(|policy| policy.index) {
        return Err(parameters.bad_value("PolicyIndex", &index.to_string()));
    }
    let clears = set.version == Some(0);
    let believed = set.version.filter(|_| !clears);
    let rules = |policies: Vec<Policy>| match clears {
        true => Ok(Vec::new()),
        false => policies.into_iter().map(Policy::whole).collect::<Result<Vec<_>, _>>(),
    };
    let (ingress, egress) = (rules(set.ingress)?, rules(set.egress)?);
    Ok(Box::new(move |tx, context| {
        change(tx, context, id, |group| {
            unchanged(group, believed)?;
            group.set(ingress, egress, context.now_seconds)
        })
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> ModifySecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"Protocol":"TCP","Port":"80","CidrBlock":"10.0.0.9/8","Action":"ACCEPT"}],"Egress":[{"CidrBlock":"0.0.0.0/0","Action":"DROP"}]},"SortPolicys":true}
< {}
> DescribeSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001"}
< {"SecurityGroupPolicySet":{"Version":"1","Ingress":[{..."Port":"80","CidrBlock":"10.0.0.0/8",...}],"Egress":[{..."Action":"DROP",...}],...}}
> ModifySecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Version":"7","Ingress":[{"CidrBlock":"10.0.0.6","Action":"ACCEPT"}]}}
< UnsupportedOperation.VersionMismatch ...
> ModifySecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Version":"0"}}
< {}
> DescribeSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001"}
< {"SecurityGroupPolicySet":{"Version":"2","Ingress":[],"Egress":[],...}}
> ModifySecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"PolicyIndex":0,"CidrBlock":"10.0.0.6","Action":"ACCEPT"}]}}
< InvalidParameterValue The value `0` specified in the parameter `PolicyIndex` is not valid.
> ModifySecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[2*"x"]}}
< InvalidParameter ...
> ModifySecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"CidrBlock":"10.0.0.6","Action":"ACCEPT"},{"CidrBlock":"10.0.0.6","Action":"ACCEPT"}]}}
< UnsupportedOperation.DuplicatePolicy ...
> ModifySecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"CidrBlock":"10.0.0.6","Ipv6CidrBlock":"::/0","Action":"ACCEPT"}]}}
< InvalidParameter.Coexist ...
> ModifySecurityGroupPolicies {"SecurityGroupId":"sg-foreign1","SecurityGroupPolicySet":{"Version":"0"}}
< ResourceNotFound ...
> ModifySecurityGroupPolicies {"SecurityGroupId":"sg","SecurityGroupPolicySet":{"Version":"0"}}
< InvalidParameterValue.Malformed ...
> ModifySecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"ServiceTemplate":{"ServiceId":"ppm-11112222"},"Action":"ACCEPT"}]}}
< UnsupportedOperation ...
> ModifySecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"CidrBlock":"10.0.0.6","Action":"ACCEPT","PolicyDescription":"12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901"}]}}
< InvalidParameterValue.TooLong ...
> ModifySecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[MANY-RULES]}}
< LimitExceeded.SecurityGroupPolicySet ...
"#;

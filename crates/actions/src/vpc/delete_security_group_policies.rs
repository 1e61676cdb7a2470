//! DeleteSecurityGroupPolicies: removes rules from a security group, in one direction, by their indexes or their
//! content.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=vpc&Version=2017-03-12&Action=DeleteSecurityGroupPolicies>.

use super::declared;
use crate::{
    Action, Apply, Context, Parameters, Product, Reason, network,
    vpc::security_rules::{Policy, PolicySet, change, unchanged},
};
use cvmd_model::{Refusal, Rule, SecurityGroupId};

pub(crate) const ACTION: Action = Action::command(Product::Vpc, "DeleteSecurityGroupPolicies", prepare)
    .errors_of(&[declared::POLICIES])
    .errors(&["InvalidParameterValue.Range"])
    .without_effect_of(&[declared::POLICY_SET]);

fn prepare(parameters: &mut Parameters, context: &Context) -> Result<Apply, Reason> {
    let id: SecurityGroupId = network::required(parameters, "SecurityGroupId")?;
    let set = PolicySet::read(parameters, "SecurityGroupPolicySet", context.now_seconds)?;
    let version = set.version;
    let (direction, policies) = set.one_direction()?;
    Ok(Box::new(move |tx, context| {
        change(tx, context, id, |group| {
            unchanged(group, version)?;
            let rules = group.rules(direction);
            let indexes = policies.iter().map(|policy| index(policy, rules)).collect::<Result<Vec<_>, _>>()?;
            group.remove(direction, &indexes, context.now_seconds)
        })
    }))
}

/// The given index, or that of the rule with the same content.
fn index(policy: &Policy, rules: &[Rule]) -> Result<usize, Refusal> {
    let same = |rule: &Rule| rules.iter().position(|other| other.is_same_as(rule));
    let found = policy.index.or_else(|| policy.rule.as_ref().and_then(same));
    network::found(found, "SecurityGroupPolicy")
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"CidrBlock":"10.0.0.1","Action":"ACCEPT"},{"CidrBlock":"10.0.0.2","Action":"ACCEPT"}]}}
< {}
> DeleteSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Version":"1","Ingress":[{"PolicyIndex":1},{"PolicyIndex":0}]}}
< {}
> DescribeSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001"}
< {"SecurityGroupPolicySet":{"Version":"2","Ingress":[{"PolicyIndex":0,..."CidrBlock":"10.0.0.2",...}],"Egress":[],...}}
> DeleteSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"CidrBlock":"10.0.0.2","Action":"DROP"}]}}
< ResourceNotFound The resource `SecurityGroupPolicy` does not exist.
> DeleteSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"CidrBlock":"10.0.0.2","Action":"ACCEPT"}]}}
< {}
> DescribeSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001"}
< {"SecurityGroupPolicySet":{"Version":"3","Ingress":[],...}}
> DeleteSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"PolicyIndex":0}]}}
< InvalidParameterValue.Range There is no rule with the index `0`.
> DeleteSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Version":"1","Ingress":[{"PolicyIndex":0}]}}
< UnsupportedOperation.VersionMismatch ...
> DeleteSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"PolicyIndex":0}],"Egress":[{"PolicyIndex":0}]}}
< InvalidParameter.Coexist ...
> DeleteSecurityGroupPolicies {"SecurityGroupId":"sg","SecurityGroupPolicySet":{"Ingress":[{"PolicyIndex":0}]}}
< InvalidParameterValue.Malformed ...
> DeleteSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"AddressTemplate":{"AddressId":"ipm-11112222"}}]}}
< UnsupportedOperation ...
> DeleteSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"PolicyIndex":0,"PolicyDescription":"12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901"}]}}
< InvalidParameterValue.TooLong ...
"#;

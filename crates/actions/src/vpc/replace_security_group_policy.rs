//! ReplaceSecurityGroupPolicy: replaces one rule by its index.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=vpc&Version=2017-03-12&Action=ReplaceSecurityGroupPolicy>.

use super::{declared, security_groups::replace};
use crate::{Action, Apply, Context, Parameters, Product, Reason, network, vpc::security_rules::PolicySet};
use cvmd_model::SecurityGroupId;

pub(crate) const ACTION: Action = Action::command(Product::Vpc, "ReplaceSecurityGroupPolicy", prepare)
    .errors_of(&[declared::POLICIES])
    .errors(&[
        "InvalidParameterValue.LimitExceeded",
        "InvalidParameterValue.Range",
        "UnsupportedOperation.DuplicatePolicy",
    ])
    .without_effect_of(&[declared::POLICY_SET])
    .without_effect(&["OriginalSecurityGroupPolicySet"]);

fn prepare(parameters: &mut Parameters, context: &Context) -> Result<Apply, Reason> {
    let id: SecurityGroupId = network::required(parameters, "SecurityGroupId")?;
    let set = PolicySet::read(parameters, "SecurityGroupPolicySet", context.now_seconds)?;
    let given = set.ingress.len().max(set.egress.len());
    if given > 1 {
        return Err(Reason::TooMany { name: "SecurityGroupPolicySet".into(), given, limit: 1 });
    }
    replace(id, set)
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> ReplaceSecurityGroupPolicy {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Version":"0","Ingress":[{"PolicyIndex":0,"Protocol":"TCP","Port":"443","CidrBlock":"0.0.0.0/0","Action":"ACCEPT"}]}}
< {}
> DescribeSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001"}
< {"SecurityGroupPolicySet":{"Version":"1","Ingress":[{"PolicyIndex":0,"Protocol":"TCP","Port":"443",...}],"Egress":[],...}}
> ReplaceSecurityGroupPolicy {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Version":"0","Ingress":[{"PolicyIndex":0,"CidrBlock":"0.0.0.0/0","Action":"ACCEPT"}]}}
< UnsupportedOperation.VersionMismatch ...
> ReplaceSecurityGroupPolicy {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"PolicyIndex":0},{"PolicyIndex":1}]}}
< InvalidParameterValue.LimitExceeded The parameter `SecurityGroupPolicySet` has 2 values; at most 1 are allowed.
> ReplaceSecurityGroupPolicy {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"PolicyIndex":1,"CidrBlock":"0.0.0.0/0","Action":"ACCEPT"}]}}
< InvalidParameterValue.Range ...
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"CidrBlock":"10.0.0.6","Action":"ACCEPT"}]}}
< {}
> ReplaceSecurityGroupPolicy {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"PolicyIndex":0,"CidrBlock":"10.0.0.6","Action":"ACCEPT"}]}}
< UnsupportedOperation.DuplicatePolicy ...
> ReplaceSecurityGroupPolicy {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"PolicyIndex":0}],"Egress":[{"PolicyIndex":0}]}}
< InvalidParameter.Coexist ...
> ReplaceSecurityGroupPolicy {"SecurityGroupId":"sg-foreign1","SecurityGroupPolicySet":{"Ingress":[{"PolicyIndex":0,"CidrBlock":"10.0.0.7","Action":"ACCEPT"}]}}
< ResourceNotFound ...
> ReplaceSecurityGroupPolicy {"SecurityGroupId":"sg","SecurityGroupPolicySet":{"Ingress":[{"PolicyIndex":0}]}}
< InvalidParameterValue.Malformed ...
> ReplaceSecurityGroupPolicy {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"PolicyIndex":0,"AddressTemplate":{"AddressId":"ipm-11112222"}}]}}
< UnsupportedOperation ...
> ReplaceSecurityGroupPolicy {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"PolicyIndex":0,"CidrBlock":"10.0.0.7","Action":"ACCEPT","PolicyDescription":"12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901"}]}}
< InvalidParameterValue.TooLong ...
"#;

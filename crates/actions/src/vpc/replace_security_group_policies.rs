//! ReplaceSecurityGroupPolicies: replaces rules of one direction by their indexes.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=vpc&Version=2017-03-12&Action=ReplaceSecurityGroupPolicies>.
//! Only the content is replaced: `UpdateType` `Priority` and `Both` are refused.

use super::{declared, security_groups::replace};
use crate::{Action, Apply, Context, Parameters, Product, Reason, Words, network, vpc::security_rules::PolicySet};
use cvmd_model::SecurityGroupId;

pub(crate) const ACTION: Action = Action::command(Product::Vpc, "ReplaceSecurityGroupPolicies", prepare)
    .errors_of(&[declared::POLICIES])
    .errors(&["InvalidParameterValue.Range", "UnsupportedOperation.DuplicatePolicy"])
    .without_effect_of(&[declared::POLICY_SET])
    .without_effect(&["OriginalSecurityGroupPolicySet"]);

fn prepare(parameters: &mut Parameters, context: &Context) -> Result<Apply, Reason> {
    let id: SecurityGroupId = network::required(parameters, "SecurityGroupId")?;
    let kinds = [("Policy", true), ("Priority", false), ("Both", false)];
    if parameters.word("UpdateType", &kinds)? == Some(false) {
        return Err(Reason::Unsupported { what: Words::name("UpdateType") });
    }
    replace(id, PolicySet::read(parameters, "SecurityGroupPolicySet", context.now_seconds)?)
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> ReplaceSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","UpdateType":"Policy","SecurityGroupPolicySet":{"Version":"0","Ingress":[{"PolicyIndex":0,"Protocol":"TCP","Port":"443","CidrBlock":"0.0.0.0/0","Action":"ACCEPT"}]}}
< {}
> DescribeSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001"}
< {"SecurityGroupPolicySet":{"Version":"1","Ingress":[{"PolicyIndex":0,"Protocol":"TCP","Port":"443",...}],"Egress":[],...}}
> ReplaceSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Version":"0","Ingress":[{"PolicyIndex":0,"CidrBlock":"0.0.0.0/0","Action":"ACCEPT"}]}}
< UnsupportedOperation.VersionMismatch ...
> ReplaceSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"PolicyIndex":1,"CidrBlock":"0.0.0.0/0","Action":"ACCEPT"}]}}
< InvalidParameterValue.Range There is no rule with the index `1`.
> ReplaceSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"CidrBlock":"0.0.0.0/0","Action":"ACCEPT"}]}}
< MissingParameter The request is missing a required parameter `PolicyIndex`.
> CreateSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"CidrBlock":"10.0.0.6","Action":"ACCEPT"}]}}
< {}
> ReplaceSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"PolicyIndex":0,"CidrBlock":"10.0.0.6","Action":"ACCEPT"}]}}
< UnsupportedOperation.DuplicatePolicy ...
> ReplaceSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","UpdateType":"Priority","SecurityGroupPolicySet":{"Ingress":[{"PolicyIndex":0,"CidrBlock":"10.0.0.7","Action":"ACCEPT"}]}}
< UnsupportedOperation ...
> ReplaceSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"PolicyIndex":0}],"Egress":[{"PolicyIndex":0}]}}
< InvalidParameter.Coexist ...
> ReplaceSecurityGroupPolicies {"SecurityGroupId":"sg-foreign1","SecurityGroupPolicySet":{"Ingress":[{"PolicyIndex":0,"CidrBlock":"10.0.0.7","Action":"ACCEPT"}]}}
< ResourceNotFound ...
> ReplaceSecurityGroupPolicies {"SecurityGroupId":"sg","SecurityGroupPolicySet":{"Ingress":[{"PolicyIndex":0}]}}
< InvalidParameterValue.Malformed ...
> ReplaceSecurityGroupPolicies {"SecurityGroupId":"sg-mine0001","SecurityGroupPolicySet":{"Ingress":[{"PolicyIndex":0,"CidrBlock":"10.0.0.7","Action":"ACCEPT","PolicyDescription":"12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901"}]}}
< InvalidParameterValue.TooLong ...
"#;

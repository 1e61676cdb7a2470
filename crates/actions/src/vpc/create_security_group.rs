//! CreateSecurityGroup: makes a security group without rules.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=vpc&Version=2017-03-12&Action=CreateSecurityGroup>.
//! Rules are stored and answered; Unlike upstream, nothing enforces them.

use super::security_groups::description;
use crate::{Action, Apply, Body, Context, Parameters, Product, Reason, network, vpc::network_reply};
use cvmd_model::{Refusal, SecurityGroup, SecurityGroupId};

/// The maximum of groups of an account in a region, without the default one.
const GROUPS_MAX: usize = 50;
pub(crate) const ACTION: Action = Action::command(Product::Vpc, "CreateSecurityGroup", prepare)
    .errors(&["InvalidParameterValue.TagDuplicateKey", "InvalidParameterValue.TooLong"]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let name = network::name(parameters, "GroupName")?.unwrap_or_default();
    let description = description(parameters)?.unwrap_or_default();
    let project_id = match parameters.text("ProjectId")?.filter(|text| !text.is_empty()) {
        None => 0,
        Some(text) => text.parse().map_err(|_| parameters.bad_value("ProjectId", &text))?,
    };
    let tags = network::tags(parameters)?;
    Ok(Box::new(move |tx, context| {
        let view = tx.view();
        let mut groups = view.security_groups().list(context.account, context.region);
        if groups.by_ref().filter(|group| !group.is_default()).count() >= GROUPS_MAX {
            return Err(Refusal::SecurityGroupQuota { limit: GROUPS_MAX }.into());
        }
        let mut random = context.random(b'n');
        let group = SecurityGroup {
            id: Context::new_id(&mut random, SecurityGroupId::from_random, |id| {
                view.security_groups().get(*id).is_none()
            }),
            sequence: tx.next_sequence(),
            account: context.account,
            region: context.region,
            name,
            description,
            project_id,
            version: 0,
            ingress: Vec::new(),
            egress: Vec::new(),
            created_seconds: context.now_seconds,
            updated_seconds: context.now_seconds,
            tags,
        };
        let body = Body::of(object! { SecurityGroup: network_reply::security_group(&group) });
        tx.put(group);
        Ok(body)
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> CreateSecurityGroup {"GroupName":"web","GroupDescription":"","ProjectId":"7","Tags":[{"Key":"city","Value":"x"}]}
< {"SecurityGroup":{"SecurityGroupId":"sg-...","SecurityGroupName":"web","SecurityGroupDesc":"","ProjectId":"7","IsDefault":false,"CreatedTime":"2026-11-24 00:00:00","UpdateTime":"2026-11-24 00:00:00","TagSet":[{"Key":"city","Value":"x"}],...}}
> DescribeSecurityGroups {"Filters":[{"Name":"tag:city","Values":["x"]}]}
< {"TotalCount":1,"SecurityGroupSet":[{..."SecurityGroupName":"web",...}]}
> CreateSecurityGroup {"GroupName":"web"}
< MissingParameter The request is missing a required parameter `GroupDescription`.
> CreateSecurityGroup {"GroupName":"","GroupDescription":""}
< InvalidParameterValue The value `` specified in the parameter `GroupName` is not valid: 1 to 60 characters.
> CreateSecurityGroup {"GroupName":"web","GroupDescription":"","ProjectId":"none"}
< InvalidParameterValue The value `none` specified in the parameter `ProjectId` is not valid.
> CreateSecurityGroup {"GroupName":"web","GroupDescription":"12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901"}
< InvalidParameterValue.TooLong The parameter `GroupDescription` is longer than 100 characters.
> CreateSecurityGroup {"GroupName":"web","GroupDescription":"","Tags":[{"Key":"a","Value":"b"},{"Key":"a","Value":"c"}]}
< InvalidParameterValue.TagDuplicateKey ...

full networks
> CreateSecurityGroup {"GroupName":"one more","GroupDescription":""}
< LimitExceeded The region has 50 security groups of the account, which is the limit.
"#;

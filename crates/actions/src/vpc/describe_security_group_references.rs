//! DescribeSecurityGroupReferences: the security groups whose rules name some groups.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=vpc&Version=2017-03-12&Action=DescribeSecurityGroupReferences>.
//! A group that does not exist is not answered.

use crate::{Action, Batch, Body, Context, Parameters, Product, Reason};
use cvmd_model::SecurityGroupId;
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Vpc, "DescribeSecurityGroupReferences", answer)
    .errors(&["InvalidParameterValue.LimitExceeded", "InvalidParameterValue.Malformed"]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let ids: Batch<SecurityGroupId> = Batch::read(parameters, "SecurityGroupIds")?;
    let there = |id: &&SecurityGroupId| view.security_group_of(context.account, context.region, **id).is_some();
    let referred = |id: &SecurityGroupId| {
        let naming = view.security_groups_of(context.account, context.region).filter(|group| group.names(*id));
        object! { SecurityGroupId: *id, ReferredSecurityGroupIds: naming.map(|group| group.id).collect::<Vec<_>>() }
    };
    let referred: Vec<_> = ids.iter().filter(there).map(referred).collect();
    Ok(Body::of(object! { ReferredSecurityGroupSet: referred }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeSecurityGroupReferences {"SecurityGroupIds":["sg-mine0001","sg-foreign1","sg-mine0002"]}
< {"ReferredSecurityGroupSet":[{"SecurityGroupId":"sg-mine0001","ReferredSecurityGroupIds":["sg-mine0002"]},{"SecurityGroupId":"sg-mine0002","ReferredSecurityGroupIds":[]}]}
> DescribeSecurityGroupReferences {"SecurityGroupIds":["sg-nowhere0"]}
< {"ReferredSecurityGroupSet":[]}
> DescribeSecurityGroupReferences {"SecurityGroupIds":["sg"]}
< InvalidParameterValue.Malformed ...
> DescribeSecurityGroupReferences {"SecurityGroupIds":[101*"sg-mine0001"]}
< InvalidParameterValue.LimitExceeded ...
"#;

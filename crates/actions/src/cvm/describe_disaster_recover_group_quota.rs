//! DescribeDisasterRecoverGroupQuota: the maximum of placement groups, and of instances in one.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=DescribeDisasterRecoverGroupQuota>.
//! Switch and SW are the same thing.

use crate::{Action, Body, Context, Parameters, Product, Reason};
use cvmd_model::{GROUPS_MAX, GroupKind};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeDisasterRecoverGroupQuota", answer);

fn answer(_parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    Ok(Body::of(object! {
        GroupQuota: GROUPS_MAX,
        CurrentNum: view.disaster_recover_groups().count(context.account, context.region),
        CvmInHostGroupQuota: GroupKind::Host.members_max(),
        CvmInSwGroupQuota: GroupKind::Sw.members_max(),
        CvmInRackGroupQuota: GroupKind::Rack.members_max(),
        CvmInSwitchGroupQuota: GroupKind::Sw.members_max(),
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeDisasterRecoverGroupQuota {}
< {"GroupQuota":50,"CurrentNum":2,"CvmInHostGroupQuota":50,"CvmInSwGroupQuota":20,"CvmInRackGroupQuota":30,"CvmInSwitchGroupQuota":20}
"#;

//! DescribeDisasterRecoverGroupQuota: the maximum of placement groups, and of instances in one.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=DescribeDisasterRecoverGroupQuota>.
//! Switch and SW are the same thing.

use crate::{Action, Body, Context, Parameters, Product, Reason};
use cvmd_model::{GROUPS_MAX, GroupKind};
use cvmd_state::View;
use serde::Serialize;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeDisasterRecoverGroupQuota", answer);

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    group_quota: usize,
    current_num: usize,
    cvm_in_host_group_quota: usize,
    cvm_in_sw_group_quota: usize,
    cvm_in_rack_group_quota: usize,
    cvm_in_switch_group_quota: usize,
}

fn answer(_parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    Ok(Body::of(&Reply {
        group_quota: GROUPS_MAX,
        current_num: view.disaster_recover_groups().count(context.account, context.region),
        cvm_in_host_group_quota: GroupKind::Host.members_max(),
        cvm_in_sw_group_quota: GroupKind::Sw.members_max(),
        cvm_in_rack_group_quota: GroupKind::Rack.members_max(),
        cvm_in_switch_group_quota: GroupKind::Sw.members_max(),
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeDisasterRecoverGroupQuota {}
< {"GroupQuota":50,"CurrentNum":2,"CvmInHostGroupQuota":50,"CvmInSwGroupQuota":20,"CvmInRackGroupQuota":30,"CvmInSwitchGroupQuota":20}
"#;

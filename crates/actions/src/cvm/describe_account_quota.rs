//! DescribeAccountQuota: how much of everything the account has and may have.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=DescribeAccountQuota>.
//!
//! Unlike upstream, there is no limit per zone. The limit of the account's instances (`account.instances`) is each
//! zone's total, and the rest of it is what remains in each zone; when no instance remains, no CPUs of spot instances
//! do.

use super::{images, launch_parameters::Held};
use crate::{Action, Body, Context, Parameters, Product, Reason, filters, types};
use cvmd_model::{ChargeType, GROUPS_MAX, GroupKind, Instance, ZoneId};
use cvmd_state::View;
use serde::Serialize;

/// CPUs of spot instances in one zone. Nothing enforces it.
const SPOT_TOTAL: u64 = 1_000_000;
/// The maximum of instances in one request.
const ONCE: usize = 500;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeAccountQuota", answer).errors(&[
    "InvalidFilter",
    "InvalidFilterValue.LimitExceeded",
    "InvalidParameterValue.ZoneNotSupported",
    "InvalidZone.MismatchRegion",
]);

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct InZone {
    used_quota: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    once_quota: Option<usize>,
    remaining_quota: u64,
    total_quota: u64,
    zone: &'static str,
}

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let filters = filters::read(parameters, &["zone", "quota-type"])?;
    types::zones_are_here(&filters, context)?;
    let passes = |name: &str, value: &str| filters.iter().all(|filter| &*filter.name != name || filter.has(value));
    let zones: Vec<ZoneId> = types::zones(context).filter(|zone| passes("zone", zone.name())).collect();
    let wanted = |kind: &str| passes("quota-type", kind);
    let of_account = Held::by(view, context);
    let instances = |_: usize| (of_account.left(), of_account.limit);
    let cpus = |used: usize| match of_account.left() {
        0 => (0, SPOT_TOTAL),
        _ => (SPOT_TOTAL.saturating_sub(used as u64), SPOT_TOTAL),
    };
    let of_groups = wanted("DisasterRecoverGroupQuotaSet");
    let account_quota = object! {
        PostPaidQuotaSet: in_zones(&zones, wanted("PostPaidQuotaSet"), None, instances, |zone| {
            used(view, context, zone, ChargeType::PostpaidByHour, |_| 1)
        }),
        PrePaidQuotaSet: in_zones(&zones, wanted("PrePaidQuotaSet"), Some(ONCE), instances, |zone| {
            used(view, context, zone, ChargeType::Prepaid, |_| 1)
        }),
        SpotPaidQuotaSet: in_zones(&zones, wanted("SpotPaidQuotaSet"), None, cpus, |zone| {
            used(view, context, zone, ChargeType::Spotpaid, |instance| instance.instance_type.get().cpu as usize)
        }),
        ImageQuotaSet: Vec::from_iter(wanted("ImageQuotaSet").then(|| images(view, context))),
        DisasterRecoverGroupQuotaSet: Vec::from_iter(of_groups.then(|| groups(view, context))),
    };
    let app_id = view.account(context.account).map_or(0, |account| account.app_id);
    let region = context.region.name();
    Ok(Body::of(object! {
        AppId: app_id,
        AccountQuotaOverview: object! { Region: region, AccountQuota: account_quota },
    }))
}

/// `bounds` are the remaining number for a number in use, and the total.
fn in_zones(
    zones: &[ZoneId],
    wanted: bool,
    once_quota: Option<usize>,
    bounds: impl Fn(usize) -> (u64, u64),
    used: impl Fn(ZoneId) -> usize,
) -> Vec<InZone> {
    let quota = |zone: &ZoneId| {
        let used_quota = used(*zone);
        let (remaining_quota, total_quota) = bounds(used_quota);
        InZone { used_quota, once_quota, remaining_quota, total_quota, zone: zone.name() }
    };
    zones.iter().filter(|_| wanted).map(quota).collect()
}

fn used(
    view: &View,
    context: &Context,
    zone: ZoneId,
    charge_type: ChargeType,
    weight: impl Fn(&Instance) -> usize,
) -> usize {
    let here = view.instances_of(context.account, context.region);
    let counted = here.filter(|instance| instance.zone == zone && instance.charge_type == charge_type);
    counted.map(|instance| weight(instance)).sum()
}

fn images(view: &View, context: &Context) -> impl Serialize {
    let used_quota = view.images_of(context.account, context.region).count();
    object! { UsedQuota: used_quota, TotalQuota: images::QUOTA }
}

fn groups(view: &View, context: &Context) -> impl Serialize {
    object! {
        GroupQuota: GROUPS_MAX,
        CurrentNum: view.disaster_recover_groups().count(context.account, context.region),
        CvmInHostGroupQuota: GroupKind::Host.members_max(),
        CvmInSwitchGroupQuota: GroupKind::Sw.members_max(),
        CvmInRackGroupQuota: GroupKind::Rack.members_max(),
    }
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeAccountQuota {"Filters":[{"Name":"zone","Values":["ap-guangzhou-3"]}]}
< {"AppId":1300000001,"AccountQuotaOverview":{"Region":"ap-guangzhou","AccountQuota":{"PostPaidQuotaSet":[{"UsedQuota":...,"TotalQuota":100000,"Zone":"ap-guangzhou-3"}],"PrePaidQuotaSet":[{"UsedQuota":2,"OnceQuota":500,"RemainingQuota":...,"TotalQuota":100000,"Zone":"ap-guangzhou-3"}],"SpotPaidQuotaSet":[{"UsedQuota":0,...}],"ImageQuotaSet":[{"UsedQuota":2,"TotalQuota":500}],"DisasterRecoverGroupQuotaSet":[{"GroupQuota":50,"CurrentNum":2,...}]}}}
> RunInstances {"Placement":{"Zone":"ap-guangzhou-4"},"ImageId":"img-487zeit5","InstanceChargeType":"SPOTPAID","InstanceType":"S5.LARGE8"}
< {"InstanceIdSet":["ins-..."]}
> DescribeAccountQuota {"Filters":[{"Name":"quota-type","Values":["SpotPaidQuotaSet"]},{"Name":"zone","Values":["ap-guangzhou-4"]}]}
< ..."PostPaidQuotaSet":[],"PrePaidQuotaSet":[],"SpotPaidQuotaSet":[{"UsedQuota":4,"RemainingQuota":999996,...}],"ImageQuotaSet":[],...
> DescribeAccountQuota {"Filters":[{"Name":"zone","Values":["ap-atlantis-1"]}]}
< InvalidParameterValue.ZoneNotSupported ...
> DescribeAccountQuota {"Filters":[{"Name":"zone","Values":["ap-shanghai-2"]}]}
< InvalidZone.MismatchRegion ...
> DescribeAccountQuota {"Filters":[{"Name":"colour","Values":["red"]}]}
< InvalidFilter ...
> DescribeAccountQuota {"Filters":[{"Name":"zone","Values":[6*"ap-guangzhou-3"]}]}
< InvalidFilterValue.LimitExceeded ...

# All that it has counts, in bytes.
an account may have 20000 bytes
# A dry run gets the same answer.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","DryRun":true}
< LimitExceeded With this request the account's resources would have ...
> CreateLaunchTemplate {"LaunchTemplateName":"never","Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","DryRun":true}
< LimitExceeded With this request the account's resources would have ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5"}
< LimitExceeded With this request the account's resources would have ...
> CreateKeyPair {"KeyName":"never","ProjectId":0}
< LimitExceeded ...
> tag.CreateTag {"TagKey":"never","TagValue":"never"}
< LimitExceeded ...
> StopInstances {"InstanceIds":["ins-running1"]}
< {}
> TerminateInstances {"InstanceIds":["ins-stopped1"]}
< {}
"#;

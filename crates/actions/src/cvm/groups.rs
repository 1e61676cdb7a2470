//! Placement groups, which the vendor calls disaster recover groups: their ids in requests, and their replies.

use crate::{Batch, Context, Parameters, Reason, Untaken, time};
use cvmd_model::{DisasterRecoverGroup, DisasterRecoverGroupId, GroupRefusal, Refusal};
use cvmd_state::View;
use serde::Serialize;
use std::sync::Arc;

/// The maximum of ids of groups in one request: the vendor's limit.
pub(crate) const BATCH_MAX: usize = 10;
const NAME_MAX: usize = 60;
pub(crate) const AFFINITY_MAX: u8 = 10;

impl Batch<DisasterRecoverGroupId> {
    pub(crate) fn find<'a>(
        &self,
        view: &'a View,
        context: &Context,
    ) -> Result<Vec<&'a Arc<DisasterRecoverGroup>>, Refusal> {
        self.iter().map(|id| find(view, context, *id)).collect()
    }
}

pub(crate) fn find<'a>(
    view: &'a View,
    context: &Context,
    id: DisasterRecoverGroupId,
) -> Result<&'a Arc<DisasterRecoverGroup>, Refusal> {
    view.disaster_recover_groups()
        .of(context.account, context.region, id)
        .ok_or(Refusal::Group(GroupRefusal::NotFound(id)))
}

/// 1 to 60 characters.
pub(crate) fn name(parameters: &mut Parameters) -> Result<Box<str>, Reason> {
    let name = parameters.text("Name")?.unwrap_or_default();
    if (1..=NAME_MAX).contains(&name.chars().count()) {
        return Ok(name);
    }
    Err(parameters.wrong_length("Name", &name, 1, NAME_MAX))
}

/// 1 to 10.
pub(crate) fn affinity(parameters: &mut Parameters) -> Result<Option<u8>, Reason> {
    parameters.bounded("Affinity", 1, AFFINITY_MAX)
}

/// The requested partition, by default the first; none in a group that spreads its members.
pub(crate) fn partition(group: &DisasterRecoverGroup, wanted: Option<u8>) -> Result<Option<u8>, Reason> {
    match (group.partitions, wanted) {
        (Some(partitions), Some(wanted)) if wanted <= partitions => Ok(Some(wanted)),
        (Some(_), None) => Ok(Some(1)),
        (None, None) => Ok(None),
        (Some(partitions), Some(wanted)) => {
            let [value, most] = [wanted, partitions].map(i128::from);
            Err(Untaken::Range { name: "PartitionNumber".into(), value, least: 1, most }.into())
        }
        (None, Some(wanted)) => {
            Err(Reason::BadValue { name: "PartitionNumber".into(), value: wanted.to_string().into() })
        }
    }
}

pub(crate) fn reply(group: &DisasterRecoverGroup, view: &View) -> impl Serialize {
    let instance_ids: Vec<String> = view.members(group.id).map(|id| id.to_string()).collect();
    object! {
        DisasterRecoverGroupId: group.id,
        Name: &group.name,
        Type: group.kind.name(),
        CvmQuotaTotal: group.kind.members_max(),
        CurrentNum: instance_ids.len(),
        InstanceIds: instance_ids,
        CreateTime: time(group.created_seconds),
        Affinity: group.affinity,
        Strategy: group.strategy(),
        PartitionCount: group.partitions.unwrap_or(0),
        Tags: &group.tags,
    }
}

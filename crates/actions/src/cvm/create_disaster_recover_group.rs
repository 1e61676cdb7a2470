//! CreateDisasterRecoverGroup: makes a placement group, whose instances run on different hosts.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=CreateDisasterRecoverGroup>.
//! Nothing is placed here: members are stored, counted and answered.

use crate::{Action, Apply, Body, Context, Parameters, Product, Reason, cvm::groups, names, time};
use cvmd_model::{DisasterRecoverGroup, DisasterRecoverGroupId, GROUPS_MAX, GroupKind, GroupRefusal, Refusal};

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "CreateDisasterRecoverGroup", prepare)
    .errors(&["InvalidParameterValue.DuplicateTags", "LimitExceeded.DisasterRecoverGroup"])
    .without_effect(&["ClientToken"]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let name = groups::name(parameters)?;
    let kind = parameters.word("Type", &GroupKind::ALL.map(|kind| (kind.name(), kind)))?.unwrap_or(GroupKind::Host);
    let affinity = groups::affinity(parameters)?.unwrap_or(1);
    let partitioned = parameters.word("Strategy", &[("SPREAD", false), ("PARTITION", true)])?.unwrap_or(false);
    let partitions = parameters.bounded("PartitionCount", 2, 30)?.filter(|_| partitioned);
    if partitioned && partitions.is_none() {
        return Err(Reason::Missing { name: "PartitionCount".into() });
    }
    let tags = names::tags(parameters, "ps")?;
    Ok(Box::new(move |tx, context| {
        if tx.view().disaster_recover_groups().count(context.account, context.region) >= GROUPS_MAX {
            return Err(Refusal::Group(GroupRefusal::Quota { limit: GROUPS_MAX }).into());
        }
        let mut random = context.random(b'g');
        let id = Context::new_id(&mut random, DisasterRecoverGroupId::from_random, |id| {
            tx.view().disaster_recover_groups().get(*id).is_none()
        });
        let sequence = tx.next_sequence();
        let (account, region, created_seconds) = (context.account, context.region, context.now_seconds);
        let group = DisasterRecoverGroup {
            id,
            sequence,
            account,
            region,
            name,
            kind,
            affinity,
            partitions,
            created_seconds,
            tags,
        };
        let answer = Body::of(object! {
            DisasterRecoverGroupId: id,
            Type: kind.name(),
            Name: &group.name,
            CvmQuotaTotal: kind.members_max(),
            CurrentNum: 0,
            CreateTime: time(created_seconds),
            Strategy: group.strategy(),
            PartitionCount: partitions.unwrap_or(0),
        });
        tx.put(group);
        Ok(answer)
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> CreateDisasterRecoverGroup {"Name":"apart","Type":"SW","Affinity":2,"TagSpecification":[{"ResourceType":"ps","Tags":[{"Key":"team","Value":"blue"}]}]}
< {"DisasterRecoverGroupId":"ps-...","Type":"SW","Name":"apart","CvmQuotaTotal":20,"CurrentNum":0,"CreateTime":"2026-11-24T00:00:00Z","Strategy":"SPREAD","PartitionCount":0}
> CreateDisasterRecoverGroup {"Name":"parts","Type":"RACK","Strategy":"PARTITION","PartitionCount":5}
< {..."Strategy":"PARTITION","PartitionCount":5}
> CreateDisasterRecoverGroup {"Name":"parts","Type":"RACK","Strategy":"PARTITION"}
< MissingParameter The request is missing a required parameter `PartitionCount`.
> CreateDisasterRecoverGroup {"Name":"apart","Type":"CITY"}
< InvalidParameterValue The value `CITY` specified in the parameter `Type` is not valid: it is one of `HOST`, `SW`, `RACK`.
> CreateDisasterRecoverGroup {"Name":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx","Type":"HOST"}
< InvalidParameterValue ...
> CreateDisasterRecoverGroup {"Name":"apart","Type":"HOST","Affinity":11}
< InvalidParameterValue The value `11` specified in the parameter `Affinity` is not valid: 1 to 10.
> CreateDisasterRecoverGroup {"Name":"apart","Type":"HOST","TagSpecification":[{"ResourceType":"ps","Tags":[{"Key":"a","Value":"b"},{"Key":"a","Value":"c"}]}]}
< InvalidParameterValue.DuplicateTags ...

50 placement groups
> CreateDisasterRecoverGroup {"Name":"apart","Type":"HOST"}
< LimitExceeded.DisasterRecoverGroup ...
"#;

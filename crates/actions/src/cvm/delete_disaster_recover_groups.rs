//! DeleteDisasterRecoverGroups: deletes placement groups that hold no instance, all of them or none.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=DeleteDisasterRecoverGroups>.

use crate::{Action, Apply, Batch, Body, Context, Parameters, Product, Reason, cvm::groups};
use cvmd_model::{DisasterRecoverGroupId, GroupRefusal, Refusal};

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "DeleteDisasterRecoverGroups", prepare).errors(&[
    "FailedOperation.DisasterRecoverGroupNotFound",
    "InvalidParameterValue.DisasterRecoverGroupIdMalformed",
    "InvalidParameterValue.LimitExceeded",
    "ResourceInUse",
]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let ids: Batch<DisasterRecoverGroupId> =
        Batch::read_at_most(parameters, "DisasterRecoverGroupIds", groups::BATCH_MAX)?;
    Ok(Box::new(move |tx, context| {
        let found = ids.find(tx.view(), context)?;
        if let Some((group, instance)) =
            found.iter().find_map(|group| tx.view().members(group.id).next().map(|member| (group.id, member)))
        {
            return Err(Refusal::Group(GroupRefusal::InUse { group, instance }).into());
        }
        found.into_iter().for_each(|group| tx.delete(group));
        Ok(Body::empty())
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DeleteDisasterRecoverGroups {"DisasterRecoverGroupIds":["ps-parted01","ps-grouped1"]}
< ResourceInUse The placement group `ps-grouped1` still holds the instance `ins-prepaid1`.
> DeleteDisasterRecoverGroups {"DisasterRecoverGroupIds":["ps-parted01"]}
< {}
> DeleteDisasterRecoverGroups {"DisasterRecoverGroupIds":["ps-parted01"]}
< FailedOperation.DisasterRecoverGroupNotFound ...
> DeleteDisasterRecoverGroups {"DisasterRecoverGroupIds":["ps-1"]}
< InvalidParameterValue.DisasterRecoverGroupIdMalformed ...
> DeleteDisasterRecoverGroups {"DisasterRecoverGroupIds":[11*"ps-parted01"]}
< InvalidParameterValue.LimitExceeded ...
"#;

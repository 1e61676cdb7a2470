//! DeleteInstancesDisasterRecoverGroups: removes instances from placement groups, all of them or none.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=DeleteInstancesDisasterRecoverGroups>.

use super::declared;
use crate::{Action, Apply, Batch, Context, Parameters, Product, Reason, change_all, cvm::groups};
use cvmd_model::{DisasterRecoverGroupId, InstanceId};

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "DeleteInstancesDisasterRecoverGroups", prepare)
    .errors_of(&[declared::CHANGE])
    .errors(&[
        "FailedOperation.DisasterRecoverGroupNotFound",
        "FailedOperation.DisasterRecoverGroupNotMatch",
        "InvalidParameterValue.DisasterRecoverGroupIdMalformed",
        "InvalidParameterValue.LimitExceeded",
        "UnsupportedOperation.InstanceStateLaunchFailed",
        "UnsupportedOperation.InstanceStateShutdown",
    ]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let ids: Batch<InstanceId> = Batch::read(parameters, "InstanceIds")?;
    let groups: Batch<DisasterRecoverGroupId> =
        Batch::read_at_most(parameters, "DisasterRecoverGroupIds", groups::BATCH_MAX)?;
    Ok(Box::new(move |tx, context| {
        let instances = ids.find(tx.view(), context)?;
        groups.find(tx.view(), context)?;
        change_all(tx, &instances, |instance| instance.leave(&groups))
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DeleteInstancesDisasterRecoverGroups {"InstanceIds":["ins-prepaid1"],"DisasterRecoverGroupIds":["ps-grouped1"]}
< {}
> DescribeDisasterRecoverGroups {"DisasterRecoverGroupIds":["ps-grouped1"]}
< ..."CurrentNum":0,"InstanceIds":[]...
> DeleteInstancesDisasterRecoverGroups {"InstanceIds":["ins-prepaid1"],"DisasterRecoverGroupIds":["ps-grouped1"]}
< FailedOperation.DisasterRecoverGroupNotMatch ...
> DeleteInstancesDisasterRecoverGroups {"InstanceIds":["ins-prepaid1"],"DisasterRecoverGroupIds":["ps-1"]}
< InvalidParameterValue.DisasterRecoverGroupIdMalformed ...
> DeleteInstancesDisasterRecoverGroups {"InstanceIds":["ins-prepaid1"],"DisasterRecoverGroupIds":["ps-nowhere0"]}
< FailedOperation.DisasterRecoverGroupNotFound ...
> DeleteInstancesDisasterRecoverGroups {"InstanceIds":["ins-busy0001"],"DisasterRecoverGroupIds":["ps-grouped1"]}
< OperationDenied.InstanceOperationInProgress ...
>> DeleteInstancesDisasterRecoverGroups {"InstanceIds":["ins-busy0001"],"DisasterRecoverGroupIds":["ps-grouped1"]}
< InvalidInstance.NotSupported ...
> DeleteInstancesDisasterRecoverGroups {"InstanceIds":["ins-recycled"],"DisasterRecoverGroupIds":["ps-grouped1"]}
< UnsupportedOperation.InstanceStateShutdown ...
> DeleteInstancesDisasterRecoverGroups {"InstanceIds":["ins-launchno"],"DisasterRecoverGroupIds":["ps-grouped1"]}
< UnsupportedOperation.InstanceStateLaunchFailed ...
> DeleteInstancesDisasterRecoverGroups {"InstanceIds":["ins-1122"],"DisasterRecoverGroupIds":["ps-grouped1"]}
< InvalidInstanceId.Malformed ...
> DeleteInstancesDisasterRecoverGroups {"InstanceIds":["ins-foreign1"],"DisasterRecoverGroupIds":["ps-grouped1"]}
< InvalidInstanceId.NotFound ...
> DeleteInstancesDisasterRecoverGroups {"InstanceIds":["ins-prepaid1"],"DisasterRecoverGroupIds":[11*"ps-grouped1"]}
< InvalidParameterValue.LimitExceeded ...
"#;

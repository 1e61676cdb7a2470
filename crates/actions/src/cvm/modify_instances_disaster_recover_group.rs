//! ModifyInstancesDisasterRecoverGroup: puts instances into a placement group, and removes them from their earlier one.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=ModifyInstancesDisasterRecoverGroup>.
//! Nothing is placed here, so no instance moves or restarts, with or without Force.

use super::declared;
use crate::{Action, Apply, Batch, Context, Parameters, Product, Reason, change_all, cvm::groups};
use cvmd_model::{DisasterRecoverGroupId, InstanceId};

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "ModifyInstancesDisasterRecoverGroup", prepare)
    .errors_of(&[declared::CHANGE])
    .errors(&[
        "FailedOperation.AlreadyInDisasterRecoverGroup",
        "FailedOperation.DisasterRecoverGroupNotFound",
        "InvalidParameterCombination",
        "InvalidParameterValue.DisasterRecoverGroupIdMalformed",
        "InvalidParameterValue.LimitExceeded",
        "ResourceInsufficient.DisasterRecoverGroupCvmQuota",
        "UnsupportedOperation.InstanceStateLaunchFailed",
        "UnsupportedOperation.InstanceStateShutdown",
    ])
    .without_effect(&["Force"]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let names = "`DisasterRecoverGroupId` and `DisasterRecoverGroupIds`";
    let ids: Batch<InstanceId> = Batch::read(parameters, "InstanceIds")?;
    let (one, list) = (parameters.has("DisasterRecoverGroupId"), parameters.has("DisasterRecoverGroupIds"));
    let group: Batch<DisasterRecoverGroupId> = match (one, list) {
        (true, true) => return Err(Reason::Exclusive { names }),
        (false, false) => return Err(Reason::NothingToDo { names }),
        (true, false) => Batch::of_one(parameters, "DisasterRecoverGroupId")?,
        (false, true) => Batch::read_at_most(parameters, "DisasterRecoverGroupIds", 1)?,
    };
    let wanted = parameters.bounded("PartitionNumber", 1, 30)?;
    Ok(Box::new(move |tx, context| {
        let instances = ids.find(tx.view(), context)?;
        let group = groups::find(tx.view(), context, group[0])?;
        let partition = groups::partition(group, wanted)?;
        let joining = instances.iter().filter(|instance| instance.extras().group != Some(group.id)).count();
        group.takes(tx.view().members(group.id).count(), joining)?;
        change_all(tx, &instances, |instance| instance.join(group.id, partition))
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> ModifyInstancesDisasterRecoverGroup {"InstanceIds":["ins-running1","ins-prepaid1"],"DisasterRecoverGroupIds":["ps-parted01"],"PartitionNumber":2,"Force":true}
< {}
> DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."InstanceState":"RUNNING"..."DisasterRecoverGroupId":"ps-parted01"..."DisasterRecoverGroupIds":["ps-parted01"]..."PartitionNumber":2...
> DescribeDisasterRecoverGroups {}
< {"DisasterRecoverGroupSet":[{"DisasterRecoverGroupId":"ps-parted01",..."InstanceIds":["ins-prepaid1","ins-running1"]...},{"DisasterRecoverGroupId":"ps-grouped1",..."CurrentNum":0,"InstanceIds":[]...}],"TotalCount":2}
> ModifyInstancesDisasterRecoverGroup {"InstanceIds":["ins-running1"],"DisasterRecoverGroupId":"ps-parted01","PartitionNumber":2}
< FailedOperation.AlreadyInDisasterRecoverGroup ...
> ModifyInstancesDisasterRecoverGroup {"InstanceIds":["ins-running1"],"DisasterRecoverGroupId":"ps-parted01","PartitionNumber":4}
< InvalidParameterValue The value `4` specified in the parameter `PartitionNumber` is not valid: 1 to 3.
> ModifyInstancesDisasterRecoverGroup {"InstanceIds":["ins-running1"]}
< MissingParameter ...
> ModifyInstancesDisasterRecoverGroup {"InstanceIds":["ins-running1"],"DisasterRecoverGroupId":"ps-parted01","DisasterRecoverGroupIds":["ps-parted01"]}
< InvalidParameterCombination ...
> ModifyInstancesDisasterRecoverGroup {"InstanceIds":["ins-running1"],"DisasterRecoverGroupId":"ps-1"}
< InvalidParameterValue.DisasterRecoverGroupIdMalformed ...
> ModifyInstancesDisasterRecoverGroup {"InstanceIds":["ins-running1"],"DisasterRecoverGroupId":"ps-nowhere0"}
< FailedOperation.DisasterRecoverGroupNotFound ...
> ModifyInstancesDisasterRecoverGroup {"InstanceIds":["ins-busy0001"],"DisasterRecoverGroupId":"ps-parted01"}
< OperationDenied.InstanceOperationInProgress ...
>> ModifyInstancesDisasterRecoverGroup {"InstanceIds":["ins-busy0001"],"DisasterRecoverGroupId":"ps-parted01"}
< InvalidInstance.NotSupported ...
> ModifyInstancesDisasterRecoverGroup {"InstanceIds":["ins-recycled"],"DisasterRecoverGroupId":"ps-parted01"}
< UnsupportedOperation.InstanceStateShutdown ...
> ModifyInstancesDisasterRecoverGroup {"InstanceIds":["ins-launchno"],"DisasterRecoverGroupId":"ps-parted01"}
< UnsupportedOperation.InstanceStateLaunchFailed ...
> ModifyInstancesDisasterRecoverGroup {"InstanceIds":["ins-1122"],"DisasterRecoverGroupId":"ps-parted01"}
< InvalidInstanceId.Malformed ...
> ModifyInstancesDisasterRecoverGroup {"InstanceIds":["ins-foreign1"],"DisasterRecoverGroupId":"ps-parted01"}
< InvalidInstanceId.NotFound ...
> ModifyInstancesDisasterRecoverGroup {"InstanceIds":["ins-running1"],"DisasterRecoverGroupIds":["ps-parted01","ps-grouped1"]}
< InvalidParameterValue.LimitExceeded ...

20 instances in ps-grouped1
> ModifyInstancesDisasterRecoverGroup {"InstanceIds":["ins-stopped1"],"DisasterRecoverGroupId":"ps-grouped1"}
< ResourceInsufficient.DisasterRecoverGroupCvmQuota The placement group `ps-grouped1` takes at most 20 instances.
"#;

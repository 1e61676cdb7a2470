//! StopInstances: stops instances that are RUNNING: SOFT, SOFT_FIRST or HARD.
//!
//! <https://cloud.tencent.com/document/api/213/15743>. `ForceStop` is the older form of SOFT_FIRST. StoppedMode
//! STOP_CHARGING releases the public address. Until such an instance is started, its login, type, disks, bandwidth,
//! host name and charge type cannot be changed, and it cannot be imaged or rescued; names, tags, groups, user data and
//! the like can be changed, and it can be terminated. For an instance that is not paid by the hour the mode has no
//! effect.

use super::{declared, stop_type::stop_type};
use crate::{Action, Apply, Batch, Context, Parameters, Product, Reason};

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "StopInstances", prepare)
    .errors_of(&[declared::CHANGE, declared::NOT_IN_SERVICE, declared::ON_THE_WAY])
    .errors(&[
        "InvalidParameterCombination",
        "InvalidParameterValue.LimitExceeded",
        "UnsupportedOperation.InstanceStateStopped",
    ]);

fn prepare(parameters: &mut Parameters, context: &Context) -> Result<Apply, Reason> {
    let ids = Batch::read(parameters, "InstanceIds")?;
    let how = stop_type(parameters, "ForceStop", "`ForceStop` and `StopType`")?;
    let words = [("KEEP_CHARGING", false), ("STOP_CHARGING", true)];
    let without_charging = parameters.word("StoppedMode", &words)?.unwrap_or(false);
    let by = context.by(ACTION.name);
    ids.change(move |instance| instance.stop(how, without_charging, by))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> StopInstances {"InstanceIds":["ins-running1"],"StopType":"SOFT_FIRST"}
< {}
> DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."InstanceState":"STOPPING"..."LatestOperation":"StopInstances","LatestOperationState":"OPERATING"...

> StopInstances {"InstanceIds":["ins-running1"],"ForceStop":true,"StoppedMode":"STOP_CHARGING"}
< {}

# What is paid in advance is paid for: the mode means nothing.
> StopInstances {"InstanceIds":["ins-prepaid1"],"StoppedMode":"STOP_CHARGING"}
< {}

ins-prepaid1 was stopped without charging by an earlier version
> DescribeInstances {"InstanceIds":["ins-prepaid1"]}
< ..."InternetAccessible":{"InternetChargeType":"TRAFFIC_POSTPAID_BY_HOUR"..."InstanceState":"STOPPED"..."StopChargingMode":"NOT_APPLICABLE"...
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-prepaid1"],"KeyIds":["skey-bound001"]}
< {}
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-sleeping"],"KeyIds":["skey-bound001"]}
< UnsupportedOperation.StoppedModeStopCharging ...
# What needs no machine changes all the same.
> ModifyInstancesAttribute {"InstanceIds":["ins-sleeping"],"InstanceName":"asleep","SecurityGroups":["sg-mine0001"],"UserData":"aGVsbG8="}
< {}
> ModifyInstancesProject {"InstanceIds":["ins-sleeping"],"ProjectId":7}
< {}
> TerminateInstances {"InstanceIds":["ins-sleeping"]}
< {}

> StopInstances {"InstanceIds":["ins-running1"],"StopType":"GENTLY"}
< InvalidParameterValue The value `GENTLY` specified in the parameter `StopType` is not valid: it is one of `SOFT`, `SOFT_FIRST`, `HARD`.
> StopInstances {"InstanceIds":["ins-running1"],"StopType":"HARD","ForceStop":false}
< InvalidParameterCombination The parameters `ForceStop` and `StopType` exclude one another.
> StopInstances {"InstanceIds":["ins-stopped1"]}
< UnsupportedOperation.InstanceStateStopped ...
>> StopInstances {"InstanceIds":["ins-stopped1"]}
< InvalidInstance.NotSupported ...
> StopInstances {"InstanceIds":["ins-starting"]}
< UnsupportedOperation.InstanceStateStarting ...
> StopInstances {"InstanceIds":["ins-stopping"]}
< UnsupportedOperation.InstanceStateStopping ...
> StopInstances {"InstanceIds":["ins-busy0001"]}
< OperationDenied.InstanceOperationInProgress ...
> StopInstances {"InstanceIds":["ins-1122"]}
< InvalidInstanceId.Malformed ...
> StopInstances {"InstanceIds":["ins-nowhere0"]}
< InvalidInstanceId.NotFound ...
> StopInstances {"InstanceIds":[101*"ins-running1"]}
< InvalidParameterValue.LimitExceeded ...
> StopInstances {"InstanceIds":["ins-recycled"]}
< UnsupportedOperation.InstanceStateShutdown ...
> StopInstances {"InstanceIds":["ins-launchno"]}
< UnsupportedOperation.InstanceStateLaunchFailed ...

ins-stopped1 is in RESCUE_MODE
> StopInstances {"InstanceIds":["ins-stopped1"],"StopType":"HARD"}
< UnsupportedOperation.InstanceStateRescueMode ...
"#;

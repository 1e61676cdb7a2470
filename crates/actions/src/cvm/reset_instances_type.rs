//! ResetInstancesType: changes an instance's type.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=ResetInstancesType>.
//! One instance per request, as with the vendor. The new type is answered at once; the machine has it when the
//! operation has succeeded. Unlike upstream, a STOPPED instance stays STOPPED; a RUNNING one is shut down, by force if
//! need be, and started again.

use super::declared;
use crate::{Action, Apply, Batch, Context, Parameters, Product, Reason, cvm::launch_parameters::find_instance_type};

/// The vendor's own limit of this action.
const BATCH_MAX: usize = 1;

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "ResetInstancesType", prepare)
    .errors_of(&[declared::CHANGE, declared::NOT_IN_SERVICE])
    .errors(&[
        "InvalidParameterValue.InstanceTypeNotFound",
        "InvalidParameterValue.LimitExceeded",
        "UnsupportedOperation.InstanceStateRunning",
        "UnsupportedOperation.InstanceStateStarting",
        "UnsupportedOperation.StoppedModeStopCharging",
        "UnsupportedOperation.SystemDiskType",
    ]);

fn prepare(parameters: &mut Parameters, context: &Context) -> Result<Apply, Reason> {
    let ids = Batch::read_at_most(parameters, "InstanceIds", BATCH_MAX)?;
    let instance_type = find_instance_type(&parameters.text("InstanceType")?.unwrap_or_default())?;
    let force = parameters.flag("ForceStop")?.unwrap_or(false);
    let by = context.by(ACTION.name);
    ids.change(move |instance| instance.reset_type(instance_type, force, by))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> ResetInstancesType {"InstanceIds":["ins-stopped1"],"InstanceType":"S5.LARGE8"}
< {}
> DescribeInstances {"InstanceIds":["ins-stopped1"]}
< ..."InstanceType":"S5.LARGE8","CPU":4,"Memory":8..."InstanceState":"STOPPED"..."LatestOperation":"ResetInstancesType","LatestOperationState":"OPERATING"...
> ResetInstancesType {"InstanceIds":["ins-running1"],"InstanceType":"S5.LARGE8","ForceStop":true}
< {}
> DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."InstanceState":"STOPPING"..."LatestOperationState":"OPERATING"...

# Nothing to do: no power cycle.
> ResetInstancesType {"InstanceIds":["ins-running1"],"InstanceType":"S5.SMALL1","ForceStop":true}
< {}
> DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."InstanceState":"RUNNING"..."LatestOperation":"ResetInstancesType","LatestOperationState":"SUCCESS"...
> ResetInstancesType {"InstanceIds":["ins-running1"],"InstanceType":"S5.LARGE8"}
< UnsupportedOperation.InstanceStateRunning ...
>> ResetInstancesType {"InstanceIds":["ins-running1"],"InstanceType":"S5.LARGE8","ForceStop":false}
< InvalidInstance.NotSupported ...
> ResetInstancesType {"InstanceIds":["ins-stopped1"],"InstanceType":"S99.HUGE"}
< InvalidParameterValue.InstanceTypeNotFound ...
> ResetInstancesType {"InstanceIds":["ins-starting"],"InstanceType":"S5.LARGE8","ForceStop":true}
< UnsupportedOperation.InstanceStateStarting ...
> ResetInstancesType {"InstanceIds":["ins-recycled"],"InstanceType":"S5.LARGE8"}
< UnsupportedOperation.InstanceStateShutdown ...
> ResetInstancesType {"InstanceIds":["ins-launchno"],"InstanceType":"S5.LARGE8"}
< UnsupportedOperation.InstanceStateLaunchFailed ...
> ResetInstancesType {"InstanceIds":["ins-sleeping"],"InstanceType":"S5.LARGE8"}
< UnsupportedOperation.StoppedModeStopCharging ...
> ResetInstancesType {"InstanceIds":["ins-stopping"],"InstanceType":"S5.LARGE8"}
< UnsupportedOperation.SystemDiskType ...
> ResetInstancesType {"InstanceIds":["ins-busy0001"],"InstanceType":"S5.LARGE8"}
< OperationDenied.InstanceOperationInProgress ...
> ResetInstancesType {"InstanceIds":["ins-1122"],"InstanceType":"S5.LARGE8"}
< InvalidInstanceId.Malformed ...
> ResetInstancesType {"InstanceIds":["ins-foreign1"],"InstanceType":"S5.LARGE8"}
< InvalidInstanceId.NotFound ...
> ResetInstancesType {"InstanceIds":["ins-stopped1","ins-running1"],"InstanceType":"S5.LARGE8"}
< InvalidParameterValue.LimitExceeded The parameter `InstanceIds` has 2 values; at most 1 are allowed.

ins-stopped1 is in RESCUE_MODE
> ResetInstancesType {"InstanceIds":["ins-stopped1"],"InstanceType":"S5.LARGE8"}
< UnsupportedOperation.InstanceStateRescueMode ...
"#;

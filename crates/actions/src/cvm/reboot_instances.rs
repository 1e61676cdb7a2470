//! RebootInstances: reboots instances that are RUNNING or in RESCUE_MODE: SOFT, SOFT_FIRST or HARD.
//!
//! <https://cloud.tencent.com/document/api/213/15742>. `ForceReboot` is the older form of SOFT_FIRST. The vendor lists
//! no code against RESCUE_MODE: then the rescue system is rebooted.

use super::{declared, stop_type::stop_type};
use crate::{Action, Apply, Batch, Context, Parameters, Product, Reason};

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "RebootInstances", prepare)
    .errors_of(&[declared::CHANGE, declared::ON_THE_WAY])
    .errors(&[
        "InvalidParameterCombination",
        "InvalidParameterValue.LimitExceeded",
        "UnsupportedOperation.InstanceStateLaunchFailed",
        "UnsupportedOperation.InstanceStateShutdown",
        "UnsupportedOperation.InstanceStateStopped",
    ]);

fn prepare(parameters: &mut Parameters, context: &Context) -> Result<Apply, Reason> {
    let ids = Batch::read(parameters, "InstanceIds")?;
    let how = stop_type(parameters, "ForceReboot", "`ForceReboot` and `StopType`")?;
    let by = context.by(ACTION.name);
    ids.change(move |instance| instance.reboot(how, by))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> RebootInstances {"InstanceIds":["ins-running1"]}
< {}
> DescribeInstancesStatus {"InstanceIds":["ins-running1"]}
< ..."InstanceState":"REBOOTING"...
> RebootInstances {"InstanceIds":["ins-running1"],"StopType":"HARD","ForceReboot":true}
< InvalidParameterCombination ...
> RebootInstances {"InstanceIds":["ins-stopped1"]}
< UnsupportedOperation.InstanceStateStopped ...
>> RebootInstances {"InstanceIds":["ins-stopped1"]}
< InvalidInstance.NotSupported ...
> RebootInstances {"InstanceIds":["ins-starting"]}
< UnsupportedOperation.InstanceStateStarting ...
> RebootInstances {"InstanceIds":["ins-stopping"]}
< UnsupportedOperation.InstanceStateStopping ...
> RebootInstances {"InstanceIds":["ins-busy0001"]}
< OperationDenied.InstanceOperationInProgress ...
> RebootInstances {"InstanceIds":["ins-1122"]}
< InvalidInstanceId.Malformed ...
> RebootInstances {"InstanceIds":["ins-nowhere0"]}
< InvalidInstanceId.NotFound ...
> RebootInstances {"InstanceIds":[101*"ins-running1"]}
< InvalidParameterValue.LimitExceeded ...
> RebootInstances {"InstanceIds":["ins-recycled"]}
< UnsupportedOperation.InstanceStateShutdown ...
> RebootInstances {"InstanceIds":["ins-launchno"]}
< UnsupportedOperation.InstanceStateLaunchFailed ...

ins-stopped1 is in RESCUE_MODE
> RebootInstances {"InstanceIds":["ins-stopped1"]}
< {}
"#;

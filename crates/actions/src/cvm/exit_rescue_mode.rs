//! ExitRescueMode: ends the rescue system of an instance in RESCUE_MODE.
//!
//! <https://cloud.tencent.com/document/api/213/109043>. As the vendor's guide states, the instance is STOPPED then;
//! after a start its disk decides who may log in, with the repairs made there.

use super::declared;
use crate::{Action, Apply, Batch, Context, Parameters, Product, Reason};

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "ExitRescueMode", prepare)
    .errors_of(&[declared::CHANGE, declared::ON_THE_WAY])
    .errors(&[
        "UnsupportedOperation.InstanceStateLaunchFailed",
        "UnsupportedOperation.InstanceStateRunning",
        "UnsupportedOperation.InstanceStateShutdown",
        "UnsupportedOperation.InstanceStateStopped",
    ]);

fn prepare(parameters: &mut Parameters, context: &Context) -> Result<Apply, Reason> {
    let by = context.by(ACTION.name);
    Batch::of_one(parameters, "InstanceId")?.change(move |instance| instance.exit_rescue(by))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
ins-stopped1 is in RESCUE_MODE
> ExitRescueMode {"InstanceId":"ins-stopped1"}
< {}
> DescribeInstancesStatus {"InstanceIds":["ins-stopped1"]}
< ..."InstanceState":"EXIT_RESCUE_MODE"...
> ExitRescueMode {"InstanceId":"ins-stopped1"}
< OperationDenied.InstanceOperationInProgress ...
> TerminateInstances {"InstanceIds":["ins-stopped1"]}
< {}

> ExitRescueMode {"InstanceId":"ins-running1"}
< UnsupportedOperation.InstanceStateRunning ...
>> ExitRescueMode {"InstanceId":"ins-running1"}
< InvalidInstance.NotSupported ...
> ExitRescueMode {"InstanceId":"ins-windows1"}
< UnsupportedOperation.InstanceStateStopped ...
> ExitRescueMode {"InstanceId":"ins-recycled"}
< UnsupportedOperation.InstanceStateShutdown ...
> ExitRescueMode {"InstanceId":"ins-launchno"}
< UnsupportedOperation.InstanceStateLaunchFailed ...
> ExitRescueMode {"InstanceId":"ins-starting"}
< UnsupportedOperation.InstanceStateStarting ...
> ExitRescueMode {"InstanceId":"ins-stopping"}
< UnsupportedOperation.InstanceStateStopping ...
> ExitRescueMode {"InstanceId":"ins-1122"}
< InvalidInstanceId.Malformed ...
> ExitRescueMode {"InstanceId":"ins-foreign1"}
< InvalidInstanceId.NotFound ...
> ExitRescueMode {}
< MissingParameter ...
"#;

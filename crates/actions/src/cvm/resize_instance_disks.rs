//! ResizeInstanceDisks: makes a disk of an instance larger.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=ResizeInstanceDisks>.
//! The system disk or one data disk per request, as with the vendor. A RUNNING instance needs ResizeOnline, and keeps
//! running, or ForceStop: then it is shut down, by force if need be, and started again. Where the vendor is silent:
//! with both it keeps running.

use super::{
    declared,
    disk_size::{NAMES, disk},
};
use crate::{Action, Apply, Batch, Context, Parameters, Product, Reason};
use cvmd_model::Running;

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "ResizeInstanceDisks", prepare)
    .errors_of(&[declared::CHANGE, declared::NOT_IN_SERVICE])
    .errors(&[
        "InvalidParameter.DataDiskIdContainsRootDisk",
        "InvalidParameter.DataDiskNotBelongSpecifiedInstance",
        "InvalidParameter.LocalDataDiskNotSupport",
        "InvalidParameterCombination",
        "InvalidParameterValue.LimitExceeded",
        "UnsupportedOperation.InstanceStateRunning",
        "UnsupportedOperation.StoppedModeStopCharging",
    ])
    .without_effect_of(&[declared::SYSTEM_DISK_BUT_SIZE, declared::DATA_DISK_BUT_SIZE]);

fn prepare(parameters: &mut Parameters, context: &Context) -> Result<Apply, Reason> {
    let ids = Batch::of_one(parameters, "InstanceId")?;
    if parameters.has("DataDisks") && parameters.has("SystemDisk") {
        return Err(Reason::Exclusive { names: NAMES });
    }
    let (disk, size_gib) = disk(parameters)?;
    let force = parameters.flag("ForceStop")?.unwrap_or(false);
    let online = parameters.flag("ResizeOnline")?.unwrap_or(false);
    let running = if online { Running::Untouched } else { Running::cycled(force) };
    let by = context.by(ACTION.name);
    ids.change(move |instance| instance.resize_disk(disk, size_gib, running, by))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> ResizeInstanceDisks {"InstanceId":"ins-stopped1","DataDisks":[{"DiskId":"disk-data0001","DiskSize":100}]}
< {}
> DescribeInstances {"InstanceIds":["ins-stopped1"]}
< ..."DataDisks":[{"DiskSize":100..."DiskId":"disk-data0001"...},{"DiskSize":20...}]..."InstanceState":"STOPPED"..."LatestOperation":"ResizeInstanceDisks","LatestOperationState":"OPERATING"...
> ResizeInstanceDisks {"InstanceId":"ins-running1","SystemDisk":{"DiskSize":60},"ResizeOnline":true}
< {}
> DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."DiskSize":60..."InstanceState":"RUNNING"..."LatestOperationState":"OPERATING"...
> ResizeInstanceDisks {"InstanceId":"ins-prepaid1","SystemDisk":{"DiskSize":60},"ForceStop":true}
< {}
> DescribeInstances {"InstanceIds":["ins-prepaid1"]}
< ..."DiskSize":60..."InstanceState":"STOPPING"...

> ResizeInstanceDisks {"InstanceId":"ins-running1","SystemDisk":{"DiskSize":60}}
< UnsupportedOperation.InstanceStateRunning ...
>> ResizeInstanceDisks {"InstanceId":"ins-running1","SystemDisk":{"DiskSize":60}}
< InvalidInstance.NotSupported ...
> ResizeInstanceDisks {"InstanceId":"ins-stopped1","SystemDisk":{"DiskSize":40}}
< InvalidParameterValue The disk `disk-system01` has 50 GiB and cannot shrink to 40 GiB.
> ResizeInstanceDisks {"InstanceId":"ins-stopped1","SystemDisk":{"DiskSize":60},"DataDisks":[{"DiskId":"disk-data0001","DiskSize":100}]}
< InvalidParameterCombination The parameters `DataDisks` and `SystemDisk` exclude one another.
> ResizeInstanceDisks {"InstanceId":"ins-stopped1"}
< MissingParameter At least one of the parameters `DataDisks` and `SystemDisk` is needed.
> ResizeInstanceDisks {"InstanceId":"ins-stopped1","SystemDisk":{}}
< MissingParameter The request is missing a required parameter `SystemDisk.DiskSize`.
> ResizeInstanceDisks {"InstanceId":"ins-stopped1","DataDisks":[{"DiskSize":100}]}
< MissingParameter The request is missing a required parameter `DataDisks.0.DiskId`.
> ResizeInstanceDisks {"InstanceId":"ins-stopped1","DataDisks":[{"DiskId":"disk-1","DiskSize":100}]}
< InvalidParameterValue The value `disk-1` specified in the parameter `DataDisks.0.DiskId` is not valid.
> ResizeInstanceDisks {"InstanceId":"ins-stopped1","DataDisks":[{"DiskId":"disk-nowhere0","DiskSize":100}]}
< InvalidParameter.DataDiskNotBelongSpecifiedInstance ...
> ResizeInstanceDisks {"InstanceId":"ins-stopped1","DataDisks":[{"DiskId":"disk-system01","DiskSize":100}]}
< InvalidParameter.DataDiskIdContainsRootDisk ...
> ResizeInstanceDisks {"InstanceId":"ins-stopped1","DataDisks":[{"DiskId":"disk-local001","DiskSize":100}]}
< InvalidParameter.LocalDataDiskNotSupport ...
> ResizeInstanceDisks {"InstanceId":"ins-stopped1","DataDisks":[{"DiskId":"disk-data0001","DiskSize":100},{"DiskId":"disk-local001","DiskSize":100}]}
< InvalidParameterValue.LimitExceeded ...
> ResizeInstanceDisks {"InstanceId":"ins-recycled","SystemDisk":{"DiskSize":60}}
< UnsupportedOperation.InstanceStateShutdown ...
> ResizeInstanceDisks {"InstanceId":"ins-launchno","SystemDisk":{"DiskSize":60}}
< UnsupportedOperation.InstanceStateLaunchFailed ...
> ResizeInstanceDisks {"InstanceId":"ins-busy0001","SystemDisk":{"DiskSize":60}}
< OperationDenied.InstanceOperationInProgress ...
> ResizeInstanceDisks {"InstanceId":"ins-1122","SystemDisk":{"DiskSize":60}}
< InvalidInstanceId.Malformed ...
> ResizeInstanceDisks {"InstanceId":"ins-foreign1","SystemDisk":{"DiskSize":60}}
< InvalidInstanceId.NotFound ...
> ResizeInstanceDisks {"InstanceId":"ins-sleeping","SystemDisk":{"DiskSize":100}}
< UnsupportedOperation.StoppedModeStopCharging ...

ins-stopped1 is in RESCUE_MODE
> ResizeInstanceDisks {"InstanceId":"ins-stopped1","SystemDisk":{"DiskSize":60}}
< UnsupportedOperation.InstanceStateRescueMode ...
"#;

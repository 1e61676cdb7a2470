//! InquiryPriceResizeInstanceDisks: what an instance would cost with a larger disk.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=InquiryPriceResizeInstanceDisks>.
//!
//! By the hour from then on; for an instance paid in advance, the additional cost for the rest of the term at once.

use super::{
    declared,
    disk_size::{NAMES, disk},
};
use crate::{Action, Batch, Body, Context, Parameters, Product, Reason, cvm::inquiry};
use cvmd_model::Running;
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "InquiryPriceResizeInstanceDisks", answer)
    .errors_of(&[declared::CHANGE, declared::NOT_IN_SERVICE])
    .errors(&[
        "InvalidParameter.DataDiskIdContainsRootDisk",
        "InvalidParameter.DataDiskNotBelongSpecifiedInstance",
        "InvalidParameter.LocalDataDiskNotSupport",
        "InvalidParameterCombination",
        "InvalidParameterValue.LimitExceeded",
    ])
    // The price does not depend on how it is done.
    .without_effect_of(&[declared::SYSTEM_DISK_BUT_SIZE, declared::DATA_DISK_BUT_SIZE])
    .without_effect(&["ForceStop", "ResizeOnline"]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let id = Batch::of_one(parameters, "InstanceId")?;
    if parameters.has("DataDisks") && parameters.has("SystemDisk") {
        return Err(Reason::Exclusive { names: NAMES });
    }
    let (disk, size_gib) = disk(parameters)?;
    let by = context.by(ACTION.name);
    inquiry::of_change(&id, view, context, |copy| copy.resize_disk(disk, size_gib, Running::Untouched, by))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> InquiryPriceResizeInstanceDisks {"InstanceId":"ins-running1","SystemDisk":{"DiskSize":100}}
< {"Price":{"InstancePrice":{"UnitPrice":0.18,......}}
> InquiryPriceResizeInstanceDisks {"InstanceId":"ins-stopped1","DataDisks":[{"DiskId":"disk-data0001","DiskSize":120}]}
< {"Price":{"InstancePrice":{"UnitPrice":0.331,......}}
> InquiryPriceResizeInstanceDisks {"InstanceId":"ins-stopped1","SystemDisk":{"DiskSize":40}}
< InvalidParameterValue The disk `disk-system01` has 50 GiB and cannot shrink to 40 GiB.
> InquiryPriceResizeInstanceDisks {"InstanceId":"ins-stopped1","SystemDisk":{"DiskSize":60},"DataDisks":[{"DiskId":"disk-data0001","DiskSize":100}]}
< InvalidParameterCombination ...
> InquiryPriceResizeInstanceDisks {"InstanceId":"ins-stopped1"}
< MissingParameter ...
> InquiryPriceResizeInstanceDisks {"InstanceId":"ins-stopped1","DataDisks":[{"DiskId":"disk-nowhere0","DiskSize":100}]}
< InvalidParameter.DataDiskNotBelongSpecifiedInstance ...
> InquiryPriceResizeInstanceDisks {"InstanceId":"ins-stopped1","DataDisks":[{"DiskId":"disk-system01","DiskSize":100}]}
< InvalidParameter.DataDiskIdContainsRootDisk ...
> InquiryPriceResizeInstanceDisks {"InstanceId":"ins-stopped1","DataDisks":[{"DiskId":"disk-local001","DiskSize":100}]}
< InvalidParameter.LocalDataDiskNotSupport ...
> InquiryPriceResizeInstanceDisks {"InstanceId":"ins-stopped1","DataDisks":[{"DiskId":"disk-data0001","DiskSize":100},{"DiskId":"disk-local001","DiskSize":100}]}
< InvalidParameterValue.LimitExceeded ...
> InquiryPriceResizeInstanceDisks {"InstanceId":"ins-recycled","SystemDisk":{"DiskSize":60}}
< UnsupportedOperation.InstanceStateShutdown ...
> InquiryPriceResizeInstanceDisks {"InstanceId":"ins-launchno","SystemDisk":{"DiskSize":60}}
< UnsupportedOperation.InstanceStateLaunchFailed ...
>> InquiryPriceResizeInstanceDisks {"InstanceId":"ins-recycled","SystemDisk":{"DiskSize":60}}
< InvalidInstance.NotSupported ...
> InquiryPriceResizeInstanceDisks {"InstanceId":"ins-busy0001","SystemDisk":{"DiskSize":60}}
< OperationDenied.InstanceOperationInProgress ...
> InquiryPriceResizeInstanceDisks {"InstanceId":"ins-1122","SystemDisk":{"DiskSize":60}}
< InvalidInstanceId.Malformed ...
> InquiryPriceResizeInstanceDisks {"InstanceId":"ins-foreign1","SystemDisk":{"DiskSize":60}}
< InvalidInstanceId.NotFound ...

ins-stopped1 is in RESCUE_MODE
> InquiryPriceResizeInstanceDisks {"InstanceId":"ins-stopped1","SystemDisk":{"DiskSize":60}}
< UnsupportedOperation.InstanceStateRescueMode ...
"#;

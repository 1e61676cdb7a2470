//! InquiryPriceResetInstance: what an instance would cost after a reinstallation of its system disk.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=InquiryPriceResetInstance>.
//! Images cost nothing; only a larger system disk makes a difference.

use super::declared;
use crate::{
    Action, Batch, Body, Context, Parameters, Product, Reason,
    cvm::inquiry,
    new_instance::DISK_GIB_MAX,
    source::{Source, image_id},
};
use cvmd_model::Running;
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "InquiryPriceResetInstance", answer)
    .errors_of(&[declared::CHANGE, declared::NOT_IN_SERVICE])
    .errors(&["InvalidImageId.Malformed", "InvalidImageId.NotFound", "InvalidParameterValue.InvalidImageState"])
    .without_effect_of(&[declared::SYSTEM_DISK_BUT_SIZE])
    .without_effect(&["EnhancedService", "LoginSettings", "UserData"]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let id = Batch::of_one(parameters, "InstanceId")?;
    if let Some(image) = image_id(parameters)? {
        Source::find(view, context, image)?;
    }
    let mut size_gib = None;
    if let Some(mut disk) = parameters.structure("SystemDisk")? {
        size_gib = disk.bounded("DiskSize", 10, DISK_GIB_MAX)?;
        disk.finish()?;
    }
    let by = context.by(ACTION.name);
    inquiry::of_change(&id, view, context, |copy| {
        copy.resize_disk(None, size_gib.unwrap_or(copy.system_disk.size_gib), Running::Untouched, by)
    })
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> InquiryPriceResetInstance {"InstanceId":"ins-running1","ImageId":"img-eb30mz89","SystemDisk":{"DiskSize":100}}
< {"Price":{"InstancePrice":{"UnitPrice":0.18,......}}
> InquiryPriceResetInstance {"InstanceId":"ins-running1"}
< {"Price":{"InstancePrice":{"UnitPrice":0.155,......}}
> InquiryPriceResetInstance {"InstanceId":"ins-running1","SystemDisk":{"DiskSize":40}}
< InvalidParameterValue ...
> InquiryPriceResetInstance {"InstanceId":"ins-running1","ImageId":"img-1"}
< InvalidImageId.Malformed ...
> InquiryPriceResetInstance {"InstanceId":"ins-running1","ImageId":"img-nowhere0"}
< InvalidImageId.NotFound ...
> InquiryPriceResetInstance {"InstanceId":"ins-running1","ImageId":"img-failed01"}
< InvalidParameterValue.InvalidImageState ...
> InquiryPriceResetInstance {"InstanceId":"ins-recycled"}
< UnsupportedOperation.InstanceStateShutdown ...
> InquiryPriceResetInstance {"InstanceId":"ins-launchno"}
< UnsupportedOperation.InstanceStateLaunchFailed ...
>> InquiryPriceResetInstance {"InstanceId":"ins-recycled"}
< InvalidInstance.NotSupported ...
> InquiryPriceResetInstance {"InstanceId":"ins-busy0001"}
< OperationDenied.InstanceOperationInProgress ...
> InquiryPriceResetInstance {"InstanceId":"ins-1122"}
< InvalidInstanceId.Malformed ...
> InquiryPriceResetInstance {"InstanceId":"ins-foreign1"}
< InvalidInstanceId.NotFound ...

ins-stopped1 is in RESCUE_MODE
> InquiryPriceResetInstance {"InstanceId":"ins-stopped1"}
< UnsupportedOperation.InstanceStateRescueMode ...
"#;

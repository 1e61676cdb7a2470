//! InquiryPriceResetInstancesType: what an instance would cost with another type.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=InquiryPriceResetInstancesType>.
//!
//! By the hour from then on; for an instance paid in advance, the additional cost for the rest of the term at once.

use super::declared;
use crate::{
    Action, Batch, Body, Context, Parameters, Product, Reason,
    cvm::{inquiry, launch_parameters::find_instance_type},
};
use cvmd_state::View;

/// The vendor's own limit of this action.
const BATCH_MAX: usize = 1;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "InquiryPriceResetInstancesType", answer)
    .errors_of(&[declared::CHANGE, declared::NOT_IN_SERVICE])
    .errors(&[
        "InvalidParameterValue.InstanceTypeNotFound",
        "InvalidParameterValue.LimitExceeded",
        "UnsupportedOperation.InstanceStateStarting",
        "UnsupportedOperation.StoppedModeStopCharging",
        "UnsupportedOperation.SystemDiskType",
    ]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let ids = Batch::read_at_most(parameters, "InstanceIds", BATCH_MAX)?;
    let wanted = find_instance_type(&parameters.text("InstanceType")?.unwrap_or_default())?;
    let by = context.by(ACTION.name);
    inquiry::of_change(&ids, view, context, |copy| copy.reset_type(wanted, true, by))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> InquiryPriceResetInstancesType {"InstanceIds":["ins-running1"],"InstanceType":"S5.MEDIUM4"}
< {"Price":{"InstancePrice":{"UnitPrice":0.345,"ChargeUnit":"HOUR","UnitPriceDiscount":0.345,..."Discount":100,......}}
# Nothing has changed.
> DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."InstanceType":"S5.SMALL1"..."LatestOperation":null...
# The rest of the term is an hour of a month's 720: 400 / 720 of 0.19 more.
> InquiryPriceResetInstancesType {"InstanceIds":["ins-prepaid1"],"InstanceType":"S5.MEDIUM4"}
< {"Price":{"InstancePrice":{..."OriginalPrice":0.105555,"DiscountPrice":0.105555,"Discount":100,......}}
> InquiryPriceResetInstancesType {"InstanceIds":["ins-stopped1"],"InstanceType":"S99.HUGE"}
< InvalidParameterValue.InstanceTypeNotFound ...
> InquiryPriceResetInstancesType {"InstanceIds":["ins-starting"],"InstanceType":"S5.LARGE8"}
< UnsupportedOperation.InstanceStateStarting ...
>> InquiryPriceResetInstancesType {"InstanceIds":["ins-starting"],"InstanceType":"S5.LARGE8"}
< InvalidInstance.NotSupported ...
> InquiryPriceResetInstancesType {"InstanceIds":["ins-recycled"],"InstanceType":"S5.LARGE8"}
< UnsupportedOperation.InstanceStateShutdown ...
> InquiryPriceResetInstancesType {"InstanceIds":["ins-launchno"],"InstanceType":"S5.LARGE8"}
< UnsupportedOperation.InstanceStateLaunchFailed ...
> InquiryPriceResetInstancesType {"InstanceIds":["ins-sleeping"],"InstanceType":"S5.LARGE8"}
< UnsupportedOperation.StoppedModeStopCharging ...
> InquiryPriceResetInstancesType {"InstanceIds":["ins-stopping"],"InstanceType":"S5.LARGE8"}
< UnsupportedOperation.SystemDiskType ...
> InquiryPriceResetInstancesType {"InstanceIds":["ins-busy0001"],"InstanceType":"S5.LARGE8"}
< OperationDenied.InstanceOperationInProgress ...
> InquiryPriceResetInstancesType {"InstanceIds":["ins-1122"],"InstanceType":"S5.LARGE8"}
< InvalidInstanceId.Malformed ...
> InquiryPriceResetInstancesType {"InstanceIds":["ins-foreign1"],"InstanceType":"S5.LARGE8"}
< InvalidInstanceId.NotFound ...
> InquiryPriceResetInstancesType {"InstanceIds":["ins-stopped1","ins-running1"],"InstanceType":"S5.LARGE8"}
< InvalidParameterValue.LimitExceeded The parameter `InstanceIds` has 2 values; at most 1 are allowed.

ins-stopped1 is in RESCUE_MODE
> InquiryPriceResetInstancesType {"InstanceIds":["ins-stopped1"],"InstanceType":"S5.LARGE8"}
< UnsupportedOperation.InstanceStateRescueMode ...
"#;

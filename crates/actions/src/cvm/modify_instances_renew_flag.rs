//! ModifyInstancesRenewFlag: sets what happens at the end of the term of instances paid in advance.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=ModifyInstancesRenewFlag>.
//! The flag is stored and answered; nothing is renewed automatically.

use super::declared;
use crate::{Action, Apply, Batch, Context, Parameters, Product, Reason, cvm::term};

pub(crate) const ACTION: Action =
    Action::command(Product::Cvm, "ModifyInstancesRenewFlag", prepare).errors_of(&[declared::CHANGE]).errors(&[
        "InvalidParameterValue.LimitExceeded",
        "UnsupportedOperation.InstanceChargeType",
        "UnsupportedOperation.InstanceStateShutdown",
    ]);

fn prepare(parameters: &mut Parameters, context: &Context) -> Result<Apply, Reason> {
    let ids = Batch::read(parameters, "InstanceIds")?;
    let renew = term::renew_flag(parameters)?.unwrap_or_default();
    let by = context.by(ACTION.name);
    ids.change(move |instance| instance.set_renew_flag(renew, by))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> ModifyInstancesRenewFlag {"InstanceIds":["ins-prepaid1"],"RenewFlag":"DISABLE_NOTIFY_AND_MANUAL_RENEW"}
< {}
> DescribeInstances {"InstanceIds":["ins-prepaid1"]}
< ..."RenewFlag":"DISABLE_NOTIFY_AND_MANUAL_RENEW"..."ExpiredTime":"2026-11-24T01:00:00Z"..."LatestOperation":"ModifyInstancesRenewFlag","LatestOperationState":"SUCCESS"...
> ModifyInstancesRenewFlag {"InstanceIds":["ins-prepaid1"],"RenewFlag":"NEVER"}
< InvalidParameterValue The value `NEVER` specified in the parameter `RenewFlag` is not valid: it is one of `NOTIFY_AND_AUTO_RENEW`, `NOTIFY_AND_MANUAL_RENEW`, `DISABLE_NOTIFY_AND_MANUAL_RENEW`.
> ModifyInstancesRenewFlag {"InstanceIds":["ins-running1"],"RenewFlag":"NOTIFY_AND_AUTO_RENEW"}
< UnsupportedOperation.InstanceChargeType ...
>> ModifyInstancesRenewFlag {"InstanceIds":["ins-running1"],"RenewFlag":"NOTIFY_AND_AUTO_RENEW"}
< InvalidInstance.NotSupported ...
> ModifyInstancesRenewFlag {"InstanceIds":["ins-recycled"],"RenewFlag":"NOTIFY_AND_AUTO_RENEW"}
< UnsupportedOperation.InstanceStateShutdown ...
> StopInstances {"InstanceIds":["ins-prepaid1"]}
< {}
> ModifyInstancesRenewFlag {"InstanceIds":["ins-prepaid1"],"RenewFlag":"NOTIFY_AND_AUTO_RENEW"}
< OperationDenied.InstanceOperationInProgress ...
> ModifyInstancesRenewFlag {"InstanceIds":["ins-1122"],"RenewFlag":"NOTIFY_AND_AUTO_RENEW"}
< InvalidInstanceId.Malformed ...
> ModifyInstancesRenewFlag {"InstanceIds":["ins-foreign1"],"RenewFlag":"NOTIFY_AND_AUTO_RENEW"}
< InvalidInstanceId.NotFound ...
> ModifyInstancesRenewFlag {"InstanceIds":[101*"ins-prepaid1"],"RenewFlag":"NOTIFY_AND_AUTO_RENEW"}
< InvalidParameterValue.LimitExceeded ...
"#;

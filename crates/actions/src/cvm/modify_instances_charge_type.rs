//! ModifyInstancesChargeType: changes instances from payment by the hour to payment in advance, or back.
//!
//! <https://cloud.tencent.com/document/api/213/17964>. Nothing is charged or paid back. Where the vendor is silent: an
//! instance that already has that charge type is refused.

use super::declared;
use crate::{Action, Apply, Batch, Context, Parameters, Product, Reason, cvm::term::Term};

/// The vendor's own limit of this action.
const BATCH_MAX: usize = 20;

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "ModifyInstancesChargeType", prepare)
    .errors_of(&[declared::CHANGE])
    .errors(&[
        "InvalidParameterValue.LimitExceeded",
        "InvalidPeriod",
        "UnsupportedOperation.InstanceChargeType",
        "UnsupportedOperation.InstanceStateShutdown",
        "UnsupportedOperation.StoppedModeStopCharging",
    ])
    .without_effect(&["ModifyPortableDataDisk"]);

fn prepare(parameters: &mut Parameters, context: &Context) -> Result<Apply, Reason> {
    let ids = Batch::read_at_most(parameters, "InstanceIds", BATCH_MAX)?;
    let words = [("PREPAID", true), ("POSTPAID_BY_HOUR", false)];
    let in_advance = parameters.word("InstanceChargeType", &words)?.unwrap_or_default();
    let term = Term::if_prepaid(parameters, in_advance)?;
    let prepaid = term.map(|term| term.begun(context.now_seconds));
    let by = context.by(ACTION.name);
    ids.change(move |instance| instance.change_charge_type(prepaid, by))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> ModifyInstancesChargeType {"InstanceIds":["ins-running1","ins-stopped1"],"InstanceChargeType":"PREPAID","InstanceChargePrepaid":{"Period":2}}
< {}
> DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."InstanceChargeType":"PREPAID"..."RenewFlag":"NOTIFY_AND_MANUAL_RENEW"..."ExpiredTime":"2027-01-24T00:00:00Z"..."LatestOperation":"ModifyInstancesChargeType","LatestOperationState":"SUCCESS"...
> ModifyInstancesChargeType {"InstanceIds":["ins-running1"],"InstanceChargeType":"POSTPAID_BY_HOUR","ModifyPortableDataDisk":true}
< {}
> DescribeInstances {"Filters":[{"Name":"instance-charge-type","Values":["PREPAID"]},{"Name":"instance-state","Values":["RUNNING","STOPPED"]}]}
< {"TotalCount":2,...
> ModifyInstancesChargeType {"InstanceIds":["ins-running1"],"InstanceChargeType":"POSTPAID_BY_HOUR"}
< UnsupportedOperation.InstanceChargeType ...
>> ModifyInstancesChargeType {"InstanceIds":["ins-running1"],"InstanceChargeType":"POSTPAID_BY_HOUR"}
< InvalidInstance.NotSupported ...
> ModifyInstancesChargeType {"InstanceIds":["ins-running1"],"InstanceChargeType":"SPOTPAID"}
< InvalidParameterValue The value `SPOTPAID` specified in the parameter `InstanceChargeType` is not valid: it is one of `PREPAID`, `POSTPAID_BY_HOUR`.
> ModifyInstancesChargeType {"InstanceIds":["ins-running1"],"InstanceChargeType":"PREPAID"}
< MissingParameter The request is missing a required parameter `InstanceChargePrepaid`.
> ModifyInstancesChargeType {"InstanceIds":["ins-running1"],"InstanceChargeType":"PREPAID","InstanceChargePrepaid":{"Period":99}}
< InvalidPeriod ...
> ModifyInstancesChargeType {"InstanceIds":["ins-recycled"],"InstanceChargeType":"POSTPAID_BY_HOUR"}
< UnsupportedOperation.InstanceStateShutdown ...
> ModifyInstancesChargeType {"InstanceIds":["ins-sleeping"],"InstanceChargeType":"PREPAID","InstanceChargePrepaid":{"Period":1}}
< UnsupportedOperation.StoppedModeStopCharging ...
> ModifyInstancesChargeType {"InstanceIds":["ins-busy0001"],"InstanceChargeType":"PREPAID","InstanceChargePrepaid":{"Period":1}}
< OperationDenied.InstanceOperationInProgress ...
> ModifyInstancesChargeType {"InstanceIds":["ins-1122"],"InstanceChargeType":"POSTPAID_BY_HOUR"}
< InvalidInstanceId.Malformed ...
> ModifyInstancesChargeType {"InstanceIds":["ins-foreign1"],"InstanceChargeType":"POSTPAID_BY_HOUR"}
< InvalidInstanceId.NotFound ...
> ModifyInstancesChargeType {"InstanceIds":[21*"ins-running1"],"InstanceChargeType":"POSTPAID_BY_HOUR"}
< InvalidParameterValue.LimitExceeded The parameter `InstanceIds` has 21 values; at most 20 are allowed.
"#;

//! RenewInstances: adds a term to instances that were paid in advance.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=RenewInstances>.
//! The term is added to the rest of the present one, or begins now if that is over; nothing is charged. An instance
//! leaves the recycle bin. Where the vendor is silent: it is STOPPED then, and a renewal without RenewFlag does not
//! change the flag.

use super::declared;
use crate::{Action, Apply, Batch, Context, Parameters, Product, Reason, cvm::term::Term};

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "RenewInstances", prepare)
    .errors_of(&[declared::CHANGE])
    .errors(&["InvalidParameterValue.LimitExceeded", "InvalidPeriod", "UnsupportedOperation.InstanceChargeType"])
    .without_effect(&["RenewPortableDataDisk"]);

fn prepare(parameters: &mut Parameters, context: &Context) -> Result<Apply, Reason> {
    let ids = Batch::read(parameters, "InstanceIds")?;
    let term = Term::required(parameters)?;
    let (by, now_seconds) = (context.by(ACTION.name), context.now_seconds);
    ids.change(move |instance| instance.renew(|prepaid| term.added(prepaid, now_seconds), by))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
# What is in the recycle bin comes out of it, and can be started.
> RenewInstances {"InstanceIds":["ins-prepaid1","ins-recycled"],"InstanceChargePrepaid":{"Period":1,"RenewFlag":"NOTIFY_AND_AUTO_RENEW"},"RenewPortableDataDisk":true}
< {}
> DescribeInstances {"InstanceIds":["ins-prepaid1"]}
< ..."RenewFlag":"NOTIFY_AND_AUTO_RENEW"..."ExpiredTime":"2026-12-24T01:00:00Z"..."InstanceState":"RUNNING"..."LatestOperation":"RenewInstances","LatestOperationState":"SUCCESS"...
> DescribeInstances {"InstanceIds":["ins-recycled"]}
< ..."RestrictState":"NORMAL"..."ExpiredTime":"2026-12-24T01:00:00Z"..."InstanceState":"STOPPED"..."IsolatedSource":"NOTISOLATED"...
> StartInstances {"InstanceIds":["ins-recycled"]}
< {}
> RenewInstances {"InstanceIds":["ins-recycled"],"InstanceChargePrepaid":{"Period":1}}
< OperationDenied.InstanceOperationInProgress ...
> RenewInstances {"InstanceIds":["ins-running1"],"InstanceChargePrepaid":{"Period":1}}
< UnsupportedOperation.InstanceChargeType The instance `ins-running1` is charged POSTPAID_BY_HOUR, which does not allow this operation.
>> RenewInstances {"InstanceIds":["ins-running1"],"InstanceChargePrepaid":{"Period":1}}
< InvalidInstance.NotSupported ...
> RenewInstances {"InstanceIds":["ins-prepaid1"]}
< MissingParameter The request is missing a required parameter `InstanceChargePrepaid`.
> RenewInstances {"InstanceIds":["ins-prepaid1"],"InstanceChargePrepaid":{"Period":0}}
< InvalidPeriod ...
> RenewInstances {"InstanceIds":["ins-1122"],"InstanceChargePrepaid":{"Period":1}}
< InvalidInstanceId.Malformed ...
> RenewInstances {"InstanceIds":["ins-foreign1"],"InstanceChargePrepaid":{"Period":1}}
< InvalidInstanceId.NotFound ...
> RenewInstances {"InstanceIds":[101*"ins-prepaid1"],"InstanceChargePrepaid":{"Period":1}}
< InvalidParameterValue.LimitExceeded ...
"#;

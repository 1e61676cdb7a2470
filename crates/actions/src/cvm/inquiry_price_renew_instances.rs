//! InquiryPriceRenewInstances: what a further term of instances that were paid in advance would cost.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=InquiryPriceRenewInstances>.

use super::declared;
use crate::{
    Action, Batch, Body, Context, Parameters, Product, Reason, Yuan,
    cvm::{inquiry, term::Term},
    prices::ItemPrice,
};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "InquiryPriceRenewInstances", answer)
    .errors_of(&[declared::CHANGE])
    .errors(&["InvalidParameterValue.LimitExceeded", "InvalidPeriod", "UnsupportedOperation.InstanceChargeType"])
    .without_effect(&["DryRun", "RenewPortableDataDisk"]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let ids = Batch::read(parameters, "InstanceIds")?;
    let term = Term::required(parameters)?;
    let by = context.by(ACTION.name);
    let later = |prepaid| term.added(prepaid, context.now_seconds);
    let changed = inquiry::changed(&ids, view, context, |copy| copy.renew(later, by))?;
    let hour: Yuan = changed.iter().map(|(_, copy)| inquiry::hour(copy, context)).sum();
    Ok(inquiry::answer(ItemPrice::in_advance(context.policy.prices.in_advance(hour, term.months())), None))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> InquiryPriceRenewInstances {"InstanceIds":["ins-prepaid1","ins-recycled"],"InstanceChargePrepaid":{"Period":2}}
< {"Price":{"InstancePrice":{..."OriginalPrice":248.0,"DiscountPrice":248.0,"Discount":100,......}}
> DescribeInstances {"InstanceIds":["ins-recycled"]}
< ..."ExpiredTime":"2026-11-24T01:00:00Z"..."InstanceState":"SHUTDOWN"...
> InquiryPriceRenewInstances {"InstanceIds":["ins-running1"],"InstanceChargePrepaid":{"Period":1}}
< UnsupportedOperation.InstanceChargeType ...
>> InquiryPriceRenewInstances {"InstanceIds":["ins-running1"],"InstanceChargePrepaid":{"Period":1}}
< InvalidInstance.NotSupported ...
> InquiryPriceRenewInstances {"InstanceIds":["ins-prepaid1"]}
< MissingParameter ...
> InquiryPriceRenewInstances {"InstanceIds":["ins-prepaid1"],"InstanceChargePrepaid":{"Period":0}}
< InvalidPeriod ...
> InquiryPriceRenewInstances {"InstanceIds":["ins-1122"],"InstanceChargePrepaid":{"Period":1}}
< InvalidInstanceId.Malformed ...
> InquiryPriceRenewInstances {"InstanceIds":["ins-foreign1"],"InstanceChargePrepaid":{"Period":1}}
< InvalidInstanceId.NotFound ...
> InquiryPriceRenewInstances {"InstanceIds":[101*"ins-prepaid1"],"InstanceChargePrepaid":{"Period":1}}
< InvalidParameterValue.LimitExceeded ...
> StopInstances {"InstanceIds":["ins-prepaid1"]}
< {}
> InquiryPriceRenewInstances {"InstanceIds":["ins-prepaid1"],"InstanceChargePrepaid":{"Period":1}}
< OperationDenied.InstanceOperationInProgress ...
"#;

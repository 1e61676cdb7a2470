//! InquiryPriceModifyInstancesChargeType: what instances would cost if they were paid for in advance, or by the hour.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=InquiryPriceModifyInstancesChargeType>.

use super::declared;
use crate::{
    Action, Batch, Body, Context, Parameters, Product, Reason, Yuan,
    cvm::{inquiry, term::Term},
    prices::ItemPrice,
};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "InquiryPriceModifyInstancesChargeType", answer)
    .errors_of(&[declared::CHANGE])
    .errors(&[
        "InvalidParameterValue.LimitExceeded",
        "InvalidPeriod",
        "UnsupportedOperation.InstanceChargeType",
        "UnsupportedOperation.InstanceStateShutdown",
        "UnsupportedOperation.StoppedModeStopCharging",
    ])
    .without_effect(&["ModifyPortableDataDisk"]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let ids = Batch::read(parameters, "InstanceIds")?;
    let words = [("PREPAID", true), ("POSTPAID_BY_HOUR", false)];
    let in_advance = parameters.word("InstanceChargeType", &words)?.unwrap_or_default();
    let term = Term::if_prepaid(parameters, in_advance)?;
    let prepaid = term.map(|term| term.begun(context.now_seconds));
    let by = context.by(ACTION.name);
    let changed = inquiry::changed(&ids, view, context, |copy| copy.change_charge_type(prepaid, by))?;
    let hour: Yuan = changed.iter().map(|(_, copy)| inquiry::hour(copy, context)).sum();
    let price = match term {
        Some(term) => ItemPrice::in_advance(context.policy.prices.in_advance(hour, term.months())),
        None => ItemPrice::hourly(hour),
    };
    Ok(inquiry::answer(price, None))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> InquiryPriceModifyInstancesChargeType {"InstanceIds":["ins-running1"],"InstanceChargeType":"PREPAID","InstanceChargePrepaid":{"Period":12}}
< {"Price":{"InstancePrice":{..."OriginalPrice":744.0,......}}
> InquiryPriceModifyInstancesChargeType {"InstanceIds":["ins-prepaid1"],"InstanceChargeType":"POSTPAID_BY_HOUR"}
< {"Price":{"InstancePrice":{"UnitPrice":0.155,......}}
> InquiryPriceModifyInstancesChargeType {"InstanceIds":["ins-running1"],"InstanceChargeType":"POSTPAID_BY_HOUR"}
< UnsupportedOperation.InstanceChargeType ...
>> InquiryPriceModifyInstancesChargeType {"InstanceIds":["ins-running1"],"InstanceChargeType":"POSTPAID_BY_HOUR"}
< InvalidInstance.NotSupported ...
> InquiryPriceModifyInstancesChargeType {"InstanceIds":["ins-running1"],"InstanceChargeType":"PREPAID"}
< MissingParameter ...
> InquiryPriceModifyInstancesChargeType {"InstanceIds":["ins-running1"],"InstanceChargeType":"PREPAID","InstanceChargePrepaid":{"Period":99}}
< InvalidPeriod ...
> InquiryPriceModifyInstancesChargeType {"InstanceIds":["ins-recycled"],"InstanceChargeType":"POSTPAID_BY_HOUR"}
< UnsupportedOperation.InstanceStateShutdown ...
> InquiryPriceModifyInstancesChargeType {"InstanceIds":["ins-sleeping"],"InstanceChargeType":"PREPAID","InstanceChargePrepaid":{"Period":1}}
< UnsupportedOperation.StoppedModeStopCharging ...
> InquiryPriceModifyInstancesChargeType {"InstanceIds":["ins-busy0001"],"InstanceChargeType":"PREPAID","InstanceChargePrepaid":{"Period":1}}
< OperationDenied.InstanceOperationInProgress ...
> InquiryPriceModifyInstancesChargeType {"InstanceIds":["ins-1122"],"InstanceChargeType":"POSTPAID_BY_HOUR"}
< InvalidInstanceId.Malformed ...
> InquiryPriceModifyInstancesChargeType {"InstanceIds":["ins-foreign1"],"InstanceChargeType":"POSTPAID_BY_HOUR"}
< InvalidInstanceId.NotFound ...
> InquiryPriceModifyInstancesChargeType {"InstanceIds":[101*"ins-running1"],"InstanceChargeType":"POSTPAID_BY_HOUR"}
< InvalidParameterValue.LimitExceeded ...
"#;

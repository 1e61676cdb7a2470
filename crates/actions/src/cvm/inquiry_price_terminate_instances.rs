//! InquiryPriceTerminateInstances: what would be paid back if instances were terminated.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=InquiryPriceTerminateInstances>.
//!
//! The rest of a term paid in advance; nothing for an instance paid by the hour.

use crate::{Action, Batch, Body, Context, Parameters, Product, Reason, cvm::inquiry};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "InquiryPriceTerminateInstances", answer).errors(&[
    "InvalidInstance.NotSupported",
    "InvalidInstanceId.Malformed",
    "InvalidInstanceId.NotFound",
    "InvalidParameterValue.LimitExceeded",
    "UnsupportedOperation.InstanceStateTerminating",
    "UnsupportedOperation.InstancesProtected",
]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let ids = Batch::read(parameters, "InstanceIds")?;
    let by = context.by(ACTION.name);
    let changed = inquiry::changed(&ids, view, context, |copy| copy.terminate(by))?;
    let refunds = changed.into_iter().map(|(instance, _)| {
        let refunds = inquiry::rest_of_term(inquiry::hour(instance, context), instance, context);
        object! { InstanceId: instance.id, Refunds: refunds, PriceDetail: "" }
    });
    Ok(Body::of(object! { InstanceRefundsSet: refunds.collect::<Vec<_>>() }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> InquiryPriceTerminateInstances {"InstanceIds":["ins-running1","ins-prepaid1"]}
< {"InstanceRefundsSet":[{"InstanceId":"ins-running1","Refunds":0.0,"PriceDetail":""},{"InstanceId":"ins-prepaid1","Refunds":0.086111,"PriceDetail":""}]}
> ModifyInstancesAttribute {"InstanceIds":["ins-stopped1"],"DisableApiTermination":true}
< {}
> InquiryPriceTerminateInstances {"InstanceIds":["ins-stopped1"]}
< UnsupportedOperation.InstancesProtected ...
>> InquiryPriceTerminateInstances {"InstanceIds":["ins-stopped1"]}
< InvalidInstance.NotSupported ...
> TerminateInstances {"InstanceIds":["ins-running1"]}
< {}
> InquiryPriceTerminateInstances {"InstanceIds":["ins-running1"]}
< UnsupportedOperation.InstanceStateTerminating ...
> InquiryPriceTerminateInstances {"InstanceIds":["ins-1122"]}
< InvalidInstanceId.Malformed ...
> InquiryPriceTerminateInstances {"InstanceIds":["ins-foreign1"]}
< InvalidInstanceId.NotFound ...
> InquiryPriceTerminateInstances {"InstanceIds":[101*"ins-running1"]}
< InvalidParameterValue.LimitExceeded ...
"#;

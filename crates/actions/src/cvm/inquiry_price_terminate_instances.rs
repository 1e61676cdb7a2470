//! InquiryPriceTerminateInstances: what would be paid back if instances were terminated.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=InquiryPriceTerminateInstances>.
//!
//! The rest of a term paid in advance; nothing for an instance paid by the hour.

use crate::{Action, Body, Context, Parameters, Product, Reason, batch::Batch, cvm::inquiry};
use cvmd_model::{InstanceId, Refusal};
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
    let ids: Batch<InstanceId> = Batch::read(parameters, "InstanceIds")?;
    let by = context.by(ACTION.name);
    let instances = ids.find(view, context)?;
    let refunds = instances.into_iter().map(|instance| {
        inquiry::changed(instance, |copy| copy.terminate(by))?;
        let refunds = inquiry::rest_of_term(inquiry::hour(instance, context), instance, context);
        Ok(object! { InstanceId: instance.id.to_string(), Refunds: refunds, PriceDetail: "" })
    });
    Ok(Body::of(object! { InstanceRefundsSet: refunds.collect::<Result<Vec<_>, Refusal>>()? }))
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

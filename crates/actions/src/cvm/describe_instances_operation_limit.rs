//! DescribeInstancesOperationLimit: how often an operation may still be done on instances; here, without limit.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=DescribeInstancesOperationLimit>.

use crate::{Action, Batch, Body, Context, Parameters, Product, Reason};
use cvmd_model::InstanceId;
use cvmd_state::View;

/// The vendor's number for "no limit".
const WITHOUT_LIMIT: i32 = -1;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeInstancesOperationLimit", answer).errors(&[
    "InvalidInstanceId.NotFound",
    "InvalidParameterValue.InstanceIdMalformed",
    "InvalidParameterValue.LimitExceeded",
]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let ids: Batch<InstanceId> = Batch::read(parameters, "InstanceIds")?;
    let words = ["INSTANCE_DEGRADE", "INTERNET_CHARGE_TYPE_CHANGE"].map(|word| (word, word));
    let operation = parameters.word("Operation", &words)?.unwrap_or_default();
    let limit = |instance_id: String| {
        object! {
            Operation: operation,
            InstanceId: instance_id,
            CurrentCount: WITHOUT_LIMIT,
            LimitCount: WITHOUT_LIMIT,
        }
    };
    let instances = ids.find(view, context)?;
    let limits: Vec<_> = instances.into_iter().map(|instance| limit(instance.id.to_string())).collect();
    Ok(Body::of(object! { InstanceOperationLimitSet: limits }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeInstancesOperationLimit {"InstanceIds":["ins-running1"],"Operation":"INSTANCE_DEGRADE"}
< {"InstanceOperationLimitSet":[{"Operation":"INSTANCE_DEGRADE","InstanceId":"ins-running1","CurrentCount":-1,"LimitCount":-1}]}
> DescribeInstancesOperationLimit {"InstanceIds":["ins-running1"],"Operation":"FLY"}
< InvalidParameterValue The value `FLY` specified in the parameter `Operation` is not valid: it is one of `INSTANCE_DEGRADE`, `INTERNET_CHARGE_TYPE_CHANGE`.
# The vendor's SDK for Python tests for this.
> DescribeInstancesOperationLimit {"InstanceIds":[""],"Operation":"INSTANCE_DEGRADE"}
< InvalidParameterValue.InstanceIdMalformed ...
> DescribeInstancesOperationLimit {"InstanceIds":["ins-1"],"Operation":"INSTANCE_DEGRADE"}
< InvalidParameterValue.InstanceIdMalformed ...
> DescribeInstancesOperationLimit {"InstanceIds":["ins-nowhere0"],"Operation":"INSTANCE_DEGRADE"}
< InvalidInstanceId.NotFound ...
> DescribeInstancesOperationLimit {"InstanceIds":[101*"ins-running1"],"Operation":"INSTANCE_DEGRADE"}
< InvalidParameterValue.LimitExceeded ...
"#;

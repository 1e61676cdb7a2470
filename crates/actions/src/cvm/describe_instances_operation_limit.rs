//! DescribeInstancesOperationLimit: how often an operation may still be done on instances; here, without limit.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=DescribeInstancesOperationLimit>.

use crate::{Action, Body, Context, Parameters, Product, Reason, batch::Batch};
use cvmd_model::InstanceId;
use cvmd_state::View;
use serde::Serialize;

/// The vendor's number for "no limit".
const WITHOUT_LIMIT: i32 = -1;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeInstancesOperationLimit", answer).errors(&[
    "InvalidInstanceId.NotFound",
    "InvalidParameterValue.InstanceIdMalformed",
    "InvalidParameterValue.LimitExceeded",
]);

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    instance_operation_limit_set: Vec<Limit>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Limit {
    operation: &'static str,
    instance_id: String,
    current_count: i32,
    limit_count: i32,
}

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let ids: Batch<InstanceId> = Batch::read(parameters, "InstanceIds")?;
    let words = ["INSTANCE_DEGRADE", "INTERNET_CHARGE_TYPE_CHANGE"].map(|word| (word, word));
    let operation = parameters.word("Operation", &words)?.unwrap_or_default();
    let limit = |instance_id: String| Limit {
        operation,
        instance_id,
        current_count: WITHOUT_LIMIT,
        limit_count: WITHOUT_LIMIT,
    };
    let instances = ids.find(view, context)?;
    let limits = instances.into_iter().map(|instance| limit(instance.id.to_string())).collect();
    Ok(Body::of(&Reply { instance_operation_limit_set: limits }))
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

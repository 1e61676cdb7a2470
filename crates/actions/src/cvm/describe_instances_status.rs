//! DescribeInstancesStatus: the states of the account's instances in the region, newest first.
//!
//! <https://cloud.tencent.com/document/api/213/15738>. Well-formed ids that do not exist are no error.

use crate::{Action, Batch, Body, Context, Parameters, Product, Reason, cvm::describe, filters};
use cvmd_model::{Instance, InstanceId};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeInstancesStatus", answer)
    .errors(&["InvalidInstanceId.Malformed", "InvalidParameterValue.LimitExceeded"]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let ids: Option<Batch<InstanceId>> =
        parameters.has("InstanceIds").then(|| Batch::read(parameters, "InstanceIds")).transpose()?;
    let cut = filters::page(parameters)?;
    let (total_count, instances) = describe::select(view, context, ids.as_ref(), &[], cut);
    let status = |instance: &Instance| {
        object! { InstanceId: instance.id, InstanceState: instance.state.name() }
    };
    Ok(Body::of(object! {
        TotalCount: total_count,
        InstanceStatusSet: instances.into_iter().map(status).collect::<Vec<_>>(),
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeInstancesStatus {"InstanceIds":["ins-running1","ins-nowhere0","ins-foreign1"]}
< {"TotalCount":1,"InstanceStatusSet":[{"InstanceId":"ins-running1","InstanceState":"RUNNING"}]}
> DescribeInstancesStatus {"Limit":1}
< {"TotalCount":10,"InstanceStatusSet":[{"InstanceId":"ins-recycled","InstanceState":"SHUTDOWN"}]}
> DescribeInstancesStatus {"InstanceIds":["ins-1122"]}
< InvalidInstanceId.Malformed ...
> DescribeInstancesStatus {"Limit":0}
< InvalidParameterValue.LimitExceeded ...
"#;

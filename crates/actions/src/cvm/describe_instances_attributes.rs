//! DescribeInstancesAttributes: the user data of instances.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=DescribeInstancesAttributes>.

use crate::{Action, Body, Context, Parameters, Product, Reason, batch, shorten};
use cvmd_model::InstanceId;
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeInstancesAttributes", answer)
    .errors(&["InvalidInstanceId.NotFound", "InvalidParameterValue.InstanceIdMalformed"]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let ids = parameters.texts("InstanceIds")?;
    for attribute in parameters.texts("Attributes")? {
        if &*attribute != "UserData" {
            return Err(parameters.bad_value("Attributes", &attribute));
        }
    }
    let attribute = |text: &str| {
        let id: InstanceId = text.parse().map_err(|_| Reason::MalformedInstanceId { value: shorten(text).into() })?;
        let instance = batch::instance(view, context, id)?;
        let attributes = object! {
            // Base64, as it was given; empty if none was.
            UserData: instance.user_data.as_deref().unwrap_or_default(),
        };
        Ok(object! { InstanceId: id.to_string(), Attributes: attributes })
    };
    let instance_set = ids.iter().map(|id| attribute(id)).collect::<Result<Vec<_>, Reason>>()?;
    Ok(Body::of(object! { InstanceSet: instance_set }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> ModifyInstancesAttribute {"InstanceIds":["ins-stopped1"],"UserData":"aGVsbG8="}
< {}
> DescribeInstancesAttributes {"InstanceIds":["ins-stopped1","ins-running1"],"Attributes":["UserData"]}
< {"InstanceSet":[{"InstanceId":"ins-stopped1","Attributes":{"UserData":"aGVsbG8="}},{"InstanceId":"ins-running1","Attributes":{"UserData":""}}]}
> DescribeInstancesAttributes {"InstanceIds":["ins-stopped1"],"Attributes":["Colour"]}
< InvalidParameterValue The value `Colour` specified in the parameter `Attributes` is not valid.
> DescribeInstancesAttributes {"InstanceIds":["ins-stopped1"]}
< MissingParameter The request is missing a required parameter `Attributes`.
> DescribeInstancesAttributes {"InstanceIds":["ins-1"],"Attributes":["UserData"]}
< InvalidParameterValue.InstanceIdMalformed ...
> DescribeInstancesAttributes {"InstanceIds":["ins-foreign1"],"Attributes":["UserData"]}
< InvalidInstanceId.NotFound ...
"#;

//! ModifyInstancesProject: moves instances to another project.
//!
//! <https://cloud.tencent.com/document/api/213/15746>. Projects are only numbers here: every one exists.

use super::declared;
use crate::{Action, Apply, Batch, Context, Parameters, Product, Reason};

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "ModifyInstancesProject", prepare)
    .errors_of(&[declared::CHANGE])
    .errors(&["InvalidParameterValue.LimitExceeded"]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let ids = Batch::read(parameters, "InstanceIds")?;
    let project_id = parameters.bounded("ProjectId", 0, u32::MAX)?.unwrap_or(0);
    ids.change(move |instance| {
        instance.is_idle()?;
        instance.project_id = project_id;
        Ok(())
    })
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> ModifyInstancesProject {"InstanceIds":["ins-running1","ins-stopped1"],"ProjectId":7}
< {}
> DescribeInstances {"Filters":[{"Name":"project-id","Values":["7"]}]}
< {"TotalCount":2,"InstanceSet":[{"Placement":{"Zone":"ap-guangzhou-3","ProjectId":7,...},...
> ModifyInstancesProject {"InstanceIds":["ins-stopped1"],"ProjectId":-1}
< InvalidParameterValue The value `-1` specified in the parameter `ProjectId` is not valid: 0 to 4294967295.
> ModifyInstancesProject {"InstanceIds":["ins-busy0001"],"ProjectId":7}
< OperationDenied.InstanceOperationInProgress ...
>> ModifyInstancesProject {"InstanceIds":["ins-busy0001"],"ProjectId":7}
< InvalidInstance.NotSupported ...
> ModifyInstancesProject {"InstanceIds":["ins-1122"],"ProjectId":7}
< InvalidInstanceId.Malformed ...
> ModifyInstancesProject {"InstanceIds":["ins-foreign1"],"ProjectId":7}
< InvalidInstanceId.NotFound ...
> ModifyInstancesProject {"InstanceIds":[101*"ins-running1"],"ProjectId":7}
< InvalidParameterValue.LimitExceeded ...
"#;

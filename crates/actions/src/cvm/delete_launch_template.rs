//! DeleteLaunchTemplate: deletes a launch template with all its versions. Instances made from it stay.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=DeleteLaunchTemplate>.

use crate::{Action, Apply, Body, Context, Parameters, Product, Reason, batch, cvm::template};
use cvmd_model::LaunchTemplateId;

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "DeleteLaunchTemplate", prepare)
    .errors(&["InvalidParameterValue.LaunchTemplateIdMalformed", "InvalidParameterValue.LaunchTemplateIdNotExisted"]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let id: LaunchTemplateId = batch::one(parameters, "LaunchTemplateId")?;
    Ok(Box::new(move |tx, context| {
        let view = tx.view();
        let template = template::find(view, context, id)?;
        for version in template.version_ids().filter_map(|id| view.launch_template_versions().get(id)) {
            tx.delete(version);
        }
        tx.delete(template);
        Ok(Body::empty())
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DeleteLaunchTemplate {"LaunchTemplateId":"lt-template"}
< {}
> DeleteLaunchTemplate {"LaunchTemplateId":"lt-template"}
< InvalidParameterValue.LaunchTemplateIdNotExisted The launch template `lt-template` does not exist.
> DeleteLaunchTemplate {"LaunchTemplateId":"lt-1"}
< InvalidParameterValue.LaunchTemplateIdMalformed ...
"#;

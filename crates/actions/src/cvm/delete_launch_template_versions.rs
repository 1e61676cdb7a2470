//! DeleteLaunchTemplateVersions: deletes versions of a launch template, all of them or none.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=DeleteLaunchTemplateVersions>.
//! The default version cannot be deleted; a number is never used again.

use crate::{Action, Apply, Body, Context, Parameters, Product, Reason, batch, cvm::template};
use cvmd_model::{LaunchTemplate, LaunchTemplateId};

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "DeleteLaunchTemplateVersions", prepare).errors(&[
    "InvalidParameterValue.LaunchTemplateDefaultVersion",
    "InvalidParameterValue.LaunchTemplateIdMalformed",
    "InvalidParameterValue.LaunchTemplateIdNotExisted",
    "InvalidParameterValue.LaunchTemplateIdVerNotExisted",
]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let id: LaunchTemplateId = batch::one(parameters, "LaunchTemplateId")?;
    let numbers = parameters.numbers("LaunchTemplateVersions")?;
    Ok(Box::new(move |tx, context| {
        let view = tx.view();
        let mut template = LaunchTemplate::clone(template::find(view, context, id)?);
        for version in template.remove(&numbers)?.into_iter().filter_map(|id| view.launch_template_versions().get(id)) {
            tx.delete(version);
        }
        tx.put(template);
        Ok(Body::empty())
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DeleteLaunchTemplateVersions {"LaunchTemplateId":"lt-template","LaunchTemplateVersions":[2]}
< {}
> DescribeLaunchTemplates {"LaunchTemplateIds":["lt-template"]}
< ..."LatestVersionNumber":2..."LaunchTemplateVersionCount":1...
> DeleteLaunchTemplateVersions {"LaunchTemplateId":"lt-template","LaunchTemplateVersions":[1]}
< InvalidParameterValue.LaunchTemplateDefaultVersion ...
> DeleteLaunchTemplateVersions {"LaunchTemplateId":"lt-template","LaunchTemplateVersions":[2]}
< InvalidParameterValue.LaunchTemplateIdVerNotExisted ...
> DeleteLaunchTemplateVersions {"LaunchTemplateId":"lt-template","LaunchTemplateVersions":[-1]}
< InvalidParameterValue The value `-1` specified in the parameter `LaunchTemplateVersions` is not valid: 0 to 4294967295.
> DeleteLaunchTemplateVersions {"LaunchTemplateId":"lt-1","LaunchTemplateVersions":[2]}
< InvalidParameterValue.LaunchTemplateIdMalformed ...
> DeleteLaunchTemplateVersions {"LaunchTemplateId":"lt-foreign1","LaunchTemplateVersions":[2]}
< InvalidParameterValue.LaunchTemplateIdNotExisted ...
"#;

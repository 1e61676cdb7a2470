//! ModifyLaunchTemplateDefaultVersion: sets the version that is used when none is named.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=ModifyLaunchTemplateDefaultVersion>.

use crate::{Action, Apply, Body, Context, Parameters, Product, Reason, batch, cvm::template};
use cvmd_model::{LaunchTemplate, LaunchTemplateId};

pub(crate) const ACTION: Action =
    Action::command(Product::Cvm, "ModifyLaunchTemplateDefaultVersion", prepare).errors(&[
        "InvalidParameterValue.LaunchTemplateIdMalformed",
        "InvalidParameterValue.LaunchTemplateIdNotExisted",
        "InvalidParameterValue.LaunchTemplateIdVerNotExisted",
        "InvalidParameterValue.LaunchTemplateIdVerSetAlready",
    ]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let id: LaunchTemplateId = batch::one(parameters, "LaunchTemplateId")?;
    let number = parameters.bounded("DefaultVersion", 1, u32::MAX)?.unwrap_or_default();
    Ok(Box::new(move |tx, context| {
        let mut template = LaunchTemplate::clone(template::find(tx.view(), context, id)?);
        template.set_default(number)?;
        tx.put(template);
        Ok(Body::empty())
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> ModifyLaunchTemplateDefaultVersion {"LaunchTemplateId":"lt-template","DefaultVersion":2}
< {}
> DescribeLaunchTemplates {"LaunchTemplateIds":["lt-template"]}
< ..."DefaultVersionNumber":2...
> ModifyLaunchTemplateDefaultVersion {"LaunchTemplateId":"lt-template","DefaultVersion":2}
< InvalidParameterValue.LaunchTemplateIdVerSetAlready ...
> ModifyLaunchTemplateDefaultVersion {"LaunchTemplateId":"lt-template","DefaultVersion":7}
< InvalidParameterValue.LaunchTemplateIdVerNotExisted ...
> ModifyLaunchTemplateDefaultVersion {"LaunchTemplateId":"lt-template","DefaultVersion":0}
< InvalidParameterValue The value `0` specified in the parameter `DefaultVersion` is not valid: 1 to 4294967295.
> ModifyLaunchTemplateDefaultVersion {"LaunchTemplateId":"lt-1","DefaultVersion":2}
< InvalidParameterValue.LaunchTemplateIdMalformed ...
> ModifyLaunchTemplateDefaultVersion {"LaunchTemplateId":"lt-foreign1","DefaultVersion":2}
< InvalidParameterValue.LaunchTemplateIdNotExisted ...
"#;

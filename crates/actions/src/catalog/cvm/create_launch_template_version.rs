//! CreateLaunchTemplateVersion: adds a version to a launch template: what is given, and of the version that it is based on
//! what is not.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=CreateLaunchTemplateVersion>.
//! Based on the default version unless told otherwise.

use crate::{Action, Apply, Body, Context, Effect, Parameters, Product, Reason, batch::Batch, template};
use cvmd_model::{LaunchTemplate, LaunchTemplateId};
use serde::Serialize;

pub(crate) const ACTION: Action = Action {
    product: Product::Cvm,
    name: "CreateLaunchTemplateVersion",
    errors: &[
        "InvalidParameterValue.InvalidLaunchTemplateVersionDescription",
        "InvalidParameterValue.InvalidPassword",
        "InvalidParameterValue.LaunchTemplateIdMalformed",
        "InvalidParameterValue.LaunchTemplateIdNotExisted",
        "InvalidParameterValue.LaunchTemplateIdVerNotExisted",
        "InvalidPassword",
        "LimitExceeded.LaunchTemplateVersionQuota",
    ],
    without_effect: &["ClientToken", "TemplateDataModifyAction"],
    regionless: false,
    effect: Effect::SlowCommand(prepare),
};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    launch_template_version_number: u32,
}

fn prepare(parameters: &mut Parameters, context: &Context) -> Result<Apply, Reason> {
    let id: Batch<LaunchTemplateId> = Batch::of_one(parameters, "LaunchTemplateId")?;
    let base = parameters.bounded("LaunchTemplateVersion", 1, u32::MAX)?;
    let dry_run = parameters.flag("DryRun")?.unwrap_or(false);
    let data = template::new_data(parameters, context)?;
    Ok(Box::new(move |tx, context| {
        let mut template = LaunchTemplate::clone(template::find(tx.view(), context, id[0])?);
        let base = template::version(tx.view(), &template, base)?;
        let version = template.add(template::based_on(data, &base.data), tx.next_sequence())?;
        if dry_run {
            return Ok(Body::empty());
        }
        let launch_template_version_number = version.number;
        tx.keep(version);
        tx.keep(template);
        Ok(Body::of(&Reply { launch_template_version_number }))
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"InstanceName":"new","LaunchTemplateVersionDescription":"the third"}
< {"LaunchTemplateVersionNumber":3}
> DescribeLaunchTemplateVersions {"LaunchTemplateId":"lt-template","LaunchTemplateVersions":[3]}
< {"TotalCount":1,"LaunchTemplateVersionSet":[{"LaunchTemplateVersion":3,..."ImageId":"img-487zeit5"..."InstanceName":"new"..."InstanceType":"S5.LARGE8"..."IsDefaultVersion":false,"LaunchTemplateVersionDescription":"the third"...}]}
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","LaunchTemplateVersion":2,"Placement":{"Zone":"ap-guangzhou-3"},"DryRun":true}
< {}
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","LaunchTemplateVersion":9,"Placement":{"Zone":"ap-guangzhou-3"}}
< InvalidParameterValue.LaunchTemplateIdVerNotExisted The launch template `lt-template` has no version 9.
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-full0001","Placement":{"Zone":"ap-guangzhou-3"}}
< LimitExceeded.LaunchTemplateVersionQuota ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-1","Placement":{"Zone":"ap-guangzhou-3"}}
< InvalidParameterValue.LaunchTemplateIdMalformed ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-nowhere0","Placement":{"Zone":"ap-guangzhou-3"}}
< InvalidParameterValue.LaunchTemplateIdNotExisted ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"LoginSettings":{"Password":"short"}}
< InvalidParameterValue.InvalidPassword ...
>> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"LoginSettings":{"Password":"short"}}
< InvalidPassword ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"LaunchTemplateVersionDescription":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}
< InvalidParameterValue.InvalidLaunchTemplateVersionDescription ...
"#;

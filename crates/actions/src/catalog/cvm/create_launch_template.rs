//! CreateLaunchTemplate: keeps parameters of RunInstances under a name, as version 1 of a launch template.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=CreateLaunchTemplate>.
//! Of a password there is only a hash, and it is never answered. Where
//! the vendor is silent: several templates may have one name, and whether what the parameters name exists is looked at
//! when instances are run.

use crate::{Action, Apply, Body, Context, Effect, Parameters, Product, Reason, names, template};
use cvmd_model::{LaunchTemplate, LaunchTemplateId, Refusal, TemplateRefusal};
use serde::Serialize;

/// Templates of an account in a region: the vendor's limit.
const QUOTA: usize = 200;

pub(crate) const ACTION: Action = Action {
    product: Product::Cvm,
    name: "CreateLaunchTemplate",
    errors: &[
        "InvalidParameterValue.DuplicateTags",
        "InvalidParameterValue.InvalidLaunchTemplateName",
        "InvalidParameterValue.InvalidLaunchTemplateVersionDescription",
        "InvalidParameterValue.InvalidPassword",
        "InvalidPassword",
        "LimitExceeded.LaunchTemplateQuota",
    ],
    without_effect: &["ClientToken", "TemplateDataModifyAction"],
    regionless: false,
    effect: Effect::SlowCommand(prepare),
};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    launch_template_id: LaunchTemplateId,
}

fn prepare(parameters: &mut Parameters, context: &Context) -> Result<Apply, Reason> {
    let name = parameters.text_or("LaunchTemplateName", Reason::TemplateName)?.unwrap_or_default();
    if !(2..=128).contains(&name.chars().count()) {
        return Err(Reason::TemplateName);
    }
    let tags = names::tags_in(parameters, "LaunchTemplateTagSpecification", "launch-template")?;
    let dry_run = parameters.flag("DryRun")?.unwrap_or(false);
    let data = template::new_data(parameters, context)?;
    Ok(Box::new(move |tx, context| {
        if tx.view().launch_templates().count(context.account, context.region) >= QUOTA {
            return Err(Refusal::Template(TemplateRefusal::Quota { limit: QUOTA }).into());
        }
        if dry_run {
            return Ok(Body::empty());
        }
        let mut random = context.random(b't');
        let id = std::iter::repeat_with(|| LaunchTemplateId::from_random(Context::id(&mut random)))
            .find(|id| tx.view().launch_templates().get(*id).is_none())
            .unwrap_or(LaunchTemplateId::MIN);
        let sequence = tx.next_sequence();
        let mut template = LaunchTemplate {
            id,
            sequence,
            account: context.account,
            region: context.region,
            name,
            default_version: 1,
            latest_version: 0,
            versions: Vec::new(),
            created_seconds: context.now_seconds,
            tags,
        };
        let version = template.add(data, tx.next_sequence())?;
        tx.keep(version);
        tx.keep(template);
        Ok(Body::of(&Reply { launch_template_id: id }))
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> CreateLaunchTemplate {"LaunchTemplateName":"web","Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceType":"S5.LARGE8","LoginSettings":{"Password":"Abcdefg1"},"LaunchTemplateTagSpecification":[{"ResourceType":"launch-template","Tags":[{"Key":"team","Value":"blue"}]}]}
< {"LaunchTemplateId":"lt-..."}
> DescribeLaunchTemplates {"Filters":[{"Name":"tag:team","Values":["blue"]}]}
< {"TotalCount":1,"LaunchTemplateSet":[{"LatestVersionNumber":1,"LaunchTemplateId":"lt-...","LaunchTemplateName":"web","DefaultVersionNumber":1,"LaunchTemplateVersionCount":1,"CreatedBy":"100000000001","CreationTime":"2026-11-24T00:00:00Z"}]}
# On the legacy door everything is text; it is kept as what it is.
>> CreateLaunchTemplate {"LaunchTemplateName":"old","Placement":{"Zone":"ap-guangzhou-3","ProjectId":7},"ImageId":"img-487zeit5","InstanceCount":2,"DisableApiTermination":true}
< {"LaunchTemplateId":"lt-..."}
> CreateLaunchTemplate {"LaunchTemplateName":"web","Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","DryRun":true}
< {}
> DescribeLaunchTemplates {"Filters":[{"Name":"LaunchTemplateName","Values":["web"]}]}
< {"TotalCount":1,...
> CreateLaunchTemplate {"LaunchTemplateName":"w","Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5"}
< InvalidParameterValue.InvalidLaunchTemplateName ...
> CreateLaunchTemplate {"LaunchTemplateName":"web","Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","LaunchTemplateVersionDescription":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}
< InvalidParameterValue.InvalidLaunchTemplateVersionDescription ...
> CreateLaunchTemplate {"LaunchTemplateName":"web","Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","LoginSettings":{"Password":"short"}}
< InvalidParameterValue.InvalidPassword ...
>> CreateLaunchTemplate {"LaunchTemplateName":"web","Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","LoginSettings":{"Password":"short"}}
< InvalidPassword ...
> CreateLaunchTemplate {"LaunchTemplateName":"web","Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceCount":"two"}
< InvalidParameter The value type of parameter `InstanceCount` is not valid.
> CreateLaunchTemplate {"LaunchTemplateName":"web","Placement":{},"ImageId":"img-487zeit5"}
< MissingParameter The request is missing a required parameter `Placement.Zone`.
> CreateLaunchTemplate {"LaunchTemplateName":"web","Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","LaunchTemplateTagSpecification":[{"ResourceType":"launch-template","Tags":[{"Key":"a","Value":"b"},{"Key":"a","Value":"c"}]}]}
< InvalidParameterValue.DuplicateTags ...

200 launch templates
> CreateLaunchTemplate {"LaunchTemplateName":"web","Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5"}
< LimitExceeded.LaunchTemplateQuota ...
"#;

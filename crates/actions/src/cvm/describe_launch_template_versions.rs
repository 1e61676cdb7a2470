//! DescribeLaunchTemplateVersions: the versions of a launch template, the first one first, with their content.
//!
//! <https://cloud.tencent.com/document/api/213/66323>. Neither a password is answered, nor whether there is one.

use crate::{Action, Body, Context, Parameters, Product, Reason, batch, cvm::template, filters, page, time};
use cvmd_model::{LaunchTemplateId, LaunchTemplateVersionId};
use cvmd_state::View;

const RANGE: [&str; 5] = ["MinVersion", "MaxVersion", "Offset", "Limit", "DefaultVersion"];

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeLaunchTemplateVersions", answer).errors(&[
    "InvalidParameterCombination",
    "InvalidParameterValue.LaunchTemplateIdMalformed",
    "InvalidParameterValue.LaunchTemplateIdNotExisted",
    "InvalidParameterValue.LaunchTemplateIdVerNotExisted",
    "InvalidParameterValue.LimitExceeded",
]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let id: LaunchTemplateId = batch::one(parameters, "LaunchTemplateId")?;
    if parameters.has("LaunchTemplateVersions") && RANGE.iter().any(|name| parameters.has(name)) {
        let names = "`LaunchTemplateVersions` and `MinVersion`, `MaxVersion`, `Offset`, `Limit`, `DefaultVersion`";
        return Err(Reason::Exclusive { names });
    }
    let numbers = parameters.numbers("LaunchTemplateVersions")?;
    let least = parameters.bounded("MinVersion", 0, u32::MAX)?.unwrap_or(0);
    let most = parameters.bounded("MaxVersion", 0, u32::MAX)?.unwrap_or(u32::MAX);
    let default_only = parameters.flag("DefaultVersion")?.unwrap_or(false);
    let cut = filters::page(parameters)?;
    let template = template::find(view, context, id)?;
    for number in &numbers {
        template.version(Some(*number))?;
    }
    let passes = |version: &LaunchTemplateVersionId| {
        (numbers.is_empty() || numbers.contains(&version.number))
            && (least..=most).contains(&version.number)
            && (!default_only || version.number == template.default_version)
    };
    let found: Vec<LaunchTemplateVersionId> = template.version_ids().filter(passes).collect();
    let created_by = view.account(context.account).map(|account| account.app_id.to_string()).unwrap_or_default();
    let version = |id: LaunchTemplateVersionId| {
        let version = view.launch_template_versions().get(id)?;
        Some(object! {
            LaunchTemplateVersion: version.number,
            LaunchTemplateVersionData: template::answered(&version.data),
            CreationTime: time(version.data.created_seconds),
            LaunchTemplateId: template.id,
            IsDefaultVersion: version.number == template.default_version,
            LaunchTemplateVersionDescription: &version.data.description,
            CreatedBy: &created_by,
        })
    };
    let versions: Vec<_> = page(&found, cut, |id| version(*id)).into_iter().flatten().collect();
    Ok(Body::of(object! { TotalCount: found.len(), LaunchTemplateVersionSet: versions }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
# Terraform takes the first one for the template. Its password is not there.
> DescribeLaunchTemplateVersions {"LaunchTemplateId":"lt-template"}
< {"TotalCount":2,"LaunchTemplateVersionSet":[{"LaunchTemplateVersion":1,..."LoginSettings":{"KeepImageLogin":null,"KeyIds":null,"Password":null}...,"IsDefaultVersion":true,...},{"LaunchTemplateVersion":2,...}]}
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceChargePrepaid":{"Period":1},"TagSpecification":[{"ResourceType":"instance","Tags":[{"Key":"a","Value":"b"}]}],"InstanceMarketOptions":{"SpotOptions":{"MaxPrice":"1"}},"ActionTimer":{"TimerAction":"TerminateInstances"}}
< {"LaunchTemplateVersionNumber":3}
> DescribeLaunchTemplateVersions {"LaunchTemplateId":"lt-template","LaunchTemplateVersions":[3]}
< ..."ActionTimer":{..."TimerAction":"TerminateInstances"...}..."InstanceChargePrepaid":{..."Period":1...}..."SpotOptions":{"MaxPrice":"1",...
> DeleteLaunchTemplateVersions {"LaunchTemplateId":"lt-template","LaunchTemplateVersions":[3]}
< {}
> DescribeLaunchTemplateVersions {"LaunchTemplateId":"lt-template","DefaultVersion":true}
< {"TotalCount":1,"LaunchTemplateVersionSet":[{"LaunchTemplateVersion":1,...}]}
> DescribeLaunchTemplateVersions {"LaunchTemplateId":"lt-template","MinVersion":2,"MaxVersion":7,"Limit":1,"Offset":0}
< {"TotalCount":1,"LaunchTemplateVersionSet":[{"LaunchTemplateVersion":2,...}]}
> DescribeLaunchTemplateVersions {"LaunchTemplateId":"lt-template","LaunchTemplateVersions":[1]}
< {"TotalCount":1,"LaunchTemplateVersionSet":[{"LaunchTemplateVersion":1,...}]}
> DescribeLaunchTemplateVersions {"LaunchTemplateId":"lt-template","LaunchTemplateVersions":[7]}
< InvalidParameterValue.LaunchTemplateIdVerNotExisted ...
> DescribeLaunchTemplateVersions {"LaunchTemplateId":"lt-template","LaunchTemplateVersions":[1],"Limit":1}
< InvalidParameterCombination ...
> DescribeLaunchTemplateVersions {"LaunchTemplateId":"lt-template","LaunchTemplateVersions":["one"]}
< InvalidParameter The value type of parameter `LaunchTemplateVersions` is not valid: ...
> DescribeLaunchTemplateVersions {"LaunchTemplateId":"lt-template","Limit":101}
< InvalidParameterValue.LimitExceeded ...
> DescribeLaunchTemplateVersions {"LaunchTemplateId":"lt-1"}
< InvalidParameterValue.LaunchTemplateIdMalformed ...
> DescribeLaunchTemplateVersions {"LaunchTemplateId":"lt-foreign1"}
< InvalidParameterValue.LaunchTemplateIdNotExisted ...
"#;

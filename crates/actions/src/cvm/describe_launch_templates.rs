//! DescribeLaunchTemplates: the account's launch templates in the region, newest first.
//!
//! <https://cloud.tencent.com/document/api/213/66322>. Well-formed ids that do not exist are no error.

use crate::{Action, Batch, Body, Context, Parameters, Product, Reason, filters, page, time};
use cvmd_model::{LaunchTemplate, LaunchTemplateId};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeLaunchTemplates", answer).errors(&[
    "InvalidFilter",
    "InvalidFilterValue.LimitExceeded",
    "InvalidParameterValue.LaunchTemplateIdMalformed",
    "InvalidParameterValue.LimitExceeded",
]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let (ids, filters): (Option<Batch<LaunchTemplateId>>, _) =
        filters::read_or_ids(parameters, "LaunchTemplateIds", "`LaunchTemplateIds` and `Filters`", FILTERS)?;
    let cut = filters::page(parameters)?;
    let passes = |template: &LaunchTemplate| {
        ids.as_ref().is_none_or(|ids| ids.contains(&template.id))
            && filters.iter().all(|filter| passes(filter, template))
    };
    let list = view.launch_templates().list(context.account, context.region);
    let found: Vec<&LaunchTemplate> = list.map(AsRef::as_ref).filter(|template| passes(template)).collect();
    let created_by = view.account(context.account).map(|account| account.uin.to_string()).unwrap_or_default();
    Ok(Body::of(object! {
        TotalCount: found.len(),
        LaunchTemplateSet: page(found, cut, |template| object! {
            LatestVersionNumber: template.latest_version,
            LaunchTemplateId: template.id,
            LaunchTemplateName: &template.name,
            DefaultVersionNumber: template.default_version,
            LaunchTemplateVersionCount: template.versions.len(),
            CreatedBy: &created_by,
            CreationTime: time(template.created_seconds),
        }),
    }))
}

filters! {
    fn passes(filter, template: &LaunchTemplate) {
        "LaunchTemplateName" => filter.has(&template.name),
        ["tag-key", "tag-value"] => &template.tags,
    }
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeLaunchTemplates {"LaunchTemplateIds":["lt-template","lt-nowhere0"]}
< {"TotalCount":1,"LaunchTemplateSet":[{"LatestVersionNumber":2,"LaunchTemplateId":"lt-template","LaunchTemplateName":"template","DefaultVersionNumber":1,"LaunchTemplateVersionCount":2,"CreatedBy":"100000000001","CreationTime":"2026-11-24T00:00:00Z"}]}
> DescribeLaunchTemplates {"Limit":1,"Offset":1}
< {"TotalCount":2,"LaunchTemplateSet":[{..."LaunchTemplateId":"lt-template"...}]}
> DescribeLaunchTemplates {"LaunchTemplateIds":["lt-1"]}
< InvalidParameterValue.LaunchTemplateIdMalformed ...
> DescribeLaunchTemplates {"LaunchTemplateIds":["lt-template"],"Filters":[{"Name":"LaunchTemplateName","Values":["web"]}]}
< InvalidParameter The parameters `LaunchTemplateIds` and `Filters` exclude one another.
> DescribeLaunchTemplates {"LaunchTemplateIds":[101*"lt-template"]}
< InvalidParameterValue.LimitExceeded ...
> DescribeLaunchTemplates {"Filters":[{"Name":"colour","Values":["red"]}]}
< InvalidFilter ...
> DescribeLaunchTemplates {"Filters":[{"Name":"tag-key","Values":["1","2","3","4","5","6"]}]}
< InvalidFilterValue.LimitExceeded ...
"#;

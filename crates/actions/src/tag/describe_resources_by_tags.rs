//! DescribeResourcesByTags: the resources with certain tags.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=tag&Version=2018-08-13&Action=DescribeResourcesByTags>.

use crate::{
    Action, Body, Context, Parameters, Product, Reason,
    action::page,
    reply::TagPair,
    tags::{
        tagged::{Found, Selection},
        words as tag_words,
    },
};
use cvmd_model::RegionId;
use cvmd_state::View;
use serde::Serialize;

pub(crate) const ACTION: Action =
    Action::query(Product::Tag, "DescribeResourcesByTags", answer).regionless().errors(&[
        "InvalidParameterValue.OffsetInvalid",
        "InvalidParameterValue.TagFilters",
        "InvalidParameterValue.TagFiltersLengthExceeded",
    ]);

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    total_count: usize,
    offset: usize,
    limit: usize,
    rows: Vec<Row>,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    resource_region: &'static str,
    service_type: &'static str,
    resource_prefix: &'static str,
    resource_id: String,
    tags: Vec<TagPair>,
}

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let filters = tag_words::filters(parameters)?;
    let selection = Selection::read(parameters)?;
    let creator = tag_words::is_creator(parameters, view, context)?;
    let (offset, limit) = tag_words::page(parameters)?;
    let passes = |found: &Found| creator && filters.iter().all(|filter| filter.passes(found.resource.tags()));
    let passing: Vec<Found> = selection.resources(view, context).filter(passes).collect();
    let total_count = passing.len();
    let rows = page(passing.into_iter(), (offset, limit)).map(|found| Row {
        resource_region: found.region.map_or("", RegionId::name),
        service_type: found.kind.service,
        resource_prefix: found.kind.prefix,
        resource_id: found.resource.id(),
        tags: TagPair::all(found.resource.tags()),
    });
    Ok(Body::of(&Reply { total_count, offset, limit, rows: rows.collect() }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeResourcesByTags {"TagFilters":[{"TagKey":"team","TagValue":["red","blue"]}]}
< {"TotalCount":2,"Offset":0,"Limit":15,"Rows":[{"ResourceRegion":"ap-guangzhou","ServiceType":"cvm","ResourcePrefix":"instance","ResourceId":"ins-running1","Tags":[{"TagKey":"team","TagValue":"red","Category":"Custom"}]},{"ResourceRegion":"","ServiceType":"cvm","ResourcePrefix":"keypair","ResourceId":"skey-bound001",...}]}
> DescribeResourcesByTags {"TagFilters":[{"TagKey":"team"}],"ServiceType":"cvm","ResourcePrefix":"instance","ResourceRegion":"ap-guangzhou"}
< {"TotalCount":1,...
> DescribeResourcesByTags {"TagFilters":[{"TagKey":"team"}],"ResourceRegion":"ap-shanghai","ResourcePrefix":"instance"}
< {"TotalCount":0,...
> DescribeResourcesByTags {"TagFilters":[{"TagKey":"team"}],"ResourceId":"skey-bound001"}
< {"TotalCount":1,..."ResourcePrefix":"keypair"...
> DescribeResourcesByTags {"TagFilters":[{"TagKey":"team"},{"TagKey":"owner"}]}
< {"TotalCount":0,...
> DescribeResourcesByTags {"TagFilters":[{"TagKey":"team"}],"CreateUin":7}
< {"TotalCount":0,...
> DescribeResourcesByTags {"TagFilters":[{"TagKey":"team"}],"Offset":1,"Limit":1}
< {"TotalCount":2,"Offset":1,"Limit":1,"Rows":[{...skey-bound001...}]}
> DescribeResourcesByTags {"TagFilters":[{"TagKey":"team"}],"Offset":1}
< InvalidParameterValue.OffsetInvalid ...
# Of what is not known here nothing is found.
> DescribeResourcesByTags {"TagFilters":[{"TagKey":"team"}],"ServiceType":"cos"}
< {"TotalCount":0,"Offset":0,"Limit":15,"Rows":[]}
> DescribeResourcesByTags {"TagFilters":[{"TagKey":"team"}],"ServiceType":"vpc","ResourcePrefix":"instance"}
< {"TotalCount":0,...
> DescribeResourcesByTags {"TagFilters":[{"TagKey":"team"}],"ResourceRegion":"ap-atlantis"}
< {"TotalCount":0,...
> DescribeResourcesByTags {"TagFilters":[{"TagKey":"1"},{"TagKey":"2"},{"TagKey":"3"},{"TagKey":"4"},{"TagKey":"5"},{"TagKey":"6"},{"TagKey":"7"}]}
< InvalidParameterValue.TagFiltersLengthExceeded ...
> DescribeResourcesByTags {"TagFilters":[{"TagKey":"team","TagValue":[11*"x"]}]}
< InvalidParameterValue.TagFilters The filter of the tag key `team` has 11 values; at most 10 are allowed.
"#;

//! DescribeResourcesByTags: the resources with certain tags.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=tag&Version=2018-08-13&Action=DescribeResourcesByTags>.

use crate::{
    Action, Body, Context, Parameters, Product, Reason, page, reply, tag_words,
    tagged::{Found, Selection},
};
use cvmd_model::RegionId;
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Tag, "DescribeResourcesByTags", answer).errors(&[
    "InvalidParameterValue.OffsetInvalid",
    "InvalidParameterValue.TagFilters",
    "InvalidParameterValue.TagFiltersLengthExceeded",
]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let filters = tag_words::filters(parameters)?;
    let selection = Selection::read(parameters)?;
    let creator = tag_words::is_creator(parameters, view, context)?;
    let (offset, limit) = tag_words::page(parameters)?;
    let passes = |found: &Found| creator && filters.iter().all(|filter| filter.passes(found.resource.tags()));
    let passing: Vec<Found> = selection.resources(view, context).filter(passes).collect();
    Ok(Body::of(object! {
        TotalCount: passing.len(),
        Offset: offset,
        Limit: limit,
        Rows: page(passing, (offset, limit), |found| object! {
            ResourceRegion: found.region.map_or("", RegionId::name),
            ServiceType: found.kind.service,
            ResourcePrefix: found.kind.prefix,
            ResourceId: found.resource.id(),
            Tags: reply::tags(found.resource.tags()),
        }),
    }))
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

//! GetResources: resources with their tags, page by page.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=tag&Version=2018-08-13&Action=GetResources>.
//!
//! A resource without tags is not listed, nor is one that does not exist, whatever its service is. A named resource is
//! answered under that name. The token of the next page is the number of resources before it.

use crate::{
    Action, Body, Context, Parameters, Product, Reason, page, reply, tag_words,
    tagged::{Description, Found, Selection},
};
use cvmd_state::View;

const RESOURCES_MAX: usize = 10;
const RESULTS_MAX: usize = 200;

pub(crate) const ACTION: Action = Action::query(Product::Tag, "GetResources", answer).errors(&[
    "InvalidParameter.PaginationTokenInvalid",
    "InvalidParameterValue.ResourceDescriptionError",
    "InvalidParameterValue.TagFilters",
    "InvalidParameterValue.TagFiltersLengthExceeded",
    "LimitExceeded.ResourceNumPerRequest",
]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let descriptions = Description::list(parameters, RESOURCES_MAX)?;
    let filters = tag_words::filters(parameters)?;
    let (offset, results) = tag_words::token_page(parameters, RESULTS_MAX)?;
    let passes = |found: &Found| {
        let tags = found.resource.tags();
        !tags.is_empty() && filters.iter().all(|filter| filter.passes(tags))
    };
    let mapping =
        |resource: String, found: &Found| object! { Resource: resource, Tags: reply::tags(found.resource.tags()) };
    // Named resources are answered all at once. Those that do not exist have no tags.
    if !descriptions.is_empty() {
        let named = |description: &Description| {
            let found = description.find(view, context).ok().filter(passes)?;
            Some(mapping(description.text.to_string(), &found))
        };
        let mappings: Vec<_> = descriptions.iter().filter_map(named).collect();
        return Ok(Body::of(object! { PaginationToken: "", ResourceTagMappingList: mappings }));
    }
    let everything = Selection::default();
    let mut rest = everything.resources(view, context).filter(passes).skip(offset);
    let mappings = page(rest.by_ref(), (0, results), |found| mapping(found.description(view, context), &found));
    let pagination_token = rest.next().map_or_else(String::new, |_| (offset + results).to_string());
    Ok(Body::of(object! { PaginationToken: pagination_token, ResourceTagMappingList: mappings }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> GetResources {}
< {"PaginationToken":"","ResourceTagMappingList":[{"Resource":"qcs::cvm:ap-guangzhou:uin/100000000001:instance/ins-running1","Tags":[{"TagKey":"team","TagValue":"red","Category":"Custom"}]},{"Resource":"qcs::cvm::uin/100000000001:keypair/skey-bound001",...}]}
> GetResources {"MaxResults":1}
< {"PaginationToken":"1","ResourceTagMappingList":[{..."Resource":"...ins-running1"...}]}
> GetResources {"MaxResults":1,"PaginationToken":"1"}
< {"PaginationToken":"","ResourceTagMappingList":[{..."Resource":"...skey-bound001"...}]}
> GetResources {"ResourceList":["qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","qcs::cvm:ap-guangzhou:uin/:instance/ins-foreign1"],"TagFilters":[{"TagKey":"team","TagValue":["red"]}]}
< {"PaginationToken":"","ResourceTagMappingList":[{"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1",...}]}
> GetResources {"TagFilters":[{"TagKey":"team","TagValue":["blue"]}]}
< {"PaginationToken":"","ResourceTagMappingList":[]}
> GetResources {"PaginationToken":"next"}
< InvalidParameter.PaginationTokenInvalid ...
> GetResources {"ResourceList":["ins-running1"]}
< InvalidParameterValue.ResourceDescriptionError ...
# The vendor answers nothing, too, of services and prefixes that nothing is known of, and of regions.
> GetResources {"ResourceList":["qcs::cvm:ap-guangzhou:uin/:host/x","qcs::cos:ap-guangzhou:uin/:bucket/x","qcs::vpc:ap-guangzhou::sg/sg-mine0001","qcs::cbs:ap-guangzhou:uin/100000000001:instance/disk-data0001","qcs::cvm:ap-atlantis::instance/ins-running1","qcs::cvm:ap-guangzhou:uin/7:instance/ins-running1"]}
< {"PaginationToken":"","ResourceTagMappingList":[]}
# What cloud-custodian has tagged under its own names of disks and security groups, it finds under them.
> TagResources {"ResourceList":["qcs::vpc:ap-guangzhou::sg/sg-mine0001","qcs::cbs:ap-guangzhou:uin/100000000001:instance/disk-data0001"],"Tags":[{"TagKey":"maid","TagValue":"stop"}]}
< {"FailedResources":[]}
> GetResources {"ResourceList":["qcs::vpc:ap-guangzhou::sg/sg-mine0001","qcs::cbs:ap-guangzhou:uin/100000000001:instance/disk-data0001"]}
< {"PaginationToken":"","ResourceTagMappingList":[{"Resource":"qcs::vpc:ap-guangzhou::sg/sg-mine0001","Tags":[{"TagKey":"maid","TagValue":"stop","Category":"Custom"}]},{"Resource":"qcs::cbs:ap-guangzhou:uin/100000000001:instance/disk-data0001",...}]}
> cbs.DescribeDisks {"DiskIds":["disk-data0001"]}
< ..."Tags":[{"Key":"maid","Value":"stop"}]...
> TagResources {"ResourceList":["qcs::cbs:ap-guangzhou::instance/ins-running1"],"Tags":[{"TagKey":"maid","TagValue":"stop"}]}
< {"FailedResources":[{..."Code":"InvalidParameterValue.ResourceIdInvalid",...}]}
> GetResources {"ResourceList":["qcs::cvm:ap-guangzhou:instance/ins-running1"]}
< InvalidParameterValue.ResourceDescriptionError ...
> GetResources {"ResourceList":[11*"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1"]}
< LimitExceeded.ResourceNumPerRequest `ResourceList` has 11 resources; at most 10 are allowed.
> GetResources {"TagFilters":[{"TagKey":"team","TagValue":[11*"x"]}]}
< InvalidParameterValue.TagFilters ...
> GetResources {"TagFilters":[{"TagKey":"1"},{"TagKey":"2"},{"TagKey":"3"},{"TagKey":"4"},{"TagKey":"5"},{"TagKey":"6"},{"TagKey":"7"}]}
< InvalidParameterValue.TagFiltersLengthExceeded ...
"#;

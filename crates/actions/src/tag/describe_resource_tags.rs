//! DescribeResourceTags: the tags of all resources, or of the named ones.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=tag&Version=2018-08-13&Action=DescribeResourceTags>.

use crate::{Action, Body, Context, Parameters, Product, Reason, page, reply, tag_words, tagged::Selection};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Tag, "DescribeResourceTags", answer)
    .errors(&["InvalidParameterValue.OffsetInvalid"])
    .without_effect(&["CosResourceId"]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let selection = Selection::read(parameters)?;
    let creator = tag_words::is_creator(parameters, view, context)?;
    let (offset, limit) = tag_words::page(parameters)?;
    let mut rows = Vec::new();
    for found in selection.resources(view, context).filter(|found| creator && !found.resource.tags().is_empty()) {
        let id = found.resource.id();
        rows.extend(found.resource.tags().iter().map(|tag| reply::resource_tag(tag, &id, found.kind.service)));
    }
    Ok(Body::of(object! {
        TotalCount: rows.len(),
        Offset: offset,
        Limit: limit,
        Rows: page(rows, (offset, limit), |row| row),
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeResourceTags {}
< {"TotalCount":2,"Offset":0,"Limit":15,"Rows":[{"TagKey":"team","TagValue":"red","ResourceId":"ins-running1",...},{..."ResourceId":"skey-bound001",...}]}
> DescribeResourceTags {"ServiceType":"cvm","ResourcePrefix":"keypair","ResourceId":"skey-bound001","ResourceRegion":"ap-guangzhou"}
< {"TotalCount":1,...
> DescribeResourceTags {"ServiceType":"cvm","ResourcePrefix":"instance","ResourceId":"ins-foreign1","ResourceRegion":"ap-guangzhou"}
< {"TotalCount":0,"Offset":0,"Limit":15,"Rows":[]}
> DescribeResourceTags {"CreateUin":7}
< {"TotalCount":0,...
> DescribeResourceTags {"Offset":1}
< InvalidParameterValue.OffsetInvalid ...
# Of what is not known here nothing is found.
> DescribeResourceTags {"ServiceType":"cos"}
< {"TotalCount":0,"Offset":0,"Limit":15,"Rows":[]}
> DescribeResourceTags {"ServiceType":"cvm","ResourcePrefix":"host"}
< {"TotalCount":0,...
> DescribeResourceTags {"ResourceRegion":"ap-atlantis"}
< {"TotalCount":0,...
"#;

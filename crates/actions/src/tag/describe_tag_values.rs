//! DescribeTagValues: the values of some keys, sorted.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=tag&Version=2018-08-13&Action=DescribeTagValues>.
//!
//! Unlike upstream, a tag that was not made by CreateTag exists as long as a resource has it.

use crate::{
    Action, Body, Context, Parameters, Product, Reason,
    action::page,
    reply::TagPair,
    tags::{tagged, words as tag_words},
};
use cvmd_state::View;
use serde::Serialize;

pub(crate) const ACTION: Action = Action::query(Product::Tag, "DescribeTagValues", answer)
    .regionless()
    .errors(&["InvalidParameterValue.OffsetInvalid"]);

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    total_count: usize,
    offset: usize,
    limit: usize,
    tags: Vec<TagPair>,
}

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let keys = parameters.texts("TagKeys")?;
    let wanted = tag_words::is_creator(parameters, view, context)? & tag_words::is_custom(parameters)?;
    let (offset, limit) = tag_words::page(parameters)?;
    let mut tags = tagged::all_tags(view, context);
    tags.retain(|(key, _)| wanted && keys.contains(key));
    let total_count = tags.len();
    let tags = page(tags.into_iter(), (offset, limit)).map(TagPair::of).collect();
    Ok(Body::of(&Reply { total_count, offset, limit, tags }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-stopped1","ReplaceTags":[{"TagKey":"team","TagValue":"blue"},{"TagKey":"owner","TagValue":"ops"}]}
< {}
> DescribeTagValues {"TagKeys":["team","nothing"]}
< {"TotalCount":2,"Offset":0,"Limit":15,"Tags":[{"TagKey":"team","TagValue":"blue","Category":"Custom"},{"TagKey":"team","TagValue":"red","Category":"Custom"}]}
> DescribeTagValues {"TagKeys":["team"],"CreateUin":1}
< {"TotalCount":0,...
> DescribeTagValues {"TagKeys":["team"],"Category":"System"}
< {"TotalCount":0,...
> DescribeTagValues {}
< MissingParameter The request is missing a required parameter `TagKeys`.
> DescribeTagValues {"TagKeys":["team"],"Offset":1}
< InvalidParameterValue.OffsetInvalid ...
"#;

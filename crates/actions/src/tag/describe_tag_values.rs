//! DescribeTagValues: the values of some keys, sorted.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=tag&Version=2018-08-13&Action=DescribeTagValues>.
//!
//! Unlike upstream, a tag that was not made by CreateTag exists as long as a resource has it.

use crate::{Action, Body, Context, Parameters, Product, Reason, page, reply, tag_words, tagged};
use cvmd_state::View;

pub(crate) const ACTION: Action =
    Action::query(Product::Tag, "DescribeTagValues", answer).errors(&["InvalidParameterValue.OffsetInvalid"]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let keys = parameters.texts("TagKeys")?;
    let wanted = tag_words::is_creator(parameters, view, context)? & tag_words::is_custom(parameters)?;
    let (offset, limit) = tag_words::page(parameters)?;
    let mut tags = tagged::all_tags(view, context);
    tags.retain(|(key, _)| wanted && keys.contains(key));
    Ok(Body::of(object! {
        TotalCount: tags.len(),
        Offset: offset,
        Limit: limit,
        Tags: page(tags, (offset, limit), reply::tag),
    }))
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

//! DescribeTagKeys: the keys of all tags, sorted.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=tag&Version=2018-08-13&Action=DescribeTagKeys>.
//!
//! Unlike upstream, a tag that was not made by CreateTag exists as long as a resource has it.

use crate::{Action, Body, Context, Parameters, Product, Reason, page, tag_words, tagged};
use cvmd_state::View;
use std::collections::BTreeSet;

pub(crate) const ACTION: Action = Action::query(Product::Tag, "DescribeTagKeys", answer)
    .errors(&["InvalidParameterValue.OffsetInvalid"])
    .without_effect(&["ShowProject"]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let wanted = tag_words::is_creator(parameters, view, context)? & tag_words::is_custom(parameters)?;
    let (offset, limit) = tag_words::page(parameters)?;
    let tags = tagged::all_tags(view, context).into_iter().filter(|_| wanted);
    let keys: BTreeSet<Box<str>> = tags.map(|(key, _)| key).collect();
    Ok(Body::of(object! {
        TotalCount: keys.len(),
        Offset: offset,
        Limit: limit,
        Tags: page(keys, (offset, limit), |key| key),
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> ModifyResourceTags {"Resource":"qcs::cvm:ap-shanghai:uin/:instance/ins-shanghai","ReplaceTags":[{"TagKey":"city","TagValue":"shanghai"}]}
< {}
> DescribeTagKeys {}
< {"TotalCount":2,"Offset":0,"Limit":15,"Tags":["city","team"]}
> DescribeTagKeys {"Offset":1,"Limit":1,"CreateUin":100000000001,"Category":"Custom"}
< {"TotalCount":2,"Offset":1,"Limit":1,"Tags":["team"]}
> DescribeTagKeys {"CreateUin":100000000002}
< {"TotalCount":0,...
> DescribeTagKeys {"Category":"System"}
< {"TotalCount":0,...
> DescribeTagKeys {"Offset":1}
< InvalidParameterValue.OffsetInvalid `Offset` must be a multiple of `Limit`.
"#;

//! DescribeTags: all tags, or those with some keys, sorted.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=tag&Version=2018-08-13&Action=DescribeTags>.
//!
//! Unlike upstream, a tag that was not made by CreateTag exists as long as a resource has it.

use crate::{Action, Body, Context, Parameters, Product, Reason, page, tag_words, tagged};
use cvmd_model::Tag;
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Tag, "DescribeTags", answer)
    .errors(&["InvalidParameterValue.OffsetInvalid"])
    .without_effect(&["ShowProject"]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let key = parameters.text("TagKey")?.filter(|key| !key.is_empty());
    let value = parameters.text("TagValue")?.filter(|value| !value.is_empty());
    let keys = parameters.texts("TagKeys")?;
    let creator = tag_words::is_creator(parameters, view, context)?;
    let (offset, limit) = tag_words::page(parameters)?;
    // `TagKeys` is used if both are given.
    let named = |known: &str| match (&key, &keys[..]) {
        (None, []) => true,
        (Some(key), []) => &**key == known,
        (_, keys) => keys.iter().any(|key| &**key == known),
    };
    let mut tags = tagged::all_tags(view, context);
    tags.retain(|(key, known)| creator && named(key) && value.as_ref().is_none_or(|value| value == known));
    let is_free = |tag: &Tag| view.tag_uses(context.account, tag) == 0;
    Ok(Body::of(object! {
        TotalCount: tags.len(),
        Offset: offset,
        Limit: limit,
        Tags: page(tags, (offset, limit), |(key, value)| object! {
            TagKey: key.clone(),
            TagValue: value.clone(),
            CanDelete: u8::from(is_free(&Tag { key, value })),
            Category: "Custom",
        }),
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-stopped1","ReplaceTags":[{"TagKey":"team","TagValue":"blue"},{"TagKey":"owner","TagValue":"ops"}]}
< {}
> DescribeTags {}
< {"TotalCount":3,"Offset":0,"Limit":15,"Tags":[{"TagKey":"owner","TagValue":"ops","CanDelete":0,"Category":"Custom"},...
> DescribeTags {"TagKey":"team","TagValue":"blue"}
< {"TotalCount":1,...
> DescribeTags {"TagKey":"team","TagKeys":["owner"]}
< {"TotalCount":1,..."TagKey":"owner"...
> DescribeTags {"TagKeys":["owner","team"],"Offset":2,"Limit":2,"CreateUin":0}
< {"TotalCount":3,"Offset":2,"Limit":2,"Tags":[{"TagKey":"team","TagValue":"red",...}]}
> CreateTag {"TagKey":"spare","TagValue":"one"}
< {}
> DescribeTags {"TagKeys":["spare","owner"]}
< {"TotalCount":2,..."Tags":[{"TagKey":"owner","TagValue":"ops","CanDelete":0,"Category":"Custom"},{"TagKey":"spare","TagValue":"one","CanDelete":1,"Category":"Custom"}]}
> DescribeTags {"CreateUin":7}
< {"TotalCount":0,...
> DescribeTags {"Offset":1}
< InvalidParameterValue.OffsetInvalid ...
"#;

//! GetTagValues: the values of some keys, sorted, page by page.
//!
//! <https://cloud.tencent.com/document/api/651/72274>. The token of the next page is the number of values before it. A
//! key that does not exist has none.

use crate::{Action, Body, Context, Parameters, Product, Reason, page, reply, tag_words, tagged};
use cvmd_state::View;

const RESULTS_MAX: usize = 1000;

pub(crate) const ACTION: Action =
    Action::query(Product::Tag, "GetTagValues", answer).errors(&["InvalidParameter.PaginationTokenInvalid"]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let keys = parameters.texts("TagKeys")?;
    let custom = tag_words::is_custom(parameters)?;
    let cut = tag_words::token_page(parameters, RESULTS_MAX)?;
    let mut tags = tagged::all_tags(view, context);
    tags.retain(|(key, _)| custom && keys.contains(key));
    Ok(Body::of(object! { PaginationToken: tag_words::next_token(cut, tags.len()), Tags: page(tags, cut, reply::tag) }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> CreateTag {"TagKey":"team","TagValue":"blue"}
< {}
> GetTagValues {"TagKeys":["team","nothing"]}
< {"PaginationToken":"","Tags":[{"TagKey":"team","TagValue":"blue","Category":"Custom"},{"TagKey":"team","TagValue":"red","Category":"Custom"}]}
> GetTagValues {"TagKeys":["team"],"MaxResults":1}
< {"PaginationToken":"1","Tags":[{"TagKey":"team","TagValue":"blue",...}]}
> GetTagValues {"TagKeys":["team"],"MaxResults":1,"PaginationToken":"1"}
< {"PaginationToken":"","Tags":[{"TagKey":"team","TagValue":"red",...}]}
> GetTagValues {"TagKeys":["nothing"]}
< {"PaginationToken":"","Tags":[]}
> GetTagValues {"TagKeys":["team"],"Category":"System"}
< {"PaginationToken":"","Tags":[]}
> GetTagValues {}
< MissingParameter The request is missing a required parameter `TagKeys`.
> GetTagValues {"TagKeys":["team"],"PaginationToken":"next"}
< InvalidParameter.PaginationTokenInvalid ...
"#;

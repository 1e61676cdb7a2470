//! GetTagKeys: the keys of all tags, sorted, page by page.
//!
//! <https://cloud.tencent.com/document/api/651/72275>. The token of the next page is the number of keys before it.

use crate::{Action, Body, Context, Parameters, Product, Reason, page, tag_words, tagged};
use cvmd_state::View;
use std::collections::BTreeSet;

const RESULTS_MAX: usize = 1000;

pub(crate) const ACTION: Action =
    Action::query(Product::Tag, "GetTagKeys", answer).errors(&["InvalidParameter.PaginationTokenInvalid"]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let custom = tag_words::is_custom(parameters)?;
    let cut = tag_words::token_page(parameters, RESULTS_MAX)?;
    let tags = tagged::all_tags(view, context).into_iter().filter(|_| custom);
    let keys: BTreeSet<Box<str>> = tags.map(|(key, _)| key).collect();
    Ok(Body::of(object! {
        PaginationToken: tag_words::next_token(cut, keys.len()),
        TagKeys: page(keys, cut, |key| key),
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> CreateTag {"TagKey":"owner","TagValue":"ops"}
< {}
> GetTagKeys {}
< {"PaginationToken":"","TagKeys":["owner","team"]}
> GetTagKeys {"MaxResults":1}
< {"PaginationToken":"1","TagKeys":["owner"]}
> GetTagKeys {"MaxResults":1,"PaginationToken":"1","Category":"Custom"}
< {"PaginationToken":"","TagKeys":["team"]}
> GetTagKeys {"Category":"System"}
< {"PaginationToken":"","TagKeys":[]}
> GetTagKeys {"PaginationToken":"next"}
< InvalidParameter.PaginationTokenInvalid ...
> GetTagKeys {"MaxResults":1001}
< InvalidParameterValue The value `1001` specified in the parameter `MaxResults` is not valid: 1 to 1000.
"#;

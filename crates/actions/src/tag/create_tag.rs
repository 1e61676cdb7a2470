//! CreateTag: makes a tag that no resource has yet.
//!
//! <https://cloud.tencent.com/document/api/651/35319>. Resources do not need it: any tag that they are given exists as
//! long as they have it.

use super::declared;
use crate::{Action, Apply, Body, Context, Parameters, Product, Reason, TagRefusal, tag_words, tagged};
use cvmd_model::{CreatedTag, RegionId};

/// The maximum of tags that an account has made.
pub(crate) const QUOTA: usize = 1000;

pub(crate) const ACTION: Action = Action::command(Product::Tag, "CreateTag", prepare)
    .errors_of(&[declared::TAG])
    .errors(&["LimitExceeded.Quota", "ResourceInUse.TagDuplicate"]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let tag = tag_words::one_tag(parameters)?;
    Ok(Box::new(move |tx, context| {
        let view = tx.view();
        if tagged::created(view, context, &tag).is_some() || view.tag_uses(context.account, &tag) > 0 {
            return Err(TagRefusal::Exists { key: tag.key, value: tag.value }.into());
        }
        if view.created_tags().count(context.account, None::<RegionId>) >= QUOTA {
            return Err(TagRefusal::Quota { limit: QUOTA }.into());
        }
        let sequence = tx.next_sequence();
        tx.put(CreatedTag { sequence, account: context.account, key: tag.key, value: tag.value });
        Ok(Body::empty())
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> CreateTag {"TagKey":"owner","TagValue":"ops"}
< {}
> DescribeTagKeys {}
< {"TotalCount":2,..."Tags":["owner","team"]}
> CreateTag {"TagKey":"owner","TagValue":"ops"}
< ResourceInUse.TagDuplicate The tag `owner` with the value `ops` is there already.
> CreateTag {"TagKey":"team","TagValue":"red"}
< ResourceInUse.TagDuplicate ...
> CreateTag {"TagKey":"team","TagValue":"blue"}
< {}
# Whatever is given to a resource stays the resource's.
> GetResources {"TagFilters":[{"TagKey":"owner"}]}
< {"PaginationToken":"","ResourceTagMappingList":[]}
> CreateTag {"TagKey":"","TagValue":"b"}
< InvalidParameterValue.TagKeyEmpty ...
> CreateTag {"TagKey":"a,b","TagValue":"b"}
< InvalidParameterValue.TagKeyCharacterIllegal ...
> CreateTag {"TagKey":"tencent","TagValue":"b"}
< InvalidParameterValue.ReservedTagKey ...
> CreateTag {"TagKey":"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk","TagValue":"b"}
< InvalidParameterValue.TagKeyLengthExceeded ...
> CreateTag {"TagKey":"a","TagValue":""}
< InvalidParameterValue.TagValueEmpty ...
> CreateTag {"TagKey":"a","TagValue":"a,b"}
< InvalidParameterValue.TagValueCharacterIllegal ...
> CreateTag {"TagKey":"a","TagValue":"vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"}
< InvalidParameterValue.TagValueLengthExceeded ...

as many tags as one may make
> CreateTag {"TagKey":"one","TagValue":"too many"}
< LimitExceeded.Quota The account has made 1000 tags, which is the limit; DeleteTag deletes those that nothing carries.
"#;

//! DeleteTag: deletes a tag that was made by CreateTag and that no resource has.
//!
//! <https://cloud.tencent.com/document/api/651/35318>.

use crate::{Action, Apply, Body, Context, Parameters, Product, Reason, TagRefusal, tag_words, tagged};
use cvmd_model::Tag;

pub(crate) const ACTION: Action = Action::command(Product::Tag, "DeleteTag", prepare).errors(&[
    "FailedOperation.TagAttachedResource",
    "InvalidParameterValue.TagKeyEmpty",
    "ResourceNotFound.TagNonExist",
]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let key = tag_words::carried_key(parameters, "TagKey")?;
    let tag = Tag { key, value: parameters.text("TagValue")?.unwrap_or_default() };
    Ok(Box::new(move |tx, context| {
        let view = tx.view();
        let uses = view.tag_uses(context.account, &tag);
        if uses > 0 {
            return Err(TagRefusal::Carried { key: tag.key, value: tag.value, uses }.into());
        }
        let missing = || TagRefusal::Missing { key: tag.key.clone(), value: tag.value.clone() };
        tx.delete(tagged::created(view, context, &tag).ok_or_else(missing)?);
        Ok(Body::empty())
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> CreateTag {"TagKey":"owner","TagValue":"ops"}
< {}
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:volume/disk-data0001","ReplaceTags":[{"TagKey":"owner","TagValue":"ops"}]}
< {}
> DeleteTag {"TagKey":"owner","TagValue":"ops"}
< FailedOperation.TagAttachedResource The tag `owner` with the value `ops` is on resources of the account (1); take it off them first: GetResources names them.
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:volume/disk-data0001","DeleteTags":[{"TagKey":"owner"}]}
< {}
> DeleteTag {"TagKey":"owner","TagValue":"dev"}
< ResourceNotFound.TagNonExist There is no tag `owner` with the value `dev`.
> DeleteTag {"TagKey":"owner","TagValue":"ops"}
< {}
> DescribeTagKeys {}
< {"TotalCount":1,..."Tags":["team"]}
> DeleteTag {"TagKey":"owner","TagValue":"ops"}
< ResourceNotFound.TagNonExist ...
> DeleteTag {"TagKey":"","TagValue":"ops"}
< InvalidParameterValue.TagKeyEmpty ...
"#;

//! AddResourceTag: adds a tag to a resource; a key that it already has is refused.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=tag&Version=2018-08-13&Action=AddResourceTag>.

use super::declared;
use crate::{
    Action, Apply, Context, Parameters, Product, Reason, TagRefusal, tag_words,
    tagged::{self, Description},
};

pub(crate) const ACTION: Action = Action::command(Product::Tag, "AddResourceTag", prepare)
    .errors_of(&[declared::TAG, declared::RESOURCE, declared::DESCRIPTION])
    .errors(&["LimitExceeded.ResourceAttachedTags", "ResourceInUse.TagKeyAttached"]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let new = tag_words::one_tag(parameters)?;
    let description = Description::parse(&parameters.text("Resource")?.unwrap_or_default())?;
    Ok(Box::new(move |tx, context| {
        let found = description.find(tx.view(), context)?;
        tagged::change_all(tx, vec![found.resource], |id, tags| {
            if tags.iter().any(|tag| tag.key == new.key) {
                return Err(TagRefusal::Attached { key: new.key.clone(), resource: id.into() });
            }
            tag_words::changed(id, tags, std::slice::from_ref(&new), &[])
        })
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> AddResourceTag {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","TagKey":"owner","TagValue":"ops"}
< {}
> cvm.DescribeInstances {"Filters":[{"Name":"tag:owner","Values":["ops"]},{"Name":"tag:team","Values":["red"]}]}
< {"TotalCount":1,...
> AddResourceTag {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","TagKey":"owner","TagValue":"dev"}
< ResourceInUse.TagKeyAttached The resource `ins-running1` carries the tag key `owner` already.
> AddResourceTag {"Resource":"ins-running1","TagKey":"a","TagValue":"b"}
< InvalidParameterValue.ResourceDescriptionError ...
> AddResourceTag {"Resource":"qcs::cos:ap-guangzhou:uin/:bucket/x","TagKey":"a","TagValue":"b"}
< InvalidParameterValue.ServiceTypeInvalid ...
> AddResourceTag {"Resource":"qcs::cvm:ap-guangzhou:uin/:host/x","TagKey":"a","TagValue":"b"}
< InvalidParameterValue.ResourcePrefixInvalid ...
> AddResourceTag {"Resource":"qcs::cvm::uin/:instance/ins-running1","TagKey":"a","TagValue":"b"}
< InvalidParameterValue.RegionInvalid ...
> AddResourceTag {"Resource":"qcs::cvm:ap-guangzhou:uin/7:instance/ins-running1","TagKey":"a","TagValue":"b"}
< InvalidParameterValue.UinInvalid ...
> AddResourceTag {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-foreign1","TagKey":"a","TagValue":"b"}
< InvalidParameterValue.ResourceIdInvalid ...
> AddResourceTag {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","TagKey":"","TagValue":"b"}
< InvalidParameterValue.TagKeyEmpty ...
> AddResourceTag {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","TagKey":"a,b","TagValue":"b"}
< InvalidParameterValue.TagKeyCharacterIllegal ...
> AddResourceTag {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","TagKey":"tencent","TagValue":"b"}
< InvalidParameterValue.ReservedTagKey ...
> AddResourceTag {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","TagKey":"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk","TagValue":"b"}
< InvalidParameterValue.TagKeyLengthExceeded ...
> AddResourceTag {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","TagKey":"a","TagValue":""}
< InvalidParameterValue.TagValueEmpty ...
> AddResourceTag {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","TagKey":"a","TagValue":"a,b"}
< InvalidParameterValue.TagValueCharacterIllegal ...
> AddResourceTag {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","TagKey":"a","TagValue":"vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"}
< InvalidParameterValue.TagValueLengthExceeded ...
ins-stopped1 carries 50 tags
> AddResourceTag {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-stopped1","TagKey":"a","TagValue":"b"}
< LimitExceeded.ResourceAttachedTags ...
"#;

//! UpdateResourceTagValue: changes the value of a resource's tag.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=tag&Version=2018-08-13&Action=UpdateResourceTagValue>.

use super::declared;
use crate::{
    Action, Apply, Context, Parameters, Product, Reason, tag_words,
    tagged::{self, Description},
};

pub(crate) const ACTION: Action = Action::command(Product::Tag, "UpdateResourceTagValue", prepare)
    .errors_of(&[declared::TAG, declared::RESOURCE, declared::DESCRIPTION])
    .errors(&["ResourceNotFound.AttachedTagKeyNotFound"]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let new = tag_words::one_tag(parameters)?;
    let description = Description::parse(&parameters.text("Resource")?.unwrap_or_default())?;
    Ok(Box::new(move |tx, context| {
        let found = description.find(tx.view(), context)?;
        tagged::change_all(tx, vec![found.resource], |id, tags| {
            tag_words::is_attached(id, tags, &new.key)?;
            tag_words::changed(id, tags, std::slice::from_ref(&new), &[])
        })
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> UpdateResourceTagValue {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","TagKey":"team","TagValue":"blue"}
< {}
> cvm.DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."Tags":[{"Key":"team","Value":"blue"}]...
> UpdateResourceTagValue {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","TagKey":"owner","TagValue":"dev"}
< ResourceNotFound.AttachedTagKeyNotFound The resource `ins-running1` does not carry the tag key `owner`.
> UpdateResourceTagValue {"Resource":"ins-running1","TagKey":"a","TagValue":"b"}
< InvalidParameterValue.ResourceDescriptionError ...
> UpdateResourceTagValue {"Resource":"qcs::cos:ap-guangzhou:uin/:bucket/x","TagKey":"a","TagValue":"b"}
< InvalidParameterValue.ServiceTypeInvalid ...
> UpdateResourceTagValue {"Resource":"qcs::cvm:ap-guangzhou:uin/:host/x","TagKey":"a","TagValue":"b"}
< InvalidParameterValue.ResourcePrefixInvalid ...
> UpdateResourceTagValue {"Resource":"qcs::cvm::uin/:instance/ins-running1","TagKey":"a","TagValue":"b"}
< InvalidParameterValue.RegionInvalid ...
> UpdateResourceTagValue {"Resource":"qcs::cvm:ap-guangzhou:uin/7:instance/ins-running1","TagKey":"a","TagValue":"b"}
< InvalidParameterValue.UinInvalid ...
> UpdateResourceTagValue {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-foreign1","TagKey":"a","TagValue":"b"}
< InvalidParameterValue.ResourceIdInvalid ...
> UpdateResourceTagValue {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","TagKey":"","TagValue":"b"}
< InvalidParameterValue.TagKeyEmpty ...
> UpdateResourceTagValue {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","TagKey":"a,b","TagValue":"b"}
< InvalidParameterValue.TagKeyCharacterIllegal ...
> UpdateResourceTagValue {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","TagKey":"tencent","TagValue":"b"}
< InvalidParameterValue.ReservedTagKey ...
> UpdateResourceTagValue {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","TagKey":"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk","TagValue":"b"}
< InvalidParameterValue.TagKeyLengthExceeded ...
> UpdateResourceTagValue {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","TagKey":"a","TagValue":""}
< InvalidParameterValue.TagValueEmpty ...
> UpdateResourceTagValue {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","TagKey":"a","TagValue":"a,b"}
< InvalidParameterValue.TagValueCharacterIllegal ...
> UpdateResourceTagValue {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","TagKey":"a","TagValue":"vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"}
< InvalidParameterValue.TagValueLengthExceeded ...
"#;

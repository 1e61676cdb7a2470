//! DeleteResourceTag: removes one tag from a resource.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=tag&Version=2018-08-13&Action=DeleteResourceTag>.

use super::declared;
use crate::{
    Action, Apply, Context, Parameters, Product, Reason, tag_words,
    tagged::{self, Description},
};

pub(crate) const ACTION: Action = Action::command(Product::Tag, "DeleteResourceTag", prepare)
    .errors_of(&[declared::RESOURCE, declared::DESCRIPTION])
    .errors(&["InvalidParameterValue.TagKeyEmpty", "ResourceNotFound.AttachedTagKeyNotFound"]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let key = tag_words::carried_key(parameters, "TagKey")?;
    let description = Description::parse(&parameters.text("Resource")?.unwrap_or_default())?;
    Ok(Box::new(move |tx, context| {
        let found = description.find(tx.view(), context)?;
        tagged::change_all(tx, vec![found.resource], |id, tags| {
            tag_words::is_attached(id, tags, &key)?;
            tag_words::changed(id, tags, &[], std::slice::from_ref(&key))
        })
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DeleteResourceTag {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","TagKey":"team"}
< {}
> cvm.DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."Tags":[]...
> DeleteResourceTag {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","TagKey":"team"}
< ResourceNotFound.AttachedTagKeyNotFound ...
> DeleteResourceTag {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","TagKey":""}
< InvalidParameterValue.TagKeyEmpty ...
> DeleteResourceTag {"Resource":"ins-running1","TagKey":"a"}
< InvalidParameterValue.ResourceDescriptionError ...
> DeleteResourceTag {"Resource":"qcs::cos:ap-guangzhou:uin/:bucket/x","TagKey":"a"}
< InvalidParameterValue.ServiceTypeInvalid ...
> DeleteResourceTag {"Resource":"qcs::cvm:ap-guangzhou:uin/:host/x","TagKey":"a"}
< InvalidParameterValue.ResourcePrefixInvalid ...
> DeleteResourceTag {"Resource":"qcs::cvm::uin/:instance/ins-running1","TagKey":"a"}
< InvalidParameterValue.RegionInvalid ...
> DeleteResourceTag {"Resource":"qcs::cvm:ap-guangzhou:uin/7:instance/ins-running1","TagKey":"a"}
< InvalidParameterValue.UinInvalid ...
> DeleteResourceTag {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-foreign1","TagKey":"a"}
< InvalidParameterValue.ResourceIdInvalid ...
"#;

//! UnTagResources: removes tags from resources of any kind.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=tag&Version=2018-08-13&Action=UnTagResources>.
//!
//! A resource that does not exist is answered with a code; the others are untagged. A key that a resource does not have
//! is no error.

use crate::{
    Action, Apply, Context, Parameters, Product, Reason, TagRefusal, tag_words,
    tagged::{Description, change_each},
};

const RESOURCES_MAX: usize = 10;

pub(crate) const ACTION: Action = Action::command(Product::Tag, "UnTagResources", prepare).errors(&[
    "InvalidParameterValue.ResourceDescriptionError",
    "InvalidParameterValue.TagKeyEmpty",
    "LimitExceeded.ResourceNumPerRequest",
    "LimitExceeded.TagNumPerRequest",
]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let descriptions = Description::list(parameters, RESOURCES_MAX)?;
    let keys = parameters.texts("TagKeys")?;
    tag_words::few_tags("TagKeys", keys.len())?;
    if keys.iter().any(|key| key.is_empty()) {
        return Err(TagRefusal::KeyEmpty.into());
    }
    Ok(Box::new(move |tx, context| {
        change_each(tx, context, &descriptions, |id, carried| tag_words::changed(id, carried, &[], &keys))
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> UnTagResources {"ResourceList":["qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","qcs::cvm:ap-guangzhou:uin/:instance/ins-nowhere0"],"TagKeys":["team","never-there"]}
< {"FailedResources":[{..."Code":"InvalidParameterValue.ResourceIdInvalid",...}]}
> cvm.DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."Tags":[]...
> UnTagResources {"ResourceList":["qcs::cos:ap-guangzhou:uin/:bucket/x","qcs::cvm:ap-guangzhou:uin/:host/x"],"TagKeys":["a"]}
< {"FailedResources":[{..."Code":"InvalidParameterValue.ServiceTypeInvalid",...},{..."Code":"InvalidParameterValue.ResourcePrefixInvalid",...}]}
> UnTagResources {"ResourceList":["ins-running1"],"TagKeys":["a"]}
< InvalidParameterValue.ResourceDescriptionError ...
> UnTagResources {"ResourceList":[11*"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1"],"TagKeys":["a"]}
< LimitExceeded.ResourceNumPerRequest ...
> UnTagResources {"ResourceList":["qcs::cvm:ap-guangzhou:uin/:instance/ins-running1"],"TagKeys":[11*"a"]}
< LimitExceeded.TagNumPerRequest ...
> UnTagResources {"ResourceList":["qcs::cvm:ap-guangzhou:uin/:instance/ins-running1"],"TagKeys":[""]}
< InvalidParameterValue.TagKeyEmpty ...
"#;

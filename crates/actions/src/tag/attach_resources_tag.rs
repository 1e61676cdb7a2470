//! AttachResourcesTag: adds a tag to resources of one kind, to all of them or to none.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=tag&Version=2018-08-13&Action=AttachResourcesTag>.
//!
//! If one of them already has the key, all are refused.

use super::declared;
use crate::{
    Action, Apply, Context, Parameters, Product, Reason, TagRefusal, tag_words,
    tagged::{self, Named},
};

pub(crate) const ACTION: Action = Action::command(Product::Tag, "AttachResourcesTag", prepare)
    .errors_of(&[declared::TAG, declared::RESOURCE])
    .errors(&[
        "LimitExceeded.ResourceAttachedTags",
        "LimitExceeded.ResourceNumPerRequest",
        "ResourceInUse.TagKeyAttached",
    ]);

fn prepare(parameters: &mut Parameters, context: &Context) -> Result<Apply, Reason> {
    let named = Named::read(parameters, context)?;
    let new = tag_words::one_tag(parameters)?;
    Ok(Box::new(move |tx, context| {
        let resources = named.find(tx.view(), context)?;
        tagged::change_all(tx, resources, |id, tags| {
            if tags.iter().any(|tag| tag.key == new.key) {
                return Err(TagRefusal::Attached { key: new.key.clone(), resource: id.into() });
            }
            tag_words::changed(id, tags, std::slice::from_ref(&new), &[])
        })
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> AttachResourcesTag {"ServiceType":"cvm","ResourcePrefix":"instance","ResourceRegion":"ap-guangzhou","ResourceIds":["ins-running1","ins-stopped1","ins-stopped1"],"TagKey":"owner","TagValue":"ops"}
< {}
> cvm.DescribeInstances {"Filters":[{"Name":"tag:owner","Values":["ops"]}]}
< {"TotalCount":2,...
# One refuses them all.
> AttachResourcesTag {"ServiceType":"cvm","ResourcePrefix":"instance","ResourceRegion":"ap-guangzhou","ResourceIds":["ins-windows1","ins-running1"],"TagKey":"team","TagValue":"blue"}
< ResourceInUse.TagKeyAttached The resource `ins-running1` carries the tag key `team` already.
> AttachResourcesTag {"ServiceType":"cvm","ResourcePrefix":"instance","ResourceRegion":"ap-guangzhou","ResourceIds":["ins-windows1","ins-foreign1"],"TagKey":"team","TagValue":"blue"}
< InvalidParameterValue.ResourceIdInvalid ...
> cvm.DescribeInstances {"Filters":[{"Name":"tag:team","Values":["blue"]}]}
< {"TotalCount":0,...
> AttachResourcesTag {"ServiceType":"cos","ResourcePrefix":"bucket","ResourceRegion":"","ResourceIds":["x"],"TagKey":"a","TagValue":"b"}
< InvalidParameterValue.ServiceTypeInvalid ...
> AttachResourcesTag {"ServiceType":"cvm","ResourcePrefix":"host","ResourceRegion":"","ResourceIds":["x"],"TagKey":"a","TagValue":"b"}
< InvalidParameterValue.ResourcePrefixInvalid ...
> AttachResourcesTag {"ServiceType":"cvm","ResourcePrefix":"instance","ResourceRegion":"","ResourceIds":["ins-running1"],"TagKey":"a","TagValue":"b"}
< InvalidParameterValue.RegionInvalid ...
> AttachResourcesTag {"ServiceType":"cvm","ResourcePrefix":"instance","ResourceRegion":"ap-guangzhou","ResourceIds":[51*"ins-running1"],"TagKey":"a","TagValue":"b"}
< LimitExceeded.ResourceNumPerRequest ...
> AttachResourcesTag {"ServiceType":"cvm","ResourcePrefix":"keypair","ResourceIds":["skey-spare001"],"TagKey":"","TagValue":"b"}
< InvalidParameterValue.TagKeyEmpty ...
> AttachResourcesTag {"ServiceType":"cvm","ResourcePrefix":"keypair","ResourceIds":["skey-spare001"],"TagKey":"a,b","TagValue":"b"}
< InvalidParameterValue.TagKeyCharacterIllegal ...
> AttachResourcesTag {"ServiceType":"cvm","ResourcePrefix":"keypair","ResourceIds":["skey-spare001"],"TagKey":"tencent","TagValue":"b"}
< InvalidParameterValue.ReservedTagKey ...
> AttachResourcesTag {"ServiceType":"cvm","ResourcePrefix":"keypair","ResourceIds":["skey-spare001"],"TagKey":"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk","TagValue":"b"}
< InvalidParameterValue.TagKeyLengthExceeded ...
> AttachResourcesTag {"ServiceType":"cvm","ResourcePrefix":"keypair","ResourceIds":["skey-spare001"],"TagKey":"a","TagValue":""}
< InvalidParameterValue.TagValueEmpty ...
> AttachResourcesTag {"ServiceType":"cvm","ResourcePrefix":"keypair","ResourceIds":["skey-spare001"],"TagKey":"a","TagValue":"a,b"}
< InvalidParameterValue.TagValueCharacterIllegal ...
> AttachResourcesTag {"ServiceType":"cvm","ResourcePrefix":"keypair","ResourceIds":["skey-spare001"],"TagKey":"a","TagValue":"vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"}
< InvalidParameterValue.TagValueLengthExceeded ...
ins-stopped1 carries 50 tags
> AttachResourcesTag {"ServiceType":"cvm","ResourcePrefix":"instance","ResourceRegion":"ap-guangzhou","ResourceIds":["ins-stopped1"],"TagKey":"a","TagValue":"b"}
< LimitExceeded.ResourceAttachedTags ...
"#;

//! DetachResourcesTag: removes one tag from resources of one kind, from all of them or from none.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=tag&Version=2018-08-13&Action=DetachResourcesTag>.
//!
//! If one of them does not have it, all are refused.

use super::declared;
use crate::{
    Action, Apply, Context, Parameters, Product, Reason, tag_words,
    tagged::{self, Named},
};

pub(crate) const ACTION: Action =
    Action::command(Product::Tag, "DetachResourcesTag", prepare).errors_of(&[declared::RESOURCE]).errors(&[
        "InvalidParameterValue.TagKeyEmpty",
        "LimitExceeded.ResourceNumPerRequest",
        "ResourceNotFound.AttachedTagKeyNotFound",
    ]);

fn prepare(parameters: &mut Parameters, context: &Context) -> Result<Apply, Reason> {
    let named = Named::read(parameters, context)?;
    let key = tag_words::carried_key(parameters, "TagKey")?;
    Ok(Box::new(move |tx, context| {
        let resources = named.find(tx.view(), context)?;
        tagged::change_all(tx, resources, |id, tags| {
            tag_words::is_attached(id, tags, &key)?;
            tag_words::changed(id, tags, &[], std::slice::from_ref(&key))
        })
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DetachResourcesTag {"ServiceType":"cvm","ResourcePrefix":"instance","ResourceRegion":"ap-guangzhou","ResourceIds":["ins-running1"],"TagKey":"team"}
< {}
> cvm.DescribeInstances {"InstanceIds":["ins-running1"]}
< ..."Tags":[]...
> DetachResourcesTag {"ServiceType":"cvm","ResourcePrefix":"keypair","ResourceIds":["skey-bound001","skey-spare001"],"TagKey":"team"}
< ResourceNotFound.AttachedTagKeyNotFound The resource `skey-spare001` does not carry the tag key `team`.
> cvm.DescribeKeyPairs {"KeyIds":["skey-bound001"]}
< ..."Tags":[{"Key":"team","Value":"red"}]...
> DetachResourcesTag {"ServiceType":"cvm","ResourcePrefix":"keypair","ResourceIds":["skey-foreign1"],"TagKey":"team"}
< InvalidParameterValue.ResourceIdInvalid ...
> DetachResourcesTag {"ServiceType":"cvm","ResourcePrefix":"keypair","ResourceIds":["skey-bound001"],"TagKey":""}
< InvalidParameterValue.TagKeyEmpty ...
> DetachResourcesTag {"ServiceType":"cos","ResourcePrefix":"bucket","ResourceRegion":"","ResourceIds":["x"],"TagKey":"a"}
< InvalidParameterValue.ServiceTypeInvalid ...
> DetachResourcesTag {"ServiceType":"cvm","ResourcePrefix":"host","ResourceRegion":"","ResourceIds":["x"],"TagKey":"a"}
< InvalidParameterValue.ResourcePrefixInvalid ...
> DetachResourcesTag {"ServiceType":"cvm","ResourcePrefix":"instance","ResourceRegion":"","ResourceIds":["ins-running1"],"TagKey":"a"}
< InvalidParameterValue.RegionInvalid ...
> DetachResourcesTag {"ServiceType":"cvm","ResourcePrefix":"instance","ResourceRegion":"ap-guangzhou","ResourceIds":[51*"ins-running1"],"TagKey":"a"}
< LimitExceeded.ResourceNumPerRequest ...
"#;

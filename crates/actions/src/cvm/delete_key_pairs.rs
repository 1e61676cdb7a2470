//! DeleteKeyPairs: deletes key pairs that are bound to no instance.
//!
//! <https://cloud.tencent.com/document/api/213/15700>. All or nothing. A key pair that is still being removed from an
//! instance cannot be deleted either: clients retry on that code.

use crate::{Action, Apply, Batch, Body, Context, Parameters, Product, Reason};
use cvmd_model::{KeyPairId, Refusal};
use cvmd_state::Binding;

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "DeleteKeyPairs", prepare).errors(&[
    "InvalidKeyPairId.Malformed",
    "InvalidKeyPairId.NotFound",
    "InvalidParameterValue.KeyPairNotSupported",
    "InvalidParameterValue.LimitExceeded",
]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let ids: Batch<KeyPairId> = Batch::read(parameters, "KeyIds")?;
    Ok(Box::new(move |tx, context| {
        let view = tx.view();
        let keys = ids.find(view, context)?;
        for key in &keys {
            match view.bindings(key.id).next() {
                Some((instance, Binding::Bound)) => Err(Refusal::KeyPairBound { key: key.id, instance })?,
                Some((instance, Binding::Leaving)) => Err(Refusal::KeyPairLeaving { key: key.id, instance })?,
                None => {}
            }
            if let Some(image) = view.image_with_key(context.account, key.id) {
                return Err(Refusal::KeyPairOfImage { key: key.id, image }.into());
            }
        }
        keys.into_iter().for_each(|key| tx.remove_key_pair(key));
        Ok(Body::empty())
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
# Associated with nothing any more, but a guest may still accept it.
only ins-stopped1 holds a key
> DisassociateInstancesKeyPairs {"InstanceIds":["ins-stopped1"],"KeyIds":["skey-bound001"]}
< {}
> DescribeKeyPairs {"KeyIds":["skey-bound001"]}
< ..."AssociatedInstanceIds":[]...
> DeleteKeyPairs {"KeyIds":["skey-bound001"]}
< InvalidParameterValue.KeyPairNotSupported The key pair `skey-bound001` is still being taken off the instance `ins-stopped1`; try again when that is done.

# Bound to an image, whose disk has its line.
nobody holds a key
> DeleteKeyPairs {"KeyIds":["skey-bound001"]}
< InvalidParameterValue.KeyPairNotSupported The key pair `skey-bound001` is bound to the image `img-golden01`; delete that first.
> DeleteImages {"ImageIds":["img-golden01"]}
< {}
> DeleteKeyPairs {"KeyIds":["skey-bound001"]}
< {}

> DeleteKeyPairs {"KeyIds":["skey-spare001","skey-bound001"]}
< InvalidParameterValue.KeyPairNotSupported The key pair `skey-bound001` is bound to the instance `ins-...`; disassociate it first.
> DescribeKeyPairs {"KeyIds":["skey-spare001"]}
< {"TotalCount":1,...
> DeleteKeyPairs {"KeyIds":["skey-spare001"]}
< {}
> DescribeKeyPairs {"KeyIds":["skey-spare001"]}
< {"TotalCount":0,"KeyPairSet":[]}
> DeleteKeyPairs {"KeyIds":["skey-spare001"]}
< InvalidKeyPairId.NotFound ...
> DeleteKeyPairs {"KeyIds":["skey-foreign1"]}
< InvalidKeyPairId.NotFound ...
> DeleteKeyPairs {"KeyIds":["skey-11"]}
< InvalidKeyPairId.Malformed ...
> DeleteKeyPairs {"KeyIds":[101*"skey-spare001"]}
< InvalidParameterValue.LimitExceeded ...
"#;

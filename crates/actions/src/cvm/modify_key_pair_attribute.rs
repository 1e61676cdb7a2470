//! ModifyKeyPairAttribute: changes a key pair's name or description.
//!
//! <https://cloud.tencent.com/document/api/213/15701>. The vendor lists no code for a name that is too long or has
//! other characters, so these are plain InvalidParameterValue here.

use crate::{Action, Apply, Body, Context, Parameters, Product, Reason, batch, names};
use cvmd_model::{KeyPair, KeyPairId, Refusal};

const DESCRIPTION_MAX: usize = 60;

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "ModifyKeyPairAttribute", prepare).errors(&[
    "InvalidKeyPairId.Malformed",
    "InvalidKeyPairId.NotFound",
    "InvalidKeyPairName.Duplicate",
]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let id: KeyPairId = batch::one(parameters, "KeyId")?;
    let name = parameters.text("KeyName")?;
    let description = parameters.text("Description")?;
    if let Some(name) = &name {
        names::key_name_fault(name).map_or(Ok(()), |_| Err(parameters.bad_value("KeyName", name)))?;
    }
    if let Some(description) = description.as_ref().filter(|text| text.chars().count() > DESCRIPTION_MAX) {
        return Err(parameters.bad_value("Description", description));
    }
    if name.is_none() && description.is_none() {
        return Err(Reason::NothingToDo { names: "`KeyName` and `Description`" });
    }
    Ok(Box::new(move |tx, context| {
        let key = tx.view().key_pair_of(context.account, id).ok_or(Refusal::KeyPairNotFound(id))?;
        let mut key = KeyPair::clone(key);
        if let Some(name) = name {
            if tx.view().key_pair_named(context.account, &name).is_some_and(|other| other != id) {
                return Err(Refusal::KeyPairNameTaken(name).into());
            }
            key.name = name;
        }
        if let Some(description) = description {
            key.description = description;
        }
        tx.put_key_pair(key);
        Ok(Body::empty())
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> ModifyKeyPairAttribute {"KeyId":"skey-spare001","KeyName":"renamed","Description":"for the laptop"}
< {}
> DescribeKeyPairs {"Filters":[{"Name":"key-name","Values":["renamed","spare"]}]}
< {"TotalCount":1,"KeyPairSet":[{"KeyId":"skey-spare001","KeyName":"renamed","ProjectId":0,"Description":"for the laptop",...
> ModifyKeyPairAttribute {"KeyId":"skey-spare001","KeyName":"bound"}
< InvalidKeyPairName.Duplicate ...
> ModifyKeyPairAttribute {"KeyId":"skey-spare001"}
< MissingParameter At least one of the parameters `KeyName` and `Description` is needed.
> ModifyKeyPairAttribute {"KeyId":"skey-spare001","KeyName":"no-hyphens"}
< InvalidParameterValue The value `no-hyphens` specified in the parameter `KeyName` is not valid.
> ModifyKeyPairAttribute {"KeyId":"skey-spare001","Description":"0123456789012345678901234567890123456789012345678901234567890"}
< InvalidParameterValue ...
> ModifyKeyPairAttribute {"KeyId":"skey-1","KeyName":"x"}
< InvalidKeyPairId.Malformed ...
> ModifyKeyPairAttribute {"KeyId":"skey-foreign1","KeyName":"x"}
< InvalidKeyPairId.NotFound ...
"#;

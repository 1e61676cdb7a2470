//! ImportKeyPair: stores a public key that was made elsewhere.
//!
//! <https://cloud.tencent.com/document/api/213/15703>. Unlike upstream, Ed25519 is accepted beside RSA. The same key
//! twice in one account is refused, because an unbind promises that the key is not accepted any more.

use super::{declared, new_key_pair::NewKey};
use crate::{Action, Apply, Body, Context, Parameters, Product, Reason};
use cvmd_model::PublicKey;

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "ImportKeyPair", prepare)
    .errors_of(&[declared::NEW_KEY_PAIR])
    .errors(&["InvalidPublicKey.Duplicate", "InvalidPublicKey.Malformed"]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let new = NewKey::read(parameters)?;
    let key = PublicKey::parse(&parameters.text("PublicKey")?.unwrap_or_default()).map_err(Reason::PublicKey)?;
    Ok(Box::new(move |tx, context| Ok(Body::of(object! { KeyId: new.put(tx, context, key)?.id }))))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
# A key without a comment gets its id for one, because clients drop the last of three words.
> ImportKeyPair {"KeyName":"laptop","ProjectId":0,"PublicKey":"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f","TagSpecification":[{"ResourceType":"keypair","Tags":[{"Key":"team","Value":"blue"}]}]}
< {"KeyId":"skey-..."}
> DescribeKeyPairs {"Filters":[{"Name":"key-name","Values":["laptop"]}]}
< ..."PublicKey":"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f skey-..."..."Tags":[{"Key":"team","Value":"blue"}]...
> ImportKeyPair {"KeyName":"again","ProjectId":0,"PublicKey":"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f other comment"}
< InvalidPublicKey.Duplicate ...

> ImportKeyPair {"KeyName":"again","ProjectId":0,"PublicKey":"KEY-BOUND another comment"}
< InvalidPublicKey.Duplicate The same public key is in this account already, as key pair `skey-bound001`.
> ImportKeyPair {"KeyName":"again","ProjectId":0,"PublicKey":"hello"}
< InvalidPublicKey.Malformed The public key is malformed: a public key is one line: algorithm, base64, comment.
> ImportKeyPair {"KeyName":"","ProjectId":0,"PublicKey":"hello"}
< InvalidKeyPairNameEmpty ...
> ImportKeyPair {"KeyName":"abcdefghijklmnopqrstuvwxyz","ProjectId":0,"PublicKey":"hello"}
< InvalidKeyPairNameTooLong ...
> ImportKeyPair {"KeyName":"my key","ProjectId":0,"PublicKey":"hello"}
< InvalidKeyPairNameIncludeIllegalChar ...
> ImportKeyPair {"KeyName":"bound","ProjectId":0,"PublicKey":"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"}
< InvalidKeyPairName.Duplicate ...
full account
> ImportKeyPair {"KeyName":"one_more","ProjectId":0,"PublicKey":"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"}
< InvalidKeyPair.LimitExceeded ...
"#;

//! ImportKeyPair: takes a public key that was made elsewhere.
//!
//! <https://cloud.tencent.com/document/api/213/15703>. Unlike upstream, Ed25519 is taken beside RSA. The same key
//! material twice in one account is refused, because an unbind promises that the key is dead.

use crate::{Action, Apply, Body, Context, Effect, Parameters, Product, Reason, error::KeyNameReason, names};
use cvmd_model::{KeyPair, KeyPairId, PublicKey, Refusal, Tag};
use cvmd_state::Transaction;
use serde::Serialize;

/// Key pairs in one account, at most.
pub(super) const QUOTA: usize = 100;

pub(crate) const ACTION: Action = Action {
    product: Product::Cvm,
    name: "ImportKeyPair",
    errors: &[
        "InvalidKeyPair.LimitExceeded",
        "InvalidKeyPairName.Duplicate",
        "InvalidKeyPairNameEmpty",
        "InvalidKeyPairNameIncludeIllegalChar",
        "InvalidKeyPairNameTooLong",
        "InvalidPublicKey.Duplicate",
        "InvalidPublicKey.Malformed",
    ],
    without_effect: &[],
    regionless: false,
    effect: Effect::Command(prepare),
};

/// What every new key pair is given.
pub(super) struct NewKey {
    name: Box<str>,
    project_id: u32,
    tags: Box<[Tag]>,
}

impl NewKey {
    pub(super) fn read(parameters: &mut Parameters) -> Result<NewKey, Reason> {
        let name = parameters.text_or("KeyName", KeyNameReason::TooLong.into())?.unwrap_or_default();
        names::key_name(&name)?;
        let project_id = parameters.bounded("ProjectId", 0, u32::MAX)?.unwrap_or(0);
        let tags = names::tags(parameters, "keypair")?;
        Ok(NewKey { name, project_id, tags })
    }

    /// Puts the key pair if the account's quota, its name and its material allow.
    pub(super) fn put(self, tx: &mut Transaction<'_>, context: &Context, key: PublicKey) -> Result<KeyPair, Refusal> {
        let view = tx.view();
        if view.key_pair_count(context.account) >= QUOTA {
            return Err(Refusal::KeyPairQuota { limit: QUOTA });
        }
        if view.key_pair_named(context.account, &self.name).is_some() {
            return Err(Refusal::KeyPairNameTaken(self.name));
        }
        if let Some(same) = view.key_pair_with_blob(context.account, key.blob()) {
            return Err(Refusal::PublicKeyTaken(same));
        }
        let mut random = context.random(b'i');
        let id = std::iter::repeat_with(|| KeyPairId::from_random(Context::id(&mut random)))
            .find(|id| view.key_pair(*id).is_none())
            .unwrap_or(KeyPairId::MIN);
        let public_key = if key.comment().is_empty() { key.with_comment(&id.to_string()) } else { key };
        let pair = KeyPair {
            id,
            sequence: tx.next_sequence(),
            account: context.account,
            name: self.name,
            project_id: self.project_id,
            description: "".into(),
            public_key,
            created_seconds: context.now_seconds,
            tags: self.tags,
        };
        tx.put_key_pair(pair.clone());
        Ok(pair)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    key_id: KeyPairId,
}

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let new = NewKey::read(parameters)?;
    let key = PublicKey::parse(&parameters.text("PublicKey")?.unwrap_or_default()).map_err(Reason::PublicKey)?;
    Ok(Box::new(move |tx, context| Ok(Body::of(&Reply { key_id: new.put(tx, context, key)?.id }))))
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

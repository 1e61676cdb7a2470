//! A new key pair, created or imported: its attributes, and whether they are allowed.

use crate::{Context, KeyNameReason, Parameters, Reason, names};
use cvmd_model::{KeyPair, KeyPairId, PublicKey, Refusal, Tag};
use cvmd_state::Transaction;

/// The maximum of key pairs in one account.
pub(super) const QUOTA: usize = 100;

/// The attributes of every new key pair.
pub(super) struct NewKey {
    name: Box<str>,
    project_id: u32,
    tags: Box<[Tag]>,
}

impl NewKey {
    pub(super) fn read(parameters: &mut Parameters) -> Result<NewKey, Reason> {
        let name = parameters.text_within("KeyName", usize::MAX, KeyNameReason::TooLong.into())?.unwrap_or_default();
        names::key_name(&name)?;
        let project_id = parameters.bounded("ProjectId", 0, u32::MAX)?.unwrap_or(0);
        let tags = names::tags(parameters, "keypair")?;
        Ok(NewKey { name, project_id, tags })
    }

    /// Puts the key pair if the account's quota, its name and its key allow it.
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
        let id = Context::new_id(&mut random, KeyPairId::from_random, |id| view.key_pair(*id).is_none());
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

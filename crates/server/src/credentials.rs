//! Credentials in clear text, in memory only, to check signatures.

use crate::master_key::MasterKey;
use anyhow::Context;
use cvmd_state::View;
use cvmd_wire as wire;
use parking_lot::RwLock;
use std::{collections::HashMap, sync::Arc};

/// All credentials by SecretId.
#[derive(Debug, Default)]
pub(crate) struct Credentials(RwLock<HashMap<Box<str>, Arc<wire::Credential>>>);

impl Credentials {
    /// Decrypts all credentials of the state.
    pub(crate) fn load(&self, view: &View, key: &MasterKey) -> anyhow::Result<()> {
        for credential in view.credentials().filter(|credential| credential.is_valid()) {
            let secret = key
                .open_sealed(&credential.secret_key_encrypted, (&**credential).into())
                .with_context(|| format!("the credential {} cannot be decrypted", credential.secret_id))?;
            self.put(credential.account.0, &credential.secret_id, secret.expose());
        }
        Ok(())
    }

    pub(crate) fn put(&self, account: u32, secret_id: &str, secret_key: &str) {
        let credential = Arc::new(wire::Credential::new(account, secret_id, secret_key));
        self.0.write().insert(secret_id.into(), credential);
    }

    /// Removes a credential; from now on it signs nothing.
    pub(crate) fn remove(&self, secret_id: &str) -> Option<Removed> {
        self.0.write().remove_entry(secret_id).map(Removed)
    }

    pub(crate) fn put_back(&self, Removed((secret_id, credential)): Removed) {
        self.0.write().insert(secret_id, credential);
    }

    pub(crate) fn holds(&self, secret_id: &str) -> bool {
        self.0.read().contains_key(secret_id)
    }
}

/// A removed credential, to be put back if the removal cannot be made durable.
pub(crate) struct Removed((Box<str>, Arc<wire::Credential>));

impl wire::Credentials for Credentials {
    fn find(&self, secret_id: &str) -> Option<Arc<wire::Credential>> {
        self.0.read().get(secret_id).cloned()
    }
}

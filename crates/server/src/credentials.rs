//! Credentials in clear text, in memory only, to check signatures.

use crate::master_key::MasterKey;
use cvmd_state::View;
use cvmd_wire as wire;
use parking_lot::RwLock;
use std::{collections::HashMap, sync::Arc};

/// The maximum of unreadable credentials that the log names.
const NAMED_MAX: usize = 20;

/// All credentials by SecretId; nothing where the SecretKey cannot be read.
#[derive(Debug, Default)]
pub(crate) struct Credentials(RwLock<HashMap<Box<str>, Option<Arc<wire::Credential>>>>);

impl Credentials {
    /// Decrypts all credentials of the state. One that cannot be decrypted signs nothing, and is named in the log, except
    /// for `given`: its key is about to be sealed again.
    ///
    /// # Errors
    /// When none can be decrypted: then the master key is another one.
    pub(crate) fn load(&self, view: &View, key: &MasterKey, given: Option<&str>) -> anyhow::Result<()> {
        let mut unreadable = Vec::new();
        let mut is_key_known = false;
        for credential in view.credentials().filter(|credential| credential.is_valid()) {
            match key.open_sealed(&credential.secret_key_encrypted, (&**credential).into()) {
                Ok(secret) => {
                    is_key_known = true;
                    self.put(credential.account.0, &credential.secret_id, secret.expose());
                }
                Err(error) => {
                    self.0.write().insert(credential.secret_id.clone(), None);
                    if given != Some(&*credential.secret_id) {
                        unreadable.push((credential, error));
                    }
                }
            }
        }
        let names = unreadable.iter().take(NAMED_MAX).map(|(credential, _)| {
            let account = view.account(credential.account).map_or("", |account| &account.name);
            format!("{} of {account}", credential.secret_id)
        });
        let (credentials, count) = (names.collect::<Vec<_>>().join(", "), unreadable.len());
        match unreadable.into_iter().next() {
            None => {}
            Some((credential, why)) if !is_key_known => {
                return Err(why.context(format!("the credential {} cannot be decrypted", credential.secret_id)));
            }
            Some((_, why)) => tracing::error!(
                credentials,
                count,
                why = format!("{why:#}"),
                "credentials that cannot be decrypted sign nothing: `cvmd credential revoke` takes one away, `cvmd credential add` makes another"
            ),
        }
        Ok(())
    }

    pub(crate) fn put(&self, account: u32, secret_id: &str, secret_key: &str) {
        let credential = Arc::new(wire::Credential::new(account, secret_id, secret_key));
        self.0.write().insert(secret_id.into(), Some(credential));
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
pub(crate) struct Removed((Box<str>, Option<Arc<wire::Credential>>));

impl wire::Credentials for Credentials {
    fn find(&self, secret_id: &str) -> Option<Arc<wire::Credential>> {
        self.0.read().get(secret_id).cloned().flatten()
    }

    fn is_unreadable(&self, secret_id: &str) -> bool {
        matches!(self.0.read().get(secret_id), Some(None))
    }
}

//! The changes of a command: rows put and rows deleted.

use crate::{AnyResource, ClientToken, Message, Settings};
use cvmd_model::{Account, Credential, Instance, KeyPair};
use std::sync::Arc;

/// One change to one row.
#[derive(Debug, Clone)]
pub(crate) enum Put {
    Settings(Arc<Settings>),
    Account(Arc<Account>),
    AccountGone(Arc<Account>),
    Credential(Arc<Credential>),
    CredentialGone(Arc<Credential>),
    Instance(Arc<Instance>),
    InstanceGone(Arc<Instance>),
    KeyPair(Arc<KeyPair>),
    KeyPairGone(Arc<KeyPair>),
    ClientToken(Arc<ClientToken>),
    ClientTokenGone(Arc<ClientToken>),
    Message(Arc<Message>),
    MessageGone(Arc<Message>),
    Resource(AnyResource),
    ResourceGone(AnyResource),
}

impl Put {
    /// What no other row of its table is called.
    pub(crate) fn id(&self) -> String {
        match self {
            Put::Settings(_) => "the settings".into(),
            Put::Account(row) | Put::AccountGone(row) => format!("the account {}", row.number.0),
            Put::Credential(row) | Put::CredentialGone(row) => row.secret_id.to_string(),
            Put::Instance(row) | Put::InstanceGone(row) => row.id.to_string(),
            Put::KeyPair(row) | Put::KeyPairGone(row) => row.id.to_string(),
            Put::ClientToken(row) | Put::ClientTokenGone(row) => {
                format!("the client token {} of account {} in {}", row.token, row.account.0, row.region)
            }
            Put::Message(row) | Put::MessageGone(row) => format!("the message {}", row.sequence),
            Put::Resource(row) | Put::ResourceGone(row) => row.id(),
        }
    }
}

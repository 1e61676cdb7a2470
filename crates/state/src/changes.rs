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

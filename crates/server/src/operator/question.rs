//! The questions that commands ask the server at the operator's socket: one JSON line each.

use cvmd_model::{InstanceId, RequestId};
use serde::{Deserialize, Serialize};

/// Lines of the journal that one question answers, at most.
pub(crate) const LINES_MAX: u32 = 1_000;

/// What can be asked.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Question {
    /// Endpoint, region and the first account's credential.
    Environment,
    /// Where an instance's sshd answers.
    Endpoint {
        instance: InstanceId,
    },
    /// Where the newest instances' sshd answer.
    Machines,
    AddAccount {
        name: String,
    },
    /// Takes back an account that was just added, because nobody has seen its key.
    ForgetAccount {
        name: String,
    },
    Accounts,
    AddCredential {
        account: String,
    },
    Credentials,
    /// With `force` also the last one of the first account.
    RevokeCredential {
        secret_id: String,
        force: bool,
    },
    /// With `force` to be asked again until it is removed.
    RemoveAccount {
        name: String,
        force: bool,
    },
    Request {
        request: RequestId,
    },
    /// The journal's last lines.
    Requests {
        account: Option<String>,
        instance: Option<InstanceId>,
        lines_max: u32,
    },
    /// The messages, which stay until they have been shown.
    Messages,
    MessagesShown {
        sequences: Vec<u64>,
    },
}

impl Question {
    /// Whether it changes nothing, or the same once and twice: then it is asked again of a server that hung up.
    pub(crate) fn may_be_repeated(&self) -> bool {
        match self {
            Question::Environment
            | Question::Endpoint { .. }
            | Question::Machines
            | Question::Accounts
            | Question::Credentials
            | Question::Request { .. }
            | Question::Requests { .. }
            | Question::Messages => true,
            Question::AddAccount { .. }
            | Question::ForgetAccount { .. }
            | Question::AddCredential { .. }
            | Question::RevokeCredential { .. }
            | Question::RemoveAccount { .. }
            | Question::MessagesShown { .. } => false,
        }
    }
}

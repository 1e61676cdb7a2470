//! The questions that commands ask the server on the operator's socket: one JSON line each.

use cvmd_model::{InstanceId, RequestId};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The maximum of journal lines in one answer.
pub(crate) const LINES_MAX: u32 = 1_000;
/// How long a command may hold effects back.
pub(crate) const HELD_WITHIN: Duration = Duration::from_secs(5);

#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Question {
    /// Endpoint, region and the first account's credential.
    Environment,
    /// Where an instance's sshd answers.
    Endpoint {
        instance: InstanceId,
    },
    /// The sshd of the newest instances.
    Machines,
    AddAccount {
        name: String,
    },
    /// Removes an account that was just added, because its key could not be shown.
    ForgetAccount {
        name: String,
    },
    Accounts,
    AddCredential {
        account: String,
    },
    Credentials,
    /// With `force` also the last credential of the first account.
    RevokeCredential {
        secret_id: String,
        force: bool,
    },
    /// With `force` asked again until the account is removed.
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
    /// The messages, which stay until they were shown.
    Messages,
    /// Start no effect until another line comes, or the connection ends, or [`HELD_WITHIN`] is over. The line is
    /// answered only if no effect was started before it.
    HoldEffects,
    MessagesShown {
        sequences: Vec<u64>,
    },
}

impl Question {
    /// Whether repeating it has no further effect: then it is asked again if the server closed the connection.
    pub(crate) fn may_be_repeated(&self) -> bool {
        match self {
            Question::Environment
            | Question::Endpoint { .. }
            | Question::Machines
            | Question::Accounts
            | Question::Credentials
            | Question::Request { .. }
            | Question::Requests { .. }
            | Question::Messages
            | Question::HoldEffects => true,
            Question::AddAccount { .. }
            | Question::ForgetAccount { .. }
            | Question::AddCredential { .. }
            | Question::RevokeCredential { .. }
            | Question::RemoveAccount { .. }
            | Question::MessagesShown { .. } => false,
        }
    }
}

//! The journal: one line for every command, refused ones included, and one for the outcome of each operation.

use cvmd_model::{AccountNumber, InstanceId, RequestId};
use serde::{Deserialize, Serialize};

/// The ids of the rows that a transaction has written.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) instances: Vec<InstanceId>,
    /// Key pairs, images, networks and so on; the first hundred.
    pub(crate) others: Vec<String>,
}

/// The maximum of resources other than instances that one line of the journal names.
pub const OTHERS_NAMED_MAX: usize = 100;

/// How the journal names a command's error.
pub trait Decision {
    /// A wire code such as `InvalidInstanceId.NotFound`.
    fn decision(&self) -> &str;

    /// The message that the caller got with it. Never a secret.
    fn message(&self) -> Option<&str> {
        None
    }
}

/// The maximum of characters of a message in the journal.
const MESSAGE_CHARACTERS_MAX: usize = 300;

/// What is known about a command before it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    pub request: RequestId,
    pub account: AccountNumber,
    /// The SecretId that signed the request.
    pub credential: Box<str>,
    pub action: &'static str,
    pub at_seconds: u64,
    /// Within that second.
    pub microseconds: u32,
    /// The instances that it names.
    pub instances: Vec<InstanceId>,
    /// Other things that it names: key pairs, images and so on, by their ids; for an operator's command the account or
    /// credential. Never a secret.
    pub target: Option<Box<str>>,
    /// The request only asks what would happen.
    pub dry_run: bool,
    /// The replay key: refuses the same signed request for as long as its timestamp is valid; legacy dialect only. 16
    /// bytes in hex.
    pub replay: Option<Box<str>>,
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalLine {
    pub request: RequestId,
    pub account: AccountNumber,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub credential: Box<str>,
    pub action: Box<str>,
    pub at_seconds: u64,
    /// Within that second; 0 in lines of earlier versions.
    #[serde(default)]
    pub microseconds: u32,
    /// `accepted`, a wire code, or the outcome of the operation: `SUCCESS`, `FAILED: ...`.
    pub decision: Box<str>,
    /// The message that the caller of a refused command got.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Box<str>>,
    pub instances: Vec<InstanceId>,
    /// Other things that it was about, including those it has made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Box<str>>,
    /// The request only asked what would happen, and nothing was done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<Box<str>>,
}

/// A filter for lines of the journal.
#[derive(Debug, Clone, Default)]
pub struct JournalFilter {
    /// The accounts to look for; empty means all.
    pub accounts: Vec<AccountNumber>,
    pub instance: Option<InstanceId>,
    pub action: Option<&'static str>,
}

impl JournalFilter {
    pub(crate) fn fits(&self, line: &JournalLine) -> bool {
        (self.accounts.is_empty() || self.accounts.contains(&line.account))
            && self.action.is_none_or(|action| *line.action == *action)
            && self.instance.is_none_or(|instance| line.instances.contains(&instance))
    }
}

impl JournalEntry {
    /// The line of an accepted command, or of a refused one.
    pub(crate) fn decided(self, refused: Option<&impl Decision>, written: Written) -> JournalLine {
        let (mut instances, mut target) = (self.instances, self.target);
        if refused.is_none() {
            if instances.is_empty() {
                instances = written.instances;
            }
            target = with(target, &written.others);
        }
        JournalLine {
            request: self.request,
            account: self.account,
            credential: self.credential,
            action: self.action.into(),
            at_seconds: self.at_seconds,
            microseconds: self.microseconds,
            decision: refused.map_or("accepted", Decision::decision).into(),
            message: refused.and_then(Decision::message).map(|message| cut(message).into()),
            instances,
            target,
            dry_run: self.dry_run,
            replay: self.replay,
        }
    }
}

/// The ids that a request names, and the other ids it has written, each once.
fn with(named: Option<Box<str>>, written: &[String]) -> Option<Box<str>> {
    let mut ids: Vec<&str> = named.iter().flat_map(|named| named.split(' ')).collect();
    let before = ids.len();
    for id in written {
        if ids.len() < OTHERS_NAMED_MAX && !ids.contains(&&**id) {
            ids.push(id);
        }
    }
    if ids.len() == before { named } else { Some(ids.join(" ").into()) }
}

fn cut(message: &str) -> &str {
    message.char_indices().nth(MESSAGE_CHARACTERS_MAX).map_or(message, |(end, _)| &message[..end])
}

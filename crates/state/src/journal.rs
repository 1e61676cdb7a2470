//! The journal: one line for every command, refused ones too, and one for what came of each operation.

use cvmd_model::{AccountNumber, InstanceId, RequestId};
use serde::{Deserialize, Serialize};

/// The rows of a transaction, by their ids.
#[derive(Debug, Default)]
pub(crate) struct Written {
    pub(crate) instances: Vec<InstanceId>,
    /// Key pairs, images, networks and so on; the first hundred.
    pub(crate) others: Vec<String>,
}

/// Resources beside instances that one line of the journal names, at most.
pub const OTHERS_NAMED_MAX: usize = 100;

/// How a command's error is called in the journal.
pub trait Decision {
    /// A wire code such as `InvalidInstanceId.NotFound`.
    fn decision(&self) -> &str;

    /// What the caller was told beside it. Never a secret.
    fn message(&self) -> Option<&str> {
        None
    }
}

/// Characters of a message that the journal keeps.
const MESSAGE_CHARACTERS_MAX: usize = 300;

/// What is known of a command before it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalEntry {
    pub request: RequestId,
    pub account: AccountNumber,
    /// The SecretId that signed it.
    pub credential: Box<str>,
    pub action: &'static str,
    pub at_seconds: u64,
    /// Of that second.
    pub microseconds: u32,
    /// The instances that it names.
    pub instances: Vec<InstanceId>,
    /// What else it names: key pairs, images and so on, by their ids; an operator's command's account or credential. Never
    /// a secret.
    pub target: Option<Box<str>>,
    /// It only asks what would come of it.
    pub dry_run: bool,
    /// Refuses the same signed request for as long as its timestamp is valid; legacy dialect only. 16 bytes in hex.
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
    /// Of that second; 0 in lines of earlier versions.
    #[serde(default)]
    pub microseconds: u32,
    /// `accepted`, a wire code, or what came of the operation: `SUCCESS`, `FAILED: ...`.
    pub decision: Box<str>,
    /// What the caller of a refused command was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<Box<str>>,
    pub instances: Vec<InstanceId>,
    /// What else it was about, what it has made included.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Box<str>>,
    /// It asked what would come of it, and nothing was done.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub dry_run: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replay: Option<Box<str>>,
}

/// Which lines of the journal are looked for.
#[derive(Debug, Clone, Default)]
pub struct JournalFilter {
    /// Of one of these; of any account where there are none.
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
    /// The line of what was accepted, or of what an error says.
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

/// The ids that a request names, and those that it has written beside them, each once.
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

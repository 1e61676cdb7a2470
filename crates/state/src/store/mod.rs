//! Where rows are stored: one trait, one contract suite, two engines.

mod log;
mod memory;
mod streams;
mod takeover;

pub use log::LogStore;
pub use memory::MemoryStore;

use crate::{AnyResource, JournalFilter, JournalLine, ResourceKind, changes::Put, json};
use cvmd_model::{Image, InstanceTypeId, RegionId, RequestId, ZoneId};
use serde::de::DeserializeOwned;
use std::sync::Arc;

/// The kinds of row, one table each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Table {
    Settings,
    Accounts,
    Credentials,
    Instances,
    KeyPairs,
    ClientTokens,
    Messages,
    Resource(ResourceKind),
}

impl Table {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Table> {
        let fixed = [
            Table::Settings,
            Table::Accounts,
            Table::Credentials,
            Table::Instances,
            Table::KeyPairs,
            Table::ClientTokens,
            Table::Messages,
        ];
        fixed.into_iter().chain(ResourceKind::ALL.iter().map(|kind| Table::Resource(*kind)))
    }

    pub(crate) fn named(name: &str) -> Option<Table> {
        Table::all().find(|table| table.name() == name)
    }

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Table::Settings => "settings",
            Table::Accounts => "accounts",
            Table::Credentials => "credentials",
            Table::Instances => "instances",
            Table::KeyPairs => "key_pairs",
            Table::ClientTokens => "client_tokens",
            Table::Messages => "messages",
            Table::Resource(kind) => kind.name(),
        }
    }
}

/// One row's new content, or its deletion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    pub table: Table,
    pub sequence: u64,
    /// JSON; `None` removes the row.
    pub body: Option<Vec<u8>>,
}

/// Everything that becomes durable together.
#[derive(Debug, Default)]
pub struct Group {
    /// One more than the revision of the group before.
    pub revision: u64,
    pub rows: Vec<Row>,
    /// Lines of accepted commands and of operations' outcomes.
    pub lines: Vec<JournalLine>,
    /// Lines of refused commands: an account has a maximum of its own for them.
    pub refused: Vec<JournalLine>,
}

/// How much of the journal is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// The maximum of lines, and of their bytes: older ones are deleted, a few with every group.
    pub lines: u64,
    pub bytes: u64,
    /// The maximum of lines of refused commands per account: no account's refusals push out another's.
    pub refused_lines: u64,
    /// Seconds for which a signed request must not be repeated. Replay keys are deleted by age only, whatever their
    /// number.
    pub replay_seconds: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Retention { lines: 2_000_000, bytes: 2 << 30, refused_lines: 4096, replay_seconds: 660 }
    }
}

/// Why a store failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("the database cannot be opened: {0}")]
    Open(String),
    #[error("the row {table} {sequence} cannot be read: {cause}")]
    Unreadable { table: &'static str, sequence: u64, cause: String },
    #[error(
        "{id} (row {sequence} of {table}) has the {what} `{name}`, which is not in the catalogue: put it back into the section [catalogue] of the configuration file, as it stood when {id} was made"
    )]
    NotInCatalogue { id: String, table: &'static str, sequence: u64, what: &'static str, name: String },
    #[error("{0}")]
    Failed(String),
}

impl From<cvmd_rows::Error> for StoreError {
    fn from(error: cvmd_rows::Error) -> StoreError {
        match error {
            cvmd_rows::Error::Taking(taking) => match taking.downcast() {
                Ok(ours) => *ours,
                Err(other) => StoreError::Failed(other.to_string()),
            },
            error => StoreError::Failed(error.to_string()),
        }
    }
}

/// Receives the rows at the start: table, sequence, body.
pub type TakeRow<'a> = dyn FnMut(Table, u64, &[u8]) -> Result<(), StoreError> + 'a;

/// Where rows are stored. Called only by the one writer, and blocking.
pub trait Store: Send + std::fmt::Debug {
    /// Passes all rows to `take`, each once, in any order; returns the last revision.
    ///
    /// # Errors
    /// When a row cannot be read, or `take` refuses one.
    fn load(&mut self, take: &mut TakeRow<'_>) -> Result<u64, StoreError>;

    /// Makes the group durable as a unit.
    ///
    /// # Errors
    /// Nothing of the group is stored, or that is not known: then nothing more is written until the store is opened again.
    fn persist(&mut self, group: &Group) -> Result<(), StoreError>;

    /// Goes on with what is otherwise done beside groups; returns whether more is left to do now.
    fn tidy(&mut self) -> bool {
        false
    }

    /// Bytes in the engine's log beside the database, as far as known without asking the disk.
    fn log_bytes(&self) -> u64 {
        0
    }

    /// Reads the journal while the store is being written to.
    fn journal(&self) -> Arc<dyn Journal>;
}

/// Reads the journal, beside the writer and blocking, so that a query never delays a commit.
pub trait Journal: Send + Sync + std::fmt::Debug {
    /// The lines of one request, oldest first.
    ///
    /// # Errors
    /// When the journal cannot be read.
    fn lines_of(&self, request: RequestId) -> Result<Vec<JournalLine>, StoreError>;

    /// The newest lines that match, `lines_max` at most, in the order of their commits.
    ///
    /// # Errors
    /// When the journal cannot be read.
    fn last_lines(&self, filter: JournalFilter, lines_max: usize) -> Result<Vec<JournalLine>, StoreError>;

    /// The replay keys of requests since that time.
    ///
    /// # Errors
    /// When the journal cannot be read.
    fn replays_since(&self, at_seconds: u64) -> Result<Vec<Box<str>>, StoreError>;
}

pub(crate) fn encode(put: &Put) -> Row {
    use Table::{Accounts, ClientTokens, Credentials, Instances, KeyPairs, Messages, Resource, Settings};
    let row = |table, sequence, body| Row { table, sequence, body };
    match put {
        Put::Settings(value) => row(Settings, 1, Some(json::encode(value))),
        Put::Account(value) => row(Accounts, value.number.0.into(), Some(json::encode(value))),
        Put::AccountGone(value) => row(Accounts, value.number.0.into(), None),
        Put::Credential(value) => row(Credentials, value.sequence, Some(json::encode(value))),
        Put::CredentialGone(value) => row(Credentials, value.sequence, None),
        Put::Instance(value) => row(Instances, value.sequence, Some(json::encode(value))),
        Put::InstanceGone(value) => row(Instances, value.sequence, None),
        Put::KeyPair(value) => row(KeyPairs, value.sequence, Some(json::encode(value))),
        Put::KeyPairGone(value) => row(KeyPairs, value.sequence, None),
        Put::ClientToken(value) => row(ClientTokens, value.sequence, Some(json::encode(value))),
        Put::ClientTokenGone(value) => row(ClientTokens, value.sequence, None),
        Put::Message(value) => row(Messages, value.sequence, Some(json::encode(value))),
        Put::MessageGone(value) => row(Messages, value.sequence, None),
        Put::Resource(value) => row(Resource(value.kind()), value.sequence(), Some(value.body())),
        Put::ResourceGone(value) => row(Resource(value.kind()), value.sequence(), None),
    }
}

pub(crate) fn decode(table: Table, sequence: u64, body: &[u8]) -> Result<Put, StoreError> {
    let decoded = read(table, body);
    // Checked whether the row could be decoded or not: the start must report an entry of the catalogue that is missing.
    let is_whole = match &decoded {
        Ok(Put::Instance(instance)) => instance.system().is_some(),
        Ok(Put::Resource(AnyResource::CustomImage(image))) => Image::find(image.base).is_some(),
        Ok(_) => true,
        Err(_) => false,
    };
    let missing = if is_whole { None } else { not_in_catalogue(table, sequence, body) };
    let unreadable =
        |error: serde_json::Error| StoreError::Unreadable { table: table.name(), sequence, cause: cause(body, &error) };
    missing.map_or_else(|| decoded.map_err(unreadable), Err)
}

fn read(table: Table, body: &[u8]) -> serde_json::Result<Put> {
    fn value<T: DeserializeOwned>(body: &[u8]) -> serde_json::Result<Arc<T>> {
        serde_json::from_slice(body).map(Arc::new)
    }
    Ok(match table {
        Table::Settings => Put::Settings(value(body)?),
        Table::Accounts => Put::Account(value(body)?),
        Table::Credentials => Put::Credential(value(body)?),
        Table::Instances => Put::Instance(value(body)?),
        Table::KeyPairs => Put::KeyPair(value(body)?),
        Table::ClientTokens => Put::ClientToken(value(body)?),
        Table::Messages => Put::Message(value(body)?),
        Table::Resource(kind) => Put::Resource(AnyResource::read(kind, body)?),
    })
}

/// The operator's catalogue entry that the row names and the configuration no longer has.
fn not_in_catalogue(table: Table, sequence: u64, body: &[u8]) -> Option<StoreError> {
    type Known = fn(&str) -> bool;
    let row: serde_json::Value = serde_json::from_slice(body).ok()?;
    let image: Known = |text| text.parse().is_ok_and(|id| Image::find(id).is_some());
    let named: [(&[&str], &'static str, Known); 4] = [
        (&["region"], "region", |text| RegionId::find(text).is_some()),
        (&["zone"], "zone", |text| ZoneId::find(text).is_some()),
        (&["instance_type"], "instance type", |text| InstanceTypeId::find(text).is_some()),
        // For a machine made of a custom image: the public image that this one is based on.
        (&["base", "base_image", "image"], "image", image),
    ];
    let text =
        |members: &[&str]| members.iter().find_map(|member| row["rare"][*member].as_str().or(row[*member].as_str()));
    let is_missing = |(members, what, known): &(&[&str], &'static str, Known)| {
        text(members).filter(|name| !known(name)).map(|name| (*what, name.to_owned()))
    };
    let (what, name) = named.iter().find_map(is_missing)?;
    let id = row["id"].as_str().or(row["template"].as_str()).unwrap_or(table.name()).to_owned();
    Some(StoreError::NotInCatalogue { id, table: table.name(), sequence, what, name })
}

/// What is wrong, with the row's id where it has one: the database's error alone does not help to find the row.
fn cause(body: &[u8], error: &serde_json::Error) -> String {
    #[derive(serde::Deserialize)]
    struct Id<'a> {
        id: &'a str,
    }
    let text = error.to_string();
    let text = text.split(" at line ").next().unwrap_or_default();
    serde_json::from_slice::<Id<'_>>(body).map_or_else(|_| text.into(), |row| format!("{}: {text}", row.id))
}

#[cfg(test)]
mod contract;

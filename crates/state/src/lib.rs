//! The wanted state: an immutable [`View`] for readers, a [`Transaction`] for commands, one writer, and stores behind
//! it.
//!
//! ```text
//! command -> writer: run on the newest view -> persist the group -> publish a new view -> answer
//! query   -> View: one consistent moment, no lock, no disk
//! ```
//!
//! Architecture invariant: this crate knows neither requests nor machines.

mod accessors;
mod addresses;
mod any_resource;
mod bounds;
mod changes;
mod check;
mod error;
#[cfg(test)]
mod fixtures;
mod images;
mod jobs;
mod journal;
mod json;
mod load;
mod networks;
mod persist;
mod resources;
mod rows;
mod share;
mod snapshots;
pub mod store;
mod tag_uses;
mod transaction;
mod usage;
mod view;
mod writer;

pub use any_resource::{AnyResource, Kind, ResourceKind};
pub use bounds::{COMMAND_BYTES_MAX, ROW_BYTES_MAX, TooLarge};
pub use check::{Checked, check};
pub use error::{CommitError, OpenError};
pub use journal::{Decision, JournalEntry, JournalFilter, JournalLine, OTHERS_NAMED_MAX};
pub use resources::Resources;
pub use rows::{ClientToken, Message, SeedState, Settings, Usage};
pub use snapshots::SnapshotState;
pub use transaction::Transaction;
pub use view::{Binding, View};
pub use writer::State;

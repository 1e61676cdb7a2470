//! Durable rows as a log: groups are appended as units, snapshots are written in the background, and append-only
//! streams stand beside them.
//!
//! ```text
//! append(revision, group) ──> log: one row a group ──┐
//!                        └──> streams: one row an entry   (snapshot thread) previous snapshot + log ──> next snapshot
//! load: newest snapshot, then the log behind it
//! ```
//!
//! Architecture invariant: bodies are bytes and tables are names. Nothing here knows what a row means.

mod chunk;
mod engine;
mod error;
mod group;
mod memory;
mod name;
mod parse;
mod sqlite;
mod stream;
mod takeover;

#[cfg(any(test, feature = "contract"))]
pub mod contract;

pub use chunk::Chunk;
pub use engine::{Engine, Found, GROUP_BYTES_MAX, Streams, Take, TakeEntry, TakeGroup};
pub use error::{BoxError, Error};
pub use group::{Change, Entry, Group};
pub use memory::{MemoryEngine, Outcome};
pub use name::row_name;
pub use parse::parse_all;
pub use sqlite::{Moment, Options, SqliteEngine, check, check_unused, is_ours, read_rows, read_sorted};
pub use stream::{Keep, StreamSpec};
pub use takeover::{Copy, Earlier, column_bytes};

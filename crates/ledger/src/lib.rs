//! The ledger: every change of who can enter what is an event, and a stranger can check that none was changed or left out.
//!
//! ```text
//! Event ── encode ──> bytes ── leaf hash ──> Tree ── root at a size ──> Checkpoint, signed
//!   │                                          │
//!   └─ number in its account and instance      └─ proofs of inclusion and consistency
//! ```
//!
//! Architecture invariant: no IO, no clock, no chance. Times, salts and keys come from the caller. docs/evidence.md says how
//! all of it is laid out as bytes.

mod bundle;
mod checkpoint;
mod event;
mod export;
#[cfg(test)]
mod fixtures;
mod hash;
mod key;
mod selection;
mod text;
mod tree;
mod verify;
mod what;

pub use bundle::{Bundle, Consistency, Machine, MachineKey, MalformedBundle, ParsedBundle, ProvenEvent};
pub use checkpoint::{Checkpoint, MalformedCheckpoint, SignedCheckpoint};
pub use event::{Event, EventKey, Link, MalformedEvent};
pub use export::{ExportError, NOT_PROVEN, Request, export};
pub use hash::{Fingerprint, Hash, MalformedHash, Salt};
pub use key::{LogName, MalformedLedgerKey, SigningKey, VerifyingKey};
pub use selection::Selection;
pub use tree::{Frontier, Nodes, Tree, consistency, inclusion, is_consistent, is_included, root};
pub use verify::{Check, Disagreement, Verdict, verify};
pub use what::{Answered, KeyAnswer, KeyRotation, ProofState, Transcript, What, Who};

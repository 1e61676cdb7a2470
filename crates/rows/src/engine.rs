//! What every engine does: a log of groups, and streams beside it.

use crate::{Chunk, Error, Group, error::BoxError};
use std::{fmt::Debug, ops::ControlFlow, sync::Arc};

/// Bytes of the largest group, with its entries.
pub const GROUP_BYTES_MAX: usize = 16 << 20;

/// Receives rows.
pub type Take<'a> = dyn FnMut(Chunk) -> Result<(), BoxError> + 'a;

/// Receives groups, with their revisions.
pub type TakeGroup<'a> = dyn FnMut(u64, Group) -> ControlFlow<()> + 'a;

/// Durable rows. Called by one writer, and blocking.
///
/// # Guarantees
/// - What [`Engine::append`] has acknowledged is there after any crash, and nothing is there in part.
/// - What is read was checked against its checksum.
pub trait Engine: Send + Debug {
    /// Passes every row to `take` once, with its newest content, and returns the last revision.
    ///
    /// A chunk has rows of one table. Chunks of a table come in any order, so that several threads can parse them
    /// ([`crate::parse_all`]).
    ///
    /// # Errors
    /// [`Error::Damaged`] when anything does not agree with its checksum, or is missing; [`Error::Taking`] with what
    /// `take` refused.
    fn load(&mut self, take: &mut Take<'_>) -> Result<u64, Error>;

    /// The revision of the last group; 0 when there is none.
    fn revision(&self) -> u64;

    /// Makes the group durable as a unit.
    ///
    /// # Errors
    /// Nothing was written after [`Error::Fenced`] (any revision but the next), [`Error::TooLarge`],
    /// [`Error::NoStream`], [`Error::Full`], [`Error::Locked`] and [`Error::Closed`]. After all else the outcome is unknown, and the engine is closed
    /// for writing: it must be opened again, and loaded, before anything is said about the group.
    fn append(&mut self, revision: u64, group: &Group) -> Result<(), Error>;

    /// One row's content, read from the storage itself and checked against its checksum.
    ///
    /// # Errors
    /// When it cannot be read.
    fn get(&mut self, table: &str, sequence: u64) -> Result<Option<Vec<u8>>, Error>;

    /// The content of some rows of a table, in the order of `sequences`. As [`Engine::get`], and rows that were written
    /// together are read together.
    ///
    /// # Errors
    /// When one of them cannot be read.
    fn get_all(&mut self, table: &str, sequences: &[u64]) -> Result<Vec<Option<Vec<u8>>>, Error> {
        sequences.iter().map(|sequence| self.get(table, *sequence)).collect()
    }

    /// Passes the groups from a revision on to `take`, in order, until it breaks. Entries that their stream no longer
    /// holds are left out.
    ///
    /// # Errors
    /// [`Error::Gone`] when a snapshot stands for some of them; otherwise as [`Engine::load`].
    fn read(&mut self, from: u64, take: &mut TakeGroup<'_>) -> Result<(), Error>;

    /// Writes a snapshot of all rows now, and waits until the log holds nothing that it covers.
    ///
    /// # Errors
    /// When it cannot be written; the rows are as durable as before.
    fn snapshot(&mut self) -> Result<(), Error>;

    /// Goes on with what is otherwise done a little with each append: naming a finished snapshot, deleting what it
    /// covers. For a writer that has nothing else to do. Returns whether more is left to do now.
    ///
    /// # Errors
    /// As [`Engine::append`].
    fn tidy(&mut self) -> Result<bool, Error>;

    /// Reads everything, and names what is wrong, one line a fault.
    ///
    /// # Errors
    /// When it cannot even be opened.
    fn check(&mut self) -> Result<Vec<String>, Error>;

    /// Why nothing is written any more, if so.
    fn closed(&self) -> Option<&str>;

    /// Bytes of groups and entries that are written and not yet in their final place, as far as known without asking
    /// the disk.
    fn log_bytes(&self) -> u64;

    /// Reads the streams while the engine is being written to.
    fn streams(&self) -> Arc<dyn Streams>;
}

/// An entry that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Found<'a> {
    pub part: u64,
    /// Entries of a part are numbered from 1, without gaps.
    pub sequence: u64,
    /// The group's.
    pub revision: u64,
    pub time: u64,
    pub key: &'a [u8],
    pub body: &'a [u8],
}

/// Receives entries until it breaks.
pub type TakeEntry<'a> = dyn FnMut(Found<'_>) -> ControlFlow<()> + 'a;

/// Reads streams beside the writer, and blocking, so that a query never delays an append.
///
/// Every function fails with [`Error::NoStream`] when the engine was opened without that stream, and as
/// [`Engine::load`].
pub trait Streams: Send + Sync + Debug {
    /// The entries with that key, part by part and oldest first. Reads the whole stream: there is no index.
    ///
    /// # Errors
    /// As said above.
    fn with_key(&self, stream: &str, key: &[u8], take: &mut TakeEntry<'_>) -> Result<(), Error>;

    /// All entries, newest first: by sequence, or by time where the stream has parts.
    ///
    /// # Errors
    /// As said above.
    fn newest(&self, stream: &str, take: &mut TakeEntry<'_>) -> Result<(), Error>;

    /// The entries of that time and later, part by part and oldest first. Reads the whole stream.
    ///
    /// # Errors
    /// As said above.
    fn since(&self, stream: &str, time: u64, take: &mut TakeEntry<'_>) -> Result<(), Error>;

    /// The entries of a part from a sequence on, oldest first.
    ///
    /// # Errors
    /// As said above.
    fn from(&self, stream: &str, part: u64, sequence: u64, take: &mut TakeEntry<'_>) -> Result<(), Error>;
}

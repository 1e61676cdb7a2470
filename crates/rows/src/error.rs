//! Why an engine failed: which file, which place in it, and what to do.

/// A caller's own error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why an engine failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Nothing was written.
    #[error(
        "{file}: revision {given} was to be appended where {next} comes next: another program writes to it, so stop one of them"
    )]
    Fenced { file: String, given: u64, next: u64 },
    /// Nothing was written.
    #[error("a group of {bytes} bytes is larger than {max}: ask for less at once")]
    TooLarge { bytes: usize, max: usize },
    /// Nothing was written.
    #[error("the stream {stream} is none of those that {file} was opened with")]
    NoStream { file: String, stream: String },
    /// Nothing was written. The engine goes on when there is room.
    #[error("{file}: the disk is full: make room, and it goes on")]
    Full { file: String },
    /// Nothing was written. The engine goes on when the lock is gone.
    #[error("{file}: another program, such as sqlite3, has it locked for writing: end that, and it goes on")]
    Locked { file: String },
    /// The outcome of an earlier write is unknown.
    #[error("{file} is closed until the next start, because of a write that failed: {cause}")]
    Closed { file: String, cause: String },
    /// The outcome is unknown; nothing more is written until the engine is opened again.
    #[error("{file}: a group could not be written, and nothing more is written until the next start: {cause}")]
    Unknown { file: String, cause: String },
    #[error("{file} has layout {found}, and this program knows {known}: use a newer one")]
    Newer { file: String, found: i64, known: i64 },
    #[error("{file} was made by another program: move it away, or name another directory")]
    Foreign { file: String },
    #[error("{file} is missing, but {witness} is there: the directory was copied in part, so copy it again as a whole")]
    Incomplete { file: String, witness: String },
    #[error(
        "both {directory} and {file}, which an earlier version used, are there, and only one of them is right: move the other one out of the data directory"
    )]
    Both { file: String, directory: String },
    #[error(
        "{directory} is missing, and {file}, of which it was made, is long outdated: bring {directory} back from a backup, or, to go on without it, move {file} out of the data directory"
    )]
    Lost { file: String, directory: String },
    #[error("{file} is damaged, {place}: {cause}; bring the directory back from a backup")]
    Damaged { file: String, place: String, cause: String },
    /// Groups up to a snapshot are not stored one by one.
    #[error("the group {from} is no longer in the log, which begins at {first}: load the snapshot")]
    Gone { from: u64, first: u64 },
    #[error("{file}: {cause}")]
    Failed { file: String, cause: String },
    /// The caller's own error while it took what was read.
    #[error(transparent)]
    Taking(BoxError),
}

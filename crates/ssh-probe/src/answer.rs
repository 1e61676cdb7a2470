//! What was answered, and why something was not.

use std::io;

/// What an sshd said.
#[derive(Debug, Clone)]
pub struct Answer {
    /// One a key, in the order in which they were asked about.
    pub verdicts: Vec<Verdict>,
    /// The methods that are offered to somebody who has shown nothing (the answer to `none`), of those that SSH's documents
    /// name; `["none"]` if that was enough to get in. None if this was not answered.
    pub methods: Option<Vec<Box<str>>>,
    /// The host key that was shown first, an SSH wire blob. All verdicts came under it.
    pub host_key: Option<Box<[u8]>>,
    /// The server's line, `SSH-2.0-...`: printable ASCII, at most 255 bytes.
    pub server: Option<Box<str>>,
    /// How many connections were made.
    pub connections: u32,
    /// From the first connection to the last answer, waits included.
    pub took_ms: u64,
    /// What kept the questions from being answered that were not; none if all were.
    pub why: Option<Unanswered>,
}

/// What an sshd says of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It would take a signature of this key.
    Accepted,
    /// It takes none.
    Refused,
    /// It did not say. This is no refusal.
    NotAnswered,
}

/// Why something was not answered.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    #[error("no connection: {0}")]
    Unreachable(io::ErrorKind),
    #[error("{0} took too long")]
    TooSlow(Stage),
    #[error("the time for all questions is over")]
    TimeIsOver,
    #[error("the server closed the connection during {0}")]
    Closed(Stage),
    #[error("the server sent more during {0} than it may")]
    TooMuch(Stage),
    /// With the first line that came instead, as far as it can be printed.
    #[error("the server does not speak SSH 2: {0:?}")]
    NotSsh(Box<str>),
    /// sshd turned the source away, as it does with one that asks too often.
    #[error("the server turned us away: {0}")]
    ShutOut(Box<str>),
    /// With the key that was shown, an SSH wire blob.
    #[error("the server showed another host key")]
    OtherHostKey(Box<[u8]>),
    #[error("the server broke the protocol: {0}")]
    Protocol(Box<str>),
    /// One of the blobs is of a kind that cannot be asked about, or is none.
    #[error("not a public key")]
    NotAKey,
}

/// How far a connection had come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    Connecting,
    Greeting,
    KeyExchange,
    Methods,
    Keys,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Stage::Connecting => "connecting",
            Stage::Greeting => "the greeting",
            Stage::KeyExchange => "the key exchange",
            Stage::Methods => "the question for methods",
            Stage::Keys => "the question for a key",
        })
    }
}

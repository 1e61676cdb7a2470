//! What is asked, and within which bounds.

/// Whom to ask about, with which keys.
#[derive(Debug, Clone)]
pub struct Question {
    /// The user's name in the machine.
    pub user: Box<str>,
    pub keys: Vec<AskedKey>,
    /// The machine's host key, an SSH wire blob. A server that shows another one is not asked anything. Without it, the
    /// first key that is shown must stay the same on all connections.
    pub host_key: Option<Box<[u8]>>,
}

/// A key, or a certificate.
#[derive(Debug, Clone)]
pub struct AskedKey {
    /// In SSH's wire format: the base64 part of a line of `authorized_keys`, decoded.
    pub blob: Box<[u8]>,
    pub expected: Expected,
}

/// What the caller thinks that the answer will be. It changes only the order of asking: sshd ends a connection after a few
/// refusals, and acceptances are free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expected {
    Accepted,
    Refused,
}

/// Bounds in time and memory.
#[derive(Debug, Clone)]
pub struct Limits {
    /// How long one connection may take, from connecting to its last answer.
    pub connection_ms: u64,
    /// How long everything may take, waits between connections included.
    pub in_all_ms: u64,
    /// How much may come before the line that begins with `SSH-`.
    pub greeting_bytes: usize,
    /// How much may come for the key exchange, and for each answer after it.
    pub reply_bytes: usize,
    /// How many refusals to collect on one connection: OpenSSH's `MaxAuthTries` is 6, and the sixth refusal ends the
    /// connection instead of being sent. One that ends connections earlier is asked for fewer. At least 1.
    pub refusals: u32,
    /// The wait between two connections. OpenSSH 9.8 and later (`PerSourcePenalties`) shuts out a source that asks without
    /// logging in more often than every 5 s. 0 for an sshd that is known not to punish.
    pub pause_ms: u64,
    /// The wait after "Not allowed at this time", which such an sshd says before it shuts a source out.
    pub shut_out_ms: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            connection_ms: 10_000,
            in_all_ms: 90_000,
            greeting_bytes: 64 << 10,
            reply_bytes: 256 << 10,
            refusals: 5,
            pause_ms: 6_000,
            shut_out_ms: 25_000,
        }
    }
}

//! The circumstances of a login, and what a line of `authorized_keys` allows.

use std::net::IpAddr;

/// The circumstances of a login.
#[derive(Debug, Clone, Copy)]
pub struct Conditions {
    /// Without a known address no `from=` matches.
    pub address: Option<IpAddr>,
    /// Unix seconds.
    pub now_seconds: u64,
}

/// A line of `authorized_keys` under which sshd admits a key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Admission {
    /// `command="..."`: run instead of what the client requests.
    pub command: Option<Box<str>>,
    /// `no-pty` or `restrict`: no terminal.
    pub no_pty: bool,
}

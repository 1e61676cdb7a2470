//! Who asks to be admitted, and what a line admits to.

use std::net::IpAddr;

/// Who asks to be admitted, and when.
#[derive(Debug, Clone, Copy)]
pub struct Conditions {
    /// Where the client's address is not known, no `from=` fits.
    pub address: Option<IpAddr>,
    /// Unix seconds.
    pub now_seconds: u64,
}

/// A line of `authorized_keys` under which sshd admits a key.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Admission {
    /// `command="..."`: run instead of whatever the client asks for.
    pub command: Option<Box<str>>,
    /// `no-pty` or `restrict`: no terminal.
    pub no_pty: bool,
}

//! The bounds of what guests and their visitors may use, and how often each was reached.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// The bounds, with their names in the metrics. Each is listed in docs/operating.md.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bound {
    /// Connections to machines' sshd and consoles.
    Connections,
    /// The part of them that have not logged in.
    Startups,
    /// Peers whose logins failed too often.
    Penalties,
    /// Lines of the log about failed logins.
    LoginLog,
    /// Channels on one connection.
    Channels,
    /// Input that waits for a command to end.
    Input,
    /// Bytes of a line, a script or a command's words.
    Line,
    /// The output of one command or one text.
    Output,
    /// The bytes of files that one command may read.
    Reading,
    /// Memory of guests: files, scripts, input and output.
    Memory,
    /// Machines that wait for an RSA host key to be made.
    HostKeys,
    /// Clients whose key exchange over a finite field waits to be computed.
    Exchanges,
    /// Open files and packets of an sftp session.
    Sftp,
}

const NAMES: [(Bound, &str); 13] = [
    (Bound::Connections, "ssh_connections"),
    (Bound::Startups, "ssh_startups"),
    (Bound::Penalties, "ssh_penalties"),
    (Bound::LoginLog, "ssh_login_log"),
    (Bound::Channels, "ssh_channels"),
    (Bound::Input, "guest_input"),
    (Bound::Line, "guest_line"),
    (Bound::Output, "guest_output"),
    (Bound::Reading, "guest_reading"),
    (Bound::Memory, "guest_memory"),
    (Bound::HostKeys, "ssh_host_keys"),
    (Bound::Exchanges, "ssh_key_exchanges"),
    (Bound::Sftp, "guest_sftp"),
];

/// How often each bound was reached.
#[derive(Debug, Default)]
pub(crate) struct Bounds([AtomicU64; NAMES.len()]);

impl Bounds {
    pub(crate) fn reached(&self, bound: Bound) {
        for ((named, _), count) in NAMES.iter().zip(&self.0) {
            if *named == bound {
                count.fetch_add(1, Relaxed);
            }
        }
    }

    pub(crate) fn figures(&self) -> Vec<(&'static str, u64)> {
        NAMES.iter().zip(&self.0).map(|((_, name), count)| (*name, count.load(Relaxed))).collect()
    }
}

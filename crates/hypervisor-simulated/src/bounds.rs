//! The bounds of what guests and their visitors may use, and how often each was reached.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

macro_rules! bounds {
    ($($(#[doc = $what:literal])* $bound:ident => $name:literal,)+) => {
        /// The bounds, with their names in the metrics. Each is listed in docs/operating.md.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Bound {
            $($(#[doc = $what])* $bound,)+
        }

        const NAMES: &[&str] = &[$($name),+];
    };
}

bounds! {
    /// Connections to machines' sshd and consoles.
    Connections => "ssh_connections",
    /// The part of them that have not logged in.
    Startups => "ssh_startups",
    /// Peers whose logins failed too often.
    Penalties => "ssh_penalties",
    /// Lines of the log about failed logins.
    LoginLog => "ssh_login_log",
    /// Channels on one connection.
    Channels => "ssh_channels",
    /// Input that waits for a command to end.
    Input => "guest_input",
    /// Bytes of a line, a script or a command's words.
    Line => "guest_line",
    /// The output of one command or one text.
    Output => "guest_output",
    /// The bytes of files that one command may read.
    Reading => "guest_reading",
    /// Memory of guests: files, scripts, input and output.
    Memory => "guest_memory",
    /// Machines that wait for an RSA host key to be made.
    HostKeys => "ssh_host_keys",
    /// Clients whose key exchange over a finite field waits to be computed.
    Exchanges => "ssh_key_exchanges",
    /// Open files and packets of an sftp session.
    Sftp => "guest_sftp",
}

/// How often each bound was reached.
#[derive(Debug, Default)]
pub(crate) struct Bounds([AtomicU64; NAMES.len()]);

impl Bounds {
    pub(crate) fn reached(&self, bound: Bound) {
        self.0[bound as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn figures(&self) -> Vec<(&'static str, u64)> {
        NAMES.iter().copied().zip(self.0.iter().map(|count| count.load(Relaxed))).collect()
    }
}

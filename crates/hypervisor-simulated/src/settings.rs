//! The settings for opening the machines of a directory, and for their sshd.

use crate::{owners::Owners, penalties::Penalties};
use cvmd_clock::Clock;
use std::{net::Ipv4Addr, path::PathBuf};

/// How to open the machines of one directory.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The data directory, which holds `machines/`.
    pub data: PathBuf,
    pub clock: Clock,
    pub ssh: SshSettings,
}

/// The settings of the machines' sshd.
#[derive(Debug, Clone)]
pub struct SshSettings {
    /// Ports at the machines' own addresses, tried in order; 0 means any free one.
    pub ports: Vec<u16>,
    /// The port of the last start, tried first.
    pub last_port: Option<u16>,
    /// If false, no machine has an SSH endpoint, and no machine with an sshd is ever `ready`.
    pub listen: bool,
    /// Instead of addresses of their own: a port for each machine.
    pub own_ports: Option<OwnPorts>,
    /// Who is penalised after failed logins.
    pub penalties: Penalties,
    /// The maximum of sessions of all machines, 4,000 at most. A quarter of them may be without a login.
    pub sessions_max: usize,
    /// One owner may have half of these.
    pub owners: Owners,
}

impl Default for SshSettings {
    fn default() -> SshSettings {
        SshSettings {
            ports: vec![22, 2222, 0],
            last_port: None,
            listen: true,
            own_ports: None,
            penalties: Penalties::default(),
            sessions_max: usize::MAX,
            owners: Owners::default(),
        }
    }
}

/// The machines' ports, and their address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnPorts {
    pub address: Ipv4Addr,
    /// First and last port; without it, any free ones.
    pub range: Option<(u16, u16)>,
}

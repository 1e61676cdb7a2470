//! How the simulated machines of a directory are opened, and where their sshd is met.

use crate::{owners::Owners, penalties::Penalties};
use cvmd_clock::Clock;
use std::{net::Ipv4Addr, path::PathBuf};

/// How to open the machines of one directory.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The directory in which `machines.db` stands.
    pub data: PathBuf,
    pub clock: Clock,
    pub ssh: SshSettings,
}

/// Where the machines' sshd answers.
#[derive(Debug, Clone)]
pub struct SshSettings {
    /// Ports at the machines' own addresses, tried in order; 0 is any free one.
    pub ports: Vec<u16>,
    /// The port of the last start, tried first.
    pub kept_port: Option<u16>,
    /// Without it no machine has an SSH endpoint, and no machine with an sshd is ever `ready`.
    pub listen: bool,
    /// Instead of addresses of their own: a port of its own for each machine.
    pub own_ports: Option<OwnPorts>,
    /// Who is slowed down after logins that failed.
    pub penalties: Penalties,
    /// Sessions with all machines, 4,000 at most. A quarter of them may be such as have not logged in.
    pub sessions_max: usize,
    /// Half of these are for one owner.
    pub owners: Owners,
}

impl Default for SshSettings {
    fn default() -> SshSettings {
        SshSettings {
            ports: vec![22, 2222, 0],
            kept_port: None,
            listen: true,
            own_ports: None,
            penalties: Penalties::default(),
            sessions_max: usize::MAX,
            owners: Owners::default(),
        }
    }
}

/// Which ports machines get, and at what address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnPorts {
    pub address: Ipv4Addr,
    /// First and last; any free one when not given.
    pub range: Option<(u16, u16)>,
}

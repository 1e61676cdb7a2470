//! How the simulated machines of a directory are opened.

use crate::doors::SshSettings;
use cvmd_hypervisor::Clock;
use std::path::PathBuf;

/// How to open the machines of one directory.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The directory in which `machines.db` stands.
    pub data: PathBuf,
    pub clock: Clock,
    pub ssh: SshSettings,
}

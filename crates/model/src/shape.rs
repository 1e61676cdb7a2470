//! The parts of a machine that can change during its life: its type, its disks' sizes, its host name and its public
//! address.

use crate::{InstanceTypeId, InternetAccessible};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// The size of a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// Cores.
    pub cpu: u32,
    pub memory_gib: u32,
    /// Sizes in GiB, the system disk first.
    pub disks_gib: Vec<u32>,
}

impl Default for Size {
    /// The size of the smallest type with the usual system disk.
    fn default() -> Size {
        Size { cpu: 1, memory_gib: 1, disks_gib: vec![50] }
    }
}

impl Size {
    #[must_use]
    pub fn is_default(&self) -> bool {
        self.cpu == 1 && self.memory_gib == 1 && self.disks_gib == [50]
    }
}

/// The values that are restored when the machine cannot be changed as its row says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shape {
    pub instance_type: InstanceTypeId,
    pub system_disk_gib: u32,
    #[serde(default, skip_serializing_if = "<[u32]>::is_empty")]
    pub data_disks_gib: Box<[u32]>,
    pub host_name: Box<str>,
    pub internet: InternetAccessible,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_address: Option<Ipv4Addr>,
}

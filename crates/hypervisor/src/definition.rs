//! What a machine is made of.

use cvmd_model::{DiskId, ImageId, InstanceId, Size, SubnetId, VpcId};
use std::net::Ipv4Addr;

/// All that a driver needs to make the machine; its login is written separately. A driver takes what it has a use for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    pub id: InstanceId,
    pub host_name: Box<str>,
    /// Cores.
    pub cpu: u32,
    pub memory_gib: u32,
    /// The public image of its system; of a captured image the one that it goes back to.
    pub base_image: ImageId,
    /// The captured image that its system disk begins as; without one, `base_image`, which admits nobody.
    pub image: Option<ImageId>,
    /// The guest's operating system, as `uname` and the console tell it.
    pub os_name: Box<str>,
    /// The account of the guest that people enter.
    pub user: Box<str>,
    /// Whether there is an sshd at all; a Windows machine has none.
    pub has_sshd: bool,
    /// The system disk first.
    pub disks: Vec<VirtualDisk>,
    /// The first is the one at whose addresses its sshd answers.
    pub network_cards: Vec<NetworkCard>,
    /// For the guest's first boot: base64, as it was given.
    pub user_data: Option<Box<str>>,
    /// The instance tag `cvmd:guest`: how a simulated guest behaves. Real drivers ignore it.
    pub guest: Box<str>,
}

/// A disk of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VirtualDisk {
    pub id: DiskId,
    /// The vendor's word: `CLOUD_PREMIUM`, `CLOUD_SSD` and so on.
    pub kind: Box<str>,
    pub size_gib: u32,
}

/// A network card of a machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NetworkCard {
    pub vpc: VpcId,
    pub subnet: SubnetId,
    /// Within its VPC: another one may have the same.
    pub private_address: Ipv4Addr,
    pub public_address: Option<Ipv4Addr>,
}

impl Definition {
    /// The addresses of its network cards, of each the private one first.
    pub fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> {
        self.network_cards.iter().flat_map(|card| [Some(card.private_address), card.public_address]).flatten()
    }

    #[must_use]
    pub fn size(&self) -> Size {
        let disks_gib = self.disks.iter().map(|disk| disk.size_gib).collect();
        Size { cpu: self.cpu, memory_gib: self.memory_gib, disks_gib }
    }
}

//! One machine: its row, and its power as a function of time.
//!
//! ```text
//!          start                    until_ms
//!   Off -----------> Starting ----------------> Running
//!    ^                  |  ^                      |  |
//!    |   power off      |  |    reboot inside     |  |  shut down, if the guest listens;
//!    +------------------+  +----------------------+  |  or `poweroff` inside
//!    |                                               v
//!    +<------------------------------------- ShuttingDown
//!                     until_ms
//! ```
//!
//! A power cut leads to Off from every state. Changes by time alone are not written: a stored `Starting` whose time has come
//! *is* Running, before and after a restart of the process alike.

use crate::guest::disk::Disk;
use cvmd_hypervisor::{Boot, Definition};
use cvmd_model::{Behaviour, BootId, InstanceId, Power, Size, System};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// Power as it is stored; `until_ms` is unix milliseconds, the largest number for a guest that does not finish booting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stored {
    Off,
    Starting { until_ms: u64 },
    Running,
    ShuttingDown { until_ms: u64 },
}

const NEVER: u64 = u64::MAX;

/// The directory where the rescue system mounts the disk, as in the vendor's guide.
pub(crate) const RESCUE_MOUNT: &str = "/mnt/vm1";

/// A machine as its row holds it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Machine {
    pub id: InstanceId,
    pub addresses: Box<[Ipv4Addr]>,
    pub host_name: Box<str>,
    /// The host name from the next boot on, if it was renamed while it ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_host_name: Option<Box<str>>,
    #[serde(default, skip_serializing_if = "Size::is_default")]
    pub size: Size,
    pub os_name: Box<str>,
    pub has_sshd: bool,
    pub guest: Box<str>,
    /// Its latest port, if machines have ports of their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// The seed of its host keys; random, never changes.
    pub host_seed: [u128; 2],
    /// An RSA host key in OpenSSH's form, once a client has needed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rsa_host_key: Option<Box<str>>,
    pub power: Stored,
    pub boot: BootId,
    pub boot_count: u64,
    /// When the latest boot began, unix milliseconds.
    pub booted_ms: u64,
    pub disk: Disk,
    /// Lines of `authorized_keys` that were taken off, and that its guest puts back when it boots.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restores: Option<Box<str>>,
    /// The login of the rescue system, if the machine boots that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rescue: Option<Disk>,
}

impl Machine {
    pub fn new(definition: &Definition, host_seed: [u128; 2]) -> Machine {
        Machine {
            id: definition.id,
            addresses: met_at(definition),
            host_name: definition.host_name.clone(),
            next_host_name: None,
            size: definition.size(),
            os_name: definition.os_name.clone(),
            has_sshd: definition.has_sshd,
            guest: definition.guest.clone(),
            port: None,
            host_seed,
            rsa_host_key: None,
            power: Stored::Off,
            boot: BootId::default(),
            boot_count: 0,
            booted_ms: 0,
            disk: Disk::admitting_nobody(),
            restores: None,
            rescue: None,
        }
    }

    pub const fn system(&self) -> System {
        if self.rescue.is_some() { System::Rescue } else { System::Disk }
    }

    /// The login that applies now: the rescue system's, or the disk's.
    pub fn entrance(&self) -> &Disk {
        self.rescue.as_ref().unwrap_or(&self.disk)
    }

    /// Sets the system that is booted from now on.
    pub fn choose(&mut self, boot: &Boot) {
        self.rescue = match boot {
            Boot::Disk => None,
            Boot::Rescue(login) => Some(Disk::admitting_nobody().with_login(login, &[])),
        };
    }

    /// The behaviour of the disk's own system; the rescue system has only its timing.
    pub fn behaviour(&self) -> Behaviour {
        let mut own = Behaviour::read(&self.guest, |_| {});
        own.keeps_keys |= own.keeps_keys_after_launch && self.boot_count > 0;
        match self.system() {
            System::Disk => own,
            System::Rescue => {
                Behaviour { ignores_shutdown: false, fails_to_boot: false, unreachable: false, mute_sshd: false, ..own }
            }
        }
    }

    /// The power at `now_ms`.
    pub fn power(&self, now_ms: u64) -> Power {
        match self.power {
            Stored::Off => Power::Off,
            Stored::Starting { until_ms } if now_ms < until_ms => Power::Starting,
            Stored::Starting { .. } | Stored::Running => Power::Running,
            Stored::ShuttingDown { until_ms } if now_ms < until_ms => Power::ShuttingDown,
            Stored::ShuttingDown { .. } => Power::Off,
        }
    }

    /// When the power will change by time alone.
    pub fn changes_at_ms(&self) -> Option<u64> {
        match self.power {
            Stored::Starting { until_ms } | Stored::ShuttingDown { until_ms } if until_ms != NEVER => Some(until_ms),
            _ => None,
        }
    }

    /// Begins a new boot, which takes `delay_ms` and the guest's own boot time.
    pub fn boot(&mut self, boot: BootId, now_ms: u64, delay_ms: u64) {
        let behaviour = self.behaviour();
        let until_ms = now_ms.saturating_add(delay_ms).saturating_add(behaviour.boot_ms);
        self.power = Stored::Starting { until_ms: if behaviour.fails_to_boot { NEVER } else { until_ms } };
        if let Some(name) = self.next_host_name.take() {
            self.host_name = name;
        }
        if behaviour.restores_keys && self.system() == System::Disk {
            self.disk.add_lines(self.restores.as_deref().unwrap_or_default());
        }
        self.boot = boot;
        self.boot_count += 1;
        self.booted_ms = now_ms;
    }

    /// What it puts back at its boots once its disk is that one: what it would have put back before, and what was taken off.
    pub fn restored_besides(&self, disk: &Disk) -> Option<Box<str>> {
        let mut lines = self.disk.clone();
        lines.add_lines(self.restores.as_deref().unwrap_or_default());
        let gone = |line: &&str| !disk.authorized_keys.lines().any(|left| left == *line);
        let text: String = lines.authorized_keys.lines().filter(gone).flat_map(|line| [line, "\n"]).collect();
        (!text.is_empty()).then(|| text.into())
    }

    /// The guest begins to shut down.
    pub fn shut_down(&mut self, now_ms: u64) {
        self.power = Stored::ShuttingDown { until_ms: now_ms.saturating_add(self.behaviour().shutdown_ms) };
    }

    /// The names of the running system: host and operating system.
    pub fn names(&self) -> (&str, &str) {
        match self.system() {
            System::Disk => (&self.host_name, &self.os_name),
            System::Rescue => ("rescue", "cvmd rescue system"),
        }
    }

    /// The home directory of the running system's login user.
    pub fn home(&self) -> String {
        self.entrance().home()
    }

    /// The absolute path of the disk's `authorized_keys` in the running system.
    pub fn keys_path(&self) -> String {
        let mount = match self.system() {
            System::Disk => "",
            System::Rescue => RESCUE_MOUNT,
        };
        format!("{mount}{}/.ssh/authorized_keys", self.disk.home())
    }
}

/// The addresses at which its sshd is met. Of others this host knows nothing: machines of two VPCs may have the same one.
pub(crate) fn met_at(definition: &Definition) -> Box<[Ipv4Addr]> {
    definition.addresses().filter(Ipv4Addr::is_loopback).collect()
}

#[cfg(test)]
pub(crate) mod test {
    use super::*;
    use cvmd_hypervisor::{NetworkCard, VirtualDisk};
    use cvmd_model::{DiskId, SubnetId, VpcId};

    /// The smallest one, with that address.
    pub(crate) fn definition(address: Ipv4Addr, guest: &str) -> Definition {
        let disk = VirtualDisk { id: DiskId::from_random(1), kind: "CLOUD_PREMIUM".into(), size_gib: 50 };
        let card = NetworkCard {
            vpc: VpcId::from_random(1),
            subnet: SubnetId::from_random(1),
            private_address: address,
            public_address: None,
        };
        Definition {
            id: InstanceId::from_random(1),
            host_name: "host".into(),
            cpu: 1,
            memory_gib: 1,
            base_image: cvmd_model::IMAGES[0].id(),
            image: None,
            os_name: "os".into(),
            user: "root".into(),
            has_sshd: true,
            disks: vec![disk],
            network_cards: vec![card],
            user_data: None,
            guest: guest.into(),
        }
    }

    /// A machine with that seed of its host keys.
    pub(crate) fn seeded(guest: &str, seed: [u128; 2]) -> Machine {
        Machine::new(&definition(Ipv4Addr::LOCALHOST, guest), seed)
    }

    #[test]
    fn a_machine_is_met_at_loopback_addresses_only() {
        let (private, public) = (Ipv4Addr::new(10, 0, 0, 5), Ipv4Addr::new(127, 64, 0, 5));
        let mut definition = definition(private, "");
        assert!(met_at(&definition).is_empty());
        definition.network_cards[0].public_address = Some(public);
        assert_eq!(*met_at(&definition), [public]);
        definition.network_cards[0].private_address = Ipv4Addr::LOCALHOST;
        assert_eq!(*met_at(&definition), [Ipv4Addr::LOCALHOST, public]);
    }

    fn machine(guest: &str) -> Machine {
        seeded(guest, [0, 0])
    }

    #[test]
    fn time_alone_ends_a_boot_and_a_shutdown() {
        let mut machine = machine("boot-ms=10,shutdown-ms=5");
        machine.boot(BootId::default(), 100, 0);
        assert_eq!((machine.power(109), machine.power(110)), (Power::Starting, Power::Running));
        assert_eq!(machine.changes_at_ms(), Some(110));
        machine.shut_down(200);
        assert_eq!((machine.power(204), machine.power(205)), (Power::ShuttingDown, Power::Off));
    }

    #[test]
    fn a_guest_that_fails_to_boot_starts_for_ever() {
        let mut machine = machine("fails-to-boot");
        machine.boot(BootId::default(), 100, 0);
        assert_eq!(machine.power(u64::MAX - 1), Power::Starting);
        assert_eq!(machine.changes_at_ms(), None);
    }

    #[test]
    fn a_rescue_system_boots_whatever_the_disk_does_and_shows_the_disk_below_its_mount() {
        let mut machine = machine("fails-to-boot,ignores-shutdown,unreachable,boot-ms=10");
        machine.disk.user = "ubuntu".into();
        assert_eq!(
            (machine.home(), machine.keys_path()),
            ("/home/ubuntu".into(), "/home/ubuntu/.ssh/authorized_keys".into())
        );
        let login = cvmd_model::Login { user: "root".into(), keys: vec![], password_hash: None, password_login: true };
        machine.choose(&Boot::Rescue(login));
        machine.boot(BootId::default(), 100, 0);
        assert_eq!((machine.power(109), machine.power(110)), (Power::Starting, Power::Running));
        assert!(!machine.behaviour().unreachable && !machine.behaviour().ignores_shutdown);
        assert_eq!(machine.home(), "/root");
        assert_eq!(machine.keys_path(), "/mnt/vm1/home/ubuntu/.ssh/authorized_keys");
        machine.choose(&Boot::Disk);
        assert!(machine.behaviour().fails_to_boot);
    }

    #[test]
    fn a_row_survives_json() {
        let mut machine = machine("");
        machine.host_seed = [u128::MAX, 7];
        machine.rsa_host_key = Some("key".into());
        machine.boot(BootId(uuid::Uuid::from_u128(5)), 100, 0);
        let body = serde_json::to_vec(&machine).unwrap();
        assert_eq!(serde_json::from_slice::<Machine>(&body).unwrap(), machine);
    }
}

//! The trait of a hypervisor, the contract suite that every driver passes, and the listeners for the machines' sshd.

pub mod authorized_keys;
mod connection;
pub mod contract;
mod definition;
mod endpoint;
mod error;
mod fair;
mod listener;
mod peers;
mod turns;

pub use connection::{ByteStream, Connection};
pub use definition::{Definition, NetworkCard, VirtualDisk};
pub use endpoint::Endpoint;
pub use error::{Among, Error};
pub use fair::{Holding, Largest, largest};
pub use listener::{Answer, BACKLOG, Listener};
pub use peers::Peer;
pub use turns::{TooManyWait, Turn, Turns};

use async_trait::async_trait;
use cvmd_model::{ImageId, InstanceId, KeyBlob, Login, Observed, System};
use std::net::IpAddr;
use tokio::sync::mpsc::UnboundedReceiver;

/// The system that a machine boots from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Boot {
    /// Its own disk.
    Disk,
    /// The rescue system, which admits exactly this login and can read the disk.
    Rescue(Login),
}

impl Boot {
    #[must_use]
    pub const fn system(&self) -> System {
        match self {
            Boot::Disk => System::Disk,
            Boot::Rescue(_) => System::Rescue,
        }
    }
}

/// What a driver can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// Each machine has a port of its own, which its instance must then show; otherwise all machines share one port.
    pub own_ports: bool,
    /// Machines have a console that can be opened.
    pub consoles: bool,
}

/// A hypervisor. Machines are known by their instance's id.
///
/// # Guarantees (of every driver)
/// - An effect is durable before its verb returns `Ok`.
/// - Every verb may be repeated: asking for what is already true is `Ok` and changes nothing.
/// - A verb that writes may also return [`Error::Store`], when that cannot be made durable, and any verb [`Error::Other`].
/// - A verb that returns an error has either done nothing, or left something that `observe` and `read_login` show.
/// - Verbs on different machines run at the same time; verbs on one machine run one after the other.
///
/// # Assumptions
/// - One process at a time drives one set of machines.
#[async_trait]
pub trait Hypervisor: Send + Sync + std::fmt::Debug + 'static {
    /// Makes the machine, off, with the disk of the definition. A machine that exists stays as it is.
    ///
    /// # Errors
    /// [`Error::NoImage`].
    async fn define(&self, definition: &Definition) -> Result<(), Error>;

    /// The present state of the machine; `Power::Absent` if it does not exist.
    ///
    /// # Errors
    /// When it cannot be found out now; not when the machine does not exist.
    async fn observe(&self, id: InstanceId) -> Result<Observed, Error>;

    /// Ids of machines whose `observe` may have changed, for whatever reason. Each call makes a new receiver for all
    /// later changes.
    fn watch(&self) -> UnboundedReceiver<InstanceId>;

    /// Starts a machine that is off: a new boot id. One that is starting or running is left alone.
    ///
    /// # Errors
    /// [`Error::Absent`]; [`Error::NotOff`] while it shuts down.
    async fn start(&self, id: InstanceId) -> Result<(), Error>;

    /// Asks the guest to shut down and returns at once; the guest may ignore it.
    ///
    /// # Errors
    /// [`Error::Absent`].
    async fn shut_down(&self, id: InstanceId) -> Result<(), Error>;

    /// Cuts the power.
    ///
    /// # Errors
    /// [`Error::Absent`].
    async fn power_off(&self, id: InstanceId) -> Result<(), Error>;

    /// Makes the disk of a machine that is off admit exactly `wanted`'s keys beside those that people wrote by hand,
    /// and refuse each key of `gone`, whoever wrote it and in whatever form. Every other line stays as it is. Reads
    /// back what it wrote and returns `Ok` only if that agrees.
    ///
    /// # Errors
    /// [`Error::Absent`]; [`Error::NotOff`] when the machine is not off: nothing was written then. [`Error::NotAsWritten`] when
    /// what was read back does not agree.
    async fn write_login(&self, id: InstanceId, wanted: &Login, gone: &[KeyBlob]) -> Result<(), Error>;

    /// Changes the machine to what the definition describes; boots, host key and the content of its disk stay. On a
    /// machine that is not off, addresses and disks change at once, and the host name at the next boot.
    ///
    /// # Errors
    /// [`Error::Absent`]; [`Error::NotOff`] when processors or memory would change on a machine that is not off. Nothing has
    /// changed then.
    async fn reshape(&self, definition: &Definition) -> Result<(), Error>;

    /// Sets how the machine's simulated guest behaves from now on, as in [`Definition::guest`], whatever its power is.
    /// Real drivers ignore it, and a machine that does not exist is `Ok`.
    ///
    /// # Errors
    /// [`Error::Store`] when that cannot be made durable.
    async fn behave(&self, id: InstanceId, guest: &str) -> Result<(), Error> {
        let _ = (id, guest);
        Ok(())
    }

    /// What the disk admits now, keys written by hand included.
    ///
    /// # Errors
    /// [`Error::Absent`].
    async fn read_login(&self, id: InstanceId) -> Result<Login, Error>;

    /// Erases the system disk of a machine that is off and makes a new one, as [`Hypervisor::define`] would: nothing of
    /// the old one is left, its host key included. Addresses and the boot count stay.
    ///
    /// # Errors
    /// [`Error::Absent`], [`Error::NotOff`], [`Error::NoImage`]; the disk is as it was then.
    async fn reset(&self, definition: &Definition) -> Result<(), Error>;

    /// Copies the machine's disk as that image: the disk at one moment, also of a machine that runs. An image that
    /// exists stays as it is.
    ///
    /// # Errors
    /// [`Error::Absent`].
    async fn capture(&self, id: InstanceId, image: ImageId) -> Result<(), Error>;

    /// What the image's disk admits.
    ///
    /// # Errors
    /// [`Error::NoImage`].
    async fn read_image(&self, image: ImageId) -> Result<Login, Error>;

    /// Destroys the image. Machines that were made from it stay. One that does not exist is `Ok`.
    ///
    /// # Errors
    /// [`Error::Store`] when that cannot be made durable.
    async fn delete_image(&self, image: ImageId) -> Result<(), Error>;

    /// Chooses the system that a machine that is off boots from now on, until another choice; a new machine boots its
    /// disk. The disk stays as it is. Returns `Ok` only if `observe` shows the chosen system.
    ///
    /// # Errors
    /// [`Error::Absent`]; [`Error::NotOff`] when the machine is not off. Nothing was chosen then.
    async fn set_boot(&self, id: InstanceId, boot: &Boot) -> Result<(), Error>;

    /// How to reach the machine's sshd, whether it runs or not.
    ///
    /// # Errors
    /// [`Error::Absent`], and when it has no sshd.
    async fn endpoint(&self, id: InstanceId) -> Result<Endpoint, Error>;

    /// The number of machines without an instance: they are stored, but cannot be reached.
    fn set_aside(&self) -> usize {
        0
    }

    /// What this driver can do; the same for as long as it lives.
    fn capabilities(&self) -> Capabilities {
        Capabilities::default()
    }

    /// The one port at which every machine's sshd answers; `None` without such a port.
    fn ssh_port(&self) -> Option<u16> {
        None
    }

    /// Writes the data directory's epoch down with the machines, where the driver keeps them in it.
    ///
    /// # Errors
    /// [`Error::Store`] when that cannot be made durable.
    async fn put_epoch(&self, _epoch: u64) -> Result<(), Error> {
        Ok(())
    }

    /// Why no machine can be changed, and what ends that; none if they can.
    fn trouble(&self) -> Option<Box<str>> {
        None
    }

    /// Finds out whether that is over, as when there is room on a full disk again.
    async fn try_again(&self) {}

    /// Ends the driver's own work: sessions, listeners, verbs that wait. Everything requested before is durable then,
    /// and the machines stay as they are.
    async fn close(&self) {}

    /// Opens a stream to the sshd of a running machine, also of one whose addresses cannot be reached from here. `peer`
    /// is the client: the rules for its address apply as if it connected directly. `None` is this program itself.
    ///
    /// # Errors
    /// [`Error::Absent`], [`Error::NotRunning`], [`Error::Unreachable`], [`Error::Penalized`].
    async fn connect(&self, id: InstanceId, peer: Option<IpAddr>) -> Result<Connection, Error>;

    /// Opens the console of a running machine for a `peer`: a terminal's bytes in both directions, beginning with a
    /// login prompt. It ends when the machine goes off.
    ///
    /// # Errors
    /// [`Error::Absent`], [`Error::NotRunning`], and [`Error::NoConsole`] where there is none.
    async fn console(&self, id: InstanceId, peer: Option<IpAddr>) -> Result<Connection, Error> {
        let _ = peer;
        Err(Error::NoConsole(id))
    }

    /// How often the driver's own bounds were reached, by their names in the metrics.
    fn bounds_reached(&self) -> Vec<(&'static str, u64)> {
        Vec::new()
    }

    /// Destroys the machine and its disk, also while it runs. One that does not exist is `Ok`.
    ///
    /// # Errors
    /// [`Error::Store`] when that cannot be made durable.
    async fn erase(&self, id: InstanceId) -> Result<(), Error>;
}

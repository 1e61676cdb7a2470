//! Machines in the process, each with a disk of its own and a real SSH endpoint.
//!
//! A second truth beside the state: what a machine *is* stands in `machines.db` and is changed only through the
//! [`cvmd_hypervisor::Hypervisor`] trait or by the guest itself. A restart of the process is not a reboot.

mod authorized_keys;
mod bounds;
mod census;
mod computing;
mod disk;
mod doors;
mod driver;
mod existence;
mod images;
mod inside;
mod machine;
mod memory;
mod owners;
mod penalties;
mod reshape;
mod sessions;
mod settings;
mod ssh;
mod store;
mod survey;
mod timers;
mod visits;
mod writing;

pub use authorized_keys::Conditions;
pub use disk::{Admission, Disk};
pub use doors::{OwnPorts, SshSettings};
pub use driver::{OpenError, SimulatedHypervisor};
pub use machine::{Machine, Stored};
pub use owners::Owners;
pub use penalties::Penalties;
pub use settings::Settings;
pub use store::{StoreError, Written};
pub use survey::Survey;

//! Machines in the process, each with a disk of its own and a real SSH endpoint.
//!
//! A second truth beside the state: what a machine *is* is in the directory `machines/`, and changes only through the
//! [`cvmd_hypervisor::Hypervisor`] trait or by the guest itself. A restart of the process is not a reboot.

mod admission;
mod bounds;
mod capture;
mod computing;
mod driver;
mod existence;
mod guest;
mod image;
mod images;
mod inside;
mod inventory;
mod listeners;
mod machine;
mod machines;
mod memory;
mod owners;
mod penalties;
mod registry;
mod reshape;
mod sessions;
mod settings;
mod sshd;
mod store;
mod store_error;
mod survey;
mod takeover;
mod timers;
mod verb;
mod visits;
mod writing;

pub use admission::{Admission, Conditions};
pub use driver::SimulatedHypervisor;
pub use guest::disk::Disk;
pub use inventory::Inventory;
pub use machine::{Machine, Stored};
pub use machines::OpenError;
pub use owners::Owners;
pub use penalties::Penalties;
pub use settings::{OwnPorts, Settings, SshSettings};
pub use store::{StoredMachines, Written};
pub use store_error::StoreError;
pub use survey::Survey;

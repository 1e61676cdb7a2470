//! The simulated driver: its promises, its guests' behaviour, its file, and real logins by each way to a machine.

#![allow(clippy::duplicate_mod, reason = "the same logins by each way to a machine")]

mod channels;
mod contract;
mod driver;
mod first_steps;
mod kill;
mod listener;
mod older;
mod openssh;
mod peers;
mod sftp_bounds;
mod shells;
mod support;

/// At the machines' own addresses.
#[path = "."]
mod at_addresses {
    const WAY: crate::support::Way = crate::support::Way::Address;
    #[path = "logins/mod.rs"]
    mod logins;
}

/// At ports of the machines' own, at one address.
#[path = "."]
mod at_ports {
    const WAY: crate::support::Way = crate::support::Way::OwnPort;
    #[path = "logins/mod.rs"]
    mod logins;
}

/// Only through the driver's `connect`: no machine's address is used.
#[path = "."]
mod by_connection {
    const WAY: crate::support::Way = crate::support::Way::Connection;
    #[path = "logins/mod.rs"]
    mod logins;
}

//! The address of a machine's sshd.

use std::net::SocketAddr;

/// How to reach one machine's sshd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `None` when no address leads there from this host: [`crate::Hypervisor::connect`] is the only way.
    pub address: Option<SocketAddr>,
    /// The guest's user.
    pub user: Box<str>,
    /// The machine's host key in OpenSSH's form, stable over its life.
    pub host_key: Box<str>,
}

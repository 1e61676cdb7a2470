//! One connection as its requests see it, and what a `CONNECT` or a WebSocket turns it into.

use super::{connections::Presence, framing::Framing};
use crate::{
    app::App,
    tunnel::{connect::Way, relay::Relay, slots::Slot},
};
use hyper::upgrade::OnUpgrade;
use parking_lot::Mutex;
use std::{net::IpAddr, sync::Arc};

/// A `CONNECT` answered with 200, or a WebSocket with 101: what follows on the connection is not its HTTP.
pub(super) struct Tunnel {
    pub(super) end: End,
    pub(super) upgrade: OnUpgrade,
}

pub(super) enum End {
    Vendor { host: Box<str>, way: Way },
    Machine(Relay),
    Console { machine: cvmd_hypervisor::Connection, place: Slot },
}

pub(super) struct Connection {
    pub(super) app: Arc<App>,
    pub(super) presence: Arc<Presence>,
    pub(super) peer: IpAddr,
    /// Whether it is inside a tunnel.
    pub(super) nested: bool,
    pub(super) framing: Framing,
    pub(super) tunnel: Mutex<Option<Tunnel>>,
}

impl Connection {
    /// Records what the connection becomes after the answer to this request.
    pub(super) fn becomes(&self, end: End, upgrade: OnUpgrade) {
        self.framing.leave();
        // Invariant: hyper reads no further request after a `CONNECT` answered with 200 or an upgrade answered with
        // 101.
        *self.tunnel.lock() = Some(Tunnel { end, upgrade });
    }
}

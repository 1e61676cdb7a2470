//! The sockets for the machines' sshd: one listener for all their addresses, or a port for each machine.
//!
//! A machine has its own port from its definition to its end, also while it is off: nobody else can take it between two
//! boots. It is stored in the machine's row and requested again at the next start.

use crate::{
    machine::Machine,
    settings::{OwnPorts, SshSettings},
};
use cvmd_hypervisor::{Answer, Listener};
use cvmd_model::InstanceId;
use parking_lot::Mutex;
use std::{
    collections::{HashMap, HashSet},
    fmt, io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, OnceLock},
};
use tokio::task::JoinHandle;

#[derive(Debug)]
enum Way {
    Nowhere,
    Addresses { port: u16 },
    Ports(OwnPorts),
}

/// The listeners of the machines.
pub(crate) struct Listeners {
    way: Way,
    open: Mutex<Open>,
    /// Makes the handler for a machine's own port; set once connections can be answered.
    each: OnceLock<AnswerOf>,
}

type AnswerOf = Box<dyn Fn(InstanceId) -> Arc<dyn Answer> + Send + Sync>;

impl fmt::Debug for Listeners {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Listeners").field("way", &self.way).field("open", &self.open).finish_non_exhaustive()
    }
}

#[derive(Debug, Default)]
struct Open {
    /// The listener for all addresses.
    common: Option<JoinHandle<()>>,
    /// By machine: its port, and its listener once it is served.
    own: HashMap<InstanceId, (u16, Option<JoinHandle<()>>)>,
    /// The ports of `own`, so that the search for a free port need not try each of them.
    taken: HashSet<u16>,
}

/// Bound sockets that are not served yet.
#[derive(Debug, Default)]
pub(crate) struct Bound {
    common: Option<Listener>,
    own: Vec<(InstanceId, Listener)>,
    /// Machines whose row holds another port than they have now.
    pub(crate) moved: Vec<InstanceId>,
}

impl Listeners {
    /// Binds the sockets for the existing machines, and gives a port to those that had none or whose port is taken.
    pub(crate) fn bind(settings: &SshSettings, machines: &mut [Arc<Machine>]) -> io::Result<(Listeners, Bound)> {
        let mut bound = Bound::default();
        let nowhere = Listeners { way: Way::Nowhere, open: Mutex::default(), each: OnceLock::new() };
        if !settings.listen {
            return Ok((nowhere, bound));
        }
        let Some(own_ports) = settings.own_ports else {
            let listener = Listener::bind(settings.last_port, &settings.ports)?;
            let port = listener.port();
            if let Some(missed) = listener.missed {
                tracing::warn!(missed, port, "the machines' SSH port of the last start is taken");
            }
            bound.common = Some(listener);
            return Ok((Listeners { way: Way::Addresses { port }, ..nowhere }, bound));
        };
        let listeners = Listeners { way: Way::Ports(own_ports), ..nowhere };
        for machine in machines.iter_mut() {
            let Some(listener) = listeners.own_listener(machine, machine.port)? else { continue };
            let (id, port) = (machine.id, listener.port());
            if machine.port != Some(port) {
                if let Some(missed) = machine.port {
                    tracing::warn!(instance = %id, missed, port, "the machine's SSH port of the last start is taken");
                }
                Arc::make_mut(machine).port = Some(port);
                bound.moved.push(id);
            }
            bound.own.push((id, listener));
        }
        Ok((listeners, bound))
    }

    /// Serves the sockets that were bound before connections could be answered: `all` at the common one, `each` makes
    /// the handler for a machine's own port.
    pub(crate) fn serve_all(
        &self,
        bound: Bound,
        all: Arc<impl Answer>,
        each: impl Fn(InstanceId) -> Arc<dyn Answer> + Send + Sync + 'static,
    ) {
        let _ = self.each.set(Box::new(each));
        if let Some(listener) = bound.common {
            self.open.lock().common = Some(tokio::spawn(listener.serve(all)));
        }
        for (id, listener) in bound.own {
            self.serve(id, listener);
        }
    }

    /// Binds a machine's own port, `wanted` if possible; `None` if machines have none.
    ///
    /// # Errors
    /// When no port is free.
    pub(crate) fn own_listener(&self, machine: &Machine, wanted: Option<u16>) -> io::Result<Option<Listener>> {
        let Way::Ports(OwnPorts { address, range }) = self.way else { return Ok(None) };
        if !machine.has_sshd {
            return Ok(None);
        }
        let (first, last) = range.unwrap_or((0, 0));
        let wanted = wanted.filter(|port| range.is_none() || (first..=last).contains(port));
        let mut open = self.open.lock();
        let mut outcome =
            Err(io::Error::new(io::ErrorKind::AddrInUse, format!("all ports from {first} to {last} are taken")));
        for port in wanted.into_iter().chain(first..=last).filter(|port| *port == 0 || !open.taken.contains(port)) {
            match Listener::at(address, port) {
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                other => {
                    outcome = other;
                    break;
                }
            }
        }
        let listener = outcome?;
        open.taken.insert(listener.port());
        open.own.insert(machine.id, (listener.port(), None));
        Ok(Some(listener))
    }

    /// Serves a machine's own port from now on.
    pub(crate) fn serve(&self, id: InstanceId, listener: Listener) {
        let port = listener.port();
        let task = self.each.get().map(|each| tokio::spawn(listener.serve(each(id))));
        self.open.lock().own.insert(id, (port, task));
    }

    /// Gives up a machine's own port.
    pub(crate) fn close(&self, id: InstanceId) {
        let mut open = self.open.lock();
        let Some((port, task)) = open.own.remove(&id) else { return };
        open.taken.remove(&port);
        if let Some(task) = task {
            task.abort();
        }
    }

    /// Starts to close everything; the returned handles end when the ports are free.
    pub(crate) fn close_all(&self) -> Vec<JoinHandle<()>> {
        let mut open = self.open.lock();
        let tasks: Vec<_> =
            open.common.take().into_iter().chain(open.own.drain().filter_map(|(_, (_, task))| task)).collect();
        tasks.iter().for_each(JoinHandle::abort);
        tasks
    }

    /// The one port at which every machine's sshd answers, if there is one.
    pub(crate) fn common_port(&self) -> Option<u16> {
        if let Way::Addresses { port } = self.way { Some(port) } else { None }
    }

    pub(crate) fn are_own_ports(&self) -> bool {
        matches!(self.way, Way::Ports(_))
    }

    pub(crate) fn are_open(&self) -> bool {
        !matches!(self.way, Way::Nowhere)
    }

    /// The address of a machine's sshd; `None` when no address leads there.
    pub(crate) fn address(&self, machine: &Machine) -> Option<SocketAddr> {
        match self.way {
            Way::Nowhere => None,
            Way::Addresses { port } => {
                let own = machine.addresses.iter().find(|address| address.is_loopback())?;
                Some((*own, port).into())
            }
            Way::Ports(OwnPorts { address, .. }) => {
                // Bound to all of this host's addresses: its own clients use loopback.
                let address = if address.is_unspecified() { Ipv4Addr::LOCALHOST } else { address };
                Some((address, machine.port?).into())
            }
        }
    }
}

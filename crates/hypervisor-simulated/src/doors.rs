//! Where the machines' sshd is met from outside: one listener for all their addresses, or a port for each of them.
//!
//! A port of its own is a machine's from its definition to its end, also while it is off: nobody else can take it
//! between two boots. It is kept in the machine's row and asked for again at the next start.

use crate::{
    SimulatedHypervisor,
    machine::Machine,
    owners::Owners,
    penalties::Penalties,
    ssh::{Sshd, SshdOf},
};
use cvmd_hypervisor::Listener;
use cvmd_model::InstanceId;
use std::{
    collections::{HashMap, HashSet},
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
};
use tokio::task::JoinHandle;

/// Where the machines' sshd answers.
#[derive(Debug, Clone)]
pub struct SshSettings {
    /// Ports at the machines' own addresses, tried in order; 0 is any free one.
    pub ports: Vec<u16>,
    /// The port of the last start, tried first.
    pub kept_port: Option<u16>,
    /// Without it no machine has an SSH endpoint, and no machine with an sshd is ever `ready`.
    pub listen: bool,
    /// Instead of addresses of their own: a port of its own for each machine.
    pub own_ports: Option<OwnPorts>,
    /// Who is slowed down after logins that failed.
    pub penalties: Penalties,
    /// Sessions with all machines, 4,000 at most. A quarter of them may be such as have not logged in.
    pub sessions_max: usize,
    /// Half of these are for one owner.
    pub owners: Owners,
}

impl Default for SshSettings {
    fn default() -> SshSettings {
        SshSettings {
            ports: vec![22, 2222, 0],
            kept_port: None,
            listen: true,
            own_ports: None,
            penalties: Penalties::default(),
            sessions_max: usize::MAX,
            owners: Owners::default(),
        }
    }
}

/// Which ports machines get, and at what address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnPorts {
    pub address: Ipv4Addr,
    /// First and last; any free one when not given.
    pub range: Option<(u16, u16)>,
}

#[derive(Debug)]
enum Way {
    Nowhere,
    Addresses { port: u16 },
    Ports(OwnPorts),
}

/// What listens for the machines.
#[derive(Debug)]
pub(crate) struct Doors {
    way: Way,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    /// The one for all addresses.
    common: Option<JoinHandle<()>>,
    /// By machine: its port, and its listener once that is served.
    own: HashMap<InstanceId, (u16, Option<JoinHandle<()>>)>,
    /// The ports of `own`, so that looking for a free one does not ask the system about each of ours.
    taken: HashSet<u16>,
}

/// Bound sockets that nobody serves yet.
#[derive(Debug, Default)]
pub(crate) struct Bound {
    common: Option<Listener>,
    own: Vec<(InstanceId, Listener)>,
    /// Machines whose row tells another port than they now have.
    pub(crate) moved: Vec<InstanceId>,
}

impl Doors {
    /// Binds what is wanted for the machines that there are, and gives those a port that had none, or whose own is
    /// taken.
    pub(crate) fn bind(settings: &SshSettings, machines: &mut [Arc<Machine>]) -> io::Result<(Doors, Bound)> {
        let mut bound = Bound::default();
        let nowhere = Doors { way: Way::Nowhere, open: Mutex::default() };
        if !settings.listen {
            return Ok((nowhere, bound));
        }
        let Some(own_ports) = settings.own_ports else {
            let listener = Listener::bind(settings.kept_port, &settings.ports)?;
            let port = listener.port();
            if let Some(missed) = listener.missed {
                tracing::warn!(missed, port, "the machines' SSH port of the last start is taken");
            }
            bound.common = Some(listener);
            return Ok((Doors { way: Way::Addresses { port }, ..nowhere }, bound));
        };
        let doors = Doors { way: Way::Ports(own_ports), ..nowhere };
        for machine in machines.iter_mut() {
            let Some(listener) = doors.own_listener(machine, machine.port)? else { continue };
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
        Ok((doors, bound))
    }

    /// Answers at the sockets that were bound before there was a driver.
    pub(crate) fn serve_all(&self, driver: &Weak<SimulatedHypervisor>, bound: Bound) {
        if let Some(listener) = bound.common {
            self.open().common = Some(tokio::spawn(listener.serve(Arc::new(Sshd::new(driver.clone())))));
        }
        for (id, listener) in bound.own {
            self.serve(driver, id, listener);
        }
    }

    /// Binds a machine's own port, `kept` if it can be had; `None` where machines have none.
    ///
    /// # Errors
    /// When no port is free.
    pub(crate) fn own_listener(&self, machine: &Machine, kept: Option<u16>) -> io::Result<Option<Listener>> {
        let Way::Ports(OwnPorts { address, range }) = self.way else { return Ok(None) };
        if !machine.has_sshd {
            return Ok(None);
        }
        let (first, last) = range.unwrap_or((0, 0));
        let kept = kept.filter(|port| range.is_none() || (first..=last).contains(port));
        let mut open = self.open();
        let mut outcome =
            Err(io::Error::new(io::ErrorKind::AddrInUse, format!("all ports from {first} to {last} are taken")));
        for port in kept.into_iter().chain(first..=last).filter(|port| *port == 0 || !open.taken.contains(port)) {
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

    pub(crate) fn serve(&self, driver: &Weak<SimulatedHypervisor>, id: InstanceId, listener: Listener) {
        let port = listener.port();
        let task = tokio::spawn(listener.serve(Arc::new(SshdOf::new(driver.clone(), id))));
        self.open().own.insert(id, (port, Some(task)));
    }

    /// Gives a machine's own port back.
    pub(crate) fn close(&self, id: InstanceId) {
        let mut open = self.open();
        let Some((port, task)) = open.own.remove(&id) else { return };
        open.taken.remove(&port);
        if let Some(task) = task {
            task.abort();
        }
    }

    /// Begins to close everything; whoever must know that the ports are free awaits what is answered.
    pub(crate) fn close_all(&self) -> Vec<JoinHandle<()>> {
        let mut open = self.open();
        let tasks: Vec<_> =
            open.common.take().into_iter().chain(open.own.drain().filter_map(|(_, (_, task))| task)).collect();
        tasks.iter().for_each(JoinHandle::abort);
        tasks
    }

    /// The one port at which every machine's sshd answers, if there is such a port.
    pub(crate) fn common_port(&self) -> Option<u16> {
        if let Way::Addresses { port } = self.way { Some(port) } else { None }
    }

    pub(crate) fn are_own_ports(&self) -> bool {
        matches!(self.way, Way::Ports(_))
    }

    pub(crate) fn are_open(&self) -> bool {
        !matches!(self.way, Way::Nowhere)
    }

    /// Where a machine's sshd is met; `None` when no address leads there.
    pub(crate) fn address(&self, machine: &Machine) -> Option<SocketAddr> {
        match self.way {
            Way::Nowhere => None,
            Way::Addresses { port } => {
                let own = machine.addresses.iter().find(|address| address.is_loopback())?;
                Some((*own, port).into())
            }
            Way::Ports(OwnPorts { address, .. }) => {
                // Bound to all of this host's addresses: its own clients take the nearest.
                let address = if address.is_unspecified() { Ipv4Addr::LOCALHOST } else { address };
                Some((address, machine.port?).into())
            }
        }
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

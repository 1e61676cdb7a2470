//! The SSH sessions and consoles that are open now, by machine, so that a machine that goes off takes its sessions along,
//! and with them the files that it has in memory; and how many there may be.
//!
//! Where too many connections have not logged in, the oldest of them goes: whoever opens many and says nothing keeps
//! nobody out, as a login takes less time than that. One that has logged in is never ended for another.

use crate::{
    bounds::{Bound, Bounds},
    memory::Memory,
    peers::Peer,
    ssh::Files,
};
use cvmd_model::InstanceId;
use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::oneshot;

/// Sessions of one machine, and of all.
const MACHINE_MAX: usize = 200;
const ALL_MAX: usize = 4_000;
/// Of them, those that have not logged in: sshd's `MaxStartups` ends at 100 too. Of all, a quarter where there may be fewer.
const STARTUPS_MACHINE_MAX: usize = 100;
const STARTUPS_MAX: usize = 1_000;
/// Of them, those from one address outside this host.
const STARTUPS_PEER_MAX: usize = 30;

/// Open sessions of every machine.
#[derive(Debug, Clone)]
pub(crate) struct Sessions {
    open: Arc<Mutex<Open>>,
    bounds: Arc<Bounds>,
}

#[derive(Debug)]
struct Open {
    next: u64,
    closed: bool,
    all_max: usize,
    startups_max: usize,
    count: usize,
    by_machine: HashMap<InstanceId, HashMap<u64, oneshot::Sender<()>>>,
    /// Those that have not logged in, the oldest first: at which machine, and from where.
    startups: BTreeMap<u64, (InstanceId, Option<IpAddr>)>,
    files: HashMap<InstanceId, Arc<Mutex<Files>>>,
    memory: Arc<Memory>,
}

/// One open session: forgotten when dropped.
#[derive(Debug)]
pub(crate) struct Session {
    sessions: Sessions,
    machine: InstanceId,
    number: u64,
}

impl Sessions {
    /// At most so many in all.
    pub(crate) fn new(bounds: Arc<Bounds>, sessions_max: usize) -> Sessions {
        let all_max = sessions_max.clamp(1, ALL_MAX);
        let open = Open {
            next: 0,
            closed: false,
            all_max,
            startups_max: (all_max / 4).clamp(1, STARTUPS_MAX),
            count: 0,
            by_machine: HashMap::new(),
            startups: BTreeMap::new(),
            files: HashMap::new(),
            memory: Memory::all(Arc::clone(&bounds)),
        };
        Sessions { open: Arc::new(Mutex::new(open)), bounds }
    }

    /// Counts a session in that has still to log in. The receiver hears, by its sender's end, that the machine has gone.
    /// `None` when there are too many, all of which have logged in.
    pub(crate) fn open(&self, machine: InstanceId, peer: Option<Peer>) -> Option<(Session, oneshot::Receiver<()>)> {
        let (sender, cut) = oneshot::channel();
        let mut open = self.lock();
        let peer = peer.filter(|peer| !peer.is_local()).map(Peer::network);
        while let Some(over) = open.over(machine, peer) {
            let (bound, oldest) = match over {
                Over::Startups(oldest) => (Bound::Startups, oldest),
                Over::All(oldest) => (Bound::Connections, oldest),
            };
            self.bounds.reached(bound);
            open.forget(oldest?);
        }
        open.next += 1;
        let number = open.next;
        // Once closed, the sender goes at once, and with it the session.
        if !open.closed {
            open.count += 1;
            open.by_machine.entry(machine).or_default().insert(number, sender);
            open.startups.insert(number, (machine, peer));
        }
        Some((Session { sessions: self.clone(), machine, number }, cut))
    }

    /// Ends every session of a machine, and forgets its files.
    pub(crate) fn end(&self, machine: InstanceId) {
        let mut open = self.lock();
        if let Some(ended) = open.by_machine.remove(&machine) {
            open.count -= ended.len();
            for number in ended.keys() {
                open.startups.remove(number);
            }
        }
        open.files.remove(&machine);
    }

    /// Ends every session, also those that are about to open.
    pub(crate) fn close(&self) {
        let mut open = self.lock();
        open.closed = true;
        open.count = 0;
        open.by_machine.clear();
        open.startups.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which bound one more session would break, and the session that goes instead, if there is one.
enum Over {
    Startups(Option<(InstanceId, u64)>),
    All(Option<(InstanceId, u64)>),
}

impl Open {
    fn over(&self, machine: InstanceId, peer: Option<IpAddr>) -> Option<Over> {
        let oldest = |fits: &dyn Fn(InstanceId, Option<IpAddr>) -> bool| {
            let mut found = self.startups.iter().filter(|(_, (machine, peer))| fits(*machine, *peer));
            found.next().map(|(number, (machine, _))| (*machine, *number))
        };
        let count = |fits: &dyn Fn(InstanceId, Option<IpAddr>) -> bool| {
            self.startups.values().filter(|(machine, peer)| fits(*machine, *peer)).count()
        };
        let here = |at: InstanceId, _: Option<IpAddr>| at == machine;
        let from_there = |_: InstanceId, from: Option<IpAddr>| from == peer;
        if peer.is_some() && count(&from_there) >= STARTUPS_PEER_MAX {
            return Some(Over::Startups(oldest(&from_there)));
        }
        if count(&here) >= STARTUPS_MACHINE_MAX {
            return Some(Over::Startups(oldest(&here)));
        }
        if self.startups.len() >= self.startups_max {
            return Some(Over::Startups(oldest(&|_, _| true)));
        }
        if self.by_machine.get(&machine).is_some_and(|of_machine| of_machine.len() >= MACHINE_MAX) {
            return Some(Over::All(oldest(&here)));
        }
        (self.count >= self.all_max).then(|| Over::All(oldest(&|_, _| true)))
    }

    /// Ends one session: its sender goes.
    fn forget(&mut self, (machine, number): (InstanceId, u64)) {
        self.startups.remove(&number);
        let Some(of_machine) = self.by_machine.get_mut(&machine) else { return };
        if of_machine.remove(&number).is_some() {
            self.count -= 1;
        }
        if of_machine.is_empty() {
            self.by_machine.remove(&machine);
        }
    }
}

impl Session {
    /// The files that the sessions of the machine share. A session that has been ended has some that nobody else sees.
    pub(crate) fn files(&self) -> Arc<Mutex<Files>> {
        let mut open = self.sessions.lock();
        let lives = open.by_machine.get(&self.machine).is_some_and(|of_machine| of_machine.contains_key(&self.number));
        let new = || Arc::new(Mutex::new(Files::new(open.memory.of_machine())));
        if !lives {
            return new();
        }
        if let Some(files) = open.files.get(&self.machine) {
            return Arc::clone(files);
        }
        let files = new();
        open.files.insert(self.machine, Arc::clone(&files));
        files
    }

    /// It has logged in.
    pub(crate) fn admitted(&self) {
        self.sessions.lock().startups.remove(&self.number);
    }

    /// Ends this session alone.
    pub(crate) fn cut(&self) {
        self.sessions.lock().forget((self.machine, self.number));
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.cut();
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use std::net::Ipv4Addr;

    fn is_cut(cut: &mut oneshot::Receiver<()>) -> bool {
        cut.try_recv() == Err(oneshot::error::TryRecvError::Closed)
    }

    #[test]
    fn the_oldest_that_has_not_logged_in_makes_room_and_no_other() {
        let sessions = Sessions::new(Arc::default(), usize::MAX);
        let (here, there) = (InstanceId::from_random(1), InstanceId::from_random(2));
        let mut other = sessions.open(there, None).unwrap();
        let mut user = sessions.open(here, None).unwrap();
        user.0.admitted();
        let mut silent: Vec<_> = (0..STARTUPS_MACHINE_MAX).map(|_| sessions.open(here, None).unwrap()).collect();
        assert!(!silent.iter_mut().any(|(_, cut)| is_cut(cut)));
        let mut one_more = sessions.open(here, None).unwrap();
        assert!(is_cut(&mut silent[0].1) && !is_cut(&mut silent[1].1) && !is_cut(&mut one_more.1));
        assert!(!is_cut(&mut user.1) && !is_cut(&mut other.1));
        assert_eq!(sessions.bounds.figures()[1], ("ssh_startups", 1));
    }

    #[test]
    fn where_there_are_few_descriptors_a_quarter_is_for_those_who_have_not_logged_in() {
        let sessions = Sessions::new(Arc::default(), 40);
        let machine = |number| InstanceId::from_random(number);
        let mut silent: Vec<_> = (0..10).map(|number| sessions.open(machine(number), None).unwrap()).collect();
        assert!(!silent.iter_mut().any(|(_, cut)| is_cut(cut)));
        let user = sessions.open(machine(99), None).unwrap();
        assert!(is_cut(&mut silent[0].1) && !is_cut(&mut silent[1].1));
        user.0.admitted();
        let mut users = vec![user];
        while users.len() < 40 {
            let user = sessions.open(machine(99), None).unwrap();
            user.0.admitted();
            users.push(user);
        }
        assert!(silent.iter_mut().all(|(_, cut)| is_cut(cut)) && sessions.open(machine(1), None).is_none());
    }

    #[test]
    fn an_address_outside_has_its_share() {
        let sessions = Sessions::new(Arc::default(), usize::MAX);
        let here = InstanceId::from_random(1);
        let [loud, quiet] = [1, 2].map(|last| Some(Peer::new(Ipv4Addr::new(192, 0, 2, last).into())));
        let mut quiet = sessions.open(here, quiet).unwrap();
        let mut loud: Vec<_> = (0..=STARTUPS_PEER_MAX).map(|_| sessions.open(here, loud).unwrap()).collect();
        assert!(is_cut(&mut loud[0].1) && !is_cut(&mut loud[1].1) && !is_cut(&mut quiet.1));
        // On loopback all are one address.
        let local = Some(Peer::new(Ipv4Addr::LOCALHOST.into()));
        let mut local: Vec<_> = (0..=STARTUPS_PEER_MAX).map(|_| sessions.open(here, local).unwrap()).collect();
        assert!(!is_cut(&mut local[0].1));
    }

    #[test]
    fn a_machine_full_of_users_takes_no_more() {
        let sessions = Sessions::new(Arc::default(), usize::MAX);
        let here = InstanceId::from_random(1);
        let mut users = Vec::new();
        for _ in 0..MACHINE_MAX {
            let user = sessions.open(here, None).unwrap();
            user.0.admitted();
            users.push(user);
        }
        assert!(sessions.open(here, None).is_none());
        assert!(sessions.open(InstanceId::from_random(2), None).is_some());
        users.pop();
        assert!(sessions.open(here, None).is_some());
        assert!(!users.iter_mut().any(|(_, cut)| is_cut(cut)));
        sessions.end(here);
        assert!(users.iter_mut().all(|(_, cut)| is_cut(cut)));
        assert_eq!(sessions.lock().count, 0);
    }
}

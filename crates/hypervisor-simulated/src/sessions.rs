//! The open SSH sessions and consoles, by machine, so that a machine that goes off ends its sessions and loses its
//! files in memory; and their maximum.
//!
//! When too many connections have not logged in, the oldest one of the peer with the most is closed: a client that
//! opens many and sends nothing excludes nobody, because a login takes less time than that. Connections that are less
//! far on the way to a login go first, so that a flood of silent connections affects only other silent ones. A session
//! that has logged in is ended only for an owner, or for another machine of its owner, that has fewer.

use crate::{
    bounds::{Bound, Bounds},
    guest::files::Files,
    memory::Memory,
    owners::{Holder, Owners},
};
use cvmd_hypervisor::{Among, Error, Holding, Peer, largest};
use cvmd_model::InstanceId;
use parking_lot::Mutex;
use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicU8, AtomicU64, Ordering::Relaxed},
    },
};
use tokio::sync::oneshot;

/// The maximum of sessions of one machine. One owner may have half of all sessions, and a machine no more than its
/// owner.
const MACHINE_MAX: usize = 200;
const ALL_MAX: usize = 4_000;
/// The maximum of one machine's sessions that have not logged in: sshd's `MaxStartups` ends at 100 too. In total it is
/// a quarter of all sessions.
const STARTUPS_MACHINE_MAX: usize = 100;
const STARTUPS_MAX: usize = 1_000;
/// The maximum of them from one address outside this host.
const STARTUPS_PEER_MAX: usize = 30;

/// Each stage on the way to a login has at least this part of the places, so that connections that send something but
/// do not log in leave room for new ones.
const STAGE_PART: usize = 4;

/// How far a connection has come on the way to a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Stage {
    /// Nothing has been received from it.
    Silent,
    /// It has sent something, perhaps its version.
    Speaking,
    /// It has sent more, such as its algorithms: keys are being exchanged.
    Exchanging,
    /// The key exchange is complete: it authenticates.
    Asking,
}

const STAGES: [Stage; 4] = [Stage::Silent, Stage::Speaking, Stage::Exchanging, Stage::Asking];
/// A client's version has 255 bytes at most, and its algorithms have several hundred.
const EXCHANGING_BYTES: usize = 512;

/// The furthest stage that one connection has reached.
#[derive(Debug, Clone, Default)]
struct Progress(Arc<AtomicU8>);

impl Progress {
    fn reached(&self, stage: Stage) {
        self.0.fetch_max(stage as u8, Relaxed);
    }

    fn stage(&self) -> Stage {
        let at = self.0.load(Relaxed);
        STAGES.into_iter().rfind(|stage| at >= *stage as u8).unwrap_or(Stage::Silent)
    }
}

/// Open sessions of every machine.
#[derive(Debug, Clone)]
pub(crate) struct Sessions {
    open: Arc<Mutex<Open>>,
    owners: Owners,
    bounds: Arc<Bounds>,
    /// Counts what is received and sent on all of them, to find the longest idle one.
    passed: Arc<AtomicU64>,
}

#[derive(Debug)]
struct Open {
    next: u64,
    closed: bool,
    all_max: usize,
    startups_max: usize,
    /// The oldest first.
    all: BTreeMap<u64, One>,
    /// The number of sessions of each machine.
    by_machine: HashMap<InstanceId, usize>,
    files: HashMap<InstanceId, Arc<Mutex<Files>>>,
    memory: Arc<Memory>,
}

#[derive(Debug)]
struct One {
    machine: InstanceId,
    holder: Holder,
    peer: Option<IpAddr>,
    has_logged_in: bool,
    progress: Progress,
    last_passed: Arc<AtomicU64>,
    /// Dropping it ends the session.
    _cut: oneshot::Sender<()>,
}

impl One {
    fn holding(&self, since: u64) -> Holding<Holder, InstanceId> {
        Holding { owner: self.holder, part: self.machine, since }
    }
}

/// One open session, removed when dropped.
#[derive(Debug)]
pub(crate) struct Session {
    sessions: Sessions,
    machine: InstanceId,
    number: u64,
    progress: Progress,
}

/// The connection's handle of its session: it is notified of the end, and reports activity.
#[derive(Debug)]
pub(crate) struct Line {
    pub(crate) cut: oneshot::Receiver<()>,
    passed: Arc<AtomicU64>,
    last_passed: Arc<AtomicU64>,
    progress: Progress,
}

impl Line {
    /// Reports the number of bytes received since the beginning.
    pub(crate) fn came(&self, bytes: usize) {
        self.progress.reached(if bytes < EXCHANGING_BYTES { Stage::Speaking } else { Stage::Exchanging });
    }

    /// Reports that something was received or sent.
    pub(crate) fn passed(&self) {
        self.last_passed.store(self.passed.fetch_add(1, Relaxed), Relaxed);
    }
}

impl Sessions {
    /// With a maximum for all machines together.
    pub(crate) fn new(bounds: Arc<Bounds>, owners: Owners, sessions_max: usize) -> Sessions {
        let all_max = sessions_max.clamp(1, ALL_MAX);
        let open = Open {
            next: 0,
            closed: false,
            all_max,
            startups_max: (all_max / 4).clamp(1, STARTUPS_MAX),
            all: BTreeMap::new(),
            by_machine: HashMap::new(),
            files: HashMap::new(),
            memory: Memory::all(Arc::clone(&bounds)),
        };
        Sessions { open: Arc::new(Mutex::new(open)), owners, bounds, passed: Arc::default() }
    }

    /// Adds a session that still has to log in. The line is notified, by the end of its sender, when the machine has
    /// gone.
    ///
    /// # Errors
    /// [`Error::Crowded`] when there are too many, all of which have logged in and none of which may be ended for this
    /// one.
    pub(crate) fn open(&self, machine: InstanceId, peer: Option<Peer>) -> Result<(Session, Line), Error> {
        let (sender, cut) = oneshot::channel();
        let (passed, last_passed) = (Arc::clone(&self.passed), Arc::default());
        let progress = Progress::default();
        let line = Line { cut, passed, last_passed: Arc::clone(&last_passed), progress: progress.clone() };
        line.passed();
        let peer = peer.and_then(Peer::sharing);
        let new = One {
            machine,
            holder: self.owners.holder_of(machine),
            peer,
            has_logged_in: false,
            progress: progress.clone(),
            last_passed,
            _cut: sender,
        };
        let mut open = self.open.lock();
        while let Some(Over { bound, most, among, goes }) = open.over(&new) {
            self.bounds.reached(bound);
            open.forget(goes.ok_or(Error::Crowded { id: machine, most, among })?);
        }
        open.next += 1;
        let number = open.next;
        // After the close, the sender is dropped at once, and the session with it.
        if !open.closed {
            *open.by_machine.entry(machine).or_default() += 1;
            open.all.insert(number, new);
        }
        drop(open);
        Ok((Session { sessions: self.clone(), machine, number, progress }, line))
    }

    /// The owner of a machine.
    pub(crate) fn holder_of(&self, machine: InstanceId) -> Holder {
        self.owners.holder_of(machine)
    }

    /// Ends every session of a machine, and drops its files.
    pub(crate) fn end(&self, machine: InstanceId) {
        let mut open = self.open.lock();
        if open.by_machine.remove(&machine).is_some() {
            open.all.retain(|_, one| one.machine != machine);
        }
        open.files.remove(&machine);
    }

    /// Ends every session, also those that are about to open.
    pub(crate) fn close(&self) {
        let mut open = self.open.lock();
        open.closed = true;
        open.by_machine.clear();
        open.all.clear();
    }
}

/// A bound that one more session would exceed, with its number and the group it applies to, and the session to end
/// instead, if there is one.
struct Over {
    bound: Bound,
    most: usize,
    among: Among,
    goes: Option<u64>,
}

impl Open {
    fn over(&self, new: &One) -> Option<Over> {
        type Fits<'a> = &'a dyn Fn(&One) -> bool;
        let here: Fits<'_> = &|one| one.machine == new.machine;
        let same_owner: Fits<'_> = &|one| one.holder == new.holder;
        let same_peer: Fits<'_> = &|one| one.peer == new.peer;
        let all: Fits<'_> = &|_| true;
        let startups = [
            (new.peer.map_or(usize::MAX, |_| STARTUPS_PEER_MAX), Among::All, same_peer),
            (STARTUPS_MACHINE_MAX, Among::Machine, here),
            (self.startups_max, Among::All, all),
        ];
        let count = |fits: &dyn Fn(&One) -> bool| self.all.values().filter(|one| fits(one)).count();
        for (most, among, fits) in startups {
            if count(&|one| !one.has_logged_in && fits(one)) >= most {
                let goes = self.oldest_startup(new, fits);
                return Some(Over { bound: Bound::Startups, most, among, goes });
            }
        }
        let share = (self.all_max / 2).max(1);
        for (most, among, fits) in [
            (share.min(MACHINE_MAX), Among::Machine, here),
            (share, Among::Owner, same_owner),
            (self.all_max, Among::All, all),
        ] {
            if count(fits) >= most {
                let mut of_owner = HashMap::<Holder, usize>::new();
                for one in self.all.values().filter(|one| fits(one)).chain([new]) {
                    *of_owner.entry(one.holder).or_default() += 1;
                }
                // Not even a silent one is ended for an owner that has more.
                let no_smaller: Fits<'_> = &|one| fits(one) && of_owner[&one.holder] >= of_owner[&new.holder];
                let goes = self.oldest_startup(new, no_smaller).or_else(|| self.longest_idle(new, fits));
                return Some(Over { bound: Bound::Connections, most, among, goes });
            }
        }
        None
    }

    /// Of those that match and have not logged in, at the first stage with enough of them: the oldest one of the owner
    /// and machine with the most.
    fn oldest_startup(&self, new: &One, fits: &dyn Fn(&One) -> bool) -> Option<u64> {
        // Collected once, because connections reach further stages while others are counted.
        let startups = self.all.iter().filter(|(_, one)| !one.has_logged_in && fits(one));
        let startups: Vec<_> = startups.map(|(number, one)| (one.progress.stage(), *number, one)).collect();
        let at = |stage: Stage| startups.iter().filter(move |(at, ..)| *at == stage);
        let enough = startups.len().div_ceil(STAGE_PART);
        let stage = STAGES.into_iter().find(|stage| at(*stage).count() >= enough)?;
        let candidates = at(stage).map(|(_, number, one)| (*number, one.holding(*number)));
        largest(candidates, new.holding(self.next)).map(|largest| largest.number)
    }

    /// Of those that match: the longest idle one of the owner and machine with the most, if they have more than the new
    /// one's.
    fn longest_idle(&self, new: &One, fits: &dyn Fn(&One) -> bool) -> Option<u64> {
        let fitting = self.all.iter().filter(|(_, one)| fits(one));
        let fitting = fitting.map(|(number, one)| (*number, one.holding(one.last_passed.load(Relaxed))));
        largest(fitting, new.holding(0)).filter(|largest| largest.has_more).map(|largest| largest.number)
    }

    /// Ends one session: its sender is dropped.
    fn forget(&mut self, number: u64) {
        let Some(one) = self.all.remove(&number) else { return };
        if let Some(count) = self.by_machine.get_mut(&one.machine) {
            *count -= 1;
            if *count == 0 {
                self.by_machine.remove(&one.machine);
            }
        }
    }
}

impl Session {
    /// The files that the sessions of the machine share. A session that was ended has private ones.
    pub(crate) fn files(&self) -> Arc<Mutex<Files>> {
        let mut open = self.sessions.open.lock();
        let lives = open.all.contains_key(&self.number);
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

    /// The key exchange is complete, or it came by a way that only known clients have.
    pub(crate) fn asks(&self) {
        self.progress.reached(Stage::Asking);
    }

    /// It has logged in.
    pub(crate) fn admitted(&self) {
        if let Some(one) = self.sessions.open.lock().all.get_mut(&self.number) {
            one.has_logged_in = true;
        }
    }

    /// Ends only this session.
    pub(crate) fn cut(&self) {
        self.sessions.open.lock().forget(self.number);
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

    fn is_cut(line: &mut Line) -> bool {
        line.cut.try_recv() == Err(oneshot::error::TryRecvError::Closed)
    }

    fn sessions(sessions_max: usize) -> Sessions {
        Sessions::new(Arc::default(), Owners::default(), sessions_max)
    }

    fn machine(number: u64) -> InstanceId {
        InstanceId::from_random(number)
    }

    fn logged_in(sessions: &Sessions, at: InstanceId, times: usize) -> Vec<(Session, Line)> {
        let open = || sessions.open(at, None).inspect(|(session, _)| session.admitted()).unwrap();
        std::iter::repeat_with(open).take(times).collect()
    }

    #[test]
    fn the_oldest_that_has_not_logged_in_makes_room_and_no_other() {
        let sessions = sessions(usize::MAX);
        let (here, there) = (InstanceId::from_random(1), InstanceId::from_random(2));
        let mut other = sessions.open(there, None).unwrap();
        let mut user = sessions.open(here, None).unwrap();
        user.0.admitted();
        let mut silent: Vec<_> = (0..STARTUPS_MACHINE_MAX).map(|_| sessions.open(here, None).unwrap()).collect();
        assert!(!silent.iter_mut().any(|(_, line)| is_cut(line)));
        let mut one_more = sessions.open(here, None).unwrap();
        assert!(is_cut(&mut silent[0].1) && !is_cut(&mut silent[1].1) && !is_cut(&mut one_more.1));
        assert!(!is_cut(&mut user.1) && !is_cut(&mut other.1));
        assert_eq!(sessions.bounds.figures()[1], ("ssh_startups", 1));
    }

    #[test]
    fn who_has_come_farther_stays_and_a_flood_meets_its_own_kind() {
        let sessions = sessions(usize::MAX);
        let here = machine(1);
        let open = || sessions.open(here, None).unwrap();
        let (mut asking, mut exchanging, mut speaking) = (open(), open(), open());
        speaking.1.came(1);
        exchanging.1.came(EXCHANGING_BYTES);
        asking.0.asks();
        // The stage never goes back.
        asking.1.came(1);
        let mut flood: Vec<_> = (0..3 * STARTUPS_MACHINE_MAX).map(|_| open()).collect();
        assert!(![&mut asking, &mut exchanging, &mut speaking].iter_mut().any(|(_, line)| is_cut(line)));
        let left = flood.iter_mut().filter_map(|(_, line)| (!is_cut(line)).then_some(())).count();
        assert_eq!(left, STARTUPS_MACHINE_MAX - 3);
        // Many that send something, or have exchanged keys, and do no more leave a quarter to new ones.
        let mut more: Vec<_> = (0..STARTUPS_MACHINE_MAX).map(|_| open()).inspect(|(_, line)| line.came(1)).collect();
        assert!(is_cut(&mut speaking.1), "the oldest that only speaks");
        assert!(!is_cut(&mut exchanging.1) && !is_cut(&mut asking.1));
        let mut new: Vec<_> = (0..STARTUPS_MACHINE_MAX / STAGE_PART).map(|_| open()).collect();
        assert!(new.iter_mut().all(|(_, line)| !is_cut(line)));
        assert!(more.iter_mut().filter_map(|(_, line)| is_cut(line).then_some(())).count() >= new.len() - 1);
    }

    #[test]
    fn where_there_are_few_descriptors_a_quarter_is_for_those_who_have_not_logged_in() {
        let sessions = sessions(40);
        let mut silent: Vec<_> = (0..10).map(|number| sessions.open(machine(number), None).unwrap()).collect();
        assert!(!silent.iter_mut().any(|(_, line)| is_cut(line)));
        let user = sessions.open(machine(99), None).unwrap();
        assert!(is_cut(&mut silent[0].1) && !is_cut(&mut silent[1].1));
        user.0.admitted();
        let _users = [logged_in(&sessions, machine(98), 20), logged_in(&sessions, machine(99), 10)];
        assert!(!silent.iter_mut().skip(1).any(|(_, line)| is_cut(line)), "not for those who have more");
        let _first = sessions.open(machine(50), None).unwrap();
        assert!(is_cut(&mut silent[1].1) && !is_cut(&mut silent[2].1));
    }

    #[test]
    fn one_that_logs_in_does_not_go_for_an_owner_that_has_more() {
        let owners = Owners::new(|id| (0..4).find(|owner| id == machine(u64::from(*owner))));
        let sessions = Sessions::new(Arc::default(), owners, 8);
        let mut full = [logged_in(&sessions, machine(1), 4), logged_in(&sessions, machine(2), 3)];
        let mut other = sessions.open(machine(3), None).unwrap();
        assert!(sessions.open(machine(2), None).is_err(), "who is about to log in has fewer");
        assert!(!is_cut(&mut other.1));
        assert!(!full.iter_mut().flatten().any(|(_, line)| is_cut(line)));
    }

    #[test]
    fn an_address_outside_has_its_share() {
        let sessions = sessions(usize::MAX);
        let here = InstanceId::from_random(1);
        let [loud, quiet] = [1, 2].map(|last| Some(Peer::new(Ipv4Addr::new(192, 0, 2, last).into())));
        let mut quiet = sessions.open(here, quiet).unwrap();
        let mut loud: Vec<_> = (0..=STARTUPS_PEER_MAX).map(|_| sessions.open(here, loud).unwrap()).collect();
        assert!(is_cut(&mut loud[0].1) && !is_cut(&mut loud[1].1) && !is_cut(&mut quiet.1));
        // On loopback all count as one address.
        let local = Some(Peer::new(Ipv4Addr::LOCALHOST.into()));
        let mut local: Vec<_> = (0..=STARTUPS_PEER_MAX).map(|_| sessions.open(here, local).unwrap()).collect();
        assert!(!is_cut(&mut local[0].1));
    }

    #[test]
    fn a_machine_full_of_users_takes_no_more() {
        let sessions = sessions(usize::MAX);
        let here = InstanceId::from_random(1);
        let mut users = logged_in(&sessions, here, MACHINE_MAX);
        let refused = sessions.open(here, None).unwrap_err();
        assert!(refused.to_string().contains("200 sessions are open with it"), "{refused}");
        assert!(sessions.open(machine(2), None).is_ok());
        users.pop();
        assert!(sessions.open(here, None).is_ok());
        assert!(!users.iter_mut().any(|(_, line)| is_cut(line)));
        sessions.end(here);
        assert!(users.iter_mut().all(|(_, line)| is_cut(line)));
        let open = sessions.open.lock();
        assert!(open.all.is_empty() && open.by_machine.is_empty());
        drop(open);
    }

    #[test]
    fn of_those_who_have_not_logged_in_the_oldest_of_the_machine_with_the_most_goes() {
        let sessions = sessions(40);
        let mut honest = sessions.open(machine(1), None).unwrap();
        let mut floods: Vec<_> = (0..9).map(|_| sessions.open(machine(2), None).unwrap()).collect();
        let mut more: Vec<_> = (0..20).map(|_| sessions.open(machine(2), None).unwrap()).collect();
        assert!(!is_cut(&mut honest.1) && floods.iter_mut().all(|(_, line)| is_cut(line)));
        // Several floods, none of which has more than the honest peer until it comes.
        let mut others: Vec<_> =
            (3..8).flat_map(|at| [at, at]).map(|at| sessions.open(machine(at), None).unwrap()).collect();
        assert!(!is_cut(&mut honest.1) && !is_cut(&mut others[9].1));
        assert!(more.iter_mut().map(|(_, line)| is_cut(line)).filter(|is_cut| !is_cut).count() <= 3);
    }

    #[test]
    fn an_owner_has_half_and_one_with_fewer_takes_from_whoever_has_the_most() {
        let owners = Owners::new(|id| Some(if [machine(1), machine(2)].contains(&id) { 7 } else { 8 }));
        let sessions = Sessions::new(Arc::default(), owners, 40);
        let mut first = logged_in(&sessions, machine(1), 20);
        // The owner's other machine takes the place of the longest idle session.
        first[0].1.passed();
        let mut second = logged_in(&sessions, machine(2), 1);
        assert!(is_cut(&mut first[1].1) && !is_cut(&mut first[0].1));
        let refused = sessions.open(machine(1), None).unwrap_err();
        assert!(refused.to_string().contains("20 sessions are open with the machines of its owner"), "{refused}");
        // Others have the other half; when everything is taken, a session is taken from the owner with more.
        let mut others = logged_in(&sessions, machine(3), 20);
        assert!(sessions.open(machine(3), None).is_err());
        let third = Owners::new(|id| Some(u32::from(id == machine(4))));
        let sessions = Sessions { owners: third, ..sessions };
        let _new = sessions.open(machine(4), None).unwrap();
        let all = first.iter_mut().chain(&mut second).chain(&mut others);
        assert_eq!(all.map(|(_, line)| is_cut(line)).filter(|is_cut| !is_cut).count(), 39);
    }
}

//! Failed logins: their lines in the log, and the delay of clients that fail again and again.
//!
//! Like OpenSSH's `PerSourcePenalties`: each failure adds to an address's penalty, and once that is long enough its
//! connections are closed until it is over. Pure except for the log; the time is a parameter.

use crate::bounds::{Bound, Bounds};
use cvmd_hypervisor::Peer;
use cvmd_model::InstanceId;
use parking_lot::Mutex;
use std::{collections::HashMap, net::IpAddr, sync::Arc, time::Duration};

/// A peer is refused once so much has added up, as by OpenSSH.
const MIN_MS: u64 = 15_000;
/// The largest penalty, as OpenSSH's.
const MAX_MS: u64 = 600_000;
/// The maximum of addresses that are remembered.
const PEERS_MAX: usize = 10_000;
/// The maximum of lines of the log per minute about one machine.
const LINES_MACHINE_MAX: u32 = 10;
/// The maximum of lines of the log per minute about all machines.
const LINES_MAX: u32 = 100;
const MINUTE_MS: u64 = 60_000;
/// The maximum characters of a user's name in the log.
const USER_MAX: usize = 32;

/// Which peers are penalised.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Penalties {
    /// All but those on this host.
    #[default]
    Outside,
    Everybody,
    Nobody,
}

/// Why a login failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    Password,
    PublicKey,
    Console,
    /// The client left without trying.
    Nothing,
    /// The client did not log in within the time limit.
    Grace,
}

impl Failure {
    const fn penalty_ms(self) -> u64 {
        match self {
            Failure::Password | Failure::PublicKey => 5_000,
            Failure::Nothing => 1_000,
            Failure::Grace => 10_000,
            Failure::Console => 0,
        }
    }

    /// The method's name in the log; `None` for what is no login attempt.
    const fn method(self) -> Option<&'static str> {
        match self {
            Failure::Password => Some("password"),
            Failure::PublicKey => Some("publickey"),
            Failure::Console => Some("console"),
            Failure::Nothing | Failure::Grace => None,
        }
    }
}

/// A failed login: the machine, the peer and the user.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Attempt<'a> {
    pub machine: InstanceId,
    /// `None` for this program itself.
    pub peer: Option<Peer>,
    pub user: &'a str,
}

/// The remembered failures.
#[derive(Debug)]
pub(crate) struct Failures {
    who: Penalties,
    bounds: Arc<Bounds>,
    remembered: Mutex<Remembered>,
}

#[derive(Debug, Default)]
struct Remembered {
    /// When the penalty is over, and whether it is enforced.
    peers: HashMap<IpAddr, (u64, bool)>,
    minute: u64,
    lines: u32,
    by_machine: HashMap<InstanceId, u32>,
    unsaid: u64,
}

impl Failures {
    pub(crate) fn new(who: Penalties, bounds: Arc<Bounds>) -> Failures {
        Failures { who, bounds, remembered: Mutex::default() }
    }

    /// How long connections from there are still closed; `None` when they are answered.
    pub(crate) fn refuses(&self, peer: Peer, now_ms: u64) -> Option<Duration> {
        let (mut remembered, network) = (self.remembered.lock(), peer.network());
        let (until_ms, enforced) = remembered.peers.get(&network).copied()?;
        if until_ms <= now_ms {
            remembered.peers.remove(&network);
            return None;
        }
        if !enforced {
            return None;
        }
        self.bounds.reached(Bound::Penalties);
        Some(Duration::from_millis(until_ms - now_ms))
    }

    /// Logs a failure, and adds to its peer's penalty.
    pub(crate) fn add(&self, failure: Failure, attempt: Attempt<'_>, now_ms: u64) {
        if attempt.peer.is_none() && failure == Failure::PublicKey {
            // Our own question whether a key is refused.
            return;
        }
        let unsaid = {
            let mut remembered = self.remembered.lock();
            if let Some(peer) = attempt.peer.filter(|peer| self.slows_down(*peer)) {
                remembered.punish(peer.network(), failure.penalty_ms(), now_ms);
            }
            failure.method().and_then(|_| remembered.may_log(attempt.machine, now_ms))
        };
        let Some(method) = failure.method() else { return };
        let Some(unsaid) = unsaid else { return self.bounds.reached(Bound::LoginLog) };
        let user: String = attempt.user.chars().take(USER_MAX).collect();
        let peer = attempt.peer.map_or_else(|| "cvmd itself".to_owned(), |peer| peer.address().to_string());
        let unsaid = (unsaid > 0).then_some(unsaid);
        tracing::info!(instance = %attempt.machine, user = ?user, method, peer, unsaid, "a login failed");
    }

    fn slows_down(&self, peer: Peer) -> bool {
        match self.who {
            Penalties::Outside => !peer.is_local(),
            Penalties::Everybody => true,
            Penalties::Nobody => false,
        }
    }
}

impl Remembered {
    fn punish(&mut self, peer: IpAddr, ms: u64, now_ms: u64) {
        if self.peers.len() >= PEERS_MAX && !self.peers.contains_key(&peer) {
            self.peers.retain(|_, (until_ms, _)| *until_ms > now_ms);
            // During a flood from many addresses, the penalty that ends first is forgotten.
            if self.peers.len() >= PEERS_MAX
                && let Some(first) = self.peers.iter().min_by_key(|(_, (until_ms, _))| *until_ms).map(|(peer, _)| *peer)
            {
                self.peers.remove(&first);
            }
        }
        let (until_ms, enforced) = self.peers.entry(peer).or_default();
        if *until_ms <= now_ms {
            (*until_ms, *enforced) = (now_ms, false);
        }
        *until_ms = (*until_ms + ms).min(now_ms + MAX_MS);
        *enforced |= *until_ms >= now_ms + MIN_MS;
    }

    /// Whether another line may be logged, and then how many lines were left out since the last one.
    fn may_log(&mut self, machine: InstanceId, now_ms: u64) -> Option<u64> {
        let minute = now_ms / MINUTE_MS;
        if minute != self.minute {
            (self.minute, self.lines) = (minute, 0);
            self.by_machine.clear();
        }
        // The map has no more machines than there were lines.
        let of_machine = self.by_machine.get(&machine).copied().unwrap_or_default();
        if self.lines >= LINES_MAX || of_machine >= LINES_MACHINE_MAX {
            self.unsaid += 1;
            return None;
        }
        self.lines += 1;
        self.by_machine.insert(machine, of_machine + 1);
        Some(std::mem::take(&mut self.unsaid))
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use cvmd_clock::Clock;
    use std::net::Ipv4Addr;

    const NOON_MS: u64 = 1_800_000_000_000;

    fn attempt(peer: Peer) -> Attempt<'static> {
        Attempt { machine: InstanceId::from_random(1), peer: Some(peer), user: "root" }
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_fails_again_and_again_waits_and_nobody_else() {
        let clock = Clock::tokio(NOON_MS);
        let failures = Failures::new(Penalties::Outside, Arc::default());
        let [peer, other] = [1, 2].map(|last| Peer::new(Ipv4Addr::new(192, 0, 2, last).into()));
        for _ in 0..2 {
            failures.add(Failure::Password, attempt(peer), clock.now_ms());
        }
        assert!(failures.refuses(peer, clock.now_ms()).is_none(), "two failures are a person's");
        failures.add(Failure::Password, attempt(peer), clock.now_ms());
        assert!(failures.refuses(peer, clock.now_ms()).is_some() && failures.refuses(other, clock.now_ms()).is_none());
        tokio::time::advance(Duration::from_secs(14)).await;
        assert!(failures.refuses(peer, clock.now_ms()).is_some());
        tokio::time::advance(Duration::from_secs(1)).await;
        assert!(failures.refuses(peer, clock.now_ms()).is_none());
        for _ in 0..1000 {
            failures.add(Failure::Grace, attempt(peer), clock.now_ms());
        }
        tokio::time::advance(Duration::from_millis(MAX_MS - 1)).await;
        assert!(failures.refuses(peer, clock.now_ms()).is_some());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(failures.refuses(peer, clock.now_ms()).is_none(), "no penalty is longer than ten minutes");
    }

    #[test]
    fn on_this_host_nobody_waits_unless_it_is_asked_for() {
        let local = Peer::new(Ipv4Addr::LOCALHOST.into());
        let outside = Peer::new(Ipv4Addr::new(192, 0, 2, 1).into());
        for (who, waits) in [
            (Penalties::Outside, [false, true]),
            (Penalties::Everybody, [true, true]),
            (Penalties::Nobody, [false, false]),
        ] {
            let failures = Failures::new(who, Arc::default());
            for peer in [local, outside] {
                for _ in 0..5 {
                    failures.add(Failure::PublicKey, attempt(peer), NOON_MS);
                }
            }
            assert_eq!([local, outside].map(|peer| failures.refuses(peer, NOON_MS).is_some()), waits, "{who:?}");
        }
    }

    #[test]
    fn a_flood_fills_neither_the_memory_nor_the_log() {
        let failures = Failures::new(Penalties::Outside, Arc::default());
        for number in 0..u32::try_from(PEERS_MAX).unwrap() + 100 {
            let peer = Peer::new(Ipv4Addr::from(0x0100_0000 + number).into());
            failures.add(Failure::Password, attempt(peer), NOON_MS + u64::from(number % 7));
        }
        let mut remembered = failures.remembered.lock();
        assert_eq!(remembered.peers.len(), PEERS_MAX);
        assert_eq!((remembered.lines, remembered.by_machine.len()), (LINES_MACHINE_MAX, 1));
        let unsaid = remembered.unsaid;
        assert_eq!(unsaid, PEERS_MAX as u64 + 100 - u64::from(LINES_MACHINE_MAX));
        let other = InstanceId::from_random(2);
        assert_eq!(remembered.may_log(other, NOON_MS), Some(unsaid));
        assert_eq!(remembered.may_log(InstanceId::from_random(1), NOON_MS + MINUTE_MS), Some(0));
    }
}

//! Guests' computations and the checks of passwords take turns between machines, so that a busy machine does not delay
//! another. Heavy work has turns of its own, so that a login and a short command never wait for it. Those go round
//! between owners: each turn takes up to some thirty milliseconds, and an owner may have many machines.

use crate::owners::Holder;
use cvmd_hypervisor::{Turn, Turns};
use cvmd_model::InstanceId;
use tokio::{
    runtime::{Handle, RuntimeFlavor},
    task::block_in_place,
};

/// From this weight (bytes or words) on, a guest's work runs where it blocks no other task.
pub(crate) const HEAVY: usize = 1024;
/// More than the channels of one machine's connections.
const WAITING_MAX: usize = 4096;
/// The maximum of connections of one owner that wait for a host key, and of those that wait for a slow key exchange.
const KEYS_WAITING_MAX: usize = 32;

/// Half of this computer's processors for guests; the rest is for the API and for connections.
#[derive(Debug)]
pub(crate) struct Computing {
    light: Turns<InstanceId>,
    heavy: Turns<Holder>,
    passwords: Turns<InstanceId>,
    /// The making of RSA host keys, of which each takes a second: one at a time, in turn between owners.
    pub(crate) host_keys: Turns<Holder>,
    /// Key exchanges over a finite field, in the same way.
    pub(crate) exchanges: Turns<Holder>,
}

impl Computing {
    /// Half of the processors for each kind of work.
    pub(crate) fn new() -> Computing {
        let half = std::thread::available_parallelism().map_or(1, |processors| (processors.get() / 2).max(1));
        let [light, passwords] = [(); 2].map(|()| Turns::new(half, WAITING_MAX));
        let heavy = Turns::new(half, WAITING_MAX);
        let [host_keys, exchanges] = [(); 2].map(|()| Turns::new(1, KEYS_WAITING_MAX));
        Computing { light, heavy, passwords, host_keys, exchanges }
    }
}

impl Computing {
    /// A guest's turn for work that is not heavy. Held for one command at most, and never while waiting.
    pub(crate) async fn turn(&self, machine: InstanceId) -> Option<Turn<InstanceId>> {
        self.light.take(machine).await.ok()
    }

    /// Computes for a guest in its turn. Heavy work (`weight`: bytes or words) takes milliseconds, so tasks that wait
    /// on this thread continue on another one. The machine's owner is looked up only for heavy work.
    pub(crate) async fn compute<T>(
        &self,
        machine: InstanceId,
        holder: impl FnOnce() -> Holder,
        weight: usize,
        work: impl FnOnce() -> T,
    ) -> T {
        if weight < HEAVY {
            let _turn = self.turn(machine).await;
            return work();
        }
        let _turn = self.heavy.take(holder()).await;
        let is_alone = Handle::current().runtime_flavor() == RuntimeFlavor::CurrentThread;
        if is_alone { work() } else { block_in_place(work) }
    }

    /// Checks a password. Hashing takes a millisecond: not on a thread that serves others, and in turns.
    pub(crate) async fn checks_password(
        &self,
        machine: InstanceId,
        is_right: impl FnOnce() -> bool + Send + 'static,
    ) -> bool {
        let turn = self.passwords.take(machine).await;
        // The turn moves along: a client that disconnects does not end the hashing.
        let checked = tokio::task::spawn_blocking(move || {
            let _turn = turn;
            is_right()
        });
        checked.await.unwrap_or(false)
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use std::time::Duration;

    fn holder(machine: InstanceId) -> Holder {
        Holder::Machine(machine)
    }

    #[tokio::test(start_paused = true)]
    async fn a_login_and_a_small_command_wait_for_no_long_one() {
        let computing = Computing::new();
        let [busy, other] = [1, 2].map(InstanceId::from_random);
        let soon = Duration::from_secs(1);
        let mut held = Vec::new();
        while let Ok(turn) = tokio::time::timeout(soon, computing.heavy.take(holder(busy))).await {
            held.push(turn.unwrap());
        }
        assert!(
            tokio::time::timeout(soon, computing.compute(other, || holder(other), HEAVY, || ())).await.is_err(),
            "all are taken"
        );
        tokio::time::timeout(soon, computing.compute(other, || holder(other), HEAVY - 1, || ()))
            .await
            .expect("small commands go on");
        // A thread hashes, and the paused clock does not wait for it.
        tokio::time::resume();
        let checked = tokio::time::timeout(Duration::from_secs(20), computing.checks_password(other, || true));
        assert!(checked.await.expect("logins go on"));
        let wanted = async { computing.compute(other, || holder(other), HEAVY, || ()).await };
        held.clear();
        tokio::time::timeout(Duration::from_secs(20), wanted).await.expect("a turn that is given back goes on");
    }

    #[tokio::test(start_paused = true)]
    async fn however_many_machines_an_owner_keeps_busy_another_owner_waits_for_one_of_them() {
        let computing = std::sync::Arc::new(Computing::new());
        let mut held = Vec::new();
        while let Some(turn) = computing.heavy.try_take() {
            held.push(turn);
        }
        let (done, mut order) = tokio::sync::mpsc::unbounded_channel();
        let wanted = (1..=6).map(|number| (number, Holder::Owner(1))).chain([(7, Holder::Owner(2))]);
        for (number, holder) in wanted {
            let (computing, done) = (std::sync::Arc::clone(&computing), done.clone());
            tokio::spawn(async move {
                computing.compute(InstanceId::from_random(number), || holder, HEAVY, || _ = done.send(number)).await;
            });
            tokio::task::yield_now().await;
        }
        held.truncate(1);
        held.clear();
        let mut first = Vec::new();
        for _ in 0..2 {
            first.push(order.recv().await.unwrap());
        }
        assert!(first.contains(&7), "{first:?}");
    }
}

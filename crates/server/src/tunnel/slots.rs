//! Slots for open tunnels to machines, or for consoles: a maximum in total, half of them for one account, and the
//! choice of the one to close when another account has fewer.

use cvmd_hypervisor::{Connection, Holding, largest};
use cvmd_model::InstanceId;
use parking_lot::Mutex;
use std::{
    collections::HashMap,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::Notify,
};

/// How long a newcomer waits for a slot: the one that makes room, here or at the machine, must notice that first.
const PATIENCE: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(crate) struct Slots {
    slots_max: usize,
    of_account_max: usize,
    open: Mutex<HashMap<u64, Arc<Taken>>>,
    given_back: Notify,
    /// Counts bytes and newcomers on all of them, to order them by use.
    passed: AtomicU64,
}

#[derive(Debug)]
struct Taken {
    account: u32,
    instance: InstanceId,
    last_passed: AtomicU64,
    close: Notify,
}

/// A taken slot, given back when dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Arc<Slots>,
    number: u64,
    taken: Arc<Taken>,
    /// Whether another one was closed for it.
    pub(crate) is_anothers: bool,
}

/// The maximum is open, of one account or in total.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NoSlot {
    pub(crate) most: usize,
    pub(crate) is_of_account: bool,
}

impl Slots {
    pub(crate) fn new(slots_max: usize) -> Arc<Slots> {
        Arc::new(Slots {
            slots_max,
            of_account_max: slots_max.div_ceil(2),
            open: Mutex::default(),
            given_back: Notify::new(),
            passed: AtomicU64::new(0),
        })
    }

    pub(crate) fn taken(&self) -> usize {
        self.open.lock().len()
    }

    /// Takes a slot for a connection to an account's machine. When its account, or all together, have the maximum, the
    /// longest idle one is closed of the account, and the machine, with more than this one's.
    ///
    /// # Errors
    /// When no other has more, and none becomes free within a time limit.
    pub(crate) async fn take(self: &Arc<Self>, account: u32, instance: InstanceId) -> Result<Slot, NoSlot> {
        let mut refused = NoSlot { most: self.slots_max, is_of_account: false };
        let taking = async {
            loop {
                // Registers before it checks, so that nothing is missed in between.
                let given_back = self.given_back.notified();
                match self.try_take(account, instance) {
                    Ok(place) => return place,
                    Err(no_slot) => refused = no_slot,
                }
                given_back.await;
            }
        };
        tokio::time::timeout(PATIENCE, taking).await.map_err(|_| refused)
    }

    fn try_take(self: &Arc<Self>, account: u32, instance: InstanceId) -> Result<Slot, NoSlot> {
        let mut open = self.open.lock();
        let of_account = open.values().filter(|one| one.account == account).count();
        let mut is_anothers = false;
        for (taken, most, is_of_account) in
            [(of_account, self.of_account_max, true), (open.len(), self.slots_max, false)]
        {
            if taken >= most {
                let fitting = open.iter().filter(|(_, one)| !is_of_account || one.account == account);
                let fitting = fitting.map(|(number, one)| (*number, one.holding()));
                let goes = largest(fitting, Holding { owner: account, part: instance, since: 0 });
                let goes = goes.filter(|goes| goes.has_more).ok_or(NoSlot { most, is_of_account })?;
                // It is not counted any more, however long its task takes to end.
                if let Some(one) = open.remove(&goes.number) {
                    one.close.notify_one();
                }
                is_anothers = true;
                break;
            }
        }
        let number = self.passed.fetch_add(1, Relaxed);
        let taken = Arc::new(Taken { account, instance, last_passed: AtomicU64::new(number), close: Notify::new() });
        open.insert(number, Arc::clone(&taken));
        drop(open);
        Ok(Slot { slots: Arc::clone(self), number, taken, is_anothers })
    }
}

impl Taken {
    fn holding(&self) -> Holding<u32, InstanceId> {
        Holding { owner: self.account, part: self.instance, since: self.last_passed.load(Relaxed) }
    }
}

impl Slot {
    /// Returns when it must be given back.
    pub(crate) async fn closed(&self) {
        self.taken.close.notified().await;
    }

    /// The same stream, which records its use.
    pub(crate) fn watch(&self, machine: Connection) -> Connection {
        Box::new(Watched { machine, slots: Arc::clone(&self.slots), taken: Arc::clone(&self.taken) })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.slots.open.lock().remove(&self.number);
        self.slots.given_back.notify_waiters();
    }
}

struct Watched {
    machine: Connection,
    slots: Arc<Slots>,
    taken: Arc<Taken>,
}

impl Watched {
    fn passed<T>(&self, polled: Poll<T>) -> Poll<T> {
        if polled.is_ready() {
            self.taken.last_passed.store(self.slots.passed.fetch_add(1, Relaxed), Relaxed);
        }
        polled
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let polled = Pin::new(&mut self.machine).poll_read(cx, buffer);
        self.passed(polled)
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let polled = Pin::new(&mut self.machine).poll_write(cx, bytes);
        self.passed(polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.machine).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.machine).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn machine(number: u64) -> InstanceId {
        InstanceId::from_random(number)
    }

    fn must_close(slot: &Slot) -> bool {
        let mut context = Context::from_waker(std::task::Waker::noop());
        std::pin::pin!(slot.closed()).poll(&mut context).is_ready()
    }

    #[test]
    fn an_account_has_half_and_its_machines_share_that() {
        let slots = Slots::new(8);
        let first: Vec<_> = (0..4).map(|_| slots.try_take(7, machine(1)).unwrap()).collect();
        let refused = slots.try_take(7, machine(1)).unwrap_err();
        assert_eq!(refused, NoSlot { most: 4, is_of_account: true });
        let _second = slots.try_take(7, machine(2)).unwrap();
        assert!(must_close(&first[0]) && !first[1..].iter().any(must_close));
        assert_eq!(slots.taken(), 4);
        let _others: Vec<_> = (0..4).map(|_| slots.try_take(8, machine(3)).unwrap()).collect();
        let _third = slots.try_take(9, machine(4)).unwrap();
        assert_eq!(slots.taken(), 8);
    }

    #[test]
    fn where_nobody_has_more_one_more_is_refused_until_one_ends() {
        let slots = Slots::new(2);
        let mut open: Vec<_> = (1..=2).map(|account| slots.try_take(account, machine(1)).unwrap()).collect();
        assert_eq!(slots.try_take(3, machine(1)).unwrap_err(), NoSlot { most: 2, is_of_account: false });
        open.pop();
        assert!(slots.try_take(3, machine(1)).is_ok());
    }

    #[tokio::test]
    async fn one_more_waits_for_a_place_that_is_being_given_back() {
        let slots = Slots::new(1);
        let taken = slots.try_take(1, machine(1)).unwrap();
        let mut waiting = Box::pin(slots.take(2, machine(2)));
        let mut context = Context::from_waker(std::task::Waker::noop());
        assert!(waiting.as_mut().poll(&mut context).is_pending());
        drop(taken);
        assert!(waiting.await.is_ok());
    }
}

//! Work that takes turns: a maximum at the same time, and round robin between those who want more, so that one with a
//! thousand requests delays another by one of them.

use cvmd_model::RoundRobin;
use parking_lot::Mutex;
use std::{hash::Hash, sync::Arc};
use tokio::sync::oneshot;

/// Places for work, and the queue for them. `K` is the owner of the work: an account, a machine. Clones share the
/// places.
///
/// # Guarantees
/// - While a place is free, taking one costs a short lock and no memory.
/// - A place that is given back goes to the next key in the queue, and within one key first come, first served.
/// - A future that is dropped while it waits, or after it got its turn, passes the turn on.
///
/// # Assumptions
/// - The holder of a turn computes, and never waits while holding it.
#[derive(Debug)]
pub struct Turns<K: Clone + Eq + Hash>(Arc<Shared<K>>);

#[derive(Debug)]
struct Shared<K: Clone + Eq + Hash> {
    waiting_max: usize,
    queues: Mutex<Queues<K>>,
}

/// Invariant: while a place is free nobody waits.
#[derive(Debug)]
struct Queues<K: Clone + Eq + Hash> {
    free: usize,
    waiting: RoundRobin<K, oneshot::Sender<Turn<K>>>,
}

/// A place; dropping it frees the place.
#[derive(Debug)]
pub struct Turn<K: Clone + Eq + Hash>(Option<Arc<Shared<K>>>);

/// One key has its maximum waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{waiting} wait already")]
pub struct TooManyWait {
    pub waiting: usize,
}

impl<K: Clone + Eq + Hash> Clone for Turns<K> {
    fn clone(&self) -> Turns<K> {
        Turns(Arc::clone(&self.0))
    }
}

impl<K: Clone + Eq + Hash> Turns<K> {
    /// With a maximum at the same time, and a maximum of one key that wait, at least one of each.
    #[must_use]
    pub fn new(at_a_time: usize, waiting_max: usize) -> Turns<K> {
        let queues = Queues { free: at_a_time.max(1), waiting: RoundRobin::default() };
        Turns(Arc::new(Shared { waiting_max: waiting_max.max(1), queues: Mutex::new(queues) }))
    }

    /// A turn, if a place is free.
    #[must_use]
    pub fn try_take(&self) -> Option<Turn<K>> {
        let mut queues = self.0.queues.lock();
        queues.free = queues.free.checked_sub(1)?;
        Some(Turn(Some(Arc::clone(&self.0))))
    }

    /// Waits for a turn.
    ///
    /// # Errors
    /// At once, when too many of this key wait.
    pub async fn take(&self, key: K) -> Result<Turn<K>, TooManyWait> {
        match self.0.take_or_wait(key)? {
            None => Ok(Turn(Some(Arc::clone(&self.0)))),
            // Invariant: `self` holds the sender until it is used.
            Some(turn) => turn.await.map_err(|_| TooManyWait { waiting: 0 }),
        }
    }

    /// How many wait now, including those that have given up but are still queued.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.0.queues.lock().waiting.len()
    }
}

impl<K: Clone + Eq + Hash> Shared<K> {
    /// Takes a free place; otherwise returns where the turn will arrive.
    fn take_or_wait(&self, key: K) -> Result<Option<oneshot::Receiver<Turn<K>>>, TooManyWait> {
        let mut queues = self.queues.lock();
        if queues.free > 0 {
            queues.free -= 1;
            return Ok(None);
        }
        if queues.waiting.len_of(&key) >= self.waiting_max {
            queues.waiting.retain(&key, |waiter| !waiter.is_closed());
        }
        let waiting = queues.waiting.len_of(&key);
        if waiting >= self.waiting_max {
            return Err(TooManyWait { waiting });
        }
        let (waiter, turn) = oneshot::channel();
        queues.waiting.push(key, waiter);
        Ok(Some(turn))
    }

    /// The next in the queue. If there is none, the place becomes free.
    fn next(&self) -> Option<oneshot::Sender<Turn<K>>> {
        let mut queues = self.queues.lock();
        let next = queues.waiting.pop();
        if next.is_none() {
            queues.free += 1;
        }
        next.map(|(_, waiter)| waiter)
    }
}

impl<K: Clone + Eq + Hash> Drop for Turn<K> {
    fn drop(&mut self) {
        let Some(mut shared) = self.0.take() else { return };
        while let Some(waiter) = shared.next() {
            match waiter.send(Turn(Some(shared))) {
                // If the receiver is dropped after this, this drop runs again for it.
                Ok(()) => return,
                // The receiver was dropped before. The next one is found here and not by dropping the turn, which would
                // recurse.
                Err(mut turn) => match turn.0.take() {
                    Some(back) => shared = back,
                    None => return,
                },
            }
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use std::{
        pin::{Pin, pin},
        task::{Context, Poll, Waker},
    };

    type Taking<'a> = Pin<Box<dyn Future<Output = Result<Turn<char>, TooManyWait>> + 'a>>;

    fn polled<T>(future: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
        match Pin::new(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(done) => Some(done),
            Poll::Pending => None,
        }
    }

    fn taken(turns: &Turns<char>, key: char) -> Turn<char> {
        polled(&mut pin!(turns.take(key))).unwrap().unwrap()
    }

    /// Queues for a turn.
    fn waiting(turns: &Turns<char>, key: char) -> Taking<'_> {
        let mut taking: Taking<'_> = Box::pin(turns.take(key));
        assert!(polled(&mut taking).is_none());
        taking
    }

    /// The one of those waiting that has its turn, and the turn.
    fn whose<'a>(line: &mut Vec<(&'static str, Taking<'a>)>) -> Option<(&'static str, Turn<char>)> {
        let found = line.iter_mut().enumerate().find_map(|(at, (name, taking))| Some((at, *name, polled(taking)?)));
        found.map(|(at, name, turn)| {
            drop(line.remove(at));
            (name, turn.unwrap())
        })
    }

    #[test]
    fn keys_take_turns_and_within_one_who_came_first() {
        let turns = Turns::new(1, 100);
        let mut turn = taken(&turns, 'a');
        let mut line: Vec<_> = ["a1", "a2", "a3", "b1", "b2", "c1"]
            .map(|name| (name, waiting(&turns, name.chars().next().unwrap())))
            .into_iter()
            .collect();
        let mut order = Vec::new();
        while !line.is_empty() {
            drop(turn);
            let (name, next) = whose(&mut line).unwrap();
            assert!(whose(&mut line).is_none(), "one at a time");
            order.push(name);
            turn = next;
        }
        assert_eq!(order, ["a1", "b1", "c1", "a2", "b2", "a3"]);
        drop(turn);
        assert_eq!(turns.0.queues.lock().free, 1);
        assert_eq!(turns.waiting(), 0);
    }

    #[test]
    fn a_turn_that_is_given_up_goes_to_the_next() {
        let turns = Turns::new(2, 100);
        let (first, second) = (taken(&turns, 'a'), taken(&turns, 'a'));
        let (gone, late, mut last) = (waiting(&turns, 'a'), waiting(&turns, 'a'), waiting(&turns, 'a'));
        // One gives up while it waits, one after it got its turn but before it was polled.
        drop(gone);
        drop(first);
        drop(late);
        let third = polled(&mut last).unwrap().unwrap();
        assert_eq!((turns.waiting(), turns.0.queues.lock().free), (0, 0));
        drop((second, third, last));
        assert_eq!(turns.0.queues.lock().free, 2);
    }

    #[test]
    fn a_long_line_that_is_given_up_is_passed_over_at_once() {
        let turns = Turns::new(1, 200_000);
        let turn = taken(&turns, 'a');
        let line: Vec<_> = (0..100_000).map(|_| waiting(&turns, 'a')).collect();
        let mut last = waiting(&turns, 'b');
        drop(line);
        drop(turn);
        assert!(polled(&mut last).is_some_and(|turn| turn.is_ok()));
    }

    #[test]
    fn so_many_of_one_key_wait_and_those_that_have_gone_do_not_count() {
        let turns = Turns::new(1, 2);
        let turn = taken(&turns, 'a');
        let (first, second) = (waiting(&turns, 'a'), waiting(&turns, 'a'));
        let refused = polled(&mut pin!(turns.take('a'))).unwrap().unwrap_err();
        assert_eq!(refused, TooManyWait { waiting: 2 });
        let other = waiting(&turns, 'b');
        drop(first);
        let third = waiting(&turns, 'a');
        drop((turn, second, third, other));
        assert_eq!(turns.0.queues.lock().free, 1);
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn no_more_than_there_are_places_work_at_a_time_and_none_is_lost() {
        use std::sync::atomic::{AtomicUsize, Ordering};
        struct Working(Arc<AtomicUsize>);
        impl Drop for Working {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::SeqCst);
            }
        }
        let turns: Turns<usize> = Turns::new(3, 1_000);
        let (working, done) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let tasks: Vec<_> = (0..1_000)
            .map(|number| {
                let (turns, working, done) = (turns.clone(), Arc::clone(&working), Arc::clone(&done));
                tokio::spawn(async move {
                    let _turn = turns.take(number % 7).await.unwrap();
                    assert!(working.fetch_add(1, Ordering::SeqCst) < 3);
                    let _working = Working(working);
                    tokio::task::yield_now().await;
                    done.fetch_add(1, Ordering::SeqCst);
                })
            })
            .collect();
        // Some give up at arbitrary points.
        let mut aborted = 0;
        for (number, task) in tasks.into_iter().enumerate() {
            if number % 5 == 0 {
                task.abort();
            }
            aborted += usize::from(task.await.is_err_and(|error| error.is_cancelled()));
        }
        assert_eq!((done.load(Ordering::SeqCst) + aborted >= 1_000, turns.0.queues.lock().free), (true, 3));
    }
}

//! Makes groups durable, publishes what they lead to, and answers, on a thread of its own: meanwhile the writer runs the
//! next group on what this one leads to.
//!
//! The order is always run, persist, publish, answer. A group that ran on one that is lost is lost too.

use crate::{
    CommitError, JournalLine, ResourceKind, View,
    changes::Put,
    share::Cost,
    store::{Group, Row, Store, Table},
};
use arc_swap::ArcSwap;
use cvmd_model::InstanceId;
use parking_lot::Mutex;
use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{Receiver, TryRecvError},
    },
};
use tokio::{
    sync::{mpsc, watch},
    time::Instant,
};

pub(crate) type Answer = Box<dyn FnOnce(Result<(), CommitError>) + Send>;

/// What one command adds to its group.
#[derive(Default)]
pub(crate) struct Gathered {
    pub(crate) puts: Vec<(Put, Row)>,
    pub(crate) lines: Vec<JournalLine>,
    pub(crate) refused: Vec<JournalLine>,
}

impl Gathered {
    pub(crate) fn cost(&self, begun: Instant) -> Cost {
        let bytes = self.puts.iter().map(|(_, row)| row.body.as_ref().map_or(0, Vec::len)).sum();
        Cost { rows: self.puts.len(), bytes, time: begun.elapsed() }
    }
}

/// What the state's threads and its readers share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) view: ArcSwap<View>,
    pub(crate) subscribers: Mutex<Vec<mpsc::UnboundedSender<InstanceId>>>,
    pub(crate) images: watch::Sender<()>,
    pub(crate) groups: AtomicU64,
    pub(crate) commands: AtomicU64,
    pub(crate) persist_us: AtomicU64,
    pub(crate) log_bytes: AtomicU64,
    /// See [`crate::State::serve_one`].
    pub(crate) serves_one: AtomicBool,
    /// Why the last group is not durable; none if it is.
    pub(crate) write_error: Mutex<Option<Arc<str>>>,
    /// Groups that were lost.
    failures: AtomicU64,
}

impl Shared {
    pub(crate) fn new(view: View) -> Shared {
        Shared {
            view: ArcSwap::from_pointee(view),
            subscribers: Mutex::default(),
            images: watch::Sender::new(()),
            groups: AtomicU64::new(0),
            commands: AtomicU64::new(0),
            persist_us: AtomicU64::new(0),
            log_bytes: AtomicU64::new(0),
            serves_one: AtomicBool::new(false),
            write_error: Mutex::default(),
            failures: AtomicU64::new(0),
        }
    }

    /// The last durable moment, and the failures before it. Asked while nothing is being persisted.
    pub(crate) fn durable(&self) -> (View, u64) {
        (View::clone(&self.view.load()), self.failures.load(Ordering::Acquire))
    }
}

/// A group that was run.
pub(crate) struct Ready {
    /// What it leads to.
    pub(crate) view: View,
    /// The failures before the moment that it was run on.
    pub(crate) failures: u64,
    pub(crate) answers: Vec<Answer>,
    group: Group,
    /// Commands that write something.
    wrote: u64,
    announced: Vec<InstanceId>,
}

impl Ready {
    pub(crate) fn new(view: View, failures: u64) -> Ready {
        Ready { view, failures, answers: Vec::new(), group: Group::default(), wrote: 0, announced: Vec::new() }
    }

    /// Adds what a command has gathered.
    pub(crate) fn add(&mut self, mut gathered: Gathered) {
        let lines = gathered.lines.len() + gathered.refused.len();
        self.wrote += u64::from(!gathered.puts.is_empty() || lines > 0);
        for (put, row) in gathered.puts {
            if let Put::Instance(instance) = &put
                && self.view.is_news(instance)
            {
                self.announced.push(instance.id);
            }
            self.view.apply(&put);
            self.group.rows.push(row);
        }
        self.group.lines.append(&mut gathered.lines);
        self.group.refused.append(&mut gathered.refused);
    }
}

pub(crate) struct Persister {
    shared: Arc<Shared>,
    store: Box<dyn Store>,
    revision: u64,
}

impl Persister {
    pub(crate) fn new(shared: Arc<Shared>, store: Box<dyn Store>, revision: u64) -> Persister {
        Persister { shared, store, revision }
    }

    /// Persists group by group; `done` is called after each, before its commands are answered.
    pub(crate) fn run(mut self, groups: &Receiver<Ready>, done: impl Fn()) {
        loop {
            let ready = match groups.try_recv() {
                Ok(ready) => ready,
                // What the store has left to do must not delay a group that waits.
                Err(TryRecvError::Empty) if self.store.tidy() => continue,
                Err(_) => match groups.recv() {
                    Ok(ready) => ready,
                    Err(_) => return,
                },
            };
            self.finish(ready, &done);
        }
    }

    /// Persists a group, publishes what it leads to, and answers, in that order.
    fn finish(&mut self, ready: Ready, done: &impl Fn()) {
        let Ready { view, failures, answers, mut group, wrote, announced } = ready;
        let images = group.rows.iter().any(|row| row.table == Table::Resource(ResourceKind::CustomImages));
        let outcome = if failures != self.shared.failures.load(Ordering::Acquire) {
            // It has seen what was lost.
            Err(self.lost())
        } else if wrote > 0 {
            self.persist(&mut group)
        } else {
            Ok(())
        };
        if outcome.is_ok() && wrote > 0 {
            self.shared.view.store(Arc::new(view));
            self.shared.groups.fetch_add(1, Ordering::Relaxed);
            self.shared.commands.fetch_add(wrote, Ordering::Relaxed);
        }
        done();
        for answer in answers {
            answer(outcome.clone());
        }
        if outcome.is_ok() {
            let mut subscribers = self.shared.subscribers.lock();
            if images {
                self.shared.images.send_replace(());
            }
            subscribers.retain(|subscriber| announced.iter().all(|id| subscriber.send(*id).is_ok()));
        }
    }

    fn persist(&mut self, group: &mut Group) -> Result<(), CommitError> {
        group.revision = self.revision + 1;
        let started = Instant::now();
        let outcome = self.store.persist(group);
        let spent = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.shared.persist_us.fetch_add(spent, Ordering::Relaxed);
        self.shared.log_bytes.store(self.store.log_bytes(), Ordering::Relaxed);
        let mut write_error = self.shared.write_error.lock();
        match outcome {
            Ok(()) => {
                self.revision = group.revision;
                if write_error.take().is_some() {
                    tracing::info!("what is asked for can be made durable again");
                }
                Ok(())
            }
            Err(error) => {
                // Logged once, not for each command while it lasts: the log may be on the same full disk.
                if write_error.is_none() {
                    tracing::error!(%error, rows = group.rows.len(), "a group could not be persisted");
                }
                *write_error = Some(error.to_string().into());
                drop(write_error);
                self.shared.failures.fetch_add(1, Ordering::Release);
                Err(self.lost())
            }
        }
    }

    /// What the commands of a lost group are answered.
    fn lost(&self) -> CommitError {
        CommitError::Store(self.shared.write_error.lock().clone().unwrap_or_default())
    }
}

/// A command that panics has found a broken invariant. Without a writer every later command would fail, so the process
/// ends, and its supervisor starts it again from what is durable.
pub(crate) fn run_or_abort(run: impl FnOnce()) {
    if catch_unwind(AssertUnwindSafe(run)).is_err() {
        tracing::error!("the writer broke: the process ends, and restarts from what is durable");
        std::process::abort();
    }
}

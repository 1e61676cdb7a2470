//! Where the engine dies: before or after the n-th effect or commit of a life.

use cvmd_model::{Instance, InstanceId, InstanceState};
use cvmd_state::store::{Group, Journal, MemoryStore, Store, StoreError, Table, TakeRow};
use std::sync::{
    Arc, Mutex, MutexGuard, PoisonError,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

/// Counts the points at which a crash can happen, and crashes at one of them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan(Arc<Points>);

/// What happens while the next group is made durable.
#[derive(Default)]
struct Meanwhile(Option<Box<dyn FnOnce() + Send>>);

impl std::fmt::Debug for Meanwhile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Meanwhile")
    }
}

#[derive(Debug, Default)]
struct Points {
    armed: AtomicBool,
    passed: AtomicUsize,
    /// Zero means never.
    fatal: AtomicUsize,
    crashed: AtomicBool,
    /// Every instance's row that was persisted, in order.
    history: Mutex<Vec<Instance>>,
    meanwhile: Mutex<Meanwhile>,
}

impl Plan {
    /// From now on points are counted, and the `fatal`-th is the last one.
    pub(crate) fn arm(&self, fatal: usize) {
        self.0.passed.store(0, Ordering::SeqCst);
        self.0.fatal.store(fatal, Ordering::SeqCst);
        self.0.crashed.store(false, Ordering::SeqCst);
        self.0.armed.store(true, Ordering::SeqCst);
    }

    pub(crate) fn disarm(&self) {
        self.0.armed.store(false, Ordering::SeqCst);
        self.0.crashed.store(false, Ordering::SeqCst);
    }

    pub(crate) fn during_next_commit(&self, happens: impl FnOnce() + Send + 'static) {
        self.0.meanwhile.lock().unwrap_or_else(PoisonError::into_inner).0 = Some(Box::new(happens));
    }

    pub(crate) fn has_crashed(&self) -> bool {
        self.0.crashed.load(Ordering::SeqCst)
    }

    /// The states that were visible since, without repetitions.
    pub(crate) fn states(&self, id: InstanceId) -> Vec<InstanceState> {
        let history = self.history();
        let mut states: Vec<_> = history.iter().filter(|row| row.id == id).map(|row| row.state).collect();
        states.dedup();
        states
    }

    /// Every row of instances persisted so far, in order.
    pub(crate) fn history(&self) -> MutexGuard<'_, Vec<Instance>> {
        self.0.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether nothing after this point happens any more.
    pub(crate) fn dies_here(&self) -> bool {
        if !self.0.armed.load(Ordering::SeqCst) {
            return false;
        }
        if !self.has_crashed()
            && self.0.passed.fetch_add(1, Ordering::SeqCst) + 1 == self.0.fatal.load(Ordering::SeqCst)
        {
            self.0.crashed.store(true, Ordering::SeqCst);
        }
        self.has_crashed()
    }
}

/// A store that dies before or after a group is durable.
#[derive(Debug)]
pub(crate) struct MortalStore {
    pub(crate) rows: MemoryStore,
    pub(crate) plan: Plan,
}

impl Store for MortalStore {
    fn load(&mut self, take: &mut TakeRow<'_>) -> Result<u64, StoreError> {
        self.rows.load(take)
    }

    fn persist(&mut self, group: &Group) -> Result<(), StoreError> {
        if self.plan.dies_here() {
            return Err(StoreError::Failed("dead".into()));
        }
        let meanwhile = self.plan.0.meanwhile.lock().unwrap_or_else(PoisonError::into_inner).0.take();
        if let Some(happens) = meanwhile {
            happens();
        }
        self.rows.persist(group)?;
        for body in group.rows.iter().filter(|row| row.table == Table::Instances).filter_map(|row| row.body.as_ref()) {
            self.plan.history().push(serde_json::from_slice(body).expect("a row that was encoded"));
        }
        // After this one the answer is still sent, but no effect and no commit follows.
        self.plan.dies_here();
        Ok(())
    }

    fn journal(&self) -> Arc<dyn Journal> {
        self.rows.journal()
    }
}

//! The SSH sessions that are open now, by machine, so that a machine that goes off takes its sessions along, and with
//! them the files that it has in memory.

use crate::ssh::Files;
use cvmd_model::InstanceId;
use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::oneshot;

/// Open sessions of every machine.
#[derive(Debug, Default, Clone)]
pub(crate) struct Sessions(Arc<Mutex<Open>>);

#[derive(Debug, Default)]
struct Open {
    next: u64,
    closed: bool,
    by_machine: HashMap<InstanceId, HashMap<u64, oneshot::Sender<()>>>,
    files: HashMap<InstanceId, Arc<Mutex<Files>>>,
}

/// One open session: forgotten when dropped.
#[derive(Debug)]
pub(crate) struct Session {
    sessions: Sessions,
    machine: InstanceId,
    number: u64,
}

impl Sessions {
    /// Counts a session in. The receiver hears, by its sender's end, that the machine has gone.
    pub(crate) fn open(&self, machine: InstanceId) -> (Session, oneshot::Receiver<()>) {
        let (sender, cut) = oneshot::channel();
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.next += 1;
        let number = open.next;
        // Once closed, the sender goes at once, and with it the session.
        if !open.closed {
            open.by_machine.entry(machine).or_default().insert(number, sender);
        }
        (Session { sessions: self.clone(), machine, number }, cut)
    }

    /// Ends every session of a machine, and forgets its files.
    pub(crate) fn end(&self, machine: InstanceId) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.by_machine.remove(&machine);
        open.files.remove(&machine);
    }

    /// Ends every session, also those that are about to open.
    pub(crate) fn close(&self) {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        open.closed = true;
        open.by_machine.clear();
    }
}

impl Session {
    /// The files that the sessions of the machine share. A session that has been ended has some that nobody else sees.
    pub(crate) fn files(&self) -> Arc<Mutex<Files>> {
        let mut open = self.sessions.0.lock().unwrap_or_else(PoisonError::into_inner);
        let lives = open.by_machine.get(&self.machine).is_some_and(|of_machine| of_machine.contains_key(&self.number));
        if lives { open.files.entry(self.machine).or_default().clone() } else { Arc::default() }
    }

    /// Ends this session alone.
    pub(crate) fn cut(&self) {
        let mut open = self.sessions.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(of_machine) = open.by_machine.get_mut(&self.machine) {
            of_machine.remove(&self.number);
            if of_machine.is_empty() {
                open.by_machine.remove(&self.machine);
            }
        }
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.cut();
    }
}

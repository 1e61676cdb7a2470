//! One connection to a machine's sshd on its way to a login: what it has tried, and the consequences.

use crate::{
    admission::Conditions,
    machines::Machines,
    penalties::{Attempt, Failure},
    sessions::Session,
};
use cvmd_hypervisor::Peer;
use cvmd_model::InstanceId;
use parking_lot::Mutex;
use std::sync::Arc;

/// An accepted connection.
#[derive(Debug)]
pub(crate) struct Visit {
    machines: Arc<Machines>,
    machine: InstanceId,
    peer: Option<Peer>,
    pub(crate) session: Session,
    tried: Mutex<Tried>,
}

#[derive(Debug, Default)]
struct Tried {
    admitted: bool,
    user: Box<str>,
    passwords: u32,
    /// Keys that were refused. A client offers all its keys: the login has failed only if none of them admits.
    keys: u32,
}

impl Visit {
    pub(crate) fn new(machines: Arc<Machines>, machine: InstanceId, peer: Option<Peer>, session: Session) -> Visit {
        Visit { machines, machine, peer, session, tried: Mutex::default() }
    }

    /// The client has agreed on keys, and starts to authenticate.
    pub(crate) fn asks(&self) {
        self.session.asks();
    }

    /// The circumstances of a login now.
    pub(crate) fn conditions(&self) -> Conditions {
        let now_seconds = self.machines.clock.now_ms() / 1000;
        Conditions { address: self.peer.map(Peer::address), now_seconds }
    }

    pub(crate) fn failed_password(&self, user: &str) {
        self.tried.lock().passwords += 1;
        self.failed(Failure::Password, user);
    }

    pub(crate) fn refused_key(&self, user: &str) {
        let mut tried = self.tried.lock();
        tried.keys += 1;
        if *tried.user != *user {
            tried.user = user.into();
        }
    }

    pub(crate) fn admitted(&self) {
        self.tried.lock().admitted = true;
        self.session.admitted();
    }

    pub(crate) fn is_admitted(&self) -> bool {
        self.tried.lock().admitted
    }

    /// The connection has ended, or must end.
    pub(crate) fn ended(&self, grace_over: bool) {
        let (failure, user) = {
            let tried = self.tried.lock();
            let failure = match () {
                () if tried.admitted => return,
                () if tried.keys > 0 => Failure::PublicKey,
                () if grace_over => Failure::Grace,
                () if tried.passwords > 0 => return,
                () => Failure::Nothing,
            };
            (failure, tried.user.clone())
        };
        self.failed(failure, &user);
    }

    fn failed(&self, failure: Failure, user: &str) {
        let attempt = Attempt { machine: self.machine, peer: self.peer, user };
        self.machines.failures.add(failure, attempt, self.machines.clock.now_ms());
    }
}

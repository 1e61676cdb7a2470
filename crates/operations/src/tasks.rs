//! One task for each instance with an operation: made when the operation is announced, woken by changes.

use crate::{
    shared::{Alive, Shared},
    walk,
};
use cvmd_model::InstanceId;
use std::{
    collections::hash_map::Entry,
    sync::{Arc, atomic::Ordering},
};

/// Makes the instance's task, or wakes the existing one.
pub(crate) fn wake(shared: &Arc<Shared>, id: InstanceId, alive: &Alive) {
    let task = match shared.tasks().entry(id) {
        Entry::Occupied(entry) => {
            entry.get().wakes.fetch_add(1, Ordering::Relaxed);
            entry.get().notify.notify_one();
            return;
        }
        Entry::Vacant(entry) => Arc::clone(entry.insert(Arc::default())),
    };
    let shared = Arc::clone(shared);
    let alive = alive.clone();
    tokio::spawn(async move {
        let place = Place { shared: &shared, id };
        walk::run(&shared, id, &task).await;
        drop(place);
        drop(alive);
    });
}

/// Removes a task even when it panics, so that a new one can be made for the instance.
struct Place<'a> {
    shared: &'a Shared,
    id: InstanceId,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() || self.shared.is_stopping() {
            self.shared.tasks().remove(&self.id);
        }
    }
}

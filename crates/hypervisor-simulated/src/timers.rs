//! Times at which machines change by themselves: one task for all of them.

use cvmd_clock::Clock;
use cvmd_model::InstanceId;
use parking_lot::Mutex;
use std::collections::BTreeSet;
use tokio::sync::Notify;

/// Machines by the time at which they change.
#[derive(Debug, Default)]
pub(crate) struct Timers {
    moments: Mutex<BTreeSet<(u64, InstanceId)>>,
    earlier: Notify,
}

impl Timers {
    /// Records that `id` changes at `at_ms`. A time that another change has made obsolete may still come: it means
    /// "look again".
    pub(crate) fn add(&self, at_ms: u64, id: InstanceId) {
        let mut moments = self.moments.lock();
        moments.insert((at_ms, id));
        if moments.first() == Some(&(at_ms, id)) {
            self.earlier.notify_one();
        }
    }

    /// Calls `due` for each machine at its time, until `due` returns false.
    pub(crate) async fn run(&self, clock: Clock, due: impl Fn(InstanceId) -> bool) {
        loop {
            let now_ms = clock.now_ms();
            let next_ms = loop {
                let first = {
                    let mut moments = self.moments.lock();
                    match moments.first().copied() {
                        Some((at_ms, id)) if at_ms <= now_ms => {
                            moments.pop_first();
                            Ok(id)
                        }
                        later => Err(later.map(|(at_ms, _)| at_ms)),
                    }
                };
                match first {
                    Ok(id) if !due(id) => return,
                    Ok(_) => {}
                    Err(next_ms) => break next_ms,
                }
            };
            match next_ms {
                None => self.earlier.notified().await,
                Some(next_ms) => tokio::select! {
                    () = clock.sleep_until(next_ms) => {}
                    () = self.earlier.notified() => {}
                },
            }
        }
    }
}

//! Holds effects back while somebody notes one moment of the state and of the machines.

use std::sync::Arc;
use tokio::sync::watch;

/// Whether effects on machines may be started. They may when nobody holds them.
///
/// # Guarantees
/// - After [`Gate::hold`] has returned, what an effect needs is committed only for those that had been started before, and
///   no other one begins until the hold is dropped. Those under way are not waited for: they are as after a crash.
#[derive(Debug, Clone)]
pub struct Gate(Arc<watch::Sender<usize>>);

/// Effects are held back as long as this lives.
#[derive(Debug)]
pub struct Hold(Gate);

impl Default for Gate {
    fn default() -> Gate {
        Gate(Arc::new(watch::Sender::new(0)))
    }
}

impl Gate {
    /// Starts no effect from now on. Several may hold at a time.
    #[must_use]
    pub fn hold(&self) -> Hold {
        self.0.send_modify(|holds| *holds += 1);
        Hold(self.clone())
    }

    /// Returns when nobody holds effects back: to be waited for between the commit that an effect needs and the effect.
    pub(crate) async fn opened(&self) {
        if *self.0.borrow() > 0 {
            // Invariant: the sender lives as long as this.
            let _ = self.0.subscribe().wait_for(|holds| *holds == 0).await;
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.0.0.send_modify(|holds| *holds -= 1);
    }
}

//! The data directory's epochs: a number that the state and the machines both hold, and that grows with time.
//!
//! A start compares the two (`truths`). So `state/` and `machines/` that were put together out of copies of different times are
//! recognised, if a minute with changes, a start or a stop lies between the copies.

use crate::app::{App, write};
use cvmd_state::{Settings, Transaction};
use std::{convert::Infallible, time::Duration};

/// How often another one begins while there are changes: two rows, whatever is done meanwhile.
const EVERY: Duration = Duration::from_secs(60);

/// Begins epochs for as long as it is polled.
pub(crate) async fn keep(app: &App) -> Infallible {
    let mut ticks = tokio::time::interval(EVERY);
    let commands = || app.state.figures().1;
    let mut before = commands();
    loop {
        ticks.tick().await;
        // An idle server writes nothing.
        if commands() != before {
            begin(app).await;
            before = commands();
        }
    }
}

/// Begins another one. Where that cannot be written, the last one goes on, and the next attempt has the same number.
pub(crate) async fn begin(app: &App) {
    // Health tells of these; trying would only be logged.
    if app.state.write_error().is_some() || app.hypervisor.trouble().is_some() {
        return;
    }
    let epoch = app.state.view().settings().epoch + 1;
    // Invariant: the machines first, so that they are never more than one ahead, however often the second fails.
    if app.hypervisor.put_epoch(epoch).await.is_ok() {
        let put = move |tx: &mut Transaction<'_>| {
            let settings = Settings { epoch, ..tx.view().settings().clone() };
            tx.put_settings(settings);
        };
        // The writer logs it.
        let _ = write(&app.state, put).await;
    }
}

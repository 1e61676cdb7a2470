//! Recovers from a full disk: tries to make something durable, so that the server becomes healthy without waiting for a
//! request that changes something.

use crate::app::{App, write};
use cvmd_state::Transaction;
use std::{convert::Infallible, time::Duration};

const TRIES_EVERY: Duration = Duration::from_secs(2);

/// Repeats that as long as it is polled, and only while the last group could not be made durable.
pub(crate) async fn try_again(app: &App) -> Infallible {
    let mut ticks = tokio::time::interval(TRIES_EVERY);
    loop {
        ticks.tick().await;
        if app.state.write_error().is_some() {
            // The writer logs the outcome.
            let anything = |tx: &mut Transaction<'_>| tx.put_settings(tx.view().settings().clone());
            let _ = write(&app.state, anything).await;
        }
    }
}

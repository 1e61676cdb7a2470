//! After the disk was full: tries again to make something durable, so that the server gets well by itself and not only once
//! somebody asks for a change.

use crate::app::App;
use std::{convert::Infallible, time::Duration};

const TRIES_EVERY: Duration = Duration::from_secs(2);

/// Tries for as long as it is asked, and only while the last group could not be made durable.
pub(crate) async fn try_again(app: &App) -> Infallible {
    let mut ticks = tokio::time::interval(TRIES_EVERY);
    loop {
        ticks.tick().await;
        if app.state.write_error().is_some() {
            // The writer's own log says what comes of it.
            let _ = app
                .state
                .change(|tx| {
                    let settings = tx.view().settings().clone();
                    tx.put_settings(settings);
                    Ok::<_, Infallible>(())
                })
                .await;
        }
    }
}

//! A server that another program has started for itself ends when that program has ended, however it did.

use std::time::Duration;

/// How often it is looked.
const LOOKS_EVERY: Duration = Duration::from_millis(250);

/// Returns when the process with this id is no longer our parent; never when there is none to depend on.
pub(crate) async fn gone(parent: Option<u32>) {
    let Some(parent) = parent else { return std::future::pending().await };
    let mut looks = tokio::time::interval(LOOKS_EVERY);
    // The parent may have ended before we first look: whoever has adopted us has another id.
    while !is_gone(parent) {
        looks.tick().await;
    }
    tracing::info!(parent, "whoever started this server has ended");
}

/// Whether that process is no longer our parent.
pub(crate) fn is_gone(parent: u32) -> bool {
    std::os::unix::process::parent_id() != parent
}

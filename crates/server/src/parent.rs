//! Ends a server that another program has started for itself, when that program has ended in any way.

use std::time::Duration;

/// How often it checks.
const LOOKS_EVERY: Duration = Duration::from_millis(250);

/// Returns when the process with this id is no longer our parent; never when there is none to depend on.
pub(crate) async fn gone(parent: Option<u32>) {
    let Some(parent) = parent else { return std::future::pending().await };
    let mut looks = tokio::time::interval(LOOKS_EVERY);
    // If the parent ended before the first check, another process has adopted us, with another id.
    while !is_gone(parent) {
        looks.tick().await;
    }
    tracing::info!(parent, "whoever started this server has ended");
}

/// Whether that process is no longer our parent.
pub(crate) fn is_gone(parent: u32) -> bool {
    std::os::unix::process::parent_id() != parent
}

//! Recovers from a full disk: tries to make something durable, so that the server becomes healthy without waiting for a
//! request that changes something.

use crate::app::{App, write};
use cvmd_state::Transaction;
use nix::sys::statvfs::statvfs;
use std::{convert::Infallible, path::Path, time::Duration};

const TRIES_EVERY: Duration = Duration::from_secs(2);
/// With so much room a disk is not full. Most commands write less.
const ROOM_BYTES: u64 = 1 << 20;

/// Repeats that as long as it is polled, and only while the last group could not be made durable.
pub(crate) async fn try_again(app: &App, data: &Path) -> Infallible {
    let mut ticks = tokio::time::interval(TRIES_EVERY);
    loop {
        ticks.tick().await;
        // A little would fit where what is asked for does not, and health would say so each time.
        if app.state.write_error().is_some() && has_room(data) {
            // The writer logs the outcome.
            let anything = |tx: &mut Transaction<'_>| tx.put_settings(tx.view().settings().clone());
            let _ = write(&app.state, anything).await;
        }
    }
}

/// Whether the disk has room, or that cannot be told.
fn has_room(data: &Path) -> bool {
    let room = |found: nix::sys::statvfs::Statvfs| found.blocks_available().saturating_mul(found.fragment_size());
    statvfs(data).map_or(true, |found| room(found) >= ROOM_BYTES)
}

//! Looks at the room on the disks, for health to tell of a full one before anything is refused, and recovers from one:
//! tries to make something durable, so that the server becomes healthy without waiting for a request that changes something.

use crate::{
    app::{App, write},
    data::TRUTHS,
};
use cvmd_state::Transaction;
use nix::{sys::statvfs::statvfs, unistd::geteuid};
use std::{convert::Infallible, path::Path, time::Duration};

const LOOKS_EVERY: Duration = Duration::from_secs(2);
/// With so much room a disk is not full. Most commands write less.
const ROOM_BYTES: u64 = 1 << 20;

/// Repeats that as long as it is polled. Tries only while the last group could not be made durable.
pub(crate) async fn watch(app: &App, data: &Path) -> Infallible {
    let mut ticks = tokio::time::interval(LOOKS_EVERY);
    loop {
        ticks.tick().await;
        let full = TRUTHS.map(|truth| data.join(truth)).into_iter().find(|directory| !has_room(directory));
        let is_full = full.is_some();
        *app.full_disk.lock() = full;
        // A little would fit where what is asked for does not, and health would say so each time.
        if is_full {
            continue;
        }
        if app.state.write_error().is_some() {
            // The writer logs the outcome.
            let anything = |tx: &mut Transaction<'_>| tx.put_settings(tx.view().settings().clone());
            let _ = write(&app.state, anything).await;
        }
        if app.hypervisor.trouble().is_some() {
            app.hypervisor.try_again().await;
        }
    }
}

/// Whether the disk has room for us, or that cannot be told.
fn has_room(directory: &Path) -> bool {
    statvfs(directory).map_or(true, |found| {
        // A part of some disks is kept for root.
        let blocks = if geteuid().is_root() { found.blocks_free() } else { found.blocks_available() };
        blocks.saturating_mul(found.fragment_size()) >= ROOM_BYTES
    })
}

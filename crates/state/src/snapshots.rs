//! Snapshots at one moment: which are visible, and their state.

use crate::View;
use cvmd_model::{AccountNumber, DiskId, ImageState, RegionId, Snapshot, SnapshotId};
use std::sync::Arc;

impl View {
    /// The account's snapshots in that region, newest first, without those of an image that could not be made.
    pub fn snapshots_of(&self, account: AccountNumber, region: RegionId) -> impl Iterator<Item = &Arc<Snapshot>> {
        self.snapshots().list(account, region).filter(|snapshot| self.snapshot_state(snapshot).is_some())
    }

    #[must_use]
    pub fn snapshot_of(&self, account: AccountNumber, region: RegionId, id: SnapshotId) -> Option<&Arc<Snapshot>> {
        self.snapshots().of(account, region, id).filter(|snapshot| self.snapshot_state(snapshot).is_some())
    }

    /// The visible snapshots of the disk.
    pub fn snapshots_of_disk(&self, disk: DiskId) -> impl Iterator<Item = &Arc<Snapshot>> {
        let of_disk = self.disk_snapshots.range((disk, SnapshotId::MIN)..).take_while(move |(of, _)| *of == disk);
        let rows = of_disk.filter_map(|(_, id)| self.snapshots().get(*id));
        rows.filter(|snapshot| self.snapshot_state(snapshot).is_some())
    }

    /// Whether it is complete, or still being taken with its image; `None` when it was never taken.
    #[must_use]
    pub fn snapshot_state(&self, snapshot: &Snapshot) -> Option<SnapshotState> {
        match self.custom_images().get(snapshot.image).map(|image| self.image_state(image)) {
            Some(ImageState::Creating) => Some(SnapshotState::Creating),
            Some(ImageState::CreateFailed) => None,
            Some(ImageState::Normal | ImageState::Deleting) | None => Some(SnapshotState::Normal),
        }
    }
}

/// The state of a snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SnapshotState {
    Creating,
    Normal,
}

impl SnapshotState {
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            SnapshotState::Creating => "CREATING",
            SnapshotState::Normal => "NORMAL",
        }
    }
}

//! A snapshot: what the state shows of a disk that was captured in an image.
//! <https://cloud.tencent.com/document/api/362/15647>

use crate::{AccountNumber, DiskId, ImageId, SnapshotId, Tag, ZoneId, resource::resource};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    pub id: SnapshotId,
    pub sequence: u64,
    pub account: AccountNumber,
    /// The zone of the disk.
    pub zone: ZoneId,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub project_id: u32,
    pub name: Box<str>,
    pub disk: DiskId,
    /// True for a system disk, false for a data disk.
    pub system: bool,
    pub size_gib: u32,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub encrypted: bool,
    /// The image it was taken for, which may be deleted by now.
    pub image: ImageId,
    pub created_seconds: u64,
    #[serde(default, skip_serializing_if = "<[Tag]>::is_empty")]
    pub tags: Box<[Tag]>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Snapshot {
    /// The name of the resource in all products.
    #[must_use]
    pub fn usage(&self) -> &'static str {
        if self.system { "SYSTEM_DISK" } else { "DATA_DISK" }
    }
}

resource!(Snapshot, SnapshotId, region: |snapshot| Some(snapshot.zone.region()), tags: |snapshot| &snapshot.tags);

//! A snapshot: what the state tells of a disk that was kept in an image, for as long as somebody wants to see it.

use crate::{AccountNumber, DiskId, ImageId, SnapshotId, Tag, ZoneId, resource::resource};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    pub id: SnapshotId,
    pub sequence: u64,
    pub account: AccountNumber,
    /// The disk's.
    pub zone: ZoneId,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub project_id: u32,
    pub name: Box<str>,
    pub disk: DiskId,
    /// Of a system disk; otherwise of a data disk.
    pub system: bool,
    pub size_gib: u32,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub encrypted: bool,
    /// It was taken for this one, which may be gone by now.
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
    /// As every product names it.
    #[must_use]
    pub fn usage(&self) -> &'static str {
        if self.system { "SYSTEM_DISK" } else { "DATA_DISK" }
    }
}

resource!(Snapshot, SnapshotId, |snapshot| Some(snapshot.zone.region()));

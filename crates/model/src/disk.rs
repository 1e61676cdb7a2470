//! The disks of an instance: what the state knows of each, and the tags that each has apart from the instance's own.

use crate::{DiskId, SnapshotId, Tag};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// The disk that an instance boots from. It is created and deleted with the instance
/// (<https://cloud.tencent.com/document/api/213/15753#SystemDisk>).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SystemDisk {
    pub id: DiskId,
    pub kind: Cow<'static, str>,
    pub size_gib: u32,
    /// At most 60 characters.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub name: Box<str>,
    /// As requested; the data of a simulated disk is not encrypted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub encrypt: bool,
    /// The key that an earlier cvmd accepted without knowing it; empty means the cloud's key.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub kms_key: Box<str>,
    #[serde(default, skip_serializing_if = "<[Tag]>::is_empty")]
    pub tags: Box<[Tag]>,
}

/// A further disk (<https://cloud.tencent.com/document/api/213/15753#DataDisk>).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DataDisk {
    pub id: DiskId,
    pub kind: Cow<'static, str>,
    pub size_gib: u32,
    pub delete_with_instance: bool,
    /// At most 60 characters.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub name: Box<str>,
    /// As requested; the data of a simulated disk is not encrypted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub encrypt: bool,
    /// The key that an earlier cvmd accepted without knowing it; empty means the cloud's key.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub kms_key: Box<str>,
    /// The snapshot it was made of, which may be deleted by now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub snapshot: Option<SnapshotId>,
    #[serde(default, skip_serializing_if = "<[Tag]>::is_empty")]
    pub tags: Box<[Tag]>,
}

impl SystemDisk {
    /// A disk of which only the position, the kind and the size are known.
    #[must_use]
    pub fn plain(id: DiskId, kind: &'static str, size_gib: u32) -> SystemDisk {
        let [name, kms_key] = ["", ""].map(Box::from);
        SystemDisk { id, kind: kind.into(), size_gib, name, encrypt: false, kms_key, tags: [].into() }
    }
}

impl DataDisk {
    /// The same for a disk that is deleted with its instance.
    #[must_use]
    pub fn plain(id: DiskId, kind: &'static str, size_gib: u32) -> DataDisk {
        let SystemDisk { id, kind, size_gib, name, encrypt, kms_key, tags } = SystemDisk::plain(id, kind, size_gib);
        DataDisk { id, kind, size_gib, delete_with_instance: true, name, encrypt, kms_key, snapshot: None, tags }
    }
}

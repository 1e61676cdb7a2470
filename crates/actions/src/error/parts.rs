//! Reasons that belong together, and the wire codes of each: disks that cannot be made, key pairs' names, what is too much.

use crate::Excess;
use cvmd_model::SnapshotId;
use cvmd_state::TooLarge;

/// Why a disk cannot be made as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiskReason {
    #[error("The snapshot id `{value}` is malformed: an id looks like `snap-1e4r6y8i`.")]
    MalformedSnapshotId { value: Box<str> },
    #[error(
        "The snapshot `{snapshot}` is not there, not finished, or not one of a data disk: DescribeSnapshots tells SnapshotState and DiskUsage."
    )]
    Snapshot { snapshot: SnapshotId },
    #[error("A data disk of {size_gib} GiB is smaller than its snapshot `{snapshot}`, which has {least_gib} GiB.")]
    BelowSnapshot { snapshot: SnapshotId, size_gib: u32, least_gib: u32 },
    #[error(
        "The key `{value}` in the parameter `{name}` does not exist: there is no key service here. Without it an encrypted disk has the cloud's key."
    )]
    KmsKey { name: Box<str>, value: Box<str> },
}

/// Why a key pair cannot be called so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyNameReason {
    #[error("The key pair name is empty.")]
    Empty,
    #[error("The key pair name has more than 25 characters.")]
    TooLong,
    #[error("The key pair name may hold letters, digits and underscores only.")]
    Illegal,
}

pub(super) fn disk(why: &DiskReason) -> &'static str {
    match why {
        DiskReason::MalformedSnapshotId { .. } => "InvalidParameterValue.SnapshotIdMalformed",
        DiskReason::Snapshot { .. } => "InvalidParameter.SnapshotNotFound",
        DiskReason::BelowSnapshot { .. } => "FailedOperation.SnapshotSizeLargerThanDataSize",
        // The vendor documents none for a key that is not there.
        DiskReason::KmsKey { .. } => "InvalidParameterValue",
    }
}

pub(super) fn key_name(why: &KeyNameReason) -> &'static str {
    match why {
        KeyNameReason::Empty => "InvalidKeyPairNameEmpty",
        KeyNameReason::TooLong => "InvalidKeyPairNameTooLong",
        KeyNameReason::Illegal => "InvalidKeyPairNameIncludeIllegalChar",
    }
}

pub(super) fn excess(why: &Excess) -> &'static str {
    match why {
        Excess::Written(TooLarge::Account { .. }) => "LimitExceeded",
        Excess::Instances { .. } => "LimitExceeded.InstanceQuota",
        Excess::Text { .. } | Excess::List { .. } | Excess::Request { .. } | Excess::Reply { .. } => {
            "InvalidParameterValue"
        }
        Excess::Written(TooLarge::Row { .. } | TooLarge::Command { .. }) => "InvalidParameterValue",
    }
}

//! Disks that cannot be made as requested, or cannot grow.

use cvmd_model::{DiskRefusal, SnapshotId};

reasons! {
    /// Why a disk cannot be made as requested.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum DiskReason {
        MalformedSnapshotId { value: Box<str> } => "InvalidParameterValue.SnapshotIdMalformed",
            "The snapshot id `{value}` is malformed: an id looks like `snap-1e4r6y8i`.",
            "快照 ID `{value}` 格式错误，正确的格式如 `snap-1e4r6y8i`。";
        Snapshot { snapshot: SnapshotId } => "InvalidParameter.SnapshotNotFound",
            "The snapshot `{snapshot}` is not there, not finished, or not one of a data disk: DescribeSnapshots tells SnapshotState and DiskUsage.",
            "快照 `{snapshot}` 不存在、尚未完成或不是数据盘快照；可用 DescribeSnapshots 查询 SnapshotState 与 DiskUsage。";
        BelowSnapshot { snapshot: SnapshotId, size_gib: u32, least_gib: u32 } => "FailedOperation.SnapshotSizeLargerThanDataSize",
            "A data disk of {size_gib} GiB is smaller than its snapshot `{snapshot}`, which has {least_gib} GiB.",
            "数据盘大小 {size_gib} GiB 小于快照 `{snapshot}` 的大小 {least_gib} GiB。";
        KmsKey { name: Box<str>, value: Box<str> } => "InvalidParameterValue",
            "The key `{value}` in the parameter `{name}` does not exist: there is no key service here. Without it an encrypted disk has the cloud's key.",
            "参数 `{name}` 指定的密钥 `{value}` 不存在：此处没有密钥管理服务；不指定时，加密盘使用云平台的密钥。";
    }
}

// Reasons for disks that are to grow.
reasons! {
    for DiskRefusal {
        Local(id) => "InvalidParameter.LocalDataDiskNotSupport",
            "The disk `{id}` is local, and stays as large as it is.",
            "磁盘 `{id}` 为本地盘，不支持扩容。";
        IsSystemDisk(id) => "InvalidParameter.DataDiskIdContainsRootDisk",
            "The disk `{id}` is the system disk; name it as `SystemDisk`.",
            "磁盘 `{id}` 为系统盘，请使用参数 `SystemDisk`。";
        Elsewhere { disk, instance } => "InvalidParameter.DataDiskNotBelongSpecifiedInstance",
            "The disk `{disk}` is no data disk of the instance `{instance}`.",
            "磁盘 `{disk}` 不是实例 `{instance}` 的数据盘。";
        Shrinks { disk, present_gib, size_gib } => "InvalidParameterValue",
            "The disk `{disk}` has {present_gib} GiB and cannot shrink to {size_gib} GiB.",
            "磁盘 `{disk}` 当前为 {present_gib} GiB，不支持缩容至 {size_gib} GiB。";
    }
}

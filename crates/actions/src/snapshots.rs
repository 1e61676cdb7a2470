//! Snapshots of disks: how an image takes them, their replies in the disk product, and their deletion with the image.

use crate::{Context, EMPTY, disks, reply::civil_time, time};
use cvmd_model::{CustomImage, DiskId, ImageId, ImageState, Instance, Refusal, Snapshot, SnapshotId};
use cvmd_state::{SnapshotState, Transaction, View};
use serde::Serialize;

/// The maximum of snapshots of an account in a region.
pub(crate) const QUOTA: usize = 10_000;

/// The type of all snapshots here.
const PRIVATE: &str = "PRIVATE_SNAPSHOT";

/// Snapshots of the system disk and of those data disks, if there is room for them; their ids are new.
pub(crate) fn of_image(
    tx: &mut Transaction<'_>,
    context: &Context,
    source: &Instance,
    data_disks: &[DiskId],
    (image, name): (ImageId, &str),
) -> Result<Vec<Snapshot>, Refusal> {
    let named = source.data_disks.iter().filter(|disk| data_disks.contains(&disk.id));
    let system = &source.system_disk;
    let system = (system.id, system.size_gib, system.encrypt, true);
    let named = named.map(|disk| (disk.id, disk.size_gib, disk.encrypt, false));
    let disks: Vec<_> = [system].into_iter().chain(named).collect();
    let view = tx.view();
    if view.snapshots().count(context.account, context.region) + disks.len() > QUOTA {
        return Err(Refusal::SnapshotQuota { limit: QUOTA });
    }
    let mut random = context.random(b's');
    let mut snapshots: Vec<Snapshot> = Vec::with_capacity(disks.len());
    for (disk, size_gib, encrypted, system) in disks {
        let is_free = |id: &SnapshotId| {
            view.snapshots().get(*id).is_none() && snapshots.iter().all(|snapshot| snapshot.id != *id)
        };
        snapshots.push(Snapshot {
            id: Context::new_id(&mut random, SnapshotId::from_random, is_free),
            sequence: tx.next_sequence(),
            account: context.account,
            zone: source.zone,
            project_id: source.project_id,
            name: name.into(),
            disk,
            system,
            size_gib,
            encrypted,
            image,
            created_seconds: context.now_seconds,
            tags: [].into(),
        });
    }
    Ok(snapshots)
}

/// Deletes what belongs to a deleted image: its snapshots, if they are to be deleted too or were never completed.
pub(crate) fn discard(tx: &mut Transaction<'_>, image: &CustomImage, with_snapshots: bool) {
    let view = tx.view();
    if with_snapshots || view.image_state(image) == ImageState::CreateFailed {
        image.snapshots.iter().filter_map(|id| view.snapshots().get(*id)).for_each(|snapshot| tx.delete(snapshot));
    }
}

/// The image that still needs the snapshot.
pub(crate) fn image<'a>(view: &'a View, snapshot: &Snapshot) -> Option<&'a CustomImage> {
    view.image_of(snapshot.account, snapshot.zone.region(), snapshot.image).map(AsRef::as_ref)
}

filters! {
    pub(crate) fn passes(filter, snapshot: &Snapshot, view: &View) {
        "snapshot-id" => filter.has(&snapshot.id.to_string()),
        "snapshot-name" => filter.has(&snapshot.name),
        "snapshot-state" => view.snapshot_state(snapshot).is_some_and(|state| filter.has(state.name())),
        "disk-usage" => filter.has(snapshot.usage()),
        "project-id" => filter.has(&snapshot.project_id.to_string()),
        "disk-id" => filter.has(&snapshot.disk.to_string()),
        "zone" => filter.has(snapshot.zone.name()),
        "encrypt" => filter.has_flag(snapshot.encrypted),
        "snapshot-type" => filter.has(PRIVATE),
        ["tag-key", "tag-value"] => &snapshot.tags,
    }
}

pub(crate) fn reply(snapshot: &Snapshot, view: &View) -> impl Serialize {
    let state = view.snapshot_state(snapshot).unwrap_or(SnapshotState::Creating);
    let image = image(view, snapshot).filter(|_| state == SnapshotState::Normal);
    object! {
        Placement: disks::placement(snapshot.zone, snapshot.project_id, ""),
        CopyFromRemote: false,
        SnapshotState: state.name(),
        IsPermanent: true,
        SnapshotName: &snapshot.name,
        DeadlineTime: "",
        Percent: if state == SnapshotState::Normal { 100 } else { 0 },
        Images: Vec::from_iter(image.map(|image| object! { ImageId: image.id, ImageName: &image.name })),
        ShareReference: 0,
        SnapshotType: PRIVATE,
        DiskSize: snapshot.size_gib,
        DiskId: snapshot.disk.to_string(),
        CopyingToRegions: EMPTY,
        Encrypt: snapshot.encrypted,
        CreateTime: civil_time(snapshot.created_seconds),
        ImageCount: u32::from(image.is_some()),
        DiskUsage: snapshot.usage(),
        SnapshotId: snapshot.id.to_string(),
        TimeStartShare: "",
        Tags: &snapshot.tags,
        IsLocked: false,
        LatestModifyTime: time(snapshot.created_seconds),
        AutoSnapshotPolicyId: "",
        SnapshotMode: "",
    }
}

//! The disks of instances in the disk product. Here every disk belongs to an instance for its whole life.

use crate::{Context, EMPTY, Filter, NULL, places, reply::civil_time};
use cvmd_model::{DiskId, Instance, InstanceId, Tag, ZoneId};
use cvmd_state::View;
use serde::Serialize;
use std::sync::Arc;

/// One disk and its instance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Disk<'a> {
    pub instance: &'a Instance,
    pub id: DiskId,
    usage: &'static str,
    kind: &'a str,
    size_gib: u32,
    delete_with_instance: bool,
    name: &'a str,
    encrypt: bool,
    kms_key: &'a str,
    tags: &'a [Tag],
}

/// The system disk, then the data disks.
fn of(instance: &Arc<Instance>) -> impl Iterator<Item = Disk<'_>> {
    let system = &instance.system_disk;
    let system = Disk {
        instance,
        id: system.id,
        usage: "SYSTEM_DISK",
        kind: &system.kind,
        size_gib: system.size_gib,
        delete_with_instance: true,
        name: &system.name,
        encrypt: system.encrypt,
        kms_key: &system.kms_key,
        tags: &system.tags,
    };
    let data = instance.data_disks.iter().map(move |disk| Disk {
        instance,
        id: disk.id,
        usage: "DATA_DISK",
        kind: &disk.kind,
        size_gib: disk.size_gib,
        delete_with_instance: disk.delete_with_instance,
        name: &disk.name,
        encrypt: disk.encrypt,
        kms_key: &disk.kms_key,
        tags: &disk.tags,
    });
    std::iter::once(system).chain(data)
}

/// The account's disk in the requested region; `None` if it is another account's.
pub(crate) fn find<'a>(view: &'a View, context: &Context, id: DiskId) -> Option<Disk<'a>> {
    of(view.disk_holder_of(context.account, context.region, id)?).find(|disk| disk.id == id)
}

/// All disks that pass the filters, those of the newest instance first. If instances are named, only those are looked
/// at.
pub(crate) fn select<'a>(view: &'a View, context: &Context, filters: &[Filter]) -> Vec<Disk<'a>> {
    let passes = |disk: &Disk<'_>| filters.iter().all(|filter| passes(filter, disk));
    let named = |filter: &Filter| match &*filter.name {
        "instance-id" => {
            let ids = filter.values.iter().filter_map(|value| value.parse::<InstanceId>().ok());
            Some(ids.filter_map(|id| view.instance_of(context.account, context.region, id)).collect::<Vec<_>>())
        }
        "disk-id" => {
            let ids = filter.values.iter().filter_map(|value| value.parse().ok());
            Some(ids.filter_map(|id| view.disk_holder_of(context.account, context.region, id)).collect())
        }
        _ => None,
    };
    match filters.iter().find_map(named) {
        Some(mut holders) => {
            holders.sort_by_key(|holder| std::cmp::Reverse(holder.sequence));
            holders.dedup_by_key(|holder| holder.id);
            holders.into_iter().flat_map(of).filter(passes).collect()
        }
        None => view.instances_of(context.account, context.region).flat_map(of).filter(passes).collect(),
    }
}

filters! {
    pub(crate) fn passes(filter, disk: &Disk<'_>) {
        "disk-usage" => filter.has(disk.usage),
        "disk-charge-type" => filter.has(disk.charge_type()),
        "portable" => filter.has_flag(false),
        "project-id" => filter.has(&disk.instance.project_id.to_string()),
        "disk-id" => filter.has(&disk.id.to_string()),
        "disk-name" => filter.has(disk.name),
        "disk-type" => filter.has(disk.kind),
        "disk-state" => filter.has("ATTACHED"),
        "instance-id" => filter.has(&disk.instance.id.to_string()),
        "zone" => filter.has(disk.instance.zone.name()),
        "instance-ip-address" => {
            let addresses = [Some(disk.instance.private_address), disk.instance.public_address];
            addresses.iter().flatten().any(|address| filter.has(&address.to_string()))
        },
        "instance-name" => filter.has(&disk.instance.name),
        // No disk here is in a dedicated cluster.
        "dedicated-cluster-id" | "cluster-group-id" => false,
        ["tag-key", "tag-value"] => disk.tags,
    }
}

impl Disk<'_> {
    /// A disk has its instance's charge type; there are no spot disks.
    fn charge_type(&self) -> &'static str {
        if self.instance.extras().prepaid.is_some() { "PREPAID" } else { "POSTPAID_BY_HOUR" }
    }

    /// The end of its term, unix seconds.
    pub(crate) fn deadline_seconds(&self) -> Option<u64> {
        self.instance.extras().prepaid.map(|prepaid| prepaid.expires_seconds)
    }
}

/// The vendor's code for a disk that cannot be returned because it is not elastic.
const NOT_ELASTIC: i32 = 10;

pub(crate) fn reply(disk: &Disk<'_>, policies: bool, view: &View, context: &Context) -> impl Serialize {
    let Disk { instance, .. } = disk;
    let (snapshot_count, snapshots_gib) = view
        .snapshots_of_disk(disk.id)
        .fold((0, 0), |(count, sum), snapshot| (count + 1, sum + u64::from(snapshot.size_gib)));
    let deadline = disk.deadline_seconds();
    object! {
        DeleteWithInstance: disk.delete_with_instance,
        RenewFlag: instance.extras().prepaid.map_or("NOTIFY_AND_MANUAL_RENEW", |prepaid| prepaid.renew.name()),
        DiskType: disk.kind,
        DiskState: "ATTACHED",
        SnapshotCount: snapshot_count,
        AutoRenewFlagError: false,
        Rollbacking: false,
        InstanceIdList: [instance.id],
        Encrypt: disk.encrypt,
        DiskName: disk.name,
        BackupDisk: false,
        Tags: disk.tags,
        InstanceId: instance.id,
        AttachMode: "PF",
        AutoSnapshotPolicyIds: policies.then_some(EMPTY),
        ThroughputPerformance: 0,
        Migrating: false,
        DiskId: disk.id,
        // In MiB.
        SnapshotSize: snapshots_gib * 1024,
        Placement: placement(instance.zone, instance.project_id, project_name(instance.project_id, context)),
        IsReturnable: false,
        DeadlineTime: deadline.map(civil_time).unwrap_or_default(),
        Attached: true,
        DiskSize: disk.size_gib,
        MigratePercent: 0,
        DiskUsage: disk.usage,
        DiskChargeType: disk.charge_type(),
        Portable: false,
        SnapshotAbility: true,
        DeadlineError: false,
        RollbackPercent: 0,
        DifferDaysOfDeadline: deadline.map(|deadline| deadline.saturating_sub(context.now_seconds) / 86_400),
        ReturnFailCode: NOT_ELASTIC,
        Shareable: false,
        CreateTime: civil_time(instance.created_seconds),
        DeleteSnapshot: 0,
        DiskBackupQuota: 0,
        DiskBackupCount: 0,
        InstanceType: "CVM",
        LastAttachInsId: instance.id,
        ErrorPrompt: "",
        BurstPerformance: false,
        EncryptType: "",
        KmsKeyId: disk.kms_key,
        LatestOperation: "",
        LatestOperationState: "",
        LatestOperationRequestId: "",
    }
}

pub(crate) fn placement(zone: ZoneId, project_id: u32, project_name: &'static str) -> impl Serialize {
    object! {
        Zone: zone.name(),
        CageId: "",
        CdcId: "",
        CdcName: "",
        DedicatedClusterId: NULL,
        ProjectId: project_id,
        ProjectName: project_name,
    }
}

/// Projects are only numbers here; only the default one has a name.
fn project_name(project_id: u32, context: &Context) -> &'static str {
    if project_id == 0 { places::named(context, "默认项目", "Default Project") } else { "" }
}

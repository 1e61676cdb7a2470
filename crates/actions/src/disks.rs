//! The disks of instances in the disk product. Here every disk belongs to an instance for its whole life.

use crate::{
    Context,
    filters::Filter,
    places,
    reply::{Unset, time},
};
use cvmd_model::{DiskId, Instance, InstanceId, Tag, ZoneId};
use cvmd_state::View;
use serde::Serialize;
use std::sync::Arc;

/// The names of the filters that [`Disk::passes`] supports.
pub(crate) const FILTERS: &[&str] = &[
    "disk-usage",
    "disk-charge-type",
    "portable",
    "project-id",
    "disk-id",
    "disk-name",
    "disk-type",
    "disk-state",
    "instance-id",
    "zone",
    "instance-ip-address",
    "instance-name",
    "tag-key",
    "tag-value",
    "dedicated-cluster-id",
    "cluster-group-id",
];

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
    let passes = |disk: &Disk<'_>| filters.iter().all(|filter| disk.passes(filter));
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

impl Disk<'_> {
    fn passes(&self, filter: &Filter) -> bool {
        let Disk { instance, .. } = self;
        let addresses = [Some(instance.private_address), instance.public_address];
        match &*filter.name {
            "disk-usage" => filter.has(self.usage),
            "disk-charge-type" => filter.has(self.charge_type()),
            "portable" => filter.values.iter().any(|value| value.eq_ignore_ascii_case("false")),
            "project-id" => filter.has(&instance.project_id.to_string()),
            "disk-id" => filter.has(&self.id.to_string()),
            "disk-name" => filter.has(self.name),
            "disk-type" => filter.has(self.kind),
            "disk-state" => filter.has("ATTACHED"),
            "instance-id" => filter.has(&instance.id.to_string()),
            "zone" => filter.has(instance.zone.name()),
            "instance-ip-address" => addresses.iter().flatten().any(|address| filter.has(&address.to_string())),
            "instance-name" => filter.has(&instance.name),
            // No disk here is in a dedicated cluster.
            "dedicated-cluster-id" | "cluster-group-id" => false,
            _ => filter.has_tag(self.tags),
        }
    }

    /// A disk has its instance's charge type; there are no spot disks.
    fn charge_type(&self) -> &'static str {
        if self.instance.extras().prepaid.is_some() { "PREPAID" } else { "POSTPAID_BY_HOUR" }
    }

    /// The end of its term, unix seconds.
    pub(crate) fn deadline_seconds(&self) -> Option<u64> {
        self.instance.extras().prepaid.map(|prepaid| prepaid.expires_seconds)
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DiskReply<'a> {
    delete_with_instance: bool,
    renew_flag: &'static str,
    disk_type: &'a str,
    disk_state: &'static str,
    snapshot_count: u32,
    auto_renew_flag_error: bool,
    rollbacking: bool,
    instance_id_list: [InstanceId; 1],
    encrypt: bool,
    disk_name: &'a str,
    backup_disk: bool,
    tags: &'a [Tag],
    instance_id: InstanceId,
    attach_mode: &'static str,
    auto_snapshot_policy_ids: Option<[&'static str; 0]>,
    throughput_performance: u32,
    migrating: bool,
    disk_id: DiskId,
    snapshot_size: u64,
    placement: Placement,
    is_returnable: bool,
    deadline_time: String,
    attached: bool,
    disk_size: u32,
    migrate_percent: u32,
    disk_usage: &'static str,
    disk_charge_type: &'static str,
    portable: bool,
    snapshot_ability: bool,
    deadline_error: bool,
    rollback_percent: u32,
    differ_days_of_deadline: Option<u64>,
    return_fail_code: i32,
    shareable: bool,
    create_time: String,
    delete_snapshot: u32,
    disk_backup_quota: u32,
    disk_backup_count: u32,
    instance_type: &'static str,
    last_attach_ins_id: InstanceId,
    error_prompt: &'static str,
    burst_performance: bool,
    encrypt_type: &'static str,
    kms_key_id: &'a str,
    latest_operation: &'static str,
    latest_operation_state: &'static str,
    latest_operation_request_id: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Placement {
    zone: &'static str,
    cage_id: &'static str,
    cdc_id: &'static str,
    cdc_name: &'static str,
    dedicated_cluster_id: Unset,
    project_id: u32,
    project_name: &'static str,
}

/// The vendor's code for a disk that cannot be returned because it is not elastic.
const NOT_ELASTIC: i32 = 10;

impl<'a> DiskReply<'a> {
    pub(crate) fn of(disk: &Disk<'a>, policies: bool, view: &View, context: &Context) -> DiskReply<'a> {
        let Disk { instance, .. } = disk;
        let (snapshot_count, snapshots_gib) = view
            .snapshots_of_disk(disk.id)
            .fold((0, 0), |(count, sum), snapshot| (count + 1, sum + u64::from(snapshot.size_gib)));
        let deadline = disk.deadline_seconds();
        DiskReply {
            delete_with_instance: disk.delete_with_instance,
            renew_flag: instance.extras().prepaid.map_or("NOTIFY_AND_MANUAL_RENEW", |prepaid| prepaid.renew.name()),
            disk_type: disk.kind,
            disk_state: "ATTACHED",
            snapshot_count,
            auto_renew_flag_error: false,
            rollbacking: false,
            instance_id_list: [instance.id],
            encrypt: disk.encrypt,
            disk_name: disk.name,
            backup_disk: false,
            tags: disk.tags,
            instance_id: instance.id,
            attach_mode: "PF",
            auto_snapshot_policy_ids: policies.then_some([]),
            throughput_performance: 0,
            migrating: false,
            disk_id: disk.id,
            // In MiB.
            snapshot_size: snapshots_gib * 1024,
            placement: Placement::of(instance.zone, instance.project_id, project_name(instance.project_id, context)),
            is_returnable: false,
            deadline_time: deadline.map(moment).unwrap_or_default(),
            attached: true,
            disk_size: disk.size_gib,
            migrate_percent: 0,
            disk_usage: disk.usage,
            disk_charge_type: disk.charge_type(),
            portable: false,
            snapshot_ability: true,
            deadline_error: false,
            rollback_percent: 0,
            differ_days_of_deadline: deadline.map(|deadline| deadline.saturating_sub(context.now_seconds) / 86_400),
            return_fail_code: NOT_ELASTIC,
            shareable: false,
            create_time: moment(instance.created_seconds),
            delete_snapshot: 0,
            disk_backup_quota: 0,
            disk_backup_count: 0,
            instance_type: "CVM",
            last_attach_ins_id: instance.id,
            error_prompt: "",
            burst_performance: false,
            encrypt_type: "",
            kms_key_id: disk.kms_key,
            latest_operation: "",
            latest_operation_state: "",
            latest_operation_request_id: "",
        }
    }
}

impl Placement {
    pub(crate) fn of(zone: ZoneId, project_id: u32, project_name: &'static str) -> Placement {
        Placement {
            zone: zone.name(),
            cage_id: "",
            cdc_id: "",
            cdc_name: "",
            dedicated_cluster_id: (),
            project_id,
            project_name,
        }
    }
}

/// Projects are only numbers here; only the default one has a name.
fn project_name(project_id: u32, context: &Context) -> &'static str {
    if project_id == 0 { places::named(context, "默认项目", "Default Project") } else { "" }
}

/// `2026-11-24 00:00:00`, the form of this product; in UTC, like all times here.
fn moment(seconds: u64) -> String {
    time(seconds).replace('T', " ").replace('Z', "")
}

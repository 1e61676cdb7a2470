//! What the API answers about instances and key pairs. Objects that clients dereference are always there; an empty
//! list is `[]`; what is unset is `null` where the vendor says so and absent where not.

use cvmd_model::{Instance, InstanceState, KeyPair, KeyPairId, Tag};
use cvmd_state::{Binding, View};
use serde::{Serialize, Serializer};
use std::net::Ipv4Addr;

const WINDOWS_LOGIN_PORT: u16 = 3389;

/// Unix seconds as `YYYY-MM-DDThh:mm:ssZ`.
#[must_use]
pub fn time(seconds: u64) -> String {
    // Invariant: the clock's seconds fit jiff's range for the next 7,000 years.
    i64::try_from(seconds)
        .ok()
        .and_then(|seconds| jiff::Timestamp::from_second(seconds).ok())
        .unwrap_or_default()
        .to_string()
}

/// Unix seconds as `YYYY-MM-DD hh:mm:ss`, in UTC: so the vpc product has it.
pub(crate) fn civil_time(seconds: u64) -> String {
    time(seconds).replace('T', " ").replace('Z', "")
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InstanceReply<'a> {
    placement: Placement<'a>,
    instance_id: String,
    instance_type: &'static str,
    #[serde(rename = "CPU")]
    cpu: u32,
    memory: u32,
    restrict_state: &'static str,
    instance_name: &'a str,
    instance_charge_type: &'static str,
    system_disk: SystemDisk<'a>,
    data_disks: Vec<DataDisk<'a>>,
    private_ip_addresses: [Ipv4Addr; 1],
    public_ip_addresses: Option<[Ipv4Addr; 1]>,
    internet_accessible: InternetAccessible<'a>,
    virtual_private_cloud: VirtualPrivateCloud,
    image_id: String,
    /// Absent for post-paid instances, as `ExpiredTime` is.
    #[serde(skip_serializing_if = "Option::is_none")]
    renew_flag: Option<&'static str>,
    created_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expired_time: Option<String>,
    os_name: &'static str,
    security_group_ids: Vec<String>,
    login_settings: LoginSettings<'a>,
    instance_state: &'static str,
    tags: &'a [Tag],
    stop_charging_mode: &'static str,
    uuid: String,
    latest_operation: Option<&'a str>,
    latest_operation_state: Option<&'static str>,
    latest_operation_request_id: Option<String>,
    disaster_recover_group_id: String,
    #[serde(rename = "IPv6Addresses")]
    ipv6_addresses: Option<[&'static str; 0]>,
    cam_role_name: &'a str,
    hpc_cluster_id: &'static str,
    rdma_ip_addresses: Option<[&'static str; 0]>,
    dedicated_cluster_id: &'static str,
    isolated_source: &'static str,
    disaster_recover_group_ids: Vec<String>,
    license_type: &'static str,
    disable_api_termination: bool,
    host_name: &'a str,
    default_login_user: &'static str,
    default_login_port: u16,
    latest_operation_error_msg: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    enable_jumbo_frame: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cpu_topology: Option<CpuTopology>,
    #[serde(skip_serializing_if = "Option::is_none")]
    partition_number: Option<u8>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Metadata<'a> {
    items: &'a [Tag],
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct CpuTopology {
    core_count: u32,
    thread_per_core: u32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Placement<'a> {
    zone: &'a str,
    project_id: u32,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct SystemDisk<'a> {
    disk_type: &'a str,
    disk_id: String,
    disk_size: u32,
    encrypt: bool,
    kms_key_id: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct DataDisk<'a> {
    disk_size: u32,
    disk_type: &'a str,
    disk_id: String,
    disk_name: &'a str,
    delete_with_instance: bool,
    encrypt: bool,
    throughput_performance: u32,
    kms_key_id: Option<&'static str>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct InternetAccessible<'a> {
    internet_charge_type: &'a str,
    internet_max_bandwidth_out: u32,
    public_ip_assigned: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct VirtualPrivateCloud {
    vpc_id: String,
    subnet_id: String,
    as_vpc_gateway: bool,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct LoginSettings<'a> {
    key_ids: &'a [KeyPairId],
}

impl InstanceReply<'_> {
    pub(crate) fn of<'a>(instance: &'a Instance, view: &View) -> InstanceReply<'a> {
        let kind = instance.instance_type.get();
        let latest = instance.latest.as_ref();
        let windows = instance.is_windows();
        let prepaid = instance.prepaid();
        let rare = instance.rare();
        let recycled = instance.state == InstanceState::Shutdown;
        InstanceReply {
            placement: Placement { zone: instance.zone.name(), project_id: instance.project_id },
            instance_id: instance.id.to_string(),
            instance_type: kind.name,
            cpu: kind.cpu,
            memory: kind.memory_gib,
            restrict_state: if recycled { "PROTECTIVELY_ISOLATED" } else { "NORMAL" },
            instance_name: &instance.name,
            instance_charge_type: instance.charge_type.name(),
            system_disk: system_disk(&instance.system_disk),
            data_disks: instance.data_disks.iter().map(data_disk).collect(),
            private_ip_addresses: [instance.private_address],
            public_ip_addresses: instance.public_address.map(|address| [address]),
            internet_accessible: InternetAccessible {
                internet_charge_type: &instance.internet.charge_type,
                internet_max_bandwidth_out: instance.internet.max_bandwidth_out,
                public_ip_assigned: instance.internet.public_ip_assigned,
            },
            virtual_private_cloud: VirtualPrivateCloud {
                vpc_id: instance.vpc.to_string(),
                subnet_id: instance.subnet.to_string(),
                as_vpc_gateway: false,
            },
            image_id: instance.image.to_string(),
            renew_flag: prepaid.map(|prepaid| prepaid.renew.name()),
            created_time: time(instance.created_seconds),
            expired_time: prepaid.map(|prepaid| time(prepaid.expires_seconds)),
            os_name: instance.system().map_or("", |image| image.os_name),
            security_group_ids: instance.security_groups.iter().map(ToString::to_string).collect(),
            login_settings: LoginSettings { key_ids: &instance.login.keys },
            instance_state: instance.state.name(),
            tags: &instance.tags,
            stop_charging_mode: stop_charging_mode(instance),
            uuid: instance.uuid.to_string(),
            latest_operation: latest.map(|latest| &*latest.action),
            latest_operation_state: latest.map(|latest| latest.state.name()),
            latest_operation_request_id: latest.map(|latest| latest.request.to_string()),
            disaster_recover_group_id: rare.group.map(|group| group.to_string()).unwrap_or_default(),
            ipv6_addresses: None,
            cam_role_name: rare.role.as_deref().unwrap_or_default(),
            hpc_cluster_id: "",
            rdma_ip_addresses: None,
            dedicated_cluster_id: "",
            isolated_source: if recycled { "MANMADE" } else { "NOTISOLATED" },
            disaster_recover_group_ids: rare.group.iter().map(ToString::to_string).collect(),
            license_type: if windows { "TencentCloud" } else { "" },
            disable_api_termination: instance.disable_api_termination,
            host_name: &instance.host_name,
            default_login_user: instance.user(),
            default_login_port: login_port(instance, view),
            latest_operation_error_msg: latest.and_then(|latest| latest.error.as_deref()),
            enable_jumbo_frame: rare.jumbo_frame,
            metadata: rare.metadata.as_deref().map(|items| Metadata { items }),
            cpu_topology: rare
                .cpu_topology
                .map(|topology| CpuTopology { core_count: topology.cores, thread_per_core: topology.threads_per_core }),
            partition_number: rare.partition,
        }
    }
}

fn login_port(instance: &Instance, view: &View) -> u16 {
    if instance.is_windows() {
        return WINDOWS_LOGIN_PORT;
    }
    instance.login_port.unwrap_or(view.settings().ssh_port)
}

fn system_disk(disk: &cvmd_model::SystemDisk) -> SystemDisk<'_> {
    SystemDisk {
        disk_type: &disk.kind,
        disk_id: disk.id.to_string(),
        disk_size: disk.size_gib,
        encrypt: false,
        kms_key_id: "",
    }
}

fn data_disk(disk: &cvmd_model::DataDisk) -> DataDisk<'_> {
    DataDisk {
        disk_size: disk.size_gib,
        disk_type: &disk.kind,
        disk_id: disk.id.to_string(),
        disk_name: &disk.name,
        delete_with_instance: disk.delete_with_instance,
        encrypt: false,
        throughput_performance: 0,
        kms_key_id: None,
    }
}

fn stop_charging_mode(instance: &Instance) -> &'static str {
    match (instance.state, instance.stopped_without_charging) {
        (InstanceState::Stopped, true) => "STOP_CHARGING",
        (InstanceState::Stopped, false) => "KEEP_CHARGING",
        _ => "NOT_APPLICABLE",
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct KeyPairReply<'a> {
    key_id: KeyPairId,
    key_name: &'a str,
    project_id: u32,
    description: &'a str,
    #[serde(serialize_with = "three_words")]
    public_key: &'a KeyPair,
    associated_instance_ids: Vec<String>,
    created_time: String,
    tags: &'a [Tag],
}

impl KeyPairReply<'_> {
    pub(crate) fn of<'a>(key: &'a KeyPair, view: &View) -> KeyPairReply<'a> {
        let bound = view.bindings(key.id).filter(|(_, binding)| *binding == Binding::Bound);
        KeyPairReply {
            key_id: key.id,
            key_name: &key.name,
            project_id: key.project_id,
            description: &key.description,
            public_key: key,
            associated_instance_ids: bound.map(|(instance, _)| instance.to_string()).collect(),
            created_time: time(key.created_seconds),
            tags: &key.tags,
        }
    }
}

/// A tag by itself.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TagPair {
    tag_key: Box<str>,
    tag_value: Box<str>,
    category: &'static str,
}

impl TagPair {
    pub(crate) fn of((tag_key, tag_value): (Box<str>, Box<str>)) -> TagPair {
        TagPair { tag_key, tag_value, category: "Custom" }
    }

    pub(crate) fn all(tags: &[Tag]) -> Vec<TagPair> {
        tags.iter().map(|tag| TagPair::of((tag.key.clone(), tag.value.clone()))).collect()
    }
}

/// One tag of a resource, as the tag product lists it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TagReply {
    tag_key: Box<str>,
    tag_value: Box<str>,
    resource_id: Box<str>,
    tag_key_md5: String,
    tag_value_md5: String,
    service_type: &'static str,
    category: &'static str,
}

impl TagReply {
    pub(crate) fn of(tag: &Tag, resource_id: &str, service_type: &'static str) -> TagReply {
        let md5 = |text: &str| format!("{:x}", md5::compute(text));
        TagReply {
            tag_key: tag.key.clone(),
            tag_value: tag.value.clone(),
            resource_id: resource_id.into(),
            tag_key_md5: md5(&tag.key),
            tag_value_md5: md5(&tag.value),
            service_type,
            category: "Custom",
        }
    }
}

/// Clients drop the last word of a public key, so there must be a third one.
fn three_words<S: Serializer>(key: &&KeyPair, serializer: S) -> Result<S::Ok, S::Error> {
    if key.public_key.comment().is_empty() {
        serializer.collect_str(&key.public_key.clone().with_comment(&key.id.to_string()))
    } else {
        serializer.collect_str(&key.public_key)
    }
}

//! Replies about instances and key pairs. Every member of the vendor's description is present, and an unset one looks
//! as in recordings of the vendor's replies: `null`, `""` or `[]`.

use cvmd_model::{
    ChargeType, DiskId, ImageId, Instance, InstanceId, InstanceState, KeyPair, KeyPairId, RequestId, SecurityGroupId,
    SnapshotId, SubnetId, Tag, VpcId,
};
use cvmd_state::{Binding, View};
use serde::{Serialize, Serializer};
use std::net::Ipv4Addr;

const WINDOWS_LOGIN_PORT: u16 = 3389;

/// A member that is never set here: `null`.
pub(crate) type Unset = ();

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

/// The same to the millisecond: `YYYY-MM-DDThh:mm:ss.123Z`.
#[must_use]
pub fn time_with_milliseconds(seconds: u64, microseconds: u32) -> String {
    time(seconds).replace('Z', &format!(".{:03}Z", microseconds / 1000))
}

/// Unix seconds as `YYYY-MM-DD hh:mm:ss`, in UTC: the form of the vpc product.
pub(crate) fn civil_time(seconds: u64) -> String {
    time(seconds).replace('T', " ").replace('Z', "")
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InstanceReply<'a> {
    placement: Placement<'a>,
    instance_id: InstanceId,
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
    image_id: ImageId,
    /// Null for post-paid instances, as `ExpiredTime` is.
    renew_flag: Option<&'static str>,
    created_time: String,
    expired_time: Option<String>,
    os_name: &'static str,
    security_group_ids: &'a [SecurityGroupId],
    login_settings: LoginSettings<'a>,
    instance_state: &'static str,
    tags: &'a [Tag],
    stop_charging_mode: &'static str,
    uuid: uuid::Uuid,
    latest_operation: Option<&'a str>,
    latest_operation_state: Option<&'static str>,
    latest_operation_request_id: Option<RequestId>,
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
    enable_jumbo_frame: Option<bool>,
    metadata: Option<Metadata<'a>>,
    cpu_topology: Option<CpuTopology>,
    partition_number: Option<u8>,
    operator_uin: &'static str,
    platform_project_id: Unset,
    #[serde(rename = "GPUInfo")]
    gpu_info: Unset,
    #[serde(rename = "PublicIPv6Addresses")]
    public_ipv6_addresses: Unset,
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
    host_id: Unset,
    host_ids: Unset,
    dedicated_resource_pack_tenancy: Unset,
    dedicated_resource_pack_ids: Unset,
    rack_id: Unset,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct SystemDisk<'a> {
    disk_type: &'a str,
    disk_id: DiskId,
    disk_size: u32,
    disk_name: Option<&'a str>,
    encrypt: bool,
    kms_key_id: Option<&'a str>,
    throughput_performance: u32,
    cdc_id: Unset,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct DataDisk<'a> {
    disk_size: u32,
    disk_type: &'a str,
    disk_id: DiskId,
    disk_name: &'a str,
    delete_with_instance: bool,
    encrypt: bool,
    throughput_performance: u32,
    kms_key_id: Option<&'a str>,
    cdc_id: Unset,
    snapshot_id: Option<SnapshotId>,
    burst_performance: Unset,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct InternetAccessible<'a> {
    /// Null while the instance is stopped without charging.
    internet_charge_type: Option<&'a str>,
    internet_max_bandwidth_out: u32,
    public_ip_assigned: bool,
    bandwidth_package_id: Unset,
    internet_service_provider: Unset,
    #[serde(rename = "IPv4AddressType")]
    ipv4_address_type: Unset,
    #[serde(rename = "IPv6AddressType")]
    ipv6_address_type: Unset,
    #[serde(rename = "AntiDDoSPackageId")]
    anti_ddos_package_id: Unset,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct VirtualPrivateCloud {
    vpc_id: VpcId,
    subnet_id: SubnetId,
    as_vpc_gateway: bool,
    private_ip_addresses: Unset,
    ipv6_address_count: Unset,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct LoginSettings<'a> {
    /// Null, not empty, when no key pair is bound: so the vendor's replies were recorded.
    key_ids: Option<&'a [KeyPairId]>,
    /// Never shown.
    password: Unset,
    keep_image_login: Unset,
}

impl InstanceReply<'_> {
    pub(crate) fn of<'a>(instance: &'a Instance, view: &View) -> InstanceReply<'a> {
        let kind = instance.instance_type.get();
        let latest = instance.latest.as_ref();
        let prepaid = instance.prepaid();
        let extras = instance.extras();
        let recycled = instance.state == InstanceState::Shutdown;
        InstanceReply {
            placement: placement(instance),
            instance_id: instance.id,
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
            internet_accessible: internet_accessible(instance),
            virtual_private_cloud: VirtualPrivateCloud {
                vpc_id: instance.vpc,
                subnet_id: instance.subnet,
                as_vpc_gateway: false,
                private_ip_addresses: (),
                ipv6_address_count: (),
            },
            image_id: instance.image,
            renew_flag: prepaid.map(|prepaid| prepaid.renew.name()),
            created_time: time(instance.created_seconds),
            expired_time: prepaid.map(|prepaid| time(prepaid.expires_seconds)),
            os_name: instance.system().map_or("", |image| image.os_name),
            security_group_ids: &instance.security_groups,
            login_settings: login_settings(instance),
            instance_state: instance.state.name(),
            tags: &instance.tags,
            stop_charging_mode: stop_charging_mode(instance),
            uuid: instance.uuid,
            latest_operation: latest.map(|latest| &*latest.action),
            latest_operation_state: latest.map(|latest| latest.state.name()),
            latest_operation_request_id: latest.map(|latest| latest.request),
            disaster_recover_group_id: extras.group.map(|group| group.to_string()).unwrap_or_default(),
            ipv6_addresses: None,
            cam_role_name: extras.role.as_deref().unwrap_or_default(),
            hpc_cluster_id: "",
            rdma_ip_addresses: None,
            dedicated_cluster_id: "",
            isolated_source: if recycled { "MANMADE" } else { "NOTISOLATED" },
            disaster_recover_group_ids: extras.group.iter().map(ToString::to_string).collect(),
            license_type: "TencentCloud",
            disable_api_termination: instance.disable_api_termination,
            host_name: &instance.host_name,
            default_login_user: instance.user(),
            default_login_port: login_port(instance, view),
            latest_operation_error_msg: latest.and_then(|latest| latest.error.as_deref()),
            enable_jumbo_frame: extras.jumbo_frame,
            metadata: extras.metadata.as_deref().map(|items| Metadata { items }),
            cpu_topology: extras
                .cpu_topology
                .map(|topology| CpuTopology { core_count: topology.cores, thread_per_core: topology.threads_per_core }),
            partition_number: extras.partition,
            operator_uin: "",
            platform_project_id: (),
            gpu_info: (),
            public_ipv6_addresses: (),
        }
    }
}

fn login_port(instance: &Instance, view: &View) -> u16 {
    if instance.is_windows() {
        return WINDOWS_LOGIN_PORT;
    }
    instance.login_port.unwrap_or(view.settings().ssh_port)
}

fn placement(instance: &Instance) -> Placement<'_> {
    Placement {
        zone: instance.zone.name(),
        project_id: instance.project_id,
        host_id: (),
        host_ids: (),
        dedicated_resource_pack_tenancy: (),
        dedicated_resource_pack_ids: (),
        rack_id: (),
    }
}

pub(crate) fn internet_accessible(instance: &Instance) -> InternetAccessible<'_> {
    InternetAccessible {
        internet_charge_type: Some(&*instance.internet.charge_type).filter(|_| !is_asleep(instance)),
        internet_max_bandwidth_out: instance.internet.max_bandwidth_out,
        public_ip_assigned: instance.public_address.is_some(),
        bandwidth_package_id: (),
        internet_service_provider: (),
        ipv4_address_type: (),
        ipv6_address_type: (),
        anti_ddos_package_id: (),
    }
}

fn login_settings(instance: &Instance) -> LoginSettings<'_> {
    let keys = &instance.login.keys;
    LoginSettings { key_ids: (!keys.is_empty()).then_some(keys), password: (), keep_image_login: () }
}

/// The text, or null if it is empty.
fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn system_disk(disk: &cvmd_model::SystemDisk) -> SystemDisk<'_> {
    SystemDisk {
        disk_type: &disk.kind,
        disk_id: disk.id,
        disk_size: disk.size_gib,
        encrypt: disk.encrypt,
        kms_key_id: given(&disk.kms_key),
        throughput_performance: 0,
        cdc_id: (),
        disk_name: given(&disk.name),
    }
}

fn data_disk(disk: &cvmd_model::DataDisk) -> DataDisk<'_> {
    DataDisk {
        disk_size: disk.size_gib,
        disk_type: &disk.kind,
        disk_id: disk.id,
        disk_name: &disk.name,
        delete_with_instance: disk.delete_with_instance,
        encrypt: disk.encrypt,
        throughput_performance: 0,
        kms_key_id: given(&disk.kms_key),
        cdc_id: (),
        snapshot_id: disk.snapshot,
        burst_performance: (),
    }
}

fn stop_charging_mode(instance: &Instance) -> &'static str {
    match (instance.state, instance.charge_type) {
        (InstanceState::Stopped, ChargeType::PostpaidByHour) if instance.is_asleep() => "STOP_CHARGING",
        (InstanceState::Stopped, ChargeType::PostpaidByHour) => "KEEP_CHARGING",
        _ => "NOT_APPLICABLE",
    }
}

fn is_asleep(instance: &Instance) -> bool {
    instance.state == InstanceState::Stopped && instance.is_asleep()
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
    associated_instance_ids: Vec<InstanceId>,
    created_time: String,
    tags: &'a [Tag],
    /// Returned once, by CreateKeyPair, and stored nowhere. Never empty: Terraform would take that for the key.
    private_key: Option<&'a str>,
}

impl KeyPairReply<'_> {
    pub(crate) fn of<'a>(key: &'a KeyPair, view: &View) -> KeyPairReply<'a> {
        let bound = view.bindings(key.id).filter(|(_, binding)| *binding == Binding::Bound);
        KeyPairReply {
            associated_instance_ids: bound.map(|(instance, _)| instance).collect(),
            private_key: None,
            ..KeyPairReply::created(key, "")
        }
    }

    /// A new key pair, which is bound to nothing, with its private half.
    pub(crate) fn created<'a>(key: &'a KeyPair, private_key: &'a str) -> KeyPairReply<'a> {
        KeyPairReply {
            key_id: key.id,
            key_name: &key.name,
            project_id: key.project_id,
            description: &key.description,
            public_key: key,
            associated_instance_ids: Vec::new(),
            created_time: time(key.created_seconds),
            tags: &key.tags,
            private_key: Some(private_key),
        }
    }
}

/// A tag.
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

/// Clients drop the last word of a public key, so there must be a third word.
fn three_words<S: Serializer>(key: &&KeyPair, serializer: S) -> Result<S::Ok, S::Error> {
    if key.public_key.comment().is_empty() {
        serializer.collect_str(&key.public_key.clone().with_comment(&key.id.to_string()))
    } else {
        serializer.collect_str(&key.public_key)
    }
}

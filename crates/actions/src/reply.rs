//! Replies about instances and key pairs. Every member of the vendor's description is present, and an unset one looks
//! as in recordings of the vendor's replies: `null`, `""` or `[]`.

use crate::NULL;
use cvmd_model::{ChargeType, DataDisk, Instance, InstanceId, InstanceState, KeyPair, SystemDisk, Tag};
use cvmd_state::{Binding, View};
use serde::Serialize;

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

/// The same to the millisecond: `YYYY-MM-DDThh:mm:ss.123Z`.
#[must_use]
pub fn time_with_milliseconds(seconds: u64, microseconds: u32) -> String {
    time(seconds).replace('Z', &format!(".{:03}Z", microseconds / 1000))
}

/// Unix seconds as `YYYY-MM-DD hh:mm:ss`, in UTC: the form of the vpc product.
pub(crate) fn civil_time(seconds: u64) -> String {
    time(seconds).replace('T', " ").replace('Z', "")
}

pub(crate) fn instance(instance: &Instance, view: &View) -> impl Serialize {
    let kind = instance.instance_type.get();
    let latest = instance.latest.as_ref();
    let prepaid = instance.prepaid();
    let extras = instance.extras();
    let recycled = instance.state == InstanceState::Shutdown;
    object! {
        Placement: placement(instance),
        InstanceId: instance.id,
        InstanceType: kind.name,
        CPU: kind.cpu,
        Memory: kind.memory_gib,
        RestrictState: if recycled { "PROTECTIVELY_ISOLATED" } else { "NORMAL" },
        InstanceName: &instance.name,
        InstanceChargeType: instance.charge_type.name(),
        SystemDisk: system_disk(&instance.system_disk),
        DataDisks: instance.data_disks.iter().map(data_disk).collect::<Vec<_>>(),
        PrivateIpAddresses: [instance.private_address],
        PublicIpAddresses: instance.public_address.map(|address| [address]),
        InternetAccessible: internet_accessible(instance),
        VirtualPrivateCloud: object! {
            VpcId: instance.vpc,
            SubnetId: instance.subnet,
            AsVpcGateway: false,
            PrivateIpAddresses: NULL,
            Ipv6AddressCount: NULL,
        },
        ImageId: instance.image,
        // Null for post-paid instances, as `ExpiredTime` is.
        RenewFlag: prepaid.map(|prepaid| prepaid.renew.name()),
        CreatedTime: time(instance.created_seconds),
        ExpiredTime: prepaid.map(|prepaid| time(prepaid.expires_seconds)),
        OsName: instance.system().map_or("", |image| image.os_name),
        SecurityGroupIds: &instance.security_groups,
        LoginSettings: login_settings(instance),
        InstanceState: instance.state.name(),
        Tags: &instance.tags,
        StopChargingMode: stop_charging_mode(instance),
        Uuid: instance.uuid,
        LatestOperation: latest.map(|latest| &*latest.action),
        LatestOperationState: latest.map(|latest| latest.state.name()),
        LatestOperationRequestId: latest.map(|latest| latest.request),
        DisasterRecoverGroupId: extras.group.map(|group| group.to_string()).unwrap_or_default(),
        IPv6Addresses: NULL,
        CamRoleName: extras.role.as_deref().unwrap_or_default(),
        HpcClusterId: "",
        RdmaIpAddresses: NULL,
        DedicatedClusterId: "",
        IsolatedSource: if recycled { "MANMADE" } else { "NOTISOLATED" },
        DisasterRecoverGroupIds: extras.group.iter().map(ToString::to_string).collect::<Vec<_>>(),
        LicenseType: "TencentCloud",
        DisableApiTermination: instance.disable_api_termination,
        HostName: &instance.host_name,
        DefaultLoginUser: instance.user(),
        DefaultLoginPort: login_port(instance, view),
        LatestOperationErrorMsg: latest.and_then(|latest| latest.error.as_deref()),
        EnableJumboFrame: extras.jumbo_frame,
        Metadata: extras.metadata.as_deref().map(|items| object! { Items: items }),
        CpuTopology: extras.cpu_topology.map(|topology| object! {
            CoreCount: topology.cores,
            ThreadPerCore: topology.threads_per_core,
        }),
        PartitionNumber: extras.partition,
        OperatorUin: "",
        PlatformProjectId: NULL,
        GPUInfo: NULL,
        PublicIPv6Addresses: NULL,
    }
}

fn login_port(instance: &Instance, view: &View) -> u16 {
    if instance.is_windows() {
        return WINDOWS_LOGIN_PORT;
    }
    instance.login_port.unwrap_or(view.settings().ssh_port)
}

fn placement(instance: &Instance) -> impl Serialize {
    object! {
        Zone: instance.zone.name(),
        ProjectId: instance.project_id,
        HostId: NULL,
        HostIds: NULL,
        DedicatedResourcePackTenancy: NULL,
        DedicatedResourcePackIds: NULL,
        RackId: NULL,
    }
}

pub(crate) fn internet_accessible(instance: &Instance) -> impl Serialize {
    object! {
        // Null while the instance is stopped without charging.
        InternetChargeType: Some(&*instance.internet.charge_type).filter(|_| !is_asleep(instance)),
        InternetMaxBandwidthOut: instance.internet.max_bandwidth_out,
        PublicIpAssigned: instance.public_address.is_some(),
        BandwidthPackageId: NULL,
        InternetServiceProvider: NULL,
        IPv4AddressType: NULL,
        IPv6AddressType: NULL,
        AntiDDoSPackageId: NULL,
    }
}

fn login_settings(instance: &Instance) -> impl Serialize {
    let keys = &instance.login.keys;
    object! {
        // Null, not empty, when no key pair is bound: so the vendor's replies were recorded.
        KeyIds: (!keys.is_empty()).then_some(keys),
        // Never shown.
        Password: NULL,
        KeepImageLogin: NULL,
    }
}

/// The text, or null if it is empty.
fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn system_disk(disk: &SystemDisk) -> impl Serialize {
    object! {
        DiskType: &disk.kind,
        DiskId: disk.id,
        DiskSize: disk.size_gib,
        DiskName: given(&disk.name),
        Encrypt: disk.encrypt,
        KmsKeyId: given(&disk.kms_key),
        ThroughputPerformance: 0,
        CdcId: NULL,
    }
}

fn data_disk(disk: &DataDisk) -> impl Serialize {
    object! {
        DiskSize: disk.size_gib,
        DiskType: &disk.kind,
        DiskId: disk.id,
        DiskName: &disk.name,
        DeleteWithInstance: disk.delete_with_instance,
        Encrypt: disk.encrypt,
        ThroughputPerformance: 0,
        KmsKeyId: given(&disk.kms_key),
        CdcId: NULL,
        SnapshotId: disk.snapshot,
        BurstPerformance: NULL,
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

pub(crate) fn key_pair(key: &KeyPair, view: &View) -> impl Serialize {
    let bound = view.bindings(key.id).filter(|(_, binding)| *binding == Binding::Bound);
    key_pair_with(key, bound.map(|(instance, _)| instance).collect(), None)
}

/// A new key pair, which is bound to nothing, with its private half.
pub(crate) fn new_key_pair(key: &KeyPair, private_key: &str) -> impl Serialize {
    key_pair_with(key, Vec::new(), Some(private_key))
}

fn key_pair_with(key: &KeyPair, instances: Vec<InstanceId>, private_key: Option<&str>) -> impl Serialize {
    object! {
        KeyId: key.id,
        KeyName: &key.name,
        ProjectId: key.project_id,
        Description: &key.description,
        PublicKey: three_words(key),
        AssociatedInstanceIds: instances,
        CreatedTime: time(key.created_seconds),
        Tags: &key.tags,
        // Returned once, by CreateKeyPair, and stored nowhere. Never empty: Terraform would take that for the key.
        PrivateKey: private_key,
    }
}

/// Clients drop the last word of a public key, so there must be a third word.
fn three_words(key: &KeyPair) -> String {
    if key.public_key.comment().is_empty() {
        return key.public_key.clone().with_comment(&key.id.to_string()).to_string();
    }
    key.public_key.to_string()
}

/// A tag.
pub(crate) fn tag((key, value): (Box<str>, Box<str>)) -> impl Serialize {
    object! { TagKey: key, TagValue: value, Category: "Custom" }
}

pub(crate) fn tags(tags: &[Tag]) -> Vec<impl Serialize + use<>> {
    tags.iter().map(|of| tag((of.key.clone(), of.value.clone()))).collect()
}

/// One tag of a resource, as the tag product lists it.
pub(crate) fn resource_tag(tag: &Tag, resource_id: &str, service: &'static str) -> impl Serialize + use<> {
    let md5 = |text: &str| format!("{:x}", md5::compute(text));
    object! {
        TagKey: tag.key.clone(),
        TagValue: tag.value.clone(),
        ResourceId: resource_id.to_owned(),
        TagKeyMd5: md5(&tag.key),
        TagValueMd5: md5(&tag.value),
        ServiceType: service,
        Category: "Custom",
    }
}

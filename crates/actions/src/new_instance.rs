//! New instances: ids, addresses, names and defaults, in the one transaction of the action that makes them.

use crate::{Context, DiskReason, Parameters, Prices, Reason, Untaken, Yuan, names, shorten, source::Source};
use cvmd_model::{
    AccountNumber, ChargeType, DataDisk, DiskId, Goal, Instance, InstanceExtras, InstanceId, InstanceState,
    InstanceTypeId, InternetAccessible, LoginWanted, Refusal, SecurityGroupId, Snapshot, SnapshotId, Subnet, SubnetId,
    SystemDisk, Tag, VpcId, ZoneId, lasting_number,
};
use cvmd_state::{SnapshotState, Transaction, View};
use std::{net::Ipv4Addr, sync::Arc};

const DISK_KIND: &str = "CLOUD_PREMIUM";
/// The kinds in the vendor's description of system and data disks. Clients send an empty one for a kind that is not
/// given.
const DISK_KINDS: [&str; 13] = [
    "CLOUD_BASIC",
    "CLOUD_PREMIUM",
    "CLOUD_BSSD",
    "CLOUD_SSD",
    "CLOUD_HSSD",
    "CLOUD_TSSD",
    "CLOUD_BIGDATA",
    "CLOUD_HIGHIO",
    "LOCAL_BASIC",
    "LOCAL_SSD",
    "LOCAL_NVME",
    "LOCAL_PRO",
    "",
];
pub(crate) const DISK_GIB_MAX: u32 = 32_000;
const DATA_DISK_GIB: u32 = 10;
const SYSTEM_DISK_GIB: u32 = 50;
const DISK_NAME_MAX: usize = 60;
const DATA_DISKS_MAX: usize = 20;
/// The vendor's name for an instance without a name.
pub const NAMELESS: &str = "未命名";

/// What all instances of one request have in common.
#[derive(Debug, Clone)]
pub struct Plan {
    pub zone: ZoneId,
    pub project_id: u32,
    pub image: Source,
    pub instance_type: InstanceTypeId,
    pub charge_type: ChargeType,
    pub disks: Disks,
    pub internet: InternetAccessible,
    pub network: Wanted,
    /// May contain `{R:x}` or `{R:x,F:y}`.
    pub name: Option<Box<str>>,
    /// May contain those and `{IP}`.
    pub host_name: Option<Box<str>>,
    pub login: LoginWanted,
    pub security_groups: Box<[SecurityGroupId]>,
    pub tags: Box<[Tag]>,
    pub user_data: Option<Box<str>>,
    pub protected: bool,
    pub extras: InstanceExtras,
}

/// The system disk, then each data disk; and their common tags.
#[derive(Debug, Clone)]
pub struct Disks {
    system: DiskSpec,
    data: Vec<DataDiskSpec>,
    tags: Box<[Tag]>,
}

impl Disks {
    /// The disks of an instance whose request named none.
    #[must_use]
    pub fn usual(image: &Source) -> Disks {
        let system = DiskSpec {
            kind: DISK_KIND.into(),
            size_gib: SYSTEM_DISK_GIB.max(image.size_gib),
            name: "".into(),
            encrypt: false,
        };
        Disks { system, data: Vec::new(), tags: [].into() }
    }

    /// Their price per hour.
    pub(crate) fn hour(&self, prices: &Prices) -> Yuan {
        let disks = self.data.iter().map(|spec| &spec.disk);
        let data = disks.map(|disk| prices.disk_hour(&disk.kind, disk.size_gib));
        prices.disk_hour(&self.system.kind, self.system.size_gib) + data.sum()
    }
}

/// A requested disk.
#[derive(Debug, Clone)]
struct DiskSpec {
    kind: Box<str>,
    size_gib: u32,
    name: Box<str>,
    encrypt: bool,
}

#[derive(Debug, Clone)]
struct DataDiskSpec {
    disk: DiskSpec,
    delete_with_instance: bool,
    snapshot: Option<SnapshotId>,
}

impl DataDiskSpec {
    /// A disk made from a snapshot of the image, which the request does not name.
    fn of_image(snapshot: &Snapshot) -> DataDiskSpec {
        let Snapshot { id, size_gib, encrypted: encrypt, .. } = *snapshot;
        let disk = DiskSpec { kind: DISK_KIND.into(), size_gib, name: "".into(), encrypt };
        DataDiskSpec { disk, delete_with_instance: true, snapshot: Some(id) }
    }

    /// The same, at least as large as its snapshot and encrypted if that is.
    fn found(&self, view: &View, context: &Context) -> Result<DataDiskSpec, Reason> {
        let mut spec = self.clone();
        let Some(id) = self.snapshot else { return Ok(spec) };
        let snapshot = view.snapshot_of(context.account, context.region, id);
        let is_ready = |snapshot: &&Arc<Snapshot>| view.snapshot_state(snapshot) == Some(SnapshotState::Normal);
        let usable = snapshot.filter(|snapshot| !snapshot.system).filter(is_ready);
        let snapshot = usable.ok_or(DiskReason::Snapshot { snapshot: id })?;
        spec.disk.encrypt |= snapshot.encrypted;
        match spec.disk.size_gib {
            size_gib if size_gib < snapshot.size_gib => {
                Err(DiskReason::BelowSnapshot { snapshot: id, size_gib, least_gib: snapshot.size_gib }.into())
            }
            _ => Ok(spec),
        }
    }
}

/// The requested disks, before the image is known.
#[derive(Debug, Clone)]
pub(crate) struct DiskSpecs {
    /// Without a size it has the default size.
    system: Option<(DiskSpec, Option<u32>)>,
    data: Vec<DataDiskSpec>,
    /// The tags of each of them.
    tags: Box<[Tag]>,
}

impl DiskSpecs {
    pub(crate) fn read(parameters: &mut Parameters) -> Result<DiskSpecs, Reason> {
        let mut specs = DiskSpecs { system: None, data: Vec::new(), tags: [].into() };
        if let Some(mut system) = parameters.structure("SystemDisk")? {
            specs.system = Some(disk(&mut system, 1)?);
            system.finish()?;
        }
        let data = parameters.structures("DataDisks")?;
        if data.len() > DATA_DISKS_MAX {
            return Err(Reason::TooMany { name: "DataDisks".into(), given: data.len(), limit: DATA_DISKS_MAX });
        }
        for mut spec in data {
            let (disk, size_gib) = disk(&mut spec, DATA_DISK_GIB)?;
            let delete_with_instance = spec.flag("DeleteWithInstance")?.unwrap_or(true);
            let snapshot = spec.text("SnapshotId")?.filter(|id| !id.is_empty());
            let malformed = |text: &str| DiskReason::MalformedSnapshotId { value: shorten(text).into() };
            let snapshot = snapshot.map(|id| id.parse().map_err(|_| malformed(&id))).transpose()?;
            spec.finish()?;
            let disk = DiskSpec { size_gib: size_gib.unwrap_or(DATA_DISK_GIB), ..disk };
            specs.data.push(DataDiskSpec { disk, delete_with_instance, snapshot });
        }
        Ok(specs)
    }

    /// The instance's tags, and these disks with theirs.
    pub(crate) fn tagged(self, parameters: &mut Parameters) -> Result<(Box<[Tag]>, DiskSpecs), Reason> {
        let [of_instance, tags] = names::instance_tags(parameters)?;
        Ok((of_instance, DiskSpecs { tags, ..self }))
    }

    /// The disks of a machine made from that image, whose system disk is at least as large as the image. If the image
    /// has data disks, they follow the requested ones, except those whose snapshot a requested disk is made of.
    pub(crate) fn of(&self, image: &Source, view: &View, context: &Context) -> Result<Disks, Reason> {
        let mut data: Vec<DataDiskSpec> =
            self.data.iter().map(|spec| spec.found(view, context)).collect::<Result<_, _>>()?;
        let of_image = image.custom.iter().flat_map(|image| image.snapshots.iter());
        let of_image = of_image.filter(|id| self.data.iter().all(|spec| spec.snapshot != Some(**id)));
        let of_image = of_image.filter_map(|id| view.snapshots().get(*id)).filter(|snapshot| !snapshot.system);
        data.extend(of_image.map(|snapshot| DataDiskSpec::of_image(snapshot)));
        if data.len() > DATA_DISKS_MAX {
            return Err(Reason::TooMany { name: "DataDisks".into(), given: data.len(), limit: DATA_DISKS_MAX });
        }
        let mut disks = Disks { data, tags: self.tags.clone(), ..Disks::usual(image) };
        if let Some((system, size_gib)) = &self.system {
            disks.system = DiskSpec { size_gib: size_gib.unwrap_or(disks.system.size_gib), ..system.clone() };
        }
        match disks.system.size_gib {
            size_gib if size_gib < image.size_gib => Err(too_small(size_gib, image.size_gib)),
            _ => Ok(disks),
        }
    }
}

/// The refusal of a system disk that is smaller than its content.
pub(crate) fn too_small(size_gib: u32, least_gib: u32) -> Reason {
    let [value, least, most] = [size_gib, least_gib, DISK_GIB_MAX].map(i128::from);
    Untaken::Range { name: "SystemDisk.DiskSize".into(), value, least, most }.into()
}

/// A disk, and its size if given.
fn disk(parameters: &mut Parameters, least: u32) -> Result<(DiskSpec, Option<u32>), Reason> {
    let kind = parameters.word("DiskType", &DISK_KINDS.map(|kind| (kind, kind)))?;
    let kind = kind.filter(|kind| !kind.is_empty()).unwrap_or(DISK_KIND).into();
    let size_gib = parameters.bounded("DiskSize", least, DISK_GIB_MAX)?;
    let name = parameters.text("DiskName")?.unwrap_or_default();
    if name.chars().count() > DISK_NAME_MAX {
        return Err(parameters.wrong_length("DiskName", &name, 0, DISK_NAME_MAX));
    }
    let encrypt = parameters.flag("Encrypt")?.unwrap_or(false);
    // There is no key service here, so no key exists. The vendor documents no code for that alone.
    if let Some(key) = parameters.text("KmsKeyId")?.filter(|key| !key.is_empty()) {
        return Err(DiskReason::KmsKey { name: parameters.path("KmsKeyId"), value: shorten(&key).into() }.into());
    }
    Ok((DiskSpec { kind, size_gib: 0, name, encrypt }, size_gib))
}

/// Where in the account's networks new instances are placed.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// `None` means the zone's default subnet.
    pub subnet: Option<(VpcId, SubnetId)>,
    /// One address for each instance, or none at all.
    pub addresses: Vec<Ipv4Addr>,
}

impl Wanted {
    /// `VirtualPrivateCloud` of a request for that many instances.
    pub(crate) fn read(parameters: &mut Parameters, count: u32) -> Result<Wanted, Reason> {
        let Some(mut network) = parameters.structure("VirtualPrivateCloud")? else { return Ok(Wanted::default()) };
        let (vpc, subnet) = (network.text("VpcId")?.unwrap_or_default(), network.text("SubnetId")?.unwrap_or_default());
        let subnet = if (&*vpc, &*subnet) == ("DEFAULT", "DEFAULT") {
            None
        } else {
            let malformed = |_| Reason::MalformedVpcId { value: shorten(&vpc).into() };
            let vpc = vpc.parse().map_err(malformed)?;
            let malformed = |_| Reason::MalformedSubnetId { value: shorten(&subnet).into() };
            Some((vpc, subnet.parse().map_err(malformed)?))
        };
        let name = network.path("PrivateIpAddresses");
        let malformed = |value| Reason::MalformedAddress { value };
        let addresses: Vec<_> = network.parsed("PrivateIpAddresses", usize::MAX, malformed)?;
        if network.bounded("Ipv6AddressCount", 0, i64::MAX)?.is_some_and(|count| count > 0) {
            return Err(Reason::NoIpv6);
        }
        network.finish()?;
        if !addresses.is_empty() && addresses.len() != count as usize {
            return Err(Reason::AddressCount { name, instances: count, given: addresses.len() });
        }
        Ok(Wanted { subnet, addresses })
    }

    /// The subnet, if it exists and fits.
    pub(crate) fn find(&self, view: &View, zone: ZoneId, account: AccountNumber) -> Result<Arc<Subnet>, Refusal> {
        let Some((vpc, id)) = self.subnet else { return Ok(view.default_subnet_of(account, zone)) };
        view.vpc_of(account, zone.region(), vpc).ok_or(Refusal::VpcNotFound(vpc))?;
        let subnet = view.subnet_of(account, zone.region(), id).ok_or(Refusal::SubnetNotFound(id))?;
        match () {
            () if subnet.vpc != vpc => Err(Refusal::SubnetElsewhere { subnet: id, vpc }),
            () if subnet.zone != zone => Err(Refusal::SubnetInOtherZone { subnet: id, zone: subnet.zone }),
            () => Ok(subnet),
        }
    }
}

/// Puts `count` instances with their launch operation, and returns their ids in the order of their names.
pub(crate) fn put_all(
    tx: &mut Transaction<'_>,
    context: &Context,
    plan: &Plan,
    count: u32,
    action: &'static str,
) -> Result<Vec<InstanceId>, Reason> {
    let mut random = context.random(b'i');
    let view = tx.view();
    let subnet = plan.network.find(view, plan.zone, context.account)?;
    let mut addresses = plan.network.addresses.iter().copied();
    let mut instances: Vec<Instance> = Vec::with_capacity(count as usize);
    for index in 0..count {
        let id = Context::new_id(&mut random, InstanceId::from_random, |id| {
            view.instance(*id).is_none() && instances.iter().all(|instance| instance.id != *id)
        });
        let address = tx.allocate_address(&subnet, addresses.next())?;
        let is_free = |id: &DiskId| view.disk_holder(*id).is_none();
        let disk = || Context::new_id(&mut random, DiskId::from_random, is_free);
        let mut instance = build(tx, plan, id, context, (&subnet, address), disk)?;
        instance.name = numbered(plan.name.as_deref().unwrap_or(NAMELESS), index, count, plan.name.is_some());
        instance.host_name = host_name(plan, index, count, instance.private_address);
        instance.begin(Goal::Launch, context.by(action));
        if index == 0 {
            tx.fit(&instance, count as usize)?;
        }
        instances.push(instance);
    }
    let ids = instances.iter().map(|instance| instance.id).collect();
    instances.into_iter().for_each(|instance| tx.put_instance(instance));
    Ok(ids)
}

/// One instance of the plan, without an operation; its public address is allocated.
fn build(
    tx: &mut Transaction<'_>,
    plan: &Plan,
    id: InstanceId,
    context: &Context,
    (subnet, private_address): (&Subnet, Ipv4Addr),
    mut new_disk: impl FnMut() -> DiskId,
) -> Result<Instance, Refusal> {
    let public = plan.internet.wants_public_address(plan.internet.max_bandwidth_out);
    let groups = if plan.security_groups.is_empty() {
        [SecurityGroupId::of_default(context.account, plan.zone.region())].into()
    } else {
        plan.security_groups.clone()
    };
    let Disks { system, data, tags } = &plan.disks;
    let DiskSpec { kind, size_gib, name, encrypt } = system.clone();
    let (kind, kms_key, tags_of) = (kind.into_string().into(), "".into(), tags.clone());
    let system_disk = SystemDisk { id: new_disk(), kind, size_gib, name, encrypt, kms_key, tags: tags_of };
    let data_disk = |spec: &DataDiskSpec, id| {
        let DiskSpec { kind, size_gib, name, encrypt } = spec.disk.clone();
        let (kind, kms_key, tags) = (kind.into_string().into(), "".into(), tags.clone());
        let DataDiskSpec { delete_with_instance, snapshot, .. } = *spec;
        DataDisk { id, kind, size_gib, delete_with_instance, name, encrypt, kms_key, snapshot, tags }
    };
    Ok(Instance {
        id,
        sequence: tx.next_sequence(),
        account: context.account,
        zone: plan.zone,
        name: "".into(),
        host_name: "".into(),
        project_id: plan.project_id,
        image: plan.image.id,
        instance_type: plan.instance_type,
        charge_type: plan.charge_type,
        system_disk,
        data_disks: data.iter().map(|disk| data_disk(disk, new_disk())).collect(),
        private_address,
        public_address: public.then(|| tx.allocate_public_address(context.account, plan.zone)).transpose()?,
        login_port: None,
        internet: plan.internet.clone(),
        vpc: subnet.vpc,
        subnet: subnet.id,
        security_groups: groups,
        created_seconds: context.now_seconds,
        uuid: uuid::Uuid::new_v5(&uuid::Uuid::NAMESPACE_OID, id.to_string().as_bytes()),
        tags: plan.tags.clone(),
        user_data: plan.user_data.clone(),
        disable_api_termination: plan.protected,
        stopped_without_charging: false,
        extras: InstanceExtras { base_image: plan.image.base(), ..plan.extras.clone() }.boxed(),
        login: plan.login.clone(),
        state: InstanceState::Pending,
        latest: None,
        proof: None,
        operation: None,
    })
}

fn host_name(plan: &Plan, index: u32, count: u32, address: Ipv4Addr) -> Box<str> {
    let [_, _, third, fourth] = address.octets();
    match &plan.host_name {
        Some(name) => {
            let name = name.replace("{IP}", &format!("{third}-{fourth}"));
            numbered(&name, index, count, true)
        }
        None => {
            format!("VM-{third}-{fourth}-{}", plan.image.system.distribution.to_lowercase().replace(' ', "-")).into()
        }
    }
}

/// Replaces each `{R:x}` or `{R:x,F:y}` by a number; without one, several instances get their number after the name.
pub(crate) fn numbered(pattern: &str, index: u32, count: u32, named: bool) -> Box<str> {
    let mut name = String::new();
    let mut rest = pattern;
    let mut found = false;
    while let Some((before, after)) = rest.split_once("{R:") {
        let Some((inner, behind)) = after.split_once('}') else { break };
        let (first, width) = inner.split_once(",F:").unwrap_or((inner, "0"));
        let (Ok(first), Ok(width)) = (first.parse::<u32>(), width.parse::<usize>()) else { break };
        found = true;
        name += before;
        name += &format!("{:0width$}", u64::from(first) + u64::from(index), width = width.min(8));
        rest = behind;
    }
    name += rest;
    if !found && named && count > 1 {
        name += &(index + 1).to_string();
    }
    name.into()
}

/// An instance that a seed names: as the plan has it, with the id and name that it was given, and what is to be done for it,
/// which no request asked for.
///
/// # Errors
/// [`Refusal::AddressesExhausted`].
pub fn seeded(
    tx: &mut Transaction<'_>,
    context: &Context,
    plan: &Plan,
    id: InstanceId,
    goal: Goal,
) -> Result<Instance, Refusal> {
    let subnet = plan.network.find(tx.view(), plan.zone, context.account)?;
    let address = tx.allocate_address(&subnet, plan.network.addresses.first().copied())?;
    let disk = || DiskId::from_random(lasting_number(context.account, "disk", id.to_u64()));
    let mut instance = build(tx, plan, id, context, (&subnet, address), disk)?;
    instance.name = plan.name.clone().unwrap_or_else(|| NAMELESS.into());
    instance.host_name = host_name(plan, 0, 1, instance.private_address);
    instance.begin_unasked(goal, context.request);
    Ok(instance)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn names_are_numbered_by_pattern_or_behind() {
        assert_eq!(&*numbered("web", 0, 1, true), "web");
        assert_eq!(&*numbered("web", 1, 3, true), "web2");
        assert_eq!(&*numbered("web{R:5}", 1, 3, true), "web6");
        assert_eq!(&*numbered("web{R:5,F:4}-{R:1}", 0, 1, true), "web0005-1");
        assert_eq!(&*numbered("web{R:x}", 1, 3, true), "web{R:x}2");
        assert_eq!(&*numbered(NAMELESS, 1, 3, false), NAMELESS);
    }
}

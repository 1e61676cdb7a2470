//! Why the rules refuse a request, and why an operation failed later: reasons, never wire codes.

use crate::{
    ChargeType, Cidr, DisasterRecoverGroupId, DiskId, ImageId, ImageState, InstanceId, InstanceState, KeyPairId,
    LaunchTemplateId, SecurityGroupId, SnapshotId, SubnetId, VpcId, ZoneId,
};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// A rule refuses the request. Nothing has changed. `cvmd-actions` gives each reason its wire codes.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("The instance `{0}` does not exist.")]
    InstanceNotFound(InstanceId),
    #[error("The key pair `{0}` does not exist.")]
    KeyPairNotFound(KeyPairId),
    /// A key pair named in LoginSettings, for which the vendor has another code.
    #[error("The key pair `{0}` specified in `LoginSettings.KeyIds` does not exist.")]
    LoginKeyPairNotFound(KeyPairId),
    #[error("The instance `{0}` runs Windows, which takes no SSH key pair.")]
    Windows(InstanceId),
    #[error("The image `{0}` is Windows, which takes no SSH key pair.")]
    WindowsImage(ImageId),
    #[error("The instance `['{0}']` already has operation in progress. Please try again later.")]
    OperationInProgress(InstanceId),
    #[error("The instance `{instance}` is in state `{}`, which does not allow this operation.", state.name())]
    State { instance: InstanceId, state: InstanceState },
    #[error(
        "The instance `{0}` is RUNNING. Stop it first, or pass ForceStop=TRUE to have it shut down and started again."
    )]
    RunningWithoutForce(InstanceId),
    #[error("The instance `{0}` was stopped without charging; start it before this operation.")]
    StoppedWithoutCharging(InstanceId),
    #[error("The instance `{0}` is protected against termination (DisableApiTermination).")]
    Protected(InstanceId),
    #[error("The instance `{0}` is on its way into the recycle bin.")]
    Isolating(InstanceId),
    #[error("The instance `{instance}` is charged {}, which does not allow this operation.", charge_type.name())]
    ChargeType { instance: InstanceId, charge_type: ChargeType },
    #[error("Instances charged in different ways cannot be terminated together.")]
    MixedChargeTypes,
    #[error("Instances whose bandwidth is charged in different ways cannot be changed together.")]
    MixedInternetChargeTypes,
    #[error("{0}")]
    Template(TemplateRefusal),
    #[error("{0}")]
    Group(GroupRefusal),
    #[error("{0}")]
    Disk(DiskRefusal),
    #[error("The instance `{0}` has a local system disk, which binds it to its type.")]
    SystemDiskType(InstanceId),
    #[error("The instance `{0}` has no text console: Windows has none, nor has every hypervisor.")]
    NoConsole(InstanceId),
    #[error("The key pair `{key}` is bound to the instance `{instance}`; disassociate it first.")]
    KeyPairBound { key: KeyPairId, instance: InstanceId },
    #[error("The key pair `{key}` is still being taken off the instance `{instance}`; try again when that is done.")]
    KeyPairLeaving { key: KeyPairId, instance: InstanceId },
    #[error("A key pair named `{0}` exists already.")]
    KeyPairNameTaken(Box<str>),
    #[error("The same public key is in this account already, as key pair `{0}`.")]
    PublicKeyTaken(KeyPairId),
    #[error("The account has {limit} key pairs, which is the limit.")]
    KeyPairQuota { limit: usize },
    #[error("The image `{0}` does not exist.")]
    ImageNotFound(ImageId),
    #[error("The image `{image}` is {}, not NORMAL: nothing can be made of it.", state.name())]
    ImageNotReady { image: ImageId, state: ImageState },
    #[error("The image `{0}` is still being created.")]
    ImageStillMade(ImageId),
    #[error("The instance `{instance}` is still being made of the image `{image}`; try again when that is done.")]
    ImageInUse { image: ImageId, instance: InstanceId },
    #[error("The image `{0}` is public: it can be neither changed nor deleted.")]
    PublicImage(ImageId),
    #[error("An image named `{0}` exists already in this region.")]
    ImageNameTaken(Box<str>),
    #[error("The account has {limit} custom images in this region, which is the limit.")]
    ImageQuota { limit: usize },
    #[error("The snapshot `{0}` does not exist.")]
    SnapshotNotFound(SnapshotId),
    #[error("The snapshot `{0}` is still being created.")]
    SnapshotStillMade(SnapshotId),
    #[error(
        "The snapshot `{snapshot}` belongs to the image `{image}`; delete that first, or with it (DeleteBindImages)."
    )]
    SnapshotOfImage { snapshot: SnapshotId, image: ImageId },
    #[error(
        "The account has {limit} snapshots in this region, which is the limit; DeleteSnapshots deletes those whose image is gone."
    )]
    SnapshotQuota { limit: usize },
    #[error("The key pair `{key}` is bound to the image `{image}`; delete that first.")]
    KeyPairOfImage { key: KeyPairId, image: ImageId },
    #[error("The system disk of `{instance}` is of a kind that does not change between Linux and Windows.")]
    OtherSystem { instance: InstanceId },
    #[error("The disk `{0}` is the system disk, which is always in the image: it is not named.")]
    SystemDiskNamed(DiskId),
    #[error("No address is left in the block of the default VPC.")]
    AddressesExhausted,
    #[error("The VPC `{0}` does not exist.")]
    VpcNotFound(VpcId),
    #[error("The subnet `{0}` does not exist.")]
    SubnetNotFound(SubnetId),
    #[error("The subnet `{subnet}` is not in the VPC `{vpc}`.")]
    SubnetElsewhere { subnet: SubnetId, vpc: VpcId },
    #[error("The subnet `{subnet}` is in the zone `{zone}`, not in the instance's.")]
    SubnetInOtherZone { subnet: SubnetId, zone: ZoneId },
    #[error("No address is left in the subnet `{0}`.")]
    SubnetExhausted(SubnetId),
    #[error("The subnet `{subnet}` has no address `{address}` that an instance may get.")]
    AddressNotInSubnet { address: Ipv4Addr, subnet: SubnetId },
    #[error("The address `{address}` is used already.")]
    AddressTaken { address: Ipv4Addr },
    #[error("The security group `{0}` does not exist.")]
    SecurityGroupNotFound(SecurityGroupId),
    #[error("An instance takes at most {limit} security groups.")]
    SecurityGroupsQuota { limit: usize },
    /// A resource that the actions on networks do not find.
    #[error("The resource `{0}` does not exist.")]
    NetworkNotFound(Box<str>),
    #[error("The VPC `{vpc}` has the subnet `{subnet}`: delete that first.")]
    VpcInUse { vpc: VpcId, subnet: SubnetId },
    #[error("The subnet `{subnet}` is used by {instances} instance(s).")]
    SubnetInUse { subnet: SubnetId, instances: u32 },
    #[error("The security group `{group}` is bound to {instances} instance(s).")]
    SecurityGroupInUse { group: SecurityGroupId, instances: u32 },
    #[error("The security group `{group}` is named in a rule of `{by}`.")]
    SecurityGroupNamed { group: SecurityGroupId, by: SecurityGroupId },
    #[error("The resource `{0}` is the default one, which cannot be deleted.")]
    NetworkIsDefault(Box<str>),
    #[error("The region has {limit} VPCs of the account, which is the limit.")]
    VpcQuota { limit: usize },
    #[error("The VPC has {limit} subnets, which is the limit.")]
    SubnetQuota { limit: usize },
    #[error("The region has {limit} security groups of the account, which is the limit.")]
    SecurityGroupQuota { limit: usize },
    #[error(
        "The range `{0}` is no VPC's: it must lie in 10.0.0.0/8 (from /12), 172.16.0.0/12 or 192.168.0.0/16, up to /28."
    )]
    VpcRange(Cidr),
    #[error("The range `{cidr}` is no subnet's: it must lie in the VPC's, `{vpc}`, up to /29.")]
    SubnetRange { cidr: Cidr, vpc: Cidr },
    #[error("The range `{cidr}` overlaps that of the subnet `{other}`.")]
    SubnetConflict { cidr: Cidr, other: SubnetId },
    #[error("The rules have the version `{version}` now: read them again.")]
    RulesChanged { version: u64 },
    #[error("Two rules would say the same.")]
    RuleTwice,
    #[error("There is no rule with the index `{index}`.")]
    RuleIndex { index: usize },
    #[error("A security group takes at most {limit} rules in each direction.")]
    RulesQuota { limit: usize },
    #[error("The client token was used within 24 hours with other parameters.")]
    ClientTokenReused,
}

/// Refusals of launch templates.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateRefusal {
    #[error("The launch template `{0}` does not exist.")]
    NotFound(LaunchTemplateId),
    #[error("The launch template `{template}` has no version {version}.")]
    VersionNotFound { template: LaunchTemplateId, version: u32 },
    #[error("Version {version} of the launch template `{template}` is the default version already.")]
    IsDefault { template: LaunchTemplateId, version: u32 },
    #[error("Version {version} of the launch template `{template}` is the default version, and cannot be deleted.")]
    IsNeeded { template: LaunchTemplateId, version: u32 },
    #[error("A launch template has at most {limit} versions.")]
    VersionQuota { limit: usize },
    #[error("The account has {limit} launch templates in this region, which is the limit.")]
    Quota { limit: usize },
}

/// Refusals of placement groups.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GroupRefusal {
    #[error("The placement group `{0}` does not exist.")]
    NotFound(DisasterRecoverGroupId),
    #[error("The placement group `{group}` takes at most {limit} instances.")]
    Full { group: DisasterRecoverGroupId, limit: usize },
    #[error("The account has {limit} placement groups in this region, which is the limit.")]
    Quota { limit: usize },
    #[error("The placement group `{group}` still holds the instance `{instance}`.")]
    InUse { group: DisasterRecoverGroupId, instance: InstanceId },
    #[error("The instance `{instance}` is in the placement group `{group}` already.")]
    HasInstance { instance: InstanceId, group: DisasterRecoverGroupId },
    #[error("The instance `{0}` is in none of these placement groups.")]
    LacksInstance(InstanceId),
}

/// Refusals of resizing disks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DiskRefusal {
    #[error("The disk `{0}` is local, and stays as large as it is.")]
    Local(DiskId),
    #[error("The disk `{0}` is the system disk; name it as `SystemDisk`.")]
    IsSystemDisk(DiskId),
    #[error("The disk `{disk}` is no data disk of the instance `{instance}`.")]
    Elsewhere { disk: DiskId, instance: InstanceId },
    #[error("The disk `{disk}` has {present_gib} GiB and cannot shrink to {size_gib} GiB.")]
    Shrinks { disk: DiskId, present_gib: u32, size_gib: u32 },
}

/// Why an operation failed after it was accepted. Durable, and shown through `LatestOperationState` FAILED.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Failure {
    #[error("The machine could not be defined: {cause}")]
    NotDefined { cause: Box<str> },
    #[error("The guest's login could not be written: {cause}")]
    LoginNotWritten { cause: Box<str> },
    #[error(
        "The guest's login was changed, but the machine did not come up within {within_s} s and was powered off: start it, or look at its console."
    )]
    LoginWrittenNotStarted { within_s: u64 },
    #[error("The machine did not come up within {within_s} s and was powered off: {cause}")]
    NotStarted { within_s: u64, cause: Box<str> },
    #[error(
        "The guest did not shut down within {within_s} s; it is still running. StopType HARD or SOFT_FIRST powers it off."
    )]
    NotStopped { within_s: u64 },
    #[error("The system disk was not reset, and is as it was: {cause}")]
    DiskNotReset { cause: Box<str> },
    #[error("The disk could not be kept as an image: {cause}")]
    ImageNotCaptured { cause: Box<str> },
    #[error("The machine could not be changed, and is what it was: {cause}")]
    NotReshaped { cause: Box<str> },
    #[error("The hypervisor refused: {cause}")]
    Hypervisor { cause: Box<str> },
}

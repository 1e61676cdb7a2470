//! Why the rules refuse a request, and why an operation failed later: reasons, never wire codes.

use crate::{
    ChargeType, Cidr, DisasterRecoverGroupId, DiskId, ImageId, ImageState, InstanceId, InstanceState, KeyPairId,
    LaunchTemplateId, SecurityGroupId, SnapshotId, SubnetId, VpcId, ZoneId,
};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// A rule refuses the request. Nothing has changed. `cvmd-actions` has the wire codes and the texts.
#[derive(Debug, Clone, PartialEq, Eq)]
#[rustfmt::skip] // A variant a line.
pub enum Refusal {
    InstanceNotFound(InstanceId),
    KeyPairNotFound(KeyPairId),
    /// A key pair named in LoginSettings, for which the vendor has another code.
    LoginKeyPairNotFound(KeyPairId),
    Windows(InstanceId),
    WindowsImage(ImageId),
    OperationInProgress(InstanceId),
    State { instance: InstanceId, state: InstanceState },
    RunningWithoutForce(InstanceId),
    StoppedWithoutCharging(InstanceId),
    Protected(InstanceId),
    Isolating(InstanceId),
    ChargeType { instance: InstanceId, charge_type: ChargeType },
    MixedChargeTypes,
    MixedInternetChargeTypes,
    Template(TemplateRefusal),
    Group(GroupRefusal),
    Disk(DiskRefusal),
    SystemDiskType(InstanceId),
    NoConsole(InstanceId),
    KeyPairBound { key: KeyPairId, instance: InstanceId },
    KeyPairLeaving { key: KeyPairId, instance: InstanceId },
    KeyPairNameTaken(Box<str>),
    PublicKeyTaken(KeyPairId),
    KeyPairQuota { limit: usize },
    ImageNotFound(ImageId),
    ImageNotReady { image: ImageId, state: ImageState },
    ImageStillMade(ImageId),
    ImageInUse { image: ImageId, instance: InstanceId },
    PublicImage(ImageId),
    ImageNameTaken(Box<str>),
    ImageQuota { limit: usize },
    SnapshotNotFound(SnapshotId),
    SnapshotStillMade(SnapshotId),
    SnapshotOfImage { snapshot: SnapshotId, image: ImageId },
    SnapshotQuota { limit: usize },
    KeyPairOfImage { key: KeyPairId, image: ImageId },
    OtherSystem { instance: InstanceId },
    SystemDiskNamed(DiskId),
    AddressesExhausted,
    VpcNotFound(VpcId),
    SubnetNotFound(SubnetId),
    SubnetElsewhere { subnet: SubnetId, vpc: VpcId },
    SubnetInOtherZone { subnet: SubnetId, zone: ZoneId },
    SubnetExhausted(SubnetId),
    AddressNotInSubnet { address: Ipv4Addr, subnet: SubnetId },
    AddressTaken { address: Ipv4Addr },
    SecurityGroupNotFound(SecurityGroupId),
    SecurityGroupsQuota { limit: usize },
    /// A resource that the actions on networks do not find.
    NetworkNotFound(Box<str>),
    VpcInUse { vpc: VpcId, subnet: SubnetId },
    SubnetInUse { subnet: SubnetId, instances: u32 },
    SecurityGroupInUse { group: SecurityGroupId, instances: u32 },
    SecurityGroupNamed { group: SecurityGroupId, by: SecurityGroupId },
    NetworkIsDefault(Box<str>),
    VpcQuota { limit: usize },
    SubnetQuota { limit: usize },
    SecurityGroupQuota { limit: usize },
    VpcRange(Cidr),
    SubnetRange { cidr: Cidr, vpc: Cidr },
    SubnetConflict { cidr: Cidr, other: SubnetId },
    RulesChanged { version: u64 },
    RuleTwice,
    RuleIndex { index: usize },
    RulesQuota { limit: usize },
    ClientTokenReused,
}

/// Refusals of launch templates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TemplateRefusal {
    NotFound(LaunchTemplateId),
    VersionNotFound { template: LaunchTemplateId, version: u32 },
    IsDefault { template: LaunchTemplateId, version: u32 },
    IsNeeded { template: LaunchTemplateId, version: u32 },
    VersionQuota { limit: usize },
    Quota { limit: usize },
}

/// Refusals of placement groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupRefusal {
    NotFound(DisasterRecoverGroupId),
    Full { group: DisasterRecoverGroupId, limit: usize },
    Quota { limit: usize },
    InUse { group: DisasterRecoverGroupId, instance: InstanceId },
    HasInstance { instance: InstanceId, group: DisasterRecoverGroupId },
    LacksInstance(InstanceId),
}

/// Refusals of resizing disks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DiskRefusal {
    Local(DiskId),
    IsSystemDisk(DiskId),
    Elsewhere { disk: DiskId, instance: InstanceId },
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
    #[error(
        "The guest still accepts what was taken off: its sshd would let {} log in as {user}. Something in the guest puts it back.",
        listed(keys)
    )]
    KeyStillAccepted { keys: Box<[KeyPairId]>, user: Box<str> },
}

fn listed(keys: &[KeyPairId]) -> String {
    let texts: Vec<String> = keys.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

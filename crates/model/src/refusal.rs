//! Why the law says no, and why an operation failed later. Reasons, never wire codes.

use crate::{ChargeType, DiskId, ImageId, InstanceId, InstanceState, KeyPairId};
use serde::{Deserialize, Serialize};

/// The law says no. Nothing has changed. Each reason becomes a wire code, for each door, in `cvmd-actions`.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    #[error("The instance `{0}` does not exist.")]
    InstanceNotFound(InstanceId),
    #[error("The key pair `{0}` does not exist.")]
    KeyPairNotFound(KeyPairId),
    /// A key pair named in LoginSettings: the vendor has another code for it.
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
    #[error("The instance `{0}` has a local system disk, which binds it to its type.")]
    SystemDiskType(InstanceId),
    #[error("The disk `{0}` is local, and stays as large as it is.")]
    LocalDisk(DiskId),
    #[error("The disk `{0}` is the system disk; name it as `SystemDisk`.")]
    DiskIsSystemDisk(DiskId),
    #[error("The disk `{disk}` is no data disk of the instance `{instance}`.")]
    DiskElsewhere { disk: DiskId, instance: InstanceId },
    #[error("The disk `{disk}` has {present_gib} GiB and cannot shrink to {size_gib} GiB.")]
    DiskShrinks { disk: DiskId, present_gib: u32, size_gib: u32 },
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
    #[error("No address is left in the block of the default VPC.")]
    AddressesExhausted,
    #[error("The client token was used within 24 hours with other parameters.")]
    ClientTokenReused,
}

/// The operation failed after it was accepted. Durable, and shown through `LatestOperationState` FAILED.
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

//! What several actions declare: their codes, and parameters that have no effect here.

/// A change of instances that are named by their ids.
pub(super) const CHANGE: &[&str] = &[
    "InvalidInstance.NotSupported",
    "InvalidInstanceId.Malformed",
    "InvalidInstanceId.NotFound",
    "OperationDenied.InstanceOperationInProgress",
];

/// An instance that neither runs nor is merely stopped.
pub(super) const NOT_IN_SERVICE: &[&str] = &[
    "UnsupportedOperation.InstanceStateLaunchFailed",
    "UnsupportedOperation.InstanceStateRescueMode",
    "UnsupportedOperation.InstanceStateShutdown",
];

/// An instance that is being started or stopped.
pub(super) const ON_THE_WAY: &[&str] =
    &["UnsupportedOperation.InstanceStateStarting", "UnsupportedOperation.InstanceStateStopping"];

/// A launch template that is named by its id.
pub(super) const TEMPLATE: &[&str] =
    &["InvalidParameterValue.LaunchTemplateIdMalformed", "InvalidParameterValue.LaunchTemplateIdNotExisted"];

/// The parameters of a launch, before it is known what there is.
pub(super) const LAUNCH: &[&str] = &[
    "InvalidImageId.Malformed",
    "InvalidInstanceName.TooLong",
    "InvalidKeyPairId.Malformed",
    "InvalidParameter.ParameterConflict",
    "InvalidParameterValue.DuplicateTags",
    "InvalidParameterValue.IPAddressMalformed",
    "InvalidParameterValue.IllegalHostName",
    "InvalidParameterValue.InstanceTypeNotFound",
    "InvalidParameterValue.InvalidPassword",
    "InvalidParameterValue.InvalidUserDataFormat",
    "InvalidParameterValue.LimitExceeded",
    "InvalidParameterValue.SnapshotIdMalformed",
    "InvalidParameterValue.SubnetIdMalformed",
    "InvalidParameterValue.VpcIdMalformed",
    "InvalidParameterValue.VpcNotSupportIpv6Address",
    "InvalidParameterValue.ZoneNotSupported",
    "InvalidPassword",
    "InvalidPeriod",
    "InvalidZone.MismatchRegion",
    "UnsupportedOperation",
];

/// The attributes of a new key pair.
pub(super) const NEW_KEY_PAIR: &[&str] = &[
    "InvalidKeyPair.LimitExceeded",
    "InvalidKeyPairName.Duplicate",
    "InvalidKeyPairNameEmpty",
    "InvalidKeyPairNameIncludeIllegalChar",
    "InvalidKeyPairNameTooLong",
];

/// `SystemDisk`, of which only the size counts.
pub(super) const SYSTEM_DISK_BUT_SIZE: &[&str] = &[
    "SystemDisk.CdcId",
    "SystemDisk.DiskId",
    "SystemDisk.DiskName",
    "SystemDisk.DiskType",
    "SystemDisk.Encrypt",
    "SystemDisk.KmsKeyId",
];

/// `DataDisks`, of which only the id and the size count.
pub(super) const DATA_DISK_BUT_SIZE: &[&str] = &[
    "DataDisks.BurstPerformance",
    "DataDisks.CdcId",
    "DataDisks.DeleteWithInstance",
    "DataDisks.DiskName",
    "DataDisks.DiskType",
    "DataDisks.Encrypt",
    "DataDisks.KmsKeyId",
    "DataDisks.SnapshotId",
    "DataDisks.ThroughputPerformance",
];

/// `InternetAccessible`: there are no bandwidth packages, and addresses are of one kind.
pub(super) const BANDWIDTH: &[&str] = &[
    "InternetAccessible.AntiDDoSPackageId",
    "InternetAccessible.BandwidthPackageId",
    "InternetAccessible.IPv4AddressType",
    "InternetAccessible.IPv6AddressType",
    "InternetAccessible.InternetServiceProvider",
];

/// Parameters of a launch about hardware and services that are not here.
pub(super) const HARDWARE: &[&str] = &[
    "DataDisks.BurstPerformance",
    "DataDisks.CdcId",
    "DataDisks.DiskId",
    "DataDisks.ThroughputPerformance",
    "EnhancedService",
    "HpcClusterId",
    "InstanceMarketOptions",
    "NetworkInterfaces",
    "Placement.DedicatedResourcePackIds",
    "Placement.DedicatedResourcePackTenancy",
    "Placement.HostId",
    "Placement.HostIds",
    "Placement.RackId",
    "SystemDisk.CdcId",
    "SystemDisk.DiskId",
];

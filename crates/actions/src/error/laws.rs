//! The wire codes of what the law refuses, in each dialect.

use super::codes::{Codes, both, forbidden};
use cvmd_model::{DiskRefusal, GroupRefusal, InstanceState, Refusal, TemplateRefusal};

pub(super) fn law(refusal: &Refusal) -> Codes {
    match refusal {
        Refusal::InstanceNotFound(_) => both("InvalidInstanceId.NotFound"),
        Refusal::KeyPairNotFound(_) => both("InvalidKeyPairId.NotFound"),
        Refusal::LoginKeyPairNotFound(_) => both("InvalidParameterValue.KeyPairNotFound"),
        Refusal::Windows(_) => forbidden("UnsupportedOperation.InstanceOsWindows"),
        Refusal::WindowsImage(_) => forbidden("UnsupportedOperation.KeyPairUnsupportedWindows"),
        Refusal::OperationInProgress(_) => forbidden("OperationDenied.InstanceOperationInProgress"),
        Refusal::RunningWithoutForce(_) => forbidden("UnsupportedOperation.InstanceStateRunning"),
        Refusal::StoppedWithoutCharging(_) => forbidden("UnsupportedOperation.StoppedModeStopCharging"),
        Refusal::NoConsole(_) => forbidden("UnsupportedOperation.SpecialInstanceType"),
        Refusal::Isolating(_) => forbidden("UnsupportedOperation.InstanceStateIsolating"),
        Refusal::ChargeType { .. } => forbidden("UnsupportedOperation.InstanceChargeType"),
        Refusal::Template(why) => template(why),
        Refusal::Group(why) => group(why),
        Refusal::Disk(why) => disk(why),
        Refusal::SystemDiskType(_) => forbidden("UnsupportedOperation.SystemDiskType"),
        Refusal::SystemDiskNamed(_) => both("InvalidParameter.DataDiskIdContainsRootDisk"),
        Refusal::MixedInternetChargeTypes => both("InvalidParameterValue.InstanceNotSupportedMixPricingModel"),
        Refusal::MixedChargeTypes => forbidden("UnsupportedOperation.InstanceMixedPricingModel"),
        Refusal::Protected(_) => forbidden("UnsupportedOperation.InstancesProtected"),
        Refusal::State { state, .. } => in_state(*state),
        Refusal::KeyPairBound { .. } | Refusal::KeyPairLeaving { .. } | Refusal::KeyPairOfImage { .. } => {
            both("InvalidParameterValue.KeyPairNotSupported")
        }
        Refusal::KeyPairNameTaken(_) => both("InvalidKeyPairName.Duplicate"),
        Refusal::PublicKeyTaken(_) => both("InvalidPublicKey.Duplicate"),
        Refusal::KeyPairQuota { .. } => both("InvalidKeyPair.LimitExceeded"),
        Refusal::ImageNotFound(_) => both("InvalidImageId.NotFound"),
        Refusal::ImageNotReady { .. } => both("InvalidParameterValue.InvalidImageState"),
        Refusal::ImageStillMade(_) | Refusal::ImageInUse { .. } => both("InvalidImageId.IncorrectState"),
        Refusal::PublicImage(_) => both("InvalidParameterValue.InvalidImageId"),
        Refusal::ImageNameTaken(_) => both("InvalidImageName.Duplicate"),
        Refusal::ImageQuota { .. } | Refusal::SnapshotQuota { .. } => both("ImageQuotaLimitExceeded"),
        Refusal::SnapshotNotFound(_) => both("InvalidSnapshotId.NotFound"),
        Refusal::SnapshotStillMade(_) => both("ResourceUnavailable.SnapshotCreating"),
        Refusal::SnapshotOfImage { .. } => both("UnsupportedOperation.SnapshotHasBindedImage"),
        Refusal::OtherSystem { .. } => both("InvalidParameterValue.InvalidImageIdForRetsetInstance"),
        Refusal::AddressesExhausted => both("ResourceInsufficient.CidrBlock"),
        Refusal::VpcNotFound(_) => both("InvalidParameterValue.VpcIdNotExist"),
        Refusal::SubnetNotFound(_) => both("InvalidParameterValue.SubnetNotExist"),
        Refusal::SubnetElsewhere { .. } => both("InvalidParameterValue.VpcIdSubnetIdNotMatch"),
        Refusal::SubnetInOtherZone { .. } => both("InvalidParameterValue.SubnetIdZoneIdNotMatch"),
        Refusal::SubnetExhausted(_) => both("FailedOperation.NoAvailableIpAddressCountInSubnet"),
        Refusal::AddressNotInSubnet { .. } => both("VpcAddrNotInSubNet"),
        Refusal::AddressTaken { .. } => both("VpcIpIsUsed"),
        Refusal::SecurityGroupNotFound(_) => both("InvalidSecurityGroupId.NotFound"),
        Refusal::SecurityGroupsQuota { .. } => both("LimitExceeded.AssociateUSGLimitExceeded"),
        Refusal::NetworkNotFound(_) => both("ResourceNotFound"),
        Refusal::VpcInUse { .. }
        | Refusal::SubnetInUse { .. }
        | Refusal::SecurityGroupInUse { .. }
        | Refusal::SecurityGroupNamed { .. } => both("ResourceInUse"),
        Refusal::NetworkIsDefault(_) => both("InvalidParameterValue.Reserved"),
        Refusal::VpcQuota { .. } | Refusal::SubnetQuota { .. } | Refusal::SecurityGroupQuota { .. } => {
            both("LimitExceeded")
        }
        Refusal::VpcRange(_) | Refusal::RuleIndex { .. } => both("InvalidParameterValue.Range"),
        Refusal::SubnetRange { .. } => both("InvalidParameterValue.SubnetRange"),
        Refusal::SubnetConflict { .. } => both("InvalidParameterValue.SubnetConflict"),
        Refusal::RulesChanged { .. } => both("UnsupportedOperation.VersionMismatch"),
        Refusal::RuleTwice => both("UnsupportedOperation.DuplicatePolicy"),
        Refusal::RulesQuota { .. } => both("LimitExceeded.SecurityGroupPolicySet"),
        Refusal::ClientTokenReused => both("InvalidParameterValue.Duplicate"),
    }
}

/// The code of a state that forbids.
fn in_state(state: InstanceState) -> Codes {
    forbidden(match state {
        InstanceState::Pending => "UnsupportedOperation.InstanceStatePending",
        // Unlike upstream, whose failed launches vanish by themselves: what is listed is found.
        InstanceState::LaunchFailed => "UnsupportedOperation.InstanceStateLaunchFailed",
        InstanceState::Running => "UnsupportedOperation.InstanceStateRunning",
        InstanceState::Stopped => "UnsupportedOperation.InstanceStateStopped",
        InstanceState::Starting => "UnsupportedOperation.InstanceStateStarting",
        InstanceState::Stopping => "UnsupportedOperation.InstanceStateStopping",
        InstanceState::Rebooting => "UnsupportedOperation.InstanceStateRebooting",
        InstanceState::Shutdown => "UnsupportedOperation.InstanceStateShutdown",
        InstanceState::EnterRescueMode => "UnsupportedOperation.InstanceStateEnterRescueMode",
        InstanceState::RescueMode => "UnsupportedOperation.InstanceStateRescueMode",
        InstanceState::ExitRescueMode => "UnsupportedOperation.InstanceStateExitRescueMode",
        InstanceState::Terminating => "UnsupportedOperation.InstanceStateTerminating",
    })
}

fn template(refusal: &TemplateRefusal) -> Codes {
    match refusal {
        TemplateRefusal::NotFound(_) => both("InvalidParameterValue.LaunchTemplateIdNotExisted"),
        TemplateRefusal::VersionNotFound { .. } => both("InvalidParameterValue.LaunchTemplateIdVerNotExisted"),
        TemplateRefusal::IsDefault { .. } => both("InvalidParameterValue.LaunchTemplateIdVerSetAlready"),
        TemplateRefusal::IsNeeded { .. } => both("InvalidParameterValue.LaunchTemplateDefaultVersion"),
        TemplateRefusal::VersionQuota { .. } => both("LimitExceeded.LaunchTemplateVersionQuota"),
        TemplateRefusal::Quota { .. } => both("LimitExceeded.LaunchTemplateQuota"),
    }
}

fn group(refusal: &GroupRefusal) -> Codes {
    match refusal {
        GroupRefusal::NotFound(_) => both("FailedOperation.DisasterRecoverGroupNotFound"),
        GroupRefusal::Full { .. } => both("ResourceInsufficient.DisasterRecoverGroupCvmQuota"),
        GroupRefusal::Quota { .. } => both("LimitExceeded.DisasterRecoverGroup"),
        GroupRefusal::InUse { .. } => both("ResourceInUse"),
        GroupRefusal::HasInstance { .. } => both("FailedOperation.AlreadyInDisasterRecoverGroup"),
        GroupRefusal::LacksInstance(_) => both("FailedOperation.DisasterRecoverGroupNotMatch"),
    }
}

fn disk(refusal: &DiskRefusal) -> Codes {
    match refusal {
        DiskRefusal::Local(_) => both("InvalidParameter.LocalDataDiskNotSupport"),
        DiskRefusal::IsSystemDisk(_) => both("InvalidParameter.DataDiskIdContainsRootDisk"),
        DiskRefusal::Elsewhere { .. } => both("InvalidParameter.DataDiskNotBelongSpecifiedInstance"),
        DiskRefusal::Shrinks { .. } => both("InvalidParameterValue"),
    }
}

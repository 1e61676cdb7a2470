//! Launch templates and placement groups that cannot be used or changed.

use cvmd_model::{GroupRefusal, TemplateRefusal};

// Reasons for launch templates.
reasons! {
    for TemplateRefusal {
        NotFound(id) => "InvalidParameterValue.LaunchTemplateIdNotExisted",
            "The launch template `{id}` does not exist.",
            "启动模板 `{id}` 不存在。";
        VersionNotFound { template, version } => "InvalidParameterValue.LaunchTemplateIdVerNotExisted" or "InvalidParameterValue.LaunchTemplateVersion",
            "The launch template `{template}` has no version {version}.",
            "启动模板 `{template}` 没有版本 {version}。";
        IsDefault { template, version } => "InvalidParameterValue.LaunchTemplateIdVerSetAlready",
            "Version {version} of the launch template `{template}` is the default version already.",
            "版本 {version} 已经是启动模板 `{template}` 的默认版本。";
        IsNeeded { template, version } => "InvalidParameterValue.LaunchTemplateDefaultVersion",
            "Version {version} of the launch template `{template}` is the default version, and cannot be deleted.",
            "版本 {version} 是启动模板 `{template}` 的默认版本，不能删除。";
        VersionQuota { limit } => "LimitExceeded.LaunchTemplateVersionQuota",
            "A launch template has at most {limit} versions.",
            "每个启动模板最多 {limit} 个版本。";
        Quota { limit } => "LimitExceeded.LaunchTemplateQuota",
            "The account has {limit} launch templates in this region, which is the limit.",
            "启动模板数量超过限制，每个账户在每个地域最多 {limit} 个。";
    }
}

// Reasons for placement groups.
reasons! {
    for GroupRefusal {
        NotFound(id) => "FailedOperation.DisasterRecoverGroupNotFound",
            "The placement group `{id}` does not exist.",
            "置放群组 `{id}` 不存在。";
        Full { group, limit } => "ResourceInsufficient.DisasterRecoverGroupCvmQuota",
            "The placement group `{group}` takes at most {limit} instances.",
            "置放群组 `{group}` 最多容纳 {limit} 台实例。";
        Quota { limit } => "LimitExceeded.DisasterRecoverGroup",
            "The account has {limit} placement groups in this region, which is the limit.",
            "置放群组数量超过限制，每个账户在每个地域最多 {limit} 个。";
        InUse { group, instance } => "ResourceInUse",
            "The placement group `{group}` still holds the instance `{instance}`.",
            "置放群组 `{group}` 中仍有实例 `{instance}`。";
        HasInstance { instance, group } => "FailedOperation.AlreadyInDisasterRecoverGroup",
            "The instance `{instance}` is in the placement group `{group}` already.",
            "实例 `{instance}` 已在置放群组 `{group}` 中。";
        LacksInstance(id) => "FailedOperation.DisasterRecoverGroupNotMatch",
            "The instance `{id}` is in none of these placement groups.",
            "实例 `{id}` 不在指定的置放群组中。";
    }
}

//! What the model's rules refuse.

use crate::reasons::codes::FORBIDDEN;
use cvmd_model::{DiskRefusal, GroupRefusal, InstanceState, Refusal, TemplateRefusal};

reasons! {
    for Refusal {
        InstanceNotFound(id) => "InvalidInstanceId.NotFound",
            "The instance `{id}` does not exist.",
            "没有找到相应实例 `{id}`。";
        KeyPairNotFound(id) => "InvalidKeyPairId.NotFound",
            "The key pair `{id}` does not exist.",
            "指定的密钥对 `{id}` 不存在。";
        LoginKeyPairNotFound(id) => "InvalidParameterValue.KeyPairNotFound",
            "The key pair `{id}` specified in `LoginSettings.KeyIds` does not exist.",
            "`LoginSettings.KeyIds` 中指定的密钥对 `{id}` 不存在。";
        Windows(id) => "UnsupportedOperation.InstanceOsWindows" / FORBIDDEN,
            "The instance `{id}` runs Windows, which takes no SSH key pair.",
            "实例 `{id}` 的操作系统为 Windows，不支持 SSH 密钥对。";
        WindowsImage(id) => "UnsupportedOperation.KeyPairUnsupportedWindows" / FORBIDDEN,
            "The image `{id}` is Windows, which takes no SSH key pair.",
            "镜像 `{id}` 的操作系统为 Windows，不支持 SSH 密钥对。";
        OperationInProgress(id) => "OperationDenied.InstanceOperationInProgress" / FORBIDDEN,
            "The instance `['{id}']` already has operation in progress. Please try again later.",
            "实例 `['{id}']` 正在执行其他操作，请稍后再试。";
        State { instance, state } => (in_state(*state).0) / FORBIDDEN,
            ("The instance `{instance}` is in state `{}`, which does not allow this operation.", state.name()),
            ("实例 `{instance}` {}（{}），不支持该操作。", in_state(*state).1, state.name());
        RunningWithoutForce(id) => "UnsupportedOperation.InstanceStateRunning" / FORBIDDEN,
            "The instance `{id}` is RUNNING. Stop it first, or pass ForceStop=TRUE to have it shut down and started again.",
            "请求不支持开机状态（RUNNING）的实例 `{id}`。请先关机，或传入 ForceStop=TRUE，由系统关机后再开机。";
        StoppedWithoutCharging(id) => "UnsupportedOperation.StoppedModeStopCharging" / FORBIDDEN,
            "The instance `{id}` was stopped without charging; start it before this operation.",
            "实例 `{id}` 处于关机不收费状态，请先开机再执行该操作。";
        Protected(id) => "UnsupportedOperation.InstancesProtected" / FORBIDDEN,
            "The instance `{id}` is protected against termination (DisableApiTermination).",
            "实例 `{id}` 已启用销毁保护（DisableApiTermination），请先关闭销毁保护，然后重试。";
        Isolating(id) => "UnsupportedOperation.InstanceStateIsolating" / FORBIDDEN,
            "The instance `{id}` is on its way into the recycle bin.",
            "实例 `{id}` 正在移入回收站。";
        ChargeType { instance, charge_type } => "UnsupportedOperation.InstanceChargeType" / FORBIDDEN,
            ("The instance `{instance}` is charged {}, which does not allow this operation.", charge_type.name()),
            ("实例 `{instance}` 的计费模式为 {}，不支持该操作。", charge_type.name());
        MixedChargeTypes => "UnsupportedOperation.InstanceMixedPricingModel" / FORBIDDEN,
            "Instances charged in different ways cannot be terminated together.",
            "不支持同时销毁计费模式不同的实例。";
        MixedInternetChargeTypes => "InvalidParameterValue.InstanceNotSupportedMixPricingModel",
            "Instances whose bandwidth is charged in different ways cannot be changed together.",
            "不支持同时调整网络计费模式不同的实例。";
        Template(why: TemplateRefusal) => why;
        Group(why: GroupRefusal) => why;
        Disk(why: DiskRefusal) => why;
        SystemDiskType(id) => "UnsupportedOperation.SystemDiskType" / FORBIDDEN,
            "The instance `{id}` has a local system disk, which binds it to its type.",
            "实例 `{id}` 的系统盘为本地盘，不支持调整机型。";
        NoConsole(id) => "UnsupportedOperation.SpecialInstanceType" / FORBIDDEN,
            "The instance `{id}` has no text console: Windows has none, nor has every hypervisor.",
            "实例 `{id}` 没有文本控制台：Windows 实例没有，且并非每种虚拟化平台都有。";
        KeyPairBound { key, instance } => "InvalidParameterValue.KeyPairNotSupported",
            "The key pair `{key}` is bound to the instance `{instance}`; disassociate it first.",
            "密钥对 `{key}` 已绑定实例 `{instance}`，请先解绑。";
        KeyPairLeaving { key, instance } => "InvalidParameterValue.KeyPairNotSupported",
            "The key pair `{key}` is still being taken off the instance `{instance}`; try again when that is done.",
            "密钥对 `{key}` 正在从实例 `{instance}` 解绑，请在解绑完成后重试。";
        KeyPairNameTaken(name) => "InvalidKeyPairName.Duplicate",
            "A key pair named `{name}` exists already.",
            "密钥对名称 `{name}` 重复。";
        PublicKeyTaken(id) => "InvalidPublicKey.Duplicate",
            "The same public key is in this account already, as key pair `{id}`.",
            "指定的公钥已经存在，对应密钥对 `{id}`。";
        KeyPairQuota { limit } => "InvalidKeyPair.LimitExceeded",
            "The account has {limit} key pairs, which is the limit.",
            "密钥对数量超过限制，每个账户最多 {limit} 个。";
        ImageNotFound(id) => "InvalidImageId.NotFound",
            "The image `{id}` does not exist.",
            "未找到镜像 `{id}`。";
        ImageNotReady { image, state } => "InvalidParameterValue.InvalidImageState",
            ("The image `{image}` is {}, not NORMAL: nothing can be made of it.", state.name()),
            ("镜像 `{image}` 的状态为 {}，不是 NORMAL，不能使用。", state.name());
        ImageStillMade(id) => "InvalidImageId.IncorrectState",
            "The image `{id}` is still being created.",
            "镜像 `{id}` 正在创建中，请稍后重试。";
        ImageInUse { image, instance } => "InvalidImageId.IncorrectState",
            "The instance `{instance}` is still being made of the image `{image}`; try again when that is done.",
            "实例 `{instance}` 正在使用镜像 `{image}` 创建，请稍后重试。";
        PublicImage(id) => "InvalidParameterValue.InvalidImageId",
            "The image `{id}` is public: it can be neither changed nor deleted.",
            "镜像 `{id}` 是公共镜像，不允许修改或删除。";
        ImageNameTaken(name) => "InvalidImageName.Duplicate",
            "An image named `{name}` exists already in this region.",
            "镜像名称 `{name}` 与该地域内原有镜像重复。";
        ImageQuota { limit } => "ImageQuotaLimitExceeded",
            "The account has {limit} custom images in this region, which is the limit.",
            "镜像配额超过了限制，每个地域最多 {limit} 个自定义镜像。";
        SnapshotNotFound(id) => "InvalidSnapshotId.NotFound",
            "The snapshot `{id}` does not exist.",
            "快照 `{id}` 不存在。";
        SnapshotStillMade(id) => "ResourceUnavailable.SnapshotCreating",
            "The snapshot `{id}` is still being created.",
            "快照 `{id}` 正在创建中。";
        SnapshotOfImage { snapshot, image } => "UnsupportedOperation.SnapshotHasBindedImage",
            "The snapshot `{snapshot}` belongs to the image `{image}`; delete that first, or with it (DeleteBindImages).",
            "快照 `{snapshot}` 已关联镜像 `{image}`，请先删除该镜像，或指定 DeleteBindImages 一并删除。";
        SnapshotQuota { limit } => "ImageQuotaLimitExceeded",
            "The account has {limit} snapshots in this region, which is the limit; DeleteSnapshots deletes those whose image is gone.",
            "快照配额超过了限制，每个地域最多 {limit} 个快照；可用 DeleteSnapshots 删除镜像已不存在的快照。";
        KeyPairOfImage { key, image } => "InvalidParameterValue.KeyPairNotSupported",
            "The key pair `{key}` is bound to the image `{image}`; delete that first.",
            "密钥对 `{key}` 已绑定镜像 `{image}`，请先删除该镜像。";
        OtherSystem { instance } => "InvalidParameterValue.InvalidImageIdForRetsetInstance",
            "The system disk of `{instance}` is of a kind that does not change between Linux and Windows.",
            "实例 `{instance}` 的系统盘类型不支持 Linux 与 Windows 之间的切换。";
        SystemDiskNamed(disk) => "InvalidParameter.DataDiskIdContainsRootDisk",
            "The disk `{disk}` is the system disk, which is always in the image: it is not named.",
            "`{disk}` 是系统盘，镜像总是包含系统盘，不应在 DataDiskIds 中传入。";
        AddressesExhausted => "ResourceInsufficient.CidrBlock",
            "No address is left in the block of the default VPC.",
            "默认私有网络的网段中没有可用的 IP 地址。";
        VpcNotFound(id) => "InvalidParameterValue.VpcIdNotExist",
            "The VPC `{id}` does not exist.",
            "私有网络 `{id}` 不存在。";
        SubnetNotFound(id) => "InvalidParameterValue.SubnetNotExist",
            "The subnet `{id}` does not exist.",
            "子网 `{id}` 不存在。";
        SubnetElsewhere { subnet, vpc } => "InvalidParameterValue.VpcIdSubnetIdNotMatch",
            "The subnet `{subnet}` is not in the VPC `{vpc}`.",
            "子网 `{subnet}` 不属于私有网络 `{vpc}`。";
        SubnetInOtherZone { subnet, zone } => "InvalidParameterValue.SubnetIdZoneIdNotMatch",
            "The subnet `{subnet}` is in the zone `{zone}`, not in the instance's.",
            "子网 `{subnet}` 位于可用区 `{zone}`，与实例的可用区不一致。";
        SubnetExhausted(id) => "FailedOperation.NoAvailableIpAddressCountInSubnet",
            "No address is left in the subnet `{id}`.",
            "子网 `{id}` 中没有可用的 IP 地址。";
        AddressNotInSubnet { address, subnet } => "VpcAddrNotInSubNet",
            "The subnet `{subnet}` has no address `{address}` that an instance may get.",
            "IP 地址 `{address}` 不在子网 `{subnet}` 可分配的范围内。";
        AddressTaken { address } => "VpcIpIsUsed",
            "The address `{address}` is used already.",
            "IP 地址 `{address}` 已被占用。";
        SecurityGroupNotFound(id) => "InvalidSecurityGroupId.NotFound",
            "The security group `{id}` does not exist.",
            "安全组 `{id}` 不存在。";
        SecurityGroupsQuota { limit } => "LimitExceeded.AssociateUSGLimitExceeded",
            "An instance takes at most {limit} security groups.",
            "每台实例最多绑定 {limit} 个安全组。";
        NetworkNotFound(id) => "ResourceNotFound",
            "The resource `{id}` does not exist.",
            "资源 `{id}` 不存在。";
        VpcInUse { vpc, subnet } => "ResourceInUse",
            "The VPC `{vpc}` has the subnet `{subnet}`: delete that first.",
            "私有网络 `{vpc}` 中有子网 `{subnet}`，请先删除该子网。";
        SubnetInUse { subnet, instances } => "ResourceInUse",
            "The subnet `{subnet}` is used by {instances} instance(s).",
            "子网 `{subnet}` 被占用：其中有 {instances} 台实例。";
        SecurityGroupInUse { group, instances } => "ResourceInUse",
            "The security group `{group}` is bound to {instances} instance(s).",
            "安全组 `{group}` 被占用：已绑定 {instances} 台实例。";
        SecurityGroupNamed { group, by } => "ResourceInUse",
            "The security group `{group}` is named in a rule of `{by}`.",
            "安全组 `{group}` 被占用：安全组 `{by}` 的规则引用了它。";
        NetworkIsDefault(id) => "InvalidParameterValue.Reserved",
            "The resource `{id}` is the default one, which cannot be deleted.",
            "资源 `{id}` 为默认资源，不支持删除。";
        VpcQuota { limit } => "LimitExceeded",
            "The region has {limit} VPCs of the account, which is the limit.",
            "私有网络数量超过限制，每个地域最多 {limit} 个。";
        SubnetQuota { limit } => "LimitExceeded",
            "The VPC has {limit} subnets, which is the limit.",
            "子网数量超过限制，每个私有网络最多 {limit} 个。";
        SecurityGroupQuota { limit } => "LimitExceeded",
            "The region has {limit} security groups of the account, which is the limit.",
            "安全组数量超过限制，每个地域最多 {limit} 个。";
        VpcRange(cidr) => "InvalidParameterValue.Range",
            "The range `{cidr}` is no VPC's: it must lie in 10.0.0.0/8 (from /12), 172.16.0.0/12 or 192.168.0.0/16, up to /28.",
            "网段 `{cidr}` 不合法：须在 10.0.0.0/8（掩码不小于 /12）、172.16.0.0/12 或 192.168.0.0/16 内，掩码不大于 /28。";
        SubnetRange { cidr, vpc } => "InvalidParameterValue.SubnetRange",
            "The range `{cidr}` is no subnet's: it must lie in the VPC's, `{vpc}`, up to /29.",
            "子网网段 `{cidr}` 不合法：须在私有网络的网段 `{vpc}` 内，掩码不大于 /29。";
        SubnetConflict { cidr, other } => "InvalidParameterValue.SubnetConflict",
            "The range `{cidr}` overlaps that of the subnet `{other}`.",
            "子网网段 `{cidr}` 与子网 `{other}` 的网段重叠。";
        RulesChanged { version } => "UnsupportedOperation.VersionMismatch",
            "The rules have the version `{version}` now: read them again.",
            "安全组规则的版本已是 `{version}`，请重新查询后再试。";
        RuleTwice => "UnsupportedOperation.DuplicatePolicy",
            "Two rules would say the same.",
            "安全组规则重复。";
        RuleIndex { index } => "InvalidParameterValue.Range",
            "There is no rule with the index `{index}`.",
            "没有索引为 `{index}` 的安全组规则。";
        RulesQuota { limit } => "LimitExceeded.SecurityGroupPolicySet",
            "A security group takes at most {limit} rules in each direction.",
            "安全组规则数量超过限制，每个方向最多 {limit} 条。";
        ClientTokenReused => "InvalidParameterValue.Duplicate",
            "The client token was used within 24 hours with other parameters.",
            "该 ClientToken 在 24 小时内已用于参数不同的请求。";
    }
}

/// The code of a state that forbids the change, and its name in Chinese, in the vendor's words for that code.
const fn in_state(state: InstanceState) -> (&'static str, &'static str) {
    match state {
        InstanceState::Pending => ("UnsupportedOperation.InstanceStatePending", "创建未完成"),
        // Unlike the vendor, whose failed launches vanish by themselves: every listed instance is found.
        InstanceState::LaunchFailed => ("UnsupportedOperation.InstanceStateLaunchFailed", "创建失败"),
        InstanceState::Running => ("UnsupportedOperation.InstanceStateRunning", "处于开机状态"),
        InstanceState::Stopped => ("UnsupportedOperation.InstanceStateStopped", "处于关机状态"),
        InstanceState::Starting => ("UnsupportedOperation.InstanceStateStarting", "正在开机"),
        InstanceState::Stopping => ("UnsupportedOperation.InstanceStateStopping", "正在关机"),
        InstanceState::Rebooting => ("UnsupportedOperation.InstanceStateRebooting", "正在重启"),
        InstanceState::Shutdown => ("UnsupportedOperation.InstanceStateShutdown", "处于已隔离状态"),
        InstanceState::EnterRescueMode => ("UnsupportedOperation.InstanceStateEnterRescueMode", "正在进入救援模式"),
        InstanceState::RescueMode => ("UnsupportedOperation.InstanceStateRescueMode", "处于救援模式"),
        InstanceState::ExitRescueMode => ("UnsupportedOperation.InstanceStateExitRescueMode", "正在退出救援模式"),
        InstanceState::Terminating => ("UnsupportedOperation.InstanceStateTerminating", "正在销毁"),
    }
}

//! Every refusal's Chinese text, for callers that wish `zh-CN`; the English one stands beside the reason itself.
//!
//! The matches are exhaustive without `_`: a new reason does not compile until somebody has written its text. The data in
//! it comes from the same fields as the English text's, which a test compares. Where the vendor's own Chinese is known
//! (its list of error codes, the answers that users quote), its words are taken.

use crate::{
    Excess, Reason, TagRefusal, Untaken,
    error::{DiskReason, KeyNameReason, Words, of_the_vendors},
};
use cvmd_model::{DiskRefusal, GUEST_MS_MAX, GroupRefusal, InstanceState, MalformedKey, Refusal, TemplateRefusal};
use cvmd_state::TooLarge;
use cvmd_wire::{AuthorizationFault, Denied, NameFault};

/// A table of texts, one line a variant: an exhaustive match whose arms are formatted.
macro_rules! texts {
    ($(#[$about:meta])* $name:ident($given:ident: $type:ty) { $($pattern:pat => ($($text:tt)*),)* }) => {
        $(#[$about])*
        pub(crate) fn $name($given: &$type) -> String {
            match $given {
                $($pattern => format!($($text)*),)*
            }
        }
        #[cfg(test)]
        pub(crate) mod $name {
            /// What the table holds, so that a test can tell which of it was never read.
            pub(crate) const PATTERNS: &[&str] = &[$(stringify!($pattern)),*];
        }
    };
}

texts! {
    /// Why a believed request is refused.
    reason(why: Reason) {
        Reason::Missing { name } => ("缺少必需的参数 `{name}`。"),
        Reason::Unknown { name } => ("未知参数 `{name}`。"),
        Reason::WrongType { name, expected, given } => ("参数 `{name}` 的值类型不正确：应为{}，而不是{}。", expected.chinese, given.chinese),
        Reason::BadValue { name, value } => ("参数 `{name}` 的取值 `{value}` 不合法。"),
        Reason::TooMany { name, given, limit } => ("参数 `{name}` 有 {given} 个值，超过上限 {limit} 个。"),
        Reason::Exclusive { names } => ("参数 {} 不能同时指定。", listed(names)),
        Reason::Combination { names } => ("参数组合不正确：{} 不能同时指定。", listed(names)),
        Reason::LoginConflict => ("LoginSettings 中的 `Password`、`KeyIds` 和 `KeepImageLogin` 只能指定其中一项。"),
        Reason::NothingToDo { names } => ("参数 {} 至少需要指定其中一个。", listed(names)),
        Reason::MalformedInstanceId { value } => ("实例 ID `{value}` 格式错误，正确的格式如 `ins-1e4r6y8i`。"),
        Reason::InstanceIdMalformed { value } => ("实例 ID `{value}` 格式错误，正确的格式如 `ins-1e4r6y8i`。"),
        Reason::MalformedKeyPairId { value } => ("密钥对 ID `{value}` 格式错误，正确的格式如 `skey-4e5ty7i8`。"),
        Reason::MalformedImageId { value } => ("镜像 ID `{value}` 格式错误，正确的格式如 `img-487zeit5`。"),
        Reason::MalformedTemplateId { value } => ("启动模板 ID `{value}` 格式错误，正确的格式如 `lt-11112222`。"),
        Reason::MalformedGroupId { value } => ("置放群组 ID `{value}` 格式错误，正确的格式如 `ps-11112222`。"),
        Reason::TemplateName => ("启动模板名称长度为 2 至 128 个字符。"),
        Reason::TemplateDescription => ("启动模板版本描述最多 256 个字符。"),
        Reason::LaunchTemplateVersion { template, version } => ("启动模板 `{template}` 没有版本 {version}。"),
        Reason::HalfATopology => ("`CpuTopology` 的 `CoreCount` 和 `ThreadPerCore` 必须同时指定。"),
        Reason::PublicKey(fault) => ("密钥公钥格式错误：{}。", malformed_key(fault)),
        Reason::Password(Words { chinese, .. }) => ("密码不符合复杂度限制：{chinese}。"),
        Reason::UserName { given, instance, user } => ("参数 `UserName` 的取值 `{given}` 不合法：实例 `{instance}` 以 `{user}` 登录。"),
        Reason::Limit { value } => ("参数 `Limit` 的取值 `{value}` 不合法，取值范围为 1 至 100。"),
        Reason::Offset { value } => ("参数 `Offset` 的取值 `{value}` 不合法，最小为 0。"),
        Reason::KeyPairsLimit { value } => ("参数 `Limit` 的取值 `{value}` 不合法，取值范围为 1 至 100。"),
        Reason::KeyPairsOffset { value } => ("参数 `Offset` 的取值 `{value}` 不合法，最小为 0。"),
        Reason::Filter { name } => ("该接口不支持过滤器 `{name}`。"),
        Reason::FilterTooLarge => ("每次请求最多 10 个过滤器，每个过滤器最多 5 个值。"),
        Reason::Time { value } => ("时间 `{value}` 格式不合法，正确的格式如 `2023-06-01 00:00:00`。"),
        Reason::ImageIdsWithFilters => ("不能同时指定 `ImageIds` 和 `Filters`。"),
        Reason::SpecifyOne { names } => ("参数 {} 必须指定且只能指定其中一个。", listed(names)),
        Reason::TextTooLong { name, limit } => ("参数 `{name}` 的长度超过 {limit} 个字符的限制。"),
        Reason::Zone { value } => ("可用区 `{value}` 不存在。"),
        Reason::ZoneElsewhere { value, region } => ("可用区 `{value}` 不在地域 `{region}` 内。"),
        Reason::ZoneSoldOut { zone } => ("可用区 `{zone}` 已售罄，可通过 DescribeZones 查询 AVAILABLE 的可用区。"),
        Reason::MalformedVpcId { value } => ("私有网络 ID `{value}` 格式错误，正确的格式如 `vpc-1e4r6y8i`。"),
        Reason::MalformedSubnetId { value } => ("子网 ID `{value}` 格式错误，正确的格式如 `subnet-1e4r6y8i`。"),
        Reason::MalformedAddress { value } => ("IP 地址 `{value}` 格式错误，正确的格式如 `10.0.0.5`。"),
        Reason::AddressCount { name, instances, given } => ("参数 `{name}` 须为每台实例指定一个地址，共 {instances} 个，而不是 {given} 个。"),
        Reason::NoIpv6 => ("此处的私有网络不支持 IPv6 地址。"),
        Reason::NetworkMalformed { name, value } => ("参数 `{name}` 的取值 `{value}` 格式不合法。"),
        Reason::NetworkTooLong { name, limit } => ("参数 `{name}` 太长，最多 {limit} 个字符。"),
        Reason::NetworkDuplicateTag { key } => ("标签键 `{key}` 重复。"),
        Reason::NetworkFilter { name } => ("该接口不支持过滤条件 `{name}`。"),
        Reason::NetworkFilterTooLarge => ("每次请求最多 10 个过滤条件，每个过滤条件最多 5 个值。"),
        Reason::NetworkExclusive { names } => ("参数 {} 不支持同时指定。", listed(names)),
        Reason::NetworkZone { value, region } => ("可用区 `{value}` 在地域 `{region}` 内不可用。"),
        Reason::InstanceType { value } => ("指定的机型 `{value}` 不存在。"),
        Reason::Period { value } => ("购买时长 `{value}` 不合法，可选 1 至 12、24、36、48 或 60 个月。"),
        Reason::MinCount => ("参数 `MinCount` 的值不能大于 `InstanceCount`。"),
        Reason::InstanceNameTooLong { limit } => ("实例名称长度超出限制，最多 {limit} 个字符。"),
        Reason::HostName(Words { chinese, .. }) => ("主机名不合法：{chinese}。"),
        Reason::ClientTokenTooLong => ("指定的 ClientToken 超出长度限制，必须小于等于 64 个 ASCII 字符。"),
        Reason::UserData => ("`UserData` 格式错误，需要 base64 编码，且不超过 16 KiB。"),
        Reason::DuplicateTag { key } => ("标签 `{key}` 重复。"),
        Reason::Unsupported { what: Words { chinese, .. } } => ("此处不支持：{chinese}。"),
        Reason::UnknownProduct { product, is_vendors } => ("产品 service=`{product}` 不存在{}。", of_the_vendors(*is_vendors).chinese),
        Reason::UnknownAction { product, action } => ("接口 `{action}` 不存在（service=`{}`，version=`{}`）。", product.name(), product.version()),
        Reason::ProductElsewhere { value } => ("此处没有产品 `{value}`。"),
        Reason::NotBuilt { product, action } => ("此处不支持 service=`{}` 的接口 `{action}`。", product.name()),
        Reason::UnknownVersion { product, version } => ("接口版本 `{version}` 不存在（service=`{}`）。", product.name()),
        Reason::CommonMissing { name } => ("缺少必需的公共参数 `{name}`。"),
        Reason::Region { name } => ("公共参数 `X-TC-Region`（或 `Region`）的取值 `{name}` 不合法、不受支持或不可用。"),
        Reason::ControlCharacter { name, code } => ("参数 `{name}` 含有不允许的控制字符 `U+{code:04X}`。"),
        Reason::Crowded => ("未完成的请求占用的内存过多，请稍后重试。"),
        Reason::Waiting { waiting } => ("该账号已有 {waiting} 个请求在排队，达到上限，请稍后重试。"),
        Reason::Unread { limit } => ("该账号尚未读取的响应超过 {limit} 字节，请先读取响应再重试。"),
        Reason::HalfSent => ("未收到完整的请求体。"),
        Reason::Replayed => ("该签名的请求已被接收过，每次请求都必须重新签名。"),
        Reason::Excess(why) => ("{}", excess(why)),
        Reason::Disk(why) => ("{}", new_disk(why)),
        Reason::KeyName(why) => ("{}", key_name(why)),
        Reason::Untaken(why) => ("{}", untaken(why)),
        Reason::Law(law) => ("{}", refusal(law)),
        Reason::Tag(why) => ("{}", tag(why)),
        Reason::OurFault => ("内部错误。请重试；如仍失败，请将 RequestId 提供给运维人员。"),
    }
}

texts! {
    /// Which law forbids it.
    refusal(law: Refusal) {
        Refusal::InstanceNotFound(id) => ("没有找到相应实例 `{id}`。"),
        Refusal::KeyPairNotFound(id) => ("指定的密钥对 `{id}` 不存在。"),
        Refusal::LoginKeyPairNotFound(id) => ("`LoginSettings.KeyIds` 中指定的密钥对 `{id}` 不存在。"),
        Refusal::Windows(id) => ("实例 `{id}` 的操作系统为 Windows，不支持 SSH 密钥对。"),
        Refusal::WindowsImage(id) => ("镜像 `{id}` 的操作系统为 Windows，不支持 SSH 密钥对。"),
        Refusal::OperationInProgress(id) => ("实例 `['{id}']` 正在执行其他操作，请稍后再试。"),
        Refusal::State { instance, state } => ("实例 `{instance}` {}（{}），不支持该操作。", state_now(*state), state.name()),
        Refusal::RunningWithoutForce(id) => ("请求不支持开机状态（RUNNING）的实例 `{id}`。请先关机，或传入 ForceStop=TRUE，由系统关机后再开机。"),
        Refusal::StoppedWithoutCharging(id) => ("实例 `{id}` 处于关机不收费状态，请先开机再执行该操作。"),
        Refusal::NoConsole(id) => ("实例 `{id}` 没有文本控制台：Windows 实例没有，且并非每种虚拟化平台都有。"),
        Refusal::Isolating(id) => ("实例 `{id}` 正在移入回收站。"),
        Refusal::ChargeType { instance, charge_type } => ("实例 `{instance}` 的计费模式为 {}，不支持该操作。", charge_type.name()),
        Refusal::Template(why) => ("{}", template(why)),
        Refusal::Group(why) => ("{}", group(why)),
        Refusal::Disk(why) => ("{}", disk(why)),
        Refusal::SystemDiskType(id) => ("实例 `{id}` 的系统盘为本地盘，不支持调整机型。"),
        Refusal::MixedInternetChargeTypes => ("不支持同时调整网络计费模式不同的实例。"),
        Refusal::MixedChargeTypes => ("不支持同时销毁计费模式不同的实例。"),
        Refusal::Protected(id) => ("实例 `{id}` 已启用销毁保护（DisableApiTermination），请先关闭销毁保护，然后重试。"),
        Refusal::KeyPairBound { key, instance } => ("密钥对 `{key}` 已绑定实例 `{instance}`，请先解绑。"),
        Refusal::KeyPairLeaving { key, instance } => ("密钥对 `{key}` 正在从实例 `{instance}` 解绑，请在解绑完成后重试。"),
        Refusal::KeyPairNameTaken(name) => ("密钥对名称 `{name}` 重复。"),
        Refusal::PublicKeyTaken(id) => ("指定的公钥已经存在，对应密钥对 `{id}`。"),
        Refusal::KeyPairQuota { limit } => ("密钥对数量超过限制，每个账户最多 {limit} 个。"),
        Refusal::ImageNotFound(id) => ("未找到镜像 `{id}`。"),
        Refusal::ImageNotReady { image, state } => ("镜像 `{image}` 的状态为 {}，不是 NORMAL，不能使用。", state.name()),
        Refusal::ImageStillMade(id) => ("镜像 `{id}` 正在创建中，请稍后重试。"),
        Refusal::ImageInUse { image, instance } => ("实例 `{instance}` 正在使用镜像 `{image}` 创建，请稍后重试。"),
        Refusal::PublicImage(id) => ("镜像 `{id}` 是公共镜像，不允许修改或删除。"),
        Refusal::ImageNameTaken(name) => ("镜像名称 `{name}` 与该地域内原有镜像重复。"),
        Refusal::ImageQuota { limit } => ("镜像配额超过了限制，每个地域最多 {limit} 个自定义镜像。"),
        Refusal::SnapshotNotFound(id) => ("快照 `{id}` 不存在。"),
        Refusal::SnapshotStillMade(id) => ("快照 `{id}` 正在创建中。"),
        Refusal::SnapshotOfImage { snapshot, image } => ("快照 `{snapshot}` 已关联镜像 `{image}`，请先删除该镜像，或指定 DeleteBindImages 一并删除。"),
        Refusal::SnapshotQuota { limit } => ("快照配额超过了限制，每个地域最多 {limit} 个快照；可用 DeleteSnapshots 删除镜像已不存在的快照。"),
        Refusal::KeyPairOfImage { key, image } => ("密钥对 `{key}` 已绑定镜像 `{image}`，请先删除该镜像。"),
        Refusal::OtherSystem { instance } => ("实例 `{instance}` 的系统盘类型不支持 Linux 与 Windows 之间的切换。"),
        Refusal::SystemDiskNamed(disk) => ("`{disk}` 是系统盘，镜像总是包含系统盘，不应在 DataDiskIds 中传入。"),
        Refusal::AddressesExhausted => ("默认私有网络的网段中没有可用的 IP 地址。"),
        Refusal::VpcNotFound(id) => ("私有网络 `{id}` 不存在。"),
        Refusal::SubnetNotFound(id) => ("子网 `{id}` 不存在。"),
        Refusal::SubnetElsewhere { subnet, vpc } => ("子网 `{subnet}` 不属于私有网络 `{vpc}`。"),
        Refusal::SubnetInOtherZone { subnet, zone } => ("子网 `{subnet}` 位于可用区 `{zone}`，与实例的可用区不一致。"),
        Refusal::SubnetExhausted(id) => ("子网 `{id}` 中没有可用的 IP 地址。"),
        Refusal::AddressNotInSubnet { address, subnet } => ("IP 地址 `{address}` 不在子网 `{subnet}` 可分配的范围内。"),
        Refusal::AddressTaken { address } => ("IP 地址 `{address}` 已被占用。"),
        Refusal::SecurityGroupNotFound(id) => ("安全组 `{id}` 不存在。"),
        Refusal::SecurityGroupsQuota { limit } => ("每台实例最多绑定 {limit} 个安全组。"),
        Refusal::NetworkNotFound(id) => ("资源 `{id}` 不存在。"),
        Refusal::VpcInUse { vpc, subnet } => ("私有网络 `{vpc}` 中有子网 `{subnet}`，请先删除该子网。"),
        Refusal::SubnetInUse { subnet, instances } => ("子网 `{subnet}` 被占用：其中有 {instances} 台实例。"),
        Refusal::SecurityGroupInUse { group, instances } => ("安全组 `{group}` 被占用：已绑定 {instances} 台实例。"),
        Refusal::SecurityGroupNamed { group, by } => ("安全组 `{group}` 被占用：安全组 `{by}` 的规则引用了它。"),
        Refusal::NetworkIsDefault(id) => ("资源 `{id}` 为默认资源，不支持删除。"),
        Refusal::VpcQuota { limit } => ("私有网络数量超过限制，每个地域最多 {limit} 个。"),
        Refusal::SubnetQuota { limit } => ("子网数量超过限制，每个私有网络最多 {limit} 个。"),
        Refusal::SecurityGroupQuota { limit } => ("安全组数量超过限制，每个地域最多 {limit} 个。"),
        Refusal::VpcRange(cidr) => ("网段 `{cidr}` 不合法：须在 10.0.0.0/8（掩码不小于 /12）、172.16.0.0/12 或 192.168.0.0/16 内，掩码不大于 /28。"),
        Refusal::SubnetRange { cidr, vpc } => ("子网网段 `{cidr}` 不合法：须在私有网络的网段 `{vpc}` 内，掩码不大于 /29。"),
        Refusal::SubnetConflict { cidr, other } => ("子网网段 `{cidr}` 与子网 `{other}` 的网段重叠。"),
        Refusal::RulesChanged { version } => ("安全组规则的版本已是 `{version}`，请重新查询后再试。"),
        Refusal::RuleTwice => ("安全组规则重复。"),
        Refusal::RuleIndex { index } => ("没有索引为 `{index}` 的安全组规则。"),
        Refusal::RulesQuota { limit } => ("安全组规则数量超过限制，每个方向最多 {limit} 条。"),
        Refusal::ClientTokenReused => ("该 ClientToken 在 24 小时内已用于参数不同的请求。"),
    }
}

texts! {
    /// Which values a parameter takes.
    untaken(why: Untaken) {
        Untaken::Range { name, value, least, most } => ("参数 `{name}` 的取值 `{value}` 不合法，取值范围为 {least} 至 {most}。"),
        Untaken::Least { name, value, least } => ("参数 `{name}` 的取值 `{value}` 不合法，不能小于 {least}。"),
        Untaken::Word { name, value, words } => ("参数 `{name}` 的取值 `{value}` 不合法，可选值为 {words}。"),
        Untaken::Length { name, value, least, most } => ("参数 `{name}` 的取值 `{value}` 不合法，长度为 {least} 至 {most} 个字符。"),
    }
}

texts! {
    /// More than this server takes, writes or answers at once.
    excess(why: Excess) {
        Excess::Text { name, given, limit } => ("参数 `{name}` 的长度为 {given} 字节，超过上限 {limit} 字节。"),
        Excess::List { name, given, limit } => ("参数 `{name}` 有 {given} 个值，超过上限 {limit} 个。"),
        Excess::Request { given, longest, limit } => ("请求参数的总长度为 {given} 字节，其中 `{longest}` 最长，超过上限 {limit} 字节。"),
        Excess::Written(TooLarge::Row { id, bytes, limit }) => ("该请求会使 `{id}` 占用 {bytes} 字节，超过上限 {limit} 字节；请缩短或减少其中的文本。"),
        Excess::Written(TooLarge::Account { bytes, limit }) => ("该请求会使账号的资源合计占用 {bytes} 字节，超过上限 {limit} 字节；请删除不需要的资源，或联系管理员提高上限。"),
        Excess::Written(TooLarge::Command { rows, limit }) => ("该请求写入的 {rows} 个资源合计超过上限 {limit} 字节；请减少单次请求的资源数量。"),
        Excess::Instances { held, limit } => ("账号已有 {held} 个实例，最多允许 {limit} 个；请先销毁部分实例，或联系管理员提高上限。"),
        Excess::Reply { bytes, limit } => ("返回结果为 {bytes} 字节，超过上限 {limit} 字节；请用 `Limit` 或 ID 减少返回的数量。"),
    }
}

texts! {
    /// Why a disk cannot be made so.
    new_disk(why: DiskReason) {
        DiskReason::MalformedSnapshotId { value } => ("快照 ID `{value}` 格式错误，正确的格式如 `snap-1e4r6y8i`。"),
        DiskReason::Snapshot { snapshot } => ("快照 `{snapshot}` 不存在、尚未完成或不是数据盘快照；可用 DescribeSnapshots 查询 SnapshotState 与 DiskUsage。"),
        DiskReason::BelowSnapshot { snapshot, size_gib, least_gib } => ("数据盘大小 {size_gib} GiB 小于快照 `{snapshot}` 的大小 {least_gib} GiB。"),
        DiskReason::KmsKey { name, value } => ("参数 `{name}` 指定的密钥 `{value}` 不存在：此处没有密钥管理服务；不指定时，加密盘使用云平台的密钥。"),
    }
}

texts! {
    /// Why a key pair cannot be called so.
    key_name(why: KeyNameReason) {
        KeyNameReason::Empty => ("密钥名称为空。"),
        KeyNameReason::TooLong => ("密钥名称超过 25 个字符。"),
        KeyNameReason::Illegal => ("密钥名称包含非法字符，只支持英文、数字和下划线。"),
    }
}

texts! {
    /// Why the tag product refuses.
    tag(why: TagRefusal) {
        TagRefusal::Description { value } => ("资源描述错误：`{value}` 不符合六段式 `qcs::SERVICE:REGION:uin/UIN:PREFIX/ID`。"),
        TagRefusal::Service { value, known } => ("业务类型错误：此处 `{value}` 的资源不支持标签，支持的业务有 {known}。"),
        TagRefusal::Prefix { service, value, known } => ("资源前缀错误：此处业务 `{service}` 没有支持标签的资源 `{value}`，支持的有 {known}。"),
        TagRefusal::Exists { key, value } => ("标签 `{key}`（值 `{value}`）已存在。"),
        TagRefusal::Missing { key, value } => ("标签 `{key}`（值 `{value}`）不存在。"),
        TagRefusal::Carried { key, value, uses } => ("标签 `{key}`（值 `{value}`）已绑定 {uses} 个资源，请先解绑；可用 GetResources 查看。"),
        TagRefusal::Quota { limit } => ("标签数量超过限制，每个账户最多创建 {limit} 个；可用 DeleteTag 删除未绑定资源的标签。"),
        TagRefusal::Region { value } => ("资源的地域 `{value}` 错误。"),
        TagRefusal::Uin { value } => ("资源的 Uin `{value}` 不是发起请求的账号。"),
        TagRefusal::Resource { value } => ("资源 `{value}` 不存在。"),
        TagRefusal::KeyEmpty => ("标签键不能为空值。"),
        TagRefusal::KeyTooLong { value } => ("标签键 `{value}` 超过 127 个字符。"),
        TagRefusal::KeyIllegal { value } => ("标签键 `{value}` 包含非法字符，只支持文字、数字、空格和 + - = . _ : / @ ( )。"),
        TagRefusal::KeyReserved { value } => ("标签键 `{value}` 以系统预留的 qcloud、tencent 或 project 开头。"),
        TagRefusal::KeyTwice { value } => ("标签键 `{value}` 重复。"),
        TagRefusal::ValueEmpty { key } => ("标签 `{key}` 的标签值不能为空值。"),
        TagRefusal::ValueTooLong { key } => ("标签 `{key}` 的标签值超过 255 个字符。"),
        TagRefusal::ValueIllegal { key } => ("标签 `{key}` 的标签值包含非法字符，只支持文字、数字、空格和 + - = . _ : / @ ( )。"),
        TagRefusal::Guest { word } => ("标签 `cvmd:guest` 不支持 `{word}`：可用 ignores-shutdown、fails-to-boot、keeps-keys、keeps-keys-after=launch、unreachable，以及 boot-ms=N、shutdown-ms=N、write-ms=N（N 为 0 至 {GUEST_MS_MAX}），以逗号或空格分隔。"),
        TagRefusal::TooManyTags { name, given } => ("`{name}` 有 {given} 个标签，超过上限 10 个。"),
        TagRefusal::TooManyResources { name, given, limit } => ("`{name}` 有 {given} 个资源，超过上限 {limit} 个。"),
        TagRefusal::TooManyAttached { resource } => ("资源 `{resource}` 关联的标签数将超过上限 50 个。"),
        TagRefusal::ReplacedAndDeleted { value } => ("标签键 `{value}` 不能同时出现在 `ReplaceTags` 和 `DeleteTags` 中。"),
        TagRefusal::Offset => ("`Offset` 必须为 `Limit` 的整数倍。"),
        TagRefusal::TooManyFilters { given } => ("`TagFilters` 有 {given} 组，超过上限 6 组。"),
        TagRefusal::FilterTooLarge { key, given } => ("标签键 `{key}` 的过滤值有 {given} 个，超过上限 10 个。"),
        TagRefusal::Attached { key, resource } => ("资源 `{resource}` 已关联标签键 `{key}`。"),
        TagRefusal::NotAttached { key, resource } => ("资源 `{resource}` 未关联标签键 `{key}`。"),
        TagRefusal::PaginationToken => ("`PaginationToken` 参数非法。"),
    }
}

texts! {
    /// Why a launch template is not to be had or changed.
    template(why: TemplateRefusal) {
        TemplateRefusal::NotFound(id) => ("启动模板 `{id}` 不存在。"),
        TemplateRefusal::VersionNotFound { template, version } => ("启动模板 `{template}` 没有版本 {version}。"),
        TemplateRefusal::IsDefault { template, version } => ("版本 {version} 已经是启动模板 `{template}` 的默认版本。"),
        TemplateRefusal::IsNeeded { template, version } => ("版本 {version} 是启动模板 `{template}` 的默认版本，不能删除。"),
        TemplateRefusal::VersionQuota { limit } => ("每个启动模板最多 {limit} 个版本。"),
        TemplateRefusal::Quota { limit } => ("启动模板数量超过限制，每个账户在每个地域最多 {limit} 个。"),
    }
}

texts! {
    /// Why a placement group is not to be had or changed.
    group(why: GroupRefusal) {
        GroupRefusal::NotFound(id) => ("置放群组 `{id}` 不存在。"),
        GroupRefusal::Full { group, limit } => ("置放群组 `{group}` 最多容纳 {limit} 台实例。"),
        GroupRefusal::Quota { limit } => ("置放群组数量超过限制，每个账户在每个地域最多 {limit} 个。"),
        GroupRefusal::InUse { group, instance } => ("置放群组 `{group}` 中仍有实例 `{instance}`。"),
        GroupRefusal::HasInstance { instance, group } => ("实例 `{instance}` 已在置放群组 `{group}` 中。"),
        GroupRefusal::LacksInstance(id) => ("实例 `{id}` 不在指定的置放群组中。"),
    }
}

texts! {
    /// Why a disk does not grow.
    disk(why: DiskRefusal) {
        DiskRefusal::Local(id) => ("磁盘 `{id}` 为本地盘，不支持扩容。"),
        DiskRefusal::IsSystemDisk(id) => ("磁盘 `{id}` 为系统盘，请使用参数 `SystemDisk`。"),
        DiskRefusal::Elsewhere { disk, instance } => ("磁盘 `{disk}` 不是实例 `{instance}` 的数据盘。"),
        DiskRefusal::Shrinks { disk, present_gib, size_gib } => ("磁盘 `{disk}` 当前为 {present_gib} GiB，不支持缩容至 {size_gib} GiB。"),
    }
}

texts! {
    /// Why a request was not believed.
    denied(why: Denied) {
        Denied::UnknownPath { path } => ("路径 `{path}` 不存在。API 3.0 的路径为 `/`，旧版 API 的路径为 `/v2/index.php`。"),
        Denied::MethodNotAllowed { method } => ("不支持请求方法 `{method}`，请使用 `GET` 或 `POST`。"),
        Denied::QueryTooLarge { bytes, limit_bytes } => ("查询串有 {bytes} 字节，超过上限 {limit_bytes} 字节，请使用 `POST`。"),
        Denied::BodyTooLarge { bytes, limit_bytes } => ("请求包有 {bytes} 字节，超过大小限制 {limit_bytes} 字节。{}", smaller_hint(*limit_bytes)),
        Denied::UnsupportedContentType { found, expected } => ("此处不支持 Content-Type `{found}`，请使用 `{expected}`。"),
        Denied::PairWithoutEquals { .. } => ("请求参数的名称和值之间必须以 `=` 分隔。"),
        Denied::MalformedEscape { pair } => ("参数 `{pair}` 中的 `%` 之后不是两位十六进制数字。"),
        Denied::MalformedName { name, what } => ("参数名 `{name}` 不合法：{}。", name_fault(what)),
        Denied::InvalidUtf8 { place } => ("{}不是合法的 UTF-8 编码。", place_name(place)),
        Denied::MalformedJson { what } => ("请求体不是合法的 JSON：{what}。"),
        Denied::JsonNotAnObject => ("请求体必须是 JSON 对象。"),
        Denied::NestedTooDeep { limit } => ("参数的嵌套超过 {limit} 层。"),
        Denied::TooManyParameters { limit } => ("请求的参数值超过 {limit} 个。"),
        Denied::DuplicateParameter { name } => ("参数 `{name}` 重复。"),
        Denied::DuplicateHeader { name } => ("请求头部 `{name}` 重复。"),
        Denied::ConflictingParameter { name } => ("参数 `{name}` 以两种形式出现：值、列表和结构不能同时使用。"),
        Denied::MissingParameter { name } => ("缺少必需的参数 `{name}`。"),
        Denied::MalformedParameter { name, value } => ("参数 `{name}` 的取值 `{value}` 不合法。"),
        Denied::MissingAuthorization => ("请求缺少 `Authorization` 头部（使用签名方法 v1 时则缺少参数 `Signature`）。"),
        Denied::MalformedAuthorization { what } => ("请求头部的 `Authorization` 不符合腾讯云标准：{}。", authorization_fault(what)),
        Denied::UnsupportedAlgorithm { algorithm } => ("不支持签名算法 `{algorithm}`，请使用 `TC3-HMAC-SHA256`。"),
        Denied::ScopeDateMismatch { date, expected } => ("Credential 中的日期 `{date}` 不是 `X-TC-Timestamp` 对应的 UTC 日期 `{expected}`。"),
        Denied::SecretIdNotFound { .. } => ("密钥不存在，请检查 SecretId 是否填写正确，注意前后不得有空格。"),
        Denied::SignatureExpired { timestamp_seconds, now_seconds, skew_seconds, limit_seconds } => ("签名过期：Timestamp {timestamp_seconds} 和服务器时间 {now_seconds} 相差 {skew_seconds} 秒，不得超过 {limit_seconds} 秒，请检查本地时间是否和标准时间同步。"),
        Denied::SignatureMismatch => ("请求签名验证失败，请检查您的签名计算是否正确。"),
        Denied::UnknownToken { name } => ("Token 无效：此处没有临时密钥，请不要传入 `{name}`。"),
        Denied::LegacyWithoutVersion => ("此处不支持 2017 年以前的 API 版本，请传入 `Version=2017-03-12`。"),
    }
}

texts! {
    authorization_fault(fault: AuthorizationFault) {
        AuthorizationFault::NotText => ("它不是文本"),
        AuthorizationFault::FieldForm => ("有字段的格式不是 `Name=value`"),
        AuthorizationFault::UnknownField => ("有字段不是 `Credential`、`SignedHeaders`、`Signature` 之一"),
        AuthorizationFault::DuplicateField => ("有字段重复"),
        AuthorizationFault::MissingField { field } => ("缺少 `{field}`"),
        AuthorizationFault::SignatureForm => ("`Signature` 不是 64 位十六进制数字"),
        AuthorizationFault::CredentialForm => ("`Credential` 的格式不是 `SecretId/date/service/tc3_request`"),
        AuthorizationFault::EmptySecretId => ("Credential 中的 `SecretId` 为空"),
        AuthorizationFault::EmptyService => ("Credential 中的 `Service` 不合法"),
        AuthorizationFault::HeaderName => ("`SignedHeaders` 中有不合法的头部名称"),
        AuthorizationFault::DuplicateHeader => ("`SignedHeaders` 中有重复的头部"),
        AuthorizationFault::TooManyHeaders => ("`SignedHeaders` 中的头部过多"),
        AuthorizationFault::UnsignedHeader { header } => ("`SignedHeaders` 必须包含 `{header}`"),
        AuthorizationFault::AbsentHeader { header } => ("`SignedHeaders` 中的 `{header}` 不在请求头部中"),
    }
}

/// Signature v1 has a smaller limit than TC3.
const fn smaller_hint(limit_bytes: usize) -> &'static str {
    if limit_bytes < 10 << 20 { "更大的请求请使用 `TC3-HMAC-SHA256` 签名。" } else { "" }
}

fn name_fault(fault: &NameFault) -> &'static str {
    match fault {
        NameFault::EmptyPart => "名称为空，或 `.` 旁有一段为空",
        NameFault::LargeIndex => "列表下标过大",
    }
}

fn malformed_key(fault: &MalformedKey) -> String {
    match fault {
        MalformedKey::Form => "公钥为一行，依次是算法、base64 和注释".into(),
        MalformedKey::Content => "base64 部分不是该算法的密钥".into(),
        MalformedKey::RsaBits { bits } => format!("RSA 密钥应为 1024 至 16384 位，此密钥为 {bits} 位"),
        MalformedKey::Algorithm => "只支持 ssh-rsa 和 ssh-ed25519 密钥".into(),
    }
}

/// In the words of the vendor's codes `UnsupportedOperation.InstanceState...`.
const fn state_now(state: InstanceState) -> &'static str {
    match state {
        InstanceState::Pending => "创建未完成",
        InstanceState::LaunchFailed => "创建失败",
        InstanceState::Running => "处于开机状态",
        InstanceState::Stopped => "处于关机状态",
        InstanceState::Starting => "正在开机",
        InstanceState::Stopping => "正在关机",
        InstanceState::Rebooting => "正在重启",
        InstanceState::Shutdown => "处于已隔离状态",
        InstanceState::EnterRescueMode => "正在进入救援模式",
        InstanceState::RescueMode => "处于救援模式",
        InstanceState::ExitRescueMode => "正在退出救援模式",
        InstanceState::Terminating => "正在销毁",
    }
}

/// `wire` names three places.
fn place_name(place: &str) -> &str {
    match place {
        "body" => "请求体",
        "query" => "查询串",
        "form" => "表单",
        other => other,
    }
}

/// "`A`, `B` and `C`" are names, which English words join.
fn listed(names: &str) -> String {
    names.replace(", ", "、").replace(" and ", " 和 ")
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::{Product, testing::transcript};
    use std::collections::BTreeSet;

    /// Reasons that no transcript comes to: the pipeline gives them, or they need a large world.
    fn rare_reasons() -> Vec<Reason> {
        let text = || Box::from("v7");
        vec![
            Reason::UnknownProduct { product: text(), is_vendors: true },
            Reason::UnknownAction { product: Product::Cvm, action: text() },
            Reason::NotBuilt { product: Product::Cvm, action: text() },
            Reason::UnknownVersion { product: Product::Cvm, version: text() },
            Reason::CommonMissing { name: "Region" },
            Reason::Region { name: text() },
            Reason::Offset { value: -7 },
            Reason::ControlCharacter { name: text(), code: 27 },
            Reason::Crowded,
            Reason::Waiting { waiting: 77 },
            Reason::Unread { limit: 77 },
            Reason::HalfSent,
            Reason::Replayed,
            Reason::OurFault,
            Reason::Excess(Excess::Text { name: text(), given: 77, limit: 70 }),
            Reason::Excess(Excess::List { name: text(), given: 77, limit: 70 }),
            Reason::Excess(Excess::Request { given: 77, longest: text(), limit: 70 }),
            Reason::Excess(Excess::Written(TooLarge::Row { id: text(), bytes: 77, limit: 70 })),
            Reason::Excess(Excess::Written(TooLarge::Command { rows: 77, limit: 70 })),
            Reason::Excess(Excess::Written(TooLarge::Account { bytes: 77, limit: 70 })),
            Reason::Excess(Excess::Reply { bytes: 77, limit: 70 }),
            Reason::Law(Refusal::AddressesExhausted),
            Reason::PublicKey(MalformedKey::Form),
            Reason::PublicKey(MalformedKey::Content),
            Reason::PublicKey(MalformedKey::RsaBits { bits: 77 }),
            Reason::PublicKey(MalformedKey::Algorithm),
        ]
    }

    fn states() -> Vec<Reason> {
        use InstanceState::*;
        let instance = "ins-1e4r6y8i".parse().unwrap();
        [Pending, LaunchFailed, Running, Stopped, Starting, Stopping, Rebooting, Terminating]
            .map(|state| Reason::Law(Refusal::State { instance, state }))
            .to_vec()
    }

    fn denials() -> Vec<Denied> {
        use Denied::*;
        let text = || Box::from("v7");
        vec![
            UnknownPath { path: text() },
            MethodNotAllowed { method: text() },
            QueryTooLarge { bytes: 77, limit_bytes: 70 },
            BodyTooLarge { bytes: 77, limit_bytes: 70 },
            BodyTooLarge { bytes: 10_485_777, limit_bytes: 10_485_760 },
            UnsupportedContentType { found: text(), expected: "e7" },
            PairWithoutEquals { pair: text() },
            MalformedEscape { pair: text() },
            MalformedName { name: text(), what: NameFault::EmptyPart },
            MalformedName { name: text(), what: NameFault::LargeIndex },
            InvalidUtf8 { place: "body" },
            InvalidUtf8 { place: "query" },
            InvalidUtf8 { place: "form" },
            MalformedJson { what: "EOF at line 7".into() },
            JsonNotAnObject,
            NestedTooDeep { limit: 70 },
            TooManyParameters { limit: 70 },
            DuplicateParameter { name: text() },
            DuplicateHeader { name: text() },
            ConflictingParameter { name: text() },
            MissingParameter { name: "Nonce" },
            MalformedParameter { name: "Nonce", value: text() },
            MissingAuthorization,
            UnsupportedAlgorithm { algorithm: text() },
            ScopeDateMismatch { date: text(), expected: "e7".into() },
            SecretIdNotFound { secret_id: text() },
            SignatureExpired { timestamp_seconds: 70, now_seconds: 770, skew_seconds: 700, limit_seconds: 300 },
            SignatureMismatch,
            UnknownToken { name: "Token" },
            LegacyWithoutVersion,
        ]
    }

    fn header_faults() -> Vec<Denied> {
        use AuthorizationFault::*;
        let faults = [
            NotText,
            FieldForm,
            UnknownField,
            DuplicateField,
            MissingField { field: "Credential" },
            SignatureForm,
            CredentialForm,
            EmptySecretId,
            EmptyService,
            HeaderName,
            DuplicateHeader,
            TooManyHeaders,
            UnsignedHeader { header: "host" },
            AbsentHeader { header: "v7".into() },
        ];
        faults.map(|what| Denied::MalformedAuthorization { what }).to_vec()
    }

    /// What a message names: the spans in backticks, and the numbers of what is left.
    fn data(text: &str) -> BTreeSet<&str> {
        let spans = text.split('`').skip(1).step_by(2);
        let prose = text.split('`').step_by(2);
        let numbers = prose.flat_map(|prose| prose.split(|character: char| !character.is_ascii_digit()));
        spans.chain(numbers.filter(|number| !number.is_empty())).collect()
    }

    /// What is wrong with a pair of texts.
    fn fault(english: &str, chinese: &str) -> Option<String> {
        let is_chinese = |character| ('\u{4e00}'..='\u{9fff}').contains(&character);
        let missing: Vec<_> = data(english).into_iter().filter(|datum| !chinese.contains(datum)).collect();
        // Two small words in a row are prose that nobody has translated; the JSON parser's own words are not ours.
        let mut runs = chinese.split(|character: char| !character.is_ascii_lowercase() && character != ' ');
        let prose = runs.find(|run| run.split(' ').filter(|word| word.len() > 1).count() > 1);
        match () {
            () if !chinese.chars().any(is_chinese) => Some(format!("not Chinese: {chinese}")),
            () if english.chars().any(is_chinese) => Some(format!("not English: {english}")),
            () if !missing.is_empty() => Some(format!("{chinese}\nlacks {missing:?} of\n{english}")),
            () if !chinese.contains("JSON") => prose.map(|prose| format!("not translated: `{prose}` in {chinese}")),
            () => None,
        }
    }

    /// The variant that a debug text begins with.
    fn variant(text: &str) -> &str {
        text.split(|character: char| !character.is_alphanumeric()).next().unwrap()
    }

    fn all_are_among(patterns: &[&str], seen: &BTreeSet<String>) {
        let silent: Vec<_> =
            patterns.iter().filter(|pattern| !seen.contains(variant(pattern.split_once("::").unwrap().1))).collect();
        assert!(silent.is_empty(), "let a transcript provoke it, or list it in this test: {silent:?}");
    }

    #[test]
    fn every_reason_has_a_chinese_text_that_names_the_same_data() {
        let reasons = [transcript::all_reasons(), rare_reasons(), states()].concat();
        let [mut seen, mut seen_laws, mut seen_tags] = [const { BTreeSet::new() }; 3];
        let [mut seen_new_disks, mut seen_key_names] = [const { BTreeSet::new() }; 2];
        let [mut seen_templates, mut seen_groups, mut seen_disks, mut seen_excesses, mut seen_untaken] =
            [const { BTreeSet::new() }; 5];
        for why in &reasons {
            assert_eq!(fault(&why.to_string(), &reason(why)), None);
            seen.insert(variant(&format!("{why:?}")).to_owned());
            if let Reason::Law(law) = why {
                seen_laws.insert(variant(&format!("{law:?}")).to_owned());
                match law {
                    Refusal::Template(why) => seen_templates.insert(variant(&format!("{why:?}")).to_owned()),
                    Refusal::Group(why) => seen_groups.insert(variant(&format!("{why:?}")).to_owned()),
                    Refusal::Disk(why) => seen_disks.insert(variant(&format!("{why:?}")).to_owned()),
                    _ => false,
                };
            }
            if let Reason::Excess(excess) = why {
                seen_excesses.insert(variant(&format!("{excess:?}")).to_owned());
            }
            if let Reason::Disk(disk) = why {
                seen_new_disks.insert(variant(&format!("{disk:?}")).to_owned());
            }
            if let Reason::KeyName(name) = why {
                seen_key_names.insert(variant(&format!("{name:?}")).to_owned());
            }
            if let Reason::Untaken(untaken) = why {
                seen_untaken.insert(variant(&format!("{untaken:?}")).to_owned());
            }
            if let Reason::Tag(tag) = why {
                seen_tags.insert(variant(&format!("{tag:?}")).to_owned());
            }
        }
        all_are_among(reason::PATTERNS, &seen);
        all_are_among(refusal::PATTERNS, &seen_laws);
        all_are_among(tag::PATTERNS, &seen_tags);
        all_are_among(excess::PATTERNS, &seen_excesses);
        all_are_among(untaken::PATTERNS, &seen_untaken);
        all_are_among(template::PATTERNS, &seen_templates);
        all_are_among(group::PATTERNS, &seen_groups);
        all_are_among(disk::PATTERNS, &seen_disks);
        all_are_among(new_disk::PATTERNS, &seen_new_disks);
        all_are_among(key_name::PATTERNS, &seen_key_names);
    }

    #[test]
    fn every_denial_has_a_chinese_text_that_names_the_same_data() {
        let denials = [denials(), header_faults()].concat();
        let (mut seen, mut seen_faults) = (BTreeSet::new(), BTreeSet::new());
        for why in &denials {
            assert_eq!(fault(&why.to_string(), &denied(why)), None);
            seen.insert(variant(&format!("{why:?}")).to_owned());
            if let Denied::MalformedAuthorization { what } = why {
                seen_faults.insert(variant(&format!("{what:?}")).to_owned());
            }
        }
        all_are_among(denied::PATTERNS, &seen);
        all_are_among(authorization_fault::PATTERNS, &seen_faults);
    }

    #[test]
    fn the_comparison_can_fail() {
        assert_eq!(fault("The zone `a` has 7.", "可用区 `a` 有 7 个。"), None);
        for (english, chinese) in [
            ("The zone `a` has 7.", "可用区 `b` 有 7 个。"),
            ("The zone `a` has 7.", "可用区 `a` 有 8 个。"),
            ("Not this.", "Not this."),
            ("没有", "没有"),
            ("Not here: an other thing.", "此处不支持：an other thing。"),
        ] {
            assert!(fault(english, chinese).is_some(), "{chinese}");
        }
    }
}

//! Why an authenticated request is refused, apart from the reasons in files of their own.

use crate::{
    ApiError, Product,
    reasons::{
        codes::Declared,
        disk::DiskReason,
        key::{KeyNameReason, malformed_key},
        parameter::{Excess, Untaken},
        table::{Caller, ToApiError, Words},
        tag::TagRefusal,
    },
};
use cvmd_model::{InstanceId, MalformedKey, Refusal};
use cvmd_state::TooLarge;
use cvmd_wire::{Dialect, Language};
use std::fmt;

reasons! {
    /// Why an authenticated request is refused: its parameters, the model's rules, or an error of the server.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum Reason {
        Missing { name: Box<str> } => "MissingParameter",
            "The request is missing a required parameter `{name}`.",
            ("缺少必需的{}参数 `{name}`。", common(name));
        Unknown { name: Box<str> } => "UnknownParameter",
            "The parameter `{name}` is not recognized.",
            "未知参数 `{name}`。";
        WrongType { name: Box<str>, expected: Words, given: Words } => "InvalidParameter" / "InvalidParameterValue",
            ("The value type of parameter `{name}` is not valid: {} is expected, and {} was given.", expected.english, given.english),
            ("参数 `{name}` 的值类型不正确：应为{}，而不是{}。", expected.chinese, given.chinese);
        BadValue { name: Box<str>, value: Box<str> } => "InvalidParameterValue",
            "The value `{value}` specified in the parameter `{name}` is not valid.",
            "参数 `{name}` 的取值 `{value}` 不合法。";
        Untaken(why: Untaken) => why;
        TooMany { name: Box<str>, given: usize, limit: usize } => "InvalidParameterValue.LimitExceeded",
            "The parameter `{name}` has {given} values; at most {limit} are allowed.",
            "参数 `{name}` 有 {given} 个值，超过上限 {limit} 个。";
        Exclusive { names: &'static str } => "InvalidParameter" / "InvalidParameterValue" or "InvalidParameterCombination" or "InvalidParameter.Coexist",
            "The parameters {names} exclude one another.",
            ("参数 {} 不能同时指定。", listed(names)) or ("参数组合不正确：{} 不能同时指定。", listed(names)) or ("参数 {} 不支持同时指定。", listed(names));
        LoginConflict => "InvalidParameter.ParameterConflict",
            "LoginSettings takes one of `Password`, `KeyIds` and `KeepImageLogin`, not several.",
            "LoginSettings 中的 `Password`、`KeyIds` 和 `KeepImageLogin` 只能指定其中一项。";
        NothingToDo { names: &'static str } => "MissingParameter",
            "At least one of the parameters {names} is needed.",
            ("参数 {} 至少需要指定其中一个。", listed(names));
        MalformedInstanceId { value: Box<str> } => "InvalidInstanceId.Malformed" or "InvalidParameterValue.InstanceIdMalformed",
            "The instance id `{value}` is malformed: an id looks like `ins-1e4r6y8i`.",
            "实例 ID `{value}` 格式错误，正确的格式如 `ins-1e4r6y8i`。";
        MalformedKeyPairId { value: Box<str> } => "InvalidKeyPairId.Malformed",
            "The key pair id `{value}` is malformed: an id looks like `skey-4e5ty7i8`.",
            "密钥对 ID `{value}` 格式错误，正确的格式如 `skey-4e5ty7i8`。";
        MalformedImageId { value: Box<str> } => "InvalidImageId.Malformed",
            "The image id `{value}` is malformed: an id looks like `img-487zeit5`.",
            "镜像 ID `{value}` 格式错误，正确的格式如 `img-487zeit5`。";
        MalformedTemplateId { value: Box<str> } => "InvalidParameterValue.LaunchTemplateIdMalformed",
            "The launch template id `{value}` is malformed: an id looks like `lt-11112222`.",
            "启动模板 ID `{value}` 格式错误，正确的格式如 `lt-11112222`。";
        MalformedGroupId { value: Box<str> } => "InvalidParameterValue.DisasterRecoverGroupIdMalformed",
            "The placement group id `{value}` is malformed: an id looks like `ps-11112222`.",
            "置放群组 ID `{value}` 格式错误，正确的格式如 `ps-11112222`。";
        TemplateName => "InvalidParameterValue.InvalidLaunchTemplateName",
            "The name of a launch template has 2 to 128 characters.",
            "启动模板名称长度为 2 至 128 个字符。";
        TemplateDescription => "InvalidParameterValue.InvalidLaunchTemplateVersionDescription",
            "The description of a launch template's version has at most 256 characters.",
            "启动模板版本描述最多 256 个字符。";
        HalfATopology => "InvalidParameter.LackCoreCountOrThreadPerCore",
            "`CpuTopology` takes `CoreCount` and `ThreadPerCore`, or neither.",
            "`CpuTopology` 的 `CoreCount` 和 `ThreadPerCore` 必须同时指定。";
        KeyName(why: KeyNameReason) => why;
        PublicKey(fault: MalformedKey) => "InvalidPublicKey.Malformed",
            "The public key is malformed: {fault}.",
            ("密钥公钥格式错误：{}。", malformed_key(fault));
        Password(what: Words) => "InvalidParameterValue.InvalidPassword" / "InvalidPassword",
            ("The password is not allowed: {}.", what.english),
            ("密码不符合复杂度限制：{}。", what.chinese);
        UserName { given: Box<str>, instance: InstanceId, user: &'static str } => "InvalidParameterValue",
            "The value `{given}` specified in the parameter `UserName` is not valid: `{instance}` is entered as `{user}`.",
            "参数 `UserName` 的取值 `{given}` 不合法：实例 `{instance}` 以 `{user}` 登录。";
        Limit { value: i128 } => "InvalidParameterValue.LimitExceeded" or "InvalidParameterValueLimit",
            "The value `{value}` of `Limit` is not valid: 1 to 100.",
            "参数 `Limit` 的取值 `{value}` 不合法，取值范围为 1 至 100。";
        Offset { value: i128 } => "InvalidParameterValue.LimitExceeded" or "InvalidParameterValueOffset",
            "The value `{value}` of `Offset` is not valid: 0 or more.",
            "参数 `Offset` 的取值 `{value}` 不合法，最小为 0。";
        Filter { name: Box<str> } => "InvalidFilter" or "InvalidParameter.FilterInvalidKey",
            "The filter `{name}` is not supported by this action.",
            "该接口不支持过滤器 `{name}`。" or "该接口不支持过滤条件 `{name}`。";
        FilterTooLarge => "InvalidFilterValue.LimitExceeded" or "LimitExceeded.NumberOfFilters",
            "A request takes at most 10 filters, and a filter at most 5 values.",
            "每次请求最多 10 个过滤器，每个过滤器最多 5 个值。" or "每次请求最多 10 个过滤条件，每个过滤条件最多 5 个值。";
        Time { value: Box<str> } => "InvalidParameterValue.InvalidTimeFormat",
            "The time `{value}` is not valid: it looks like `2023-06-01 00:00:00`.",
            "时间 `{value}` 格式不合法，正确的格式如 `2023-06-01 00:00:00`。";
        ImageIdsWithFilters => "InvalidParameter.InvalidParameterCoexistImageIdsFilters",
            "The parameters `ImageIds` and `Filters` exclude one another.",
            "不能同时指定 `ImageIds` 和 `Filters`。";
        /// Used where the vendor has a separate code for it.
        SpecifyOne { names: &'static str } => "InvalidParameter.SpecifyOneParameter",
            "Exactly one of the parameters {names} is needed.",
            ("参数 {} 必须指定且只能指定其中一个。", listed(names));
        TextTooLong { name: Box<str>, limit: usize } => "InvalidParameter.ValueTooLarge" or "InvalidParameterValue.TooLong",
            "The parameter `{name}` is longer than {limit} characters.",
            "参数 `{name}` 的长度超过 {limit} 个字符的限制。" or "参数 `{name}` 太长，最多 {limit} 个字符。";
        Zone { value: Box<str> } => "InvalidParameterValue.ZoneNotSupported",
            "The zone `{value}` does not exist.",
            "可用区 `{value}` 不存在。";
        ZoneElsewhere { value: Box<str>, region: &'static str } => "InvalidZone.MismatchRegion",
            "The zone `{value}` is not in the region `{region}`.",
            "可用区 `{value}` 不在地域 `{region}` 内。";
        ZoneSoldOut { zone: &'static str } => "ResourceInsufficient.AvailabilityZoneSoldOut",
            "The zone `{zone}` is sold out: DescribeZones says which are AVAILABLE.",
            "可用区 `{zone}` 已售罄，可通过 DescribeZones 查询 AVAILABLE 的可用区。";
        Disk(why: DiskReason) => why;
        MalformedVpcId { value: Box<str> } => "InvalidParameterValue.VpcIdMalformed",
            "The VPC id `{value}` is malformed: an id looks like `vpc-1e4r6y8i`.",
            "私有网络 ID `{value}` 格式错误，正确的格式如 `vpc-1e4r6y8i`。";
        MalformedSubnetId { value: Box<str> } => "InvalidParameterValue.SubnetIdMalformed",
            "The subnet id `{value}` is malformed: an id looks like `subnet-1e4r6y8i`.",
            "子网 ID `{value}` 格式错误，正确的格式如 `subnet-1e4r6y8i`。";
        MalformedAddress { value: Box<str> } => "InvalidParameterValue.IPAddressMalformed",
            "The address `{value}` is malformed: an address looks like `10.0.0.5`.",
            "IP 地址 `{value}` 格式错误，正确的格式如 `10.0.0.5`。";
        AddressCount { name: Box<str>, instances: u32, given: usize } => "InvalidParameterValue",
            "`{name}` takes one address for each instance: {instances}, not {given}.",
            "参数 `{name}` 须为每台实例指定一个地址，共 {instances} 个，而不是 {given} 个。";
        NoIpv6 => "InvalidParameterValue.VpcNotSupportIpv6Address",
            "No VPC here has IPv6 addresses.",
            "此处的私有网络不支持 IPv6 地址。";
        /// An id, an address or a range; used where the vendor has a separate code for it.
        Malformed { name: Box<str>, value: Box<str> } => "InvalidParameterValue.Malformed",
            "The value `{value}` of the parameter `{name}` is malformed.",
            "参数 `{name}` 的取值 `{value}` 格式不合法。";
        /// The zone is not an open one of the region.
        ZoneUnavailable { value: Box<str>, region: &'static str } => "InvalidParameterValue.UnavailableZone",
            "The zone `{value}` is not available in the region `{region}`.",
            "可用区 `{value}` 在地域 `{region}` 内不可用。";
        InstanceType { value: Box<str> } => "InvalidParameterValue.InstanceTypeNotFound",
            "The instance type `{value}` does not exist.",
            "指定的机型 `{value}` 不存在。";
        Period { value: i128 } => "InvalidPeriod",
            "The period `{value}` is not valid: 1 to 12, 24, 36, 48 or 60 months.",
            "购买时长 `{value}` 不合法，可选 1 至 12、24、36、48 或 60 个月。";
        MinCount => "InvalidParameterValue.InvalidParameterMinCount",
            "`MinCount` must not exceed `InstanceCount`.",
            "参数 `MinCount` 的值不能大于 `InstanceCount`。";
        InstanceNameTooLong { limit: usize } => "InvalidInstanceName.TooLong",
            "The instance name is longer than {limit} characters.",
            "实例名称长度超出限制，最多 {limit} 个字符。";
        HostName(what: Words) => "InvalidParameterValue.IllegalHostName",
            ("The host name is not allowed: {}.", what.english),
            ("主机名不合法：{}。", what.chinese);
        ClientTokenTooLong => "InvalidClientToken.TooLong",
            "The client token is longer than 64 ASCII characters.",
            "指定的 ClientToken 超出长度限制，必须小于等于 64 个 ASCII 字符。";
        UserData => "InvalidParameterValue.InvalidUserDataFormat",
            "`UserData` must be base64 of at most 16 KiB.",
            "`UserData` 格式错误，需要 base64 编码，且不超过 16 KiB。";
        DuplicateTag { key: Box<str> } => "InvalidParameterValue.DuplicateTags" or "InvalidParameterValue.TagDuplicateKey",
            "The tag `{key}` is given twice.",
            "标签 `{key}` 重复。" or "标签键 `{key}` 重复。";
        Unsupported { what: Words } => "UnsupportedOperation",
            ("This is not supported here: {}.", what.english),
            ("此处不支持：{}。", what.chinese);
        UnknownProduct { product: Box<str>, is_vendors: bool } => "NoSuchProduct" / "InvalidParameterValue",
            ("The specified service=`{product}` does not exist{}.", of_the_vendors(*is_vendors).english),
            ("产品 service=`{product}` 不存在{}。", of_the_vendors(*is_vendors).chinese);
        UnknownAction { product: Product, action: Box<str> } => "InvalidAction" / "InvalidAction.NotFound",
            ("The request action=`{action}` is invalid or not found in service=`{}` and version=`{}`.", product.name(), product.version()),
            ("接口 `{action}` 不存在（service=`{}`，version=`{}`）。", product.name(), product.version());
        /// The value of a parameter.
        ProductElsewhere { value: Box<str> } => "InvalidParameter" / "InvalidParameterValue",
            "The product `{value}` is not here.",
            "此处没有产品 `{value}`。";
        /// The vendor has the action, but cvmd does not.
        NotBuilt { product: Product, action: Box<str> } => "UnsupportedOperation",
            ("The action `{action}` of service=`{}` is not supported here.", product.name()),
            ("此处不支持 service=`{}` 的接口 `{action}`。", product.name());
        UnknownVersion { product: Product, version: Box<str> } => "NoSuchVersion" / "InvalidParameterValue",
            ("The specified api version=`{version}` does not exist in service=`{}`.", product.name()),
            ("接口版本 `{version}` 不存在（service=`{}`）。", product.name());
        Region { name: Box<str> } => "InvalidParameterValue",
            "The region `{name}` specified in `X-TC-Region` (or `Region`) is not valid, is unsupported, or cannot be used.",
            "公共参数 `X-TC-Region`（或 `Region`）的取值 `{name}` 不合法、不受支持或不可用。";
        ControlCharacter { name: Box<str>, code: u32 } => "InvalidParameterValue",
            "The parameter `{name}` holds the control character `U+{code:04X}`, which no text may have.",
            "参数 `{name}` 含有不允许的控制字符 `U+{code:04X}`。";
        Crowded => "RequestLimitExceeded",
            "Too many bytes of unfinished requests are held at once. Please try again later.",
            "未完成的请求占用的内存过多，请稍后重试。";
        Waiting { waiting: usize } => "RequestLimitExceeded",
            "{waiting} requests of this account wait for their turn already, which is the most. Please try again later.",
            "该账号已有 {waiting} 个请求在排队，达到上限，请稍后重试。";
        Unread { limit: usize } => "RequestLimitExceeded",
            "Replies to this account that nobody has read yet hold more than {limit} bytes. Please read them, and try again.",
            "该账号尚未读取的响应超过 {limit} 字节，请先读取响应再重试。";
        HalfSent => "InvalidRequest" / "InvalidRequest.Forbidden",
            "The request's body did not arrive.",
            "未收到完整的请求体。";
        /// Only the legacy dialect checks for replays; signatures of API 3.0 have no nonce that is unique per request.
        Replayed => "InvalidRequest.ReplayAttack",
            "The same signed request has been received already; sign each request anew.",
            "该签名的请求已被接收过，每次请求都必须重新签名。";
        Excess(why: Excess) => why;
        Law(law: Refusal) => law;
        Tag(why: TagRefusal) => why;
        /// Why stands in the log, and in what health says.
        NotStored => "InternalError" / "InternalServerError",
            "The server cannot store changes now, as when its disk is full. Its operator has to see to it; retry your request then.",
            "服务器目前无法保存更改（例如磁盘已满），需由其运维人员处理，之后请重试。";
        /// The details for the operator are in the log, under the RequestId.
        OurFault => "InternalError" / "InternalServerError",
            "An internal error has occurred. Retry your request; if it persists, give the RequestId to the operator.",
            "内部错误。请重试；如仍失败，请将 RequestId 提供给运维人员。";
    }
}

impl Reason {
    /// The error for the caller, if the called action declares these codes; with no codes while the action is not
    /// known.
    #[must_use]
    pub fn to_api_error(&self, dialect: Dialect, language: Language, declared: Declared) -> ApiError {
        self.api_error(&Caller { dialect, language, declared })
    }
}

/// In English, for the operator.
impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_api_error(Dialect::Api3, Language::English, Declared::NONE).message)
    }
}

impl From<TooLarge> for Reason {
    fn from(written: TooLarge) -> Reason {
        Excess::from(written).into()
    }
}

/// The sentence that is added for a product that the vendor has. The test of `product` checks that its names are the
/// products that are answered.
pub(crate) fn of_the_vendors(is_vendors: bool) -> Words {
    const MORE: Words = Words::new(
        " here: it is one of the vendor's, of which cvmd answers `api`, `cbs`, `cvm`, `region`, `sts`, `tag`, `vpc`",
        "：它是腾讯云的产品，但 cvmd 只支持 `api`、`cbs`、`cvm`、`region`、`sts`、`tag`、`vpc`",
    );
    if is_vendors { MORE } else { Words::new("", "") }
}

/// Makes an English list of names, "`A`, `B` and `C`", a Chinese one.
fn listed(names: &str) -> String {
    names.replace(", ", "、").replace(" and ", " 和 ")
}

/// The common parameters belong to no single action.
fn common(name: &str) -> &'static str {
    if ["Region", "Version"].contains(&name) { "公共" } else { "" }
}

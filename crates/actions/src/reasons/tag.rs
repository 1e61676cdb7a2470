//! Why the tag product refuses a request.

use cvmd_model::GUEST_MS_MAX;

/// The maximum of tags in one request, and of resources in one description of them.
pub(crate) const TAGS_MAX: usize = 10;
pub(crate) const RESOURCES_MAX: usize = 50;
/// The maximum of tags on one resource.
pub(crate) const ATTACHED_MAX: usize = 50;
pub(crate) const KEY_CHARACTERS_MAX: usize = 127;
pub(crate) const VALUE_CHARACTERS_MAX: usize = 255;
pub(crate) const FILTERS_MAX: usize = 6;
pub(crate) const FILTER_VALUES_MAX: usize = 10;
pub(crate) const PAGE_MAX: usize = 1000;

reasons! {
    /// Why the tag product refuses a request.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub enum TagRefusal {
        Description { value: Box<str> } => "InvalidParameterValue.ResourceDescriptionError",
            "The resource `{value}` is not described as `qcs::SERVICE:REGION:uin/UIN:PREFIX/ID`.",
            "资源描述错误：`{value}` 不符合六段式 `qcs::SERVICE:REGION:uin/UIN:PREFIX/ID`。";
        Service { value: Box<str>, known: Box<str> } => "InvalidParameterValue.ServiceTypeInvalid",
            "Resources of the service `{value}` carry no tags here; those of {known} do.",
            "业务类型错误：此处 `{value}` 的资源不支持标签，支持的业务有 {known}。";
        Prefix { service: Box<str>, value: Box<str>, known: Box<str> } => "InvalidParameterValue.ResourcePrefixInvalid",
            "The service `{service}` has no resources `{value}` that carry tags here; it has {known}.",
            "资源前缀错误：此处业务 `{service}` 没有支持标签的资源 `{value}`，支持的有 {known}。";
        Region { value: Box<str> } => "InvalidParameterValue.RegionInvalid",
            "The region `{value}` of the resource is not valid.",
            "资源的地域 `{value}` 错误。";
        Uin { value: Box<str> } => "InvalidParameterValue.UinInvalid",
            "The account `{value}` of the resource is not the one that asks.",
            "资源的 Uin `{value}` 不是发起请求的账号。";
        Resource { value: Box<str> } => "InvalidParameterValue.ResourceIdInvalid",
            "The resource `{value}` does not exist.",
            "资源 `{value}` 不存在。";
        KeyEmpty => "InvalidParameterValue.TagKeyEmpty",
            "A tag key is empty.",
            "标签键不能为空值。";
        KeyTooLong { value: Box<str> } => "InvalidParameterValue.TagKeyLengthExceeded",
            "The tag key `{value}` has more than {KEY_CHARACTERS_MAX} characters.",
            "标签键 `{value}` 超过 127 个字符。";
        KeyIllegal { value: Box<str> } => "InvalidParameterValue.TagKeyCharacterIllegal",
            "The tag key `{value}` holds a character that is not allowed: letters, digits, blanks and + - = . _ : / @ ( ) only.",
            "标签键 `{value}` 包含非法字符，只支持文字、数字、空格和 + - = . _ : / @ ( )。";
        KeyReserved { value: Box<str> } => "InvalidParameterValue.ReservedTagKey",
            "The tag key `{value}` begins with qcloud, tencent or project, which the system keeps for itself.",
            "标签键 `{value}` 以系统预留的 qcloud、tencent 或 project 开头。";
        KeyTwice { value: Box<str> } => "InvalidParameterValue.TagKeyDuplicate",
            "The tag key `{value}` is given twice.",
            "标签键 `{value}` 重复。";
        ValueEmpty { key: Box<str> } => "InvalidParameterValue.TagValueEmpty",
            "The tag `{key}` has an empty value.",
            "标签 `{key}` 的标签值不能为空值。";
        ValueTooLong { key: Box<str> } => "InvalidParameterValue.TagValueLengthExceeded",
            "The value of the tag `{key}` has more than {VALUE_CHARACTERS_MAX} characters.",
            "标签 `{key}` 的标签值超过 255 个字符。";
        ValueIllegal { key: Box<str> } => "InvalidParameterValue.TagValueCharacterIllegal",
            "The value of the tag `{key}` holds a character that is not allowed: letters, digits, blanks and + - = . _ : / @ ( ) only.",
            "标签 `{key}` 的标签值包含非法字符，只支持文字、数字、空格和 + - = . _ : / @ ( )。";
        Guest { word: Box<str> } => "InvalidParameterValue",
            "The tag `cvmd:guest` does not take the word `{word}`: it knows ignores-shutdown, fails-to-boot, keeps-keys, keeps-keys-after=launch, restores-keys, mute-sshd, unreachable, and boot-ms=N, shutdown-ms=N and write-ms=N with N from 0 to {GUEST_MS_MAX}, with commas or blanks between them.",
            "标签 `cvmd:guest` 不支持 `{word}`：可用 ignores-shutdown、fails-to-boot、keeps-keys、keeps-keys-after=launch、restores-keys、mute-sshd、unreachable，以及 boot-ms=N、shutdown-ms=N、write-ms=N（N 为 0 至 {GUEST_MS_MAX}），以逗号或空格分隔。";
        TooManyTags { name: Box<str>, given: usize } => "LimitExceeded.TagNumPerRequest",
            "`{name}` has {given} tags; at most {TAGS_MAX} are allowed.",
            "`{name}` 有 {given} 个标签，超过上限 10 个。";
        TooManyResources { name: Box<str>, given: usize, limit: usize } => "LimitExceeded.ResourceNumPerRequest",
            "`{name}` has {given} resources; at most {limit} are allowed.",
            "`{name}` 有 {given} 个资源，超过上限 {limit} 个。";
        TooManyAttached { resource: Box<str> } => "LimitExceeded.ResourceAttachedTags",
            "The resource `{resource}` would carry more than {ATTACHED_MAX} tags.",
            "资源 `{resource}` 关联的标签数将超过上限 50 个。";
        ReplacedAndDeleted { value: Box<str> } => "InvalidParameterValue.DeleteTagsParamError",
            "The tag key `{value}` stands in both `ReplaceTags` and `DeleteTags`.",
            "标签键 `{value}` 不能同时出现在 `ReplaceTags` 和 `DeleteTags` 中。";
        Offset => "InvalidParameterValue.OffsetInvalid",
            "`Offset` must be a multiple of `Limit`.",
            "`Offset` 必须为 `Limit` 的整数倍。";
        TooManyFilters { given: usize } => "InvalidParameterValue.TagFiltersLengthExceeded",
            "`TagFilters` has {given} filters; at most {FILTERS_MAX} are allowed.",
            "`TagFilters` 有 {given} 组，超过上限 6 组。";
        FilterTooLarge { key: Box<str>, given: usize } => "InvalidParameterValue.TagFilters",
            "The filter of the tag key `{key}` has {given} values; at most {FILTER_VALUES_MAX} are allowed.",
            "标签键 `{key}` 的过滤值有 {given} 个，超过上限 10 个。";
        Attached { key: Box<str>, resource: Box<str> } => "ResourceInUse.TagKeyAttached",
            "The resource `{resource}` carries the tag key `{key}` already.",
            "资源 `{resource}` 已关联标签键 `{key}`。";
        NotAttached { key: Box<str>, resource: Box<str> } => "ResourceNotFound.AttachedTagKeyNotFound",
            "The resource `{resource}` does not carry the tag key `{key}`.",
            "资源 `{resource}` 未关联标签键 `{key}`。";
        PaginationToken => "InvalidParameter.PaginationTokenInvalid",
            "`PaginationToken` is none that was answered.",
            "`PaginationToken` 参数非法。";
        Exists { key: Box<str>, value: Box<str> } => "ResourceInUse.TagDuplicate",
            "The tag `{key}` with the value `{value}` is there already.",
            "标签 `{key}`（值 `{value}`）已存在。";
        Missing { key: Box<str>, value: Box<str> } => "ResourceNotFound.TagNonExist",
            "There is no tag `{key}` with the value `{value}`.",
            "标签 `{key}`（值 `{value}`）不存在。";
        Carried { key: Box<str>, value: Box<str>, uses: u32 } => "FailedOperation.TagAttachedResource",
            "The tag `{key}` with the value `{value}` is on resources of the account ({uses}); take it off them first: GetResources names them.",
            "标签 `{key}`（值 `{value}`）已绑定 {uses} 个资源，请先解绑；可用 GetResources 查看。";
        Quota { limit: usize } => "LimitExceeded.Quota",
            "The account has made {limit} tags, which is the limit; DeleteTag deletes those that nothing carries.",
            "标签数量超过限制，每个账户最多创建 {limit} 个；可用 DeleteTag 删除未绑定资源的标签。";
    }
}

//! Why the tag product refuses a request.

use cvmd_model::GUEST_MS_MAX;

/// Tags in one request, and resources in one description of them.
pub(crate) const TAGS_MAX: usize = 10;
pub(crate) const RESOURCES_MAX: usize = 50;
/// Tags on one resource.
pub(crate) const ATTACHED_MAX: usize = 50;
pub(crate) const KEY_CHARACTERS_MAX: usize = 127;
pub(crate) const VALUE_CHARACTERS_MAX: usize = 255;
pub(crate) const FILTERS_MAX: usize = 6;
pub(crate) const FILTER_VALUES_MAX: usize = 10;
pub(crate) const PAGE_MAX: usize = 1000;

/// Why the tag product refuses a request; `cvmd-actions`' table of codes knows each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TagRefusal {
    #[error("The resource `{value}` is not described as `qcs::SERVICE:REGION:uin/UIN:PREFIX/ID`.")]
    Description { value: Box<str> },
    #[error("Resources of the service `{value}` carry no tags here; those of {known} do.")]
    Service { value: Box<str>, known: Box<str> },
    #[error("The service `{service}` has no resources `{value}` that carry tags here; it has {known}.")]
    Prefix { service: Box<str>, value: Box<str>, known: Box<str> },
    #[error("The region `{value}` of the resource is not valid.")]
    Region { value: Box<str> },
    #[error("The account `{value}` of the resource is not the one that asks.")]
    Uin { value: Box<str> },
    #[error("The resource `{value}` does not exist.")]
    Resource { value: Box<str> },
    #[error("A tag key is empty.")]
    KeyEmpty,
    #[error("The tag key `{value}` has more than {KEY_CHARACTERS_MAX} characters.")]
    KeyTooLong { value: Box<str> },
    #[error(
        "The tag key `{value}` holds a character that is not allowed: letters, digits, blanks and + - = . _ : / @ ( ) only."
    )]
    KeyIllegal { value: Box<str> },
    #[error("The tag key `{value}` begins with qcloud, tencent or project, which the system keeps for itself.")]
    KeyReserved { value: Box<str> },
    #[error("The tag key `{value}` is given twice.")]
    KeyTwice { value: Box<str> },
    #[error("The tag `{key}` has an empty value.")]
    ValueEmpty { key: Box<str> },
    #[error("The value of the tag `{key}` has more than {VALUE_CHARACTERS_MAX} characters.")]
    ValueTooLong { key: Box<str> },
    #[error(
        "The value of the tag `{key}` holds a character that is not allowed: letters, digits, blanks and + - = . _ : / @ ( ) only."
    )]
    ValueIllegal { key: Box<str> },
    #[error(
        "The tag `cvmd:guest` does not take the word `{word}`: it knows ignores-shutdown, fails-to-boot, keeps-keys, keeps-keys-after=launch, unreachable, and boot-ms=N, shutdown-ms=N and write-ms=N with N from 0 to {GUEST_MS_MAX}, with commas or blanks between them."
    )]
    Guest { word: Box<str> },
    #[error("`{name}` has {given} tags; at most {TAGS_MAX} are allowed.")]
    TooManyTags { name: Box<str>, given: usize },
    #[error("`{name}` has {given} resources; at most {limit} are allowed.")]
    TooManyResources { name: Box<str>, given: usize, limit: usize },
    #[error("The resource `{resource}` would carry more than {ATTACHED_MAX} tags.")]
    TooManyAttached { resource: Box<str> },
    #[error("The tag key `{value}` stands in both `ReplaceTags` and `DeleteTags`.")]
    ReplacedAndDeleted { value: Box<str> },
    #[error("`Offset` must be a multiple of `Limit`.")]
    Offset,
    #[error("`TagFilters` has {given} filters; at most {FILTERS_MAX} are allowed.")]
    TooManyFilters { given: usize },
    #[error("The filter of the tag key `{key}` has {given} values; at most {FILTER_VALUES_MAX} are allowed.")]
    FilterTooLarge { key: Box<str>, given: usize },
    #[error("The resource `{resource}` carries the tag key `{key}` already.")]
    Attached { key: Box<str>, resource: Box<str> },
    #[error("The resource `{resource}` does not carry the tag key `{key}`.")]
    NotAttached { key: Box<str>, resource: Box<str> },
    #[error("`PaginationToken` is none that was answered.")]
    PaginationToken,
    #[error("The tag `{key}` with the value `{value}` is there already.")]
    Exists { key: Box<str>, value: Box<str> },
    #[error("There is no tag `{key}` with the value `{value}`.")]
    Missing { key: Box<str>, value: Box<str> },
    #[error(
        "The tag `{key}` with the value `{value}` is on resources of the account ({uses}); take it off them first: GetResources names them."
    )]
    Carried { key: Box<str>, value: Box<str>, uses: u32 },
    #[error("The account has made {limit} tags, which is the limit; DeleteTag deletes those that nothing carries.")]
    Quota { limit: usize },
}

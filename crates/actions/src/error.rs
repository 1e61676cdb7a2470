//! Every reason for refusing a request, and the wire code that it has in each dialect. Wire codes exist only here and in
//! `laws`, `parts` and `denied` below.
//!
//! The matches are exhaustive without `_`: a new reason does not compile until somebody has chosen its codes.

pub(crate) mod codes;
mod denied;
mod laws;
mod parts;

pub(crate) use denied::denied_codes;
pub use parts::{DiskReason, KeyNameReason};

use crate::{Excess, Product, TagRefusal, Untaken};
use codes::{Codes, both, pick};
use cvmd_model::{InstanceId, LaunchTemplateId, MalformedKey, Refusal};
use cvmd_state::TooLarge;
use cvmd_wire::Dialect;

/// Why a believed request is refused: its parameters, the law, or our own fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error("The request is missing a required parameter `{name}`.")]
    Missing { name: Box<str> },
    #[error("The parameter `{name}` is not recognized.")]
    Unknown { name: Box<str> },
    #[error("The value type of parameter `{name}` is not valid: {} is expected, and {} was given.", .expected.english, .given.english)]
    WrongType { name: Box<str>, expected: Words, given: Words },
    #[error("The value `{value}` specified in the parameter `{name}` is not valid.")]
    BadValue { name: Box<str>, value: Box<str> },
    #[error("{0}")]
    Untaken(#[from] Untaken),
    #[error("The parameter `{name}` has {given} values; at most {limit} are allowed.")]
    TooMany { name: Box<str>, given: usize, limit: usize },
    #[error("The parameters {names} exclude one another.")]
    Exclusive { names: &'static str },
    /// Where the vendor has a code of its own for it.
    #[error("The parameters {names} exclude one another.")]
    Combination { names: &'static str },
    #[error("LoginSettings takes one of `Password`, `KeyIds` and `KeepImageLogin`, not several.")]
    LoginConflict,
    #[error("At least one of the parameters {names} is needed.")]
    NothingToDo { names: &'static str },
    #[error("The instance id `{value}` is malformed: an id looks like `ins-1e4r6y8i`.")]
    MalformedInstanceId { value: Box<str> },
    /// The vendor's newer code for it.
    #[error("The instance id `{value}` is malformed: an id looks like `ins-1e4r6y8i`.")]
    InstanceIdMalformed { value: Box<str> },
    #[error("The key pair id `{value}` is malformed: an id looks like `skey-4e5ty7i8`.")]
    MalformedKeyPairId { value: Box<str> },
    #[error("The image id `{value}` is malformed: an id looks like `img-487zeit5`.")]
    MalformedImageId { value: Box<str> },
    #[error("The launch template id `{value}` is malformed: an id looks like `lt-11112222`.")]
    MalformedTemplateId { value: Box<str> },
    #[error("The placement group id `{value}` is malformed: an id looks like `ps-11112222`.")]
    MalformedGroupId { value: Box<str> },
    #[error("The name of a launch template has 2 to 128 characters.")]
    TemplateName,
    #[error("The description of a launch template's version has at most 256 characters.")]
    TemplateDescription,
    /// RunInstances has a code of its own for it.
    #[error("The launch template `{template}` has no version {version}.")]
    LaunchTemplateVersion { template: LaunchTemplateId, version: u32 },
    #[error("`CpuTopology` takes `CoreCount` and `ThreadPerCore`, or neither.")]
    HalfATopology,
    #[error("{0}")]
    KeyName(#[from] KeyNameReason),
    #[error("The public key is malformed: {0}.")]
    PublicKey(MalformedKey),
    #[error("The password is not allowed: {}.", .0.english)]
    Password(Words),
    #[error(
        "The value `{given}` specified in the parameter `UserName` is not valid: `{instance}` is entered as `{user}`."
    )]
    UserName { given: Box<str>, instance: InstanceId, user: &'static str },
    #[error("The value `{value}` of `Limit` is not valid: 1 to 100.")]
    Limit { value: i128 },
    #[error("The value `{value}` of `Offset` is not valid: 0 or more.")]
    Offset { value: i128 },
    /// DescribeKeyPairs has codes of its own for these two.
    #[error("The value `{value}` of `Limit` is not valid: 1 to 100.")]
    KeyPairsLimit { value: i128 },
    #[error("The value `{value}` of `Offset` is not valid: 0 or more.")]
    KeyPairsOffset { value: i128 },
    #[error("The filter `{name}` is not supported by this action.")]
    Filter { name: Box<str> },
    #[error("A request takes at most 10 filters, and a filter at most 5 values.")]
    FilterTooLarge,
    #[error("The time `{value}` is not valid: it looks like `2023-06-01 00:00:00`.")]
    Time { value: Box<str> },
    #[error("The parameters `ImageIds` and `Filters` exclude one another.")]
    ImageIdsWithFilters,
    /// Where the vendor has a code of its own for it.
    #[error("Exactly one of the parameters {names} is needed.")]
    SpecifyOne { names: &'static str },
    #[error("The parameter `{name}` is longer than {limit} characters.")]
    TextTooLong { name: &'static str, limit: usize },
    #[error("The zone `{value}` does not exist.")]
    Zone { value: Box<str> },
    #[error("The zone `{value}` is not in the region `{region}`.")]
    ZoneElsewhere { value: Box<str>, region: &'static str },
    #[error("The zone `{zone}` is sold out: DescribeZones says which are AVAILABLE.")]
    ZoneSoldOut { zone: &'static str },
    #[error("{0}")]
    Disk(#[from] DiskReason),
    #[error("The VPC id `{value}` is malformed: an id looks like `vpc-1e4r6y8i`.")]
    MalformedVpcId { value: Box<str> },
    #[error("The subnet id `{value}` is malformed: an id looks like `subnet-1e4r6y8i`.")]
    MalformedSubnetId { value: Box<str> },
    #[error("The address `{value}` is malformed: an address looks like `10.0.0.5`.")]
    MalformedAddress { value: Box<str> },
    #[error("`{name}` takes one address for each instance: {instances}, not {given}.")]
    AddressCount { name: Box<str>, instances: u32, given: usize },
    #[error("No VPC here has IPv6 addresses.")]
    NoIpv6,
    /// The vpc product has codes of its own for what follows, up to its zones.
    #[error("The value `{value}` of the parameter `{name}` is malformed.")]
    NetworkMalformed { name: Box<str>, value: Box<str> },
    #[error("The parameter `{name}` is longer than {limit} characters.")]
    NetworkTooLong { name: Box<str>, limit: usize },
    #[error("The tag `{key}` is given twice.")]
    NetworkDuplicateTag { key: Box<str> },
    #[error("The filter `{name}` is not supported by this action.")]
    NetworkFilter { name: Box<str> },
    #[error("A request takes at most 10 filters, and a filter at most 5 values.")]
    NetworkFilterTooLarge,
    #[error("The parameters {names} exclude one another.")]
    NetworkExclusive { names: &'static str },
    #[error("The zone `{value}` is not available in the region `{region}`.")]
    NetworkZone { value: Box<str>, region: &'static str },
    #[error("The instance type `{value}` does not exist.")]
    InstanceType { value: Box<str> },
    #[error("The period `{value}` is not valid: 1 to 12, 24, 36, 48 or 60 months.")]
    Period { value: i128 },
    #[error("`MinCount` must not exceed `InstanceCount`.")]
    MinCount,
    #[error("The instance name is longer than {limit} characters.")]
    InstanceNameTooLong { limit: usize },
    #[error("The host name is not allowed: {}.", .0.english)]
    HostName(Words),
    #[error("The client token is longer than 64 ASCII characters.")]
    ClientTokenTooLong,
    #[error("`UserData` must be base64 of at most 16 KiB.")]
    UserData,
    #[error("The tag `{key}` is given twice.")]
    DuplicateTag { key: Box<str> },
    #[error("This is not supported here: {}.", what.english)]
    Unsupported { what: Words },
    #[error("The specified service=`{product}` does not exist{}.", of_the_vendors(*is_vendors).english)]
    UnknownProduct { product: Box<str>, is_vendors: bool },
    #[error(
        "The request action=`{action}` is invalid or not found in service=`{}` and version=`{}`.",
        product.name(), product.version()
    )]
    UnknownAction { product: Product, action: Box<str> },
    /// As a parameter's value.
    #[error("The product `{value}` is not here.")]
    ProductElsewhere { value: Box<str> },
    /// The vendor has it.
    #[error("The action `{action}` of service=`{}` is not supported here.", product.name())]
    NotBuilt { product: Product, action: Box<str> },
    #[error("The specified api version=`{version}` does not exist in service=`{}`.", product.name())]
    UnknownVersion { product: Product, version: Box<str> },
    #[error("The request is missing a required parameter `{name}`.")]
    CommonMissing { name: &'static str },
    #[error(
        "The region `{name}` specified in `X-TC-Region` (or `Region`) is not valid, is unsupported, or cannot be used."
    )]
    Region { name: Box<str> },
    #[error("The parameter `{name}` holds the control character `U+{code:04X}`, which no text may have.")]
    ControlCharacter { name: Box<str>, code: u32 },
    #[error("Too many bytes of unfinished requests are held at once. Please try again later.")]
    Crowded,
    #[error(
        "{waiting} requests of this account wait for their turn already, which is the most. Please try again later."
    )]
    Waiting { waiting: usize },
    #[error(
        "Replies to this account that nobody has read yet hold more than {limit} bytes. Please read them, and try again."
    )]
    Unread { limit: usize },
    #[error("The request's body did not arrive.")]
    HalfSent,
    /// Only the legacy dialect looks for replays; API 3.0's signatures carry no nonce that clients keep apart.
    #[error("The same signed request has been received already; sign each request anew.")]
    Replayed,
    #[error("{0}")]
    Excess(#[from] Excess),
    #[error("{0}")]
    Law(#[from] Refusal),
    #[error("{0}")]
    Tag(#[from] TagRefusal),
    /// What the operator reads stands in the log, under the RequestId.
    #[error("An internal error has occurred. Retry your request; if it persists, give the RequestId to the operator.")]
    OurFault,
}

impl From<TooLarge> for Reason {
    fn from(written: TooLarge) -> Reason {
        Excess::from(written).into()
    }
}

/// What is said more of a product that the vendor has. The test of `product` holds it to the products that are answered.
pub(crate) fn of_the_vendors(is_vendors: bool) -> Words {
    const MORE: Words = Words::new(
        " here: it is one of the vendor's, of which cvmd answers `api`, `cbs`, `cvm`, `region`, `sts`, `tag`, `vpc`",
        "：它是腾讯云的产品，但 cvmd 只支持 `api`、`cbs`、`cvm`、`region`、`sts`、`tag`、`vpc`",
    );
    if is_vendors { MORE } else { Words::new("", "") }
}

/// A part of a message that is prose, in both languages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Words {
    pub english: &'static str,
    pub chinese: &'static str,
}

impl Words {
    #[must_use]
    pub const fn new(english: &'static str, chinese: &'static str) -> Words {
        Words { english, chinese }
    }

    /// The name of a parameter, which is the same in both.
    #[must_use]
    pub const fn name(name: &'static str) -> Words {
        Words::new(name, name)
    }
}

impl Reason {
    #[must_use]
    pub fn code(&self, dialect: Dialect) -> &'static str {
        pick(self.codes(), dialect)
    }

    fn codes(&self) -> Codes {
        match self {
            Self::Missing { .. } | Self::CommonMissing { .. } | Self::NothingToDo { .. } => both("MissingParameter"),
            Reason::Unknown { .. } => both("UnknownParameter"),
            Reason::WrongType { .. } => ("InvalidParameter", "InvalidParameterValue"),
            Reason::BadValue { .. } | Reason::Untaken(_) => both("InvalidParameterValue"),
            Reason::Excess(why) => both(parts::excess(why)),
            Reason::TooMany { .. } => both("InvalidParameterValue.LimitExceeded"),
            Reason::Exclusive { .. } | Reason::ProductElsewhere { .. } => ("InvalidParameter", "InvalidParameterValue"),
            Reason::Combination { .. } => both("InvalidParameterCombination"),
            Reason::LoginConflict => both("InvalidParameter.ParameterConflict"),
            Reason::MalformedInstanceId { .. } => both("InvalidInstanceId.Malformed"),
            Reason::InstanceIdMalformed { .. } => both("InvalidParameterValue.InstanceIdMalformed"),
            Reason::MalformedKeyPairId { .. } => both("InvalidKeyPairId.Malformed"),
            Reason::MalformedImageId { .. } => both("InvalidImageId.Malformed"),
            Reason::Disk(why) => both(parts::disk(why)),
            Reason::MalformedTemplateId { .. } => both("InvalidParameterValue.LaunchTemplateIdMalformed"),
            Reason::MalformedGroupId { .. } => both("InvalidParameterValue.DisasterRecoverGroupIdMalformed"),
            Reason::TemplateName => both("InvalidParameterValue.InvalidLaunchTemplateName"),
            Reason::TemplateDescription => both("InvalidParameterValue.InvalidLaunchTemplateVersionDescription"),
            Reason::LaunchTemplateVersion { .. } => both("InvalidParameterValue.LaunchTemplateVersion"),
            Reason::HalfATopology => both("InvalidParameter.LackCoreCountOrThreadPerCore"),
            Reason::KeyName(why) => both(parts::key_name(why)),
            Reason::PublicKey(_) => both("InvalidPublicKey.Malformed"),
            Reason::Password(_) => ("InvalidParameterValue.InvalidPassword", "InvalidPassword"),
            Reason::Limit { .. } | Reason::Offset { .. } => both("InvalidParameterValue.LimitExceeded"),
            Reason::KeyPairsLimit { .. } => both("InvalidParameterValueLimit"),
            Reason::KeyPairsOffset { .. } => both("InvalidParameterValueOffset"),
            Reason::Filter { .. } => both("InvalidFilter"),
            Reason::FilterTooLarge => both("InvalidFilterValue.LimitExceeded"),
            Reason::Time { .. } => both("InvalidParameterValue.InvalidTimeFormat"),
            Reason::ImageIdsWithFilters => both("InvalidParameter.InvalidParameterCoexistImageIdsFilters"),
            Reason::SpecifyOne { .. } => both("InvalidParameter.SpecifyOneParameter"),
            Reason::TextTooLong { .. } => both("InvalidParameter.ValueTooLarge"),
            Reason::Zone { .. } => both("InvalidParameterValue.ZoneNotSupported"),
            Reason::ZoneElsewhere { .. } => both("InvalidZone.MismatchRegion"),
            Reason::ZoneSoldOut { .. } => both("ResourceInsufficient.AvailabilityZoneSoldOut"),
            Reason::MalformedVpcId { .. } => both("InvalidParameterValue.VpcIdMalformed"),
            Reason::MalformedSubnetId { .. } => both("InvalidParameterValue.SubnetIdMalformed"),
            Reason::MalformedAddress { .. } => both("InvalidParameterValue.IPAddressMalformed"),
            Reason::NoIpv6 => both("InvalidParameterValue.VpcNotSupportIpv6Address"),
            Reason::UserName { .. } | Reason::Region { .. } => both("InvalidParameterValue"),
            Reason::AddressCount { .. } | Reason::ControlCharacter { .. } => both("InvalidParameterValue"),
            Reason::NetworkMalformed { .. } => both("InvalidParameterValue.Malformed"),
            Reason::NetworkTooLong { .. } => both("InvalidParameterValue.TooLong"),
            Reason::NetworkDuplicateTag { .. } => both("InvalidParameterValue.TagDuplicateKey"),
            Reason::NetworkFilter { .. } => both("InvalidParameter.FilterInvalidKey"),
            Reason::NetworkFilterTooLarge => both("LimitExceeded.NumberOfFilters"),
            Reason::NetworkExclusive { .. } => both("InvalidParameter.Coexist"),
            Reason::NetworkZone { .. } => both("InvalidParameterValue.UnavailableZone"),
            Reason::InstanceType { .. } => both("InvalidParameterValue.InstanceTypeNotFound"),
            Reason::Period { .. } => both("InvalidPeriod"),
            Reason::MinCount => both("InvalidParameterValue.InvalidParameterMinCount"),
            Reason::InstanceNameTooLong { .. } => both("InvalidInstanceName.TooLong"),
            Reason::HostName(_) => both("InvalidParameterValue.IllegalHostName"),
            Reason::ClientTokenTooLong => both("InvalidClientToken.TooLong"),
            Reason::UserData => both("InvalidParameterValue.InvalidUserDataFormat"),
            Reason::DuplicateTag { .. } => both("InvalidParameterValue.DuplicateTags"),
            Reason::Unsupported { .. } | Reason::NotBuilt { .. } => both("UnsupportedOperation"),
            Reason::UnknownProduct { .. } => ("NoSuchProduct", "InvalidParameterValue"),
            Reason::UnknownAction { .. } => ("InvalidAction", "InvalidAction.NotFound"),
            Reason::UnknownVersion { .. } => ("NoSuchVersion", "InvalidParameterValue"),
            Reason::Replayed => both("InvalidRequest.ReplayAttack"),
            Reason::Crowded | Reason::Waiting { .. } | Reason::Unread { .. } => both("RequestLimitExceeded"),
            Reason::HalfSent => ("InvalidRequest", "InvalidRequest.Forbidden"),
            Reason::Law(refusal) => laws::law(refusal),
            Reason::Tag(refusal) => both(tag(refusal)),
            Reason::OurFault => ("InternalError", "InternalServerError"),
        }
    }
}

/// The tag product's codes, which are the same in both dialects.
fn tag(refusal: &TagRefusal) -> &'static str {
    match refusal {
        TagRefusal::Description { .. } => "InvalidParameterValue.ResourceDescriptionError",
        TagRefusal::Service { .. } => "InvalidParameterValue.ServiceTypeInvalid",
        TagRefusal::Prefix { .. } => "InvalidParameterValue.ResourcePrefixInvalid",
        TagRefusal::Region { .. } => "InvalidParameterValue.RegionInvalid",
        TagRefusal::Exists { .. } => "ResourceInUse.TagDuplicate",
        TagRefusal::Missing { .. } => "ResourceNotFound.TagNonExist",
        TagRefusal::Carried { .. } => "FailedOperation.TagAttachedResource",
        TagRefusal::Quota { .. } => "LimitExceeded.Quota",
        TagRefusal::Uin { .. } => "InvalidParameterValue.UinInvalid",
        TagRefusal::Resource { .. } => "InvalidParameterValue.ResourceIdInvalid",
        TagRefusal::KeyEmpty => "InvalidParameterValue.TagKeyEmpty",
        TagRefusal::KeyTooLong { .. } => "InvalidParameterValue.TagKeyLengthExceeded",
        TagRefusal::KeyIllegal { .. } => "InvalidParameterValue.TagKeyCharacterIllegal",
        TagRefusal::KeyReserved { .. } => "InvalidParameterValue.ReservedTagKey",
        TagRefusal::KeyTwice { .. } => "InvalidParameterValue.TagKeyDuplicate",
        TagRefusal::ValueEmpty { .. } => "InvalidParameterValue.TagValueEmpty",
        TagRefusal::ValueTooLong { .. } => "InvalidParameterValue.TagValueLengthExceeded",
        TagRefusal::ValueIllegal { .. } => "InvalidParameterValue.TagValueCharacterIllegal",
        TagRefusal::Guest { .. } => "InvalidParameterValue",
        TagRefusal::TooManyTags { .. } => "LimitExceeded.TagNumPerRequest",
        TagRefusal::TooManyResources { .. } => "LimitExceeded.ResourceNumPerRequest",
        TagRefusal::TooManyAttached { .. } => "LimitExceeded.ResourceAttachedTags",
        TagRefusal::ReplacedAndDeleted { .. } => "InvalidParameterValue.DeleteTagsParamError",
        TagRefusal::Offset => "InvalidParameterValue.OffsetInvalid",
        TagRefusal::TooManyFilters { .. } => "InvalidParameterValue.TagFiltersLengthExceeded",
        TagRefusal::FilterTooLarge { .. } => "InvalidParameterValue.TagFilters",
        TagRefusal::Attached { .. } => "ResourceInUse.TagKeyAttached",
        TagRefusal::NotAttached { .. } => "ResourceNotFound.AttachedTagKeyNotFound",
        TagRefusal::PaginationToken => "InvalidParameter.PaginationTokenInvalid",
    }
}

/// Codes that every action may answer, in the dialect named; the action's own list need not repeat them.
pub(crate) const COMMON: &[&str] = &[
    // A credential that is revoked while its command waits for the writer.
    "AuthFailure.SecretIdNotFound",
    "InternalError",
    "InternalServerError",
    "InvalidAction",
    "InvalidAction.NotFound",
    "InvalidParameter",
    "InvalidParameterValue",
    "InvalidRequest.ReplayAttack",
    // The account holds as much as it may.
    "LimitExceeded",
    "MissingParameter",
    "NoSuchProduct",
    "NoSuchVersion",
    "RequestLimitExceeded",
    "UnknownParameter",
];

/// Whether an action that declares `errors` may answer `code`.
#[must_use]
pub fn is_declared(errors: &[&str], code: &str) -> bool {
    errors.contains(&code) || COMMON.contains(&code)
}

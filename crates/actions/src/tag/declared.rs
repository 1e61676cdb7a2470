//! Codes that several actions declare.

/// A tag that is to be set.
pub(super) const TAG: &[&str] = &[
    "InvalidParameterValue.ReservedTagKey",
    "InvalidParameterValue.TagKeyCharacterIllegal",
    "InvalidParameterValue.TagKeyEmpty",
    "InvalidParameterValue.TagKeyLengthExceeded",
    "InvalidParameterValue.TagValueCharacterIllegal",
    "InvalidParameterValue.TagValueEmpty",
    "InvalidParameterValue.TagValueLengthExceeded",
];

/// A resource that is to be changed.
pub(super) const RESOURCE: &[&str] = &[
    "InvalidParameterValue.RegionInvalid",
    "InvalidParameterValue.ResourceIdInvalid",
    "InvalidParameterValue.ResourcePrefixInvalid",
    "InvalidParameterValue.ServiceTypeInvalid",
];

/// The description of a resource in six parts.
pub(super) const DESCRIPTION: &[&str] =
    &["InvalidParameterValue.ResourceDescriptionError", "InvalidParameterValue.UinInvalid"];

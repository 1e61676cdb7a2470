//! What several actions declare: their codes, and parameters that have no effect here.

/// A list by ids or by filters, page by page.
pub(super) const SELECTION: &[&str] = &[
    "InvalidParameter.Coexist",
    "InvalidParameter.FilterInvalidKey",
    "InvalidParameterValue.LimitExceeded",
    "InvalidParameterValue.Malformed",
    "LimitExceeded.NumberOfFilters",
];

/// Rules of a security group, in one direction or both.
pub(super) const POLICIES: &[&str] = &[
    "InvalidParameter.Coexist",
    "InvalidParameterValue.Malformed",
    "InvalidParameterValue.TooLong",
    "ResourceNotFound",
    "UnsupportedOperation",
    "UnsupportedOperation.VersionMismatch",
];

/// `SecurityGroupPolicySet`: what is answered with the rules, and follows from them.
pub(super) const POLICY_SET: &[&str] = &[
    "SecurityGroupPolicySet.Egress.ModifyTime",
    "SecurityGroupPolicySet.Egress.Priority",
    "SecurityGroupPolicySet.Ingress.ModifyTime",
    "SecurityGroupPolicySet.Ingress.Priority",
    "SecurityGroupPolicySet.PolicyStatistics",
];

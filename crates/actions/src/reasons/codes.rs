//! Codes that stand in no single row: the legacy dialect's one for whatever an instance's laws forbid, and those that no action
//! declares.

/// The legacy dialect has one code for all that an instance's laws forbid.
pub(crate) const FORBIDDEN: &str = "InvalidInstance.NotSupported";

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

//! Codes that are in no single row: the legacy dialect's code for everything that an instance's rules forbid, and the
//! codes that no action declares.

/// The legacy dialect has one code for everything that an instance's rules forbid.
pub(crate) const FORBIDDEN: &str = "InvalidInstance.NotSupported";

/// Codes of both dialects that every action may answer; the action's own list need not repeat them.
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
    // The account has reached its bounds.
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

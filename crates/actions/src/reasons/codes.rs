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

/// Names that an action declares, codes or parameters: its own, and those that it has in common with others.
#[derive(Debug, Clone, Copy)]
pub struct Declared {
    pub(crate) own: &'static [&'static str],
    pub(crate) common: &'static [&'static [&'static str]],
}

impl Declared {
    pub const NONE: Declared = Declared { own: &[], common: &[] };

    pub(crate) fn iter(self) -> impl Iterator<Item = &'static str> {
        self.common.iter().copied().chain([self.own]).flatten().copied()
    }

    pub(crate) fn has(self, name: &str) -> bool {
        self.iter().any(|known| known == name)
    }
}

/// Whether an action that declares `errors` may answer `code`.
#[must_use]
pub fn is_declared(errors: Declared, code: &str) -> bool {
    errors.has(code) || COMMON.contains(&code)
}

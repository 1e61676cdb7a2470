//! The wire code of a reason in each dialect.

use cvmd_wire::Dialect;

/// A reason's code on API 3.0 and in the legacy dialect.
pub(crate) type Codes = (&'static str, &'static str);

pub(crate) const fn both(code: &'static str) -> Codes {
    (code, code)
}

/// The legacy dialect has one code for all that an instance's laws forbid.
pub(crate) const fn forbidden(code: &'static str) -> Codes {
    (code, "InvalidInstance.NotSupported")
}

pub(crate) const fn pick((api3, legacy): Codes, dialect: Dialect) -> &'static str {
    match dialect {
        Dialect::Api3 => api3,
        Dialect::Legacy => legacy,
    }
}

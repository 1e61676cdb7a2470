//! The wire code of a reason on each door.

use cvmd_wire::Door;

/// A reason's code on API 3.0 and on the legacy door.
pub(crate) type Codes = (&'static str, &'static str);

pub(crate) const fn both(code: &'static str) -> Codes {
    (code, code)
}

/// The legacy door has one code for all that an instance's laws forbid.
pub(crate) const fn forbidden(code: &'static str) -> Codes {
    (code, "InvalidInstance.NotSupported")
}

pub(crate) const fn pick((api3, legacy): Codes, door: Door) -> &'static str {
    match door {
        Door::Api3 => api3,
        Door::Legacy => legacy,
    }
}

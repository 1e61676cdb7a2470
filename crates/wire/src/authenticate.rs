//! Authenticates a request: chooses dialect and signature, and refuses what is too large to read.

use crate::{
    bounds::{QUERY_BYTES_MAX, TC3_BODY_BYTES_MAX, V1_BODY_BYTES_MAX},
    credential::Credential,
    credentials::Credentials,
    denied::{Denied, excerpt},
    raw::{Dialect, LEGACY_PATH, RawHead, RawRequest},
    request::Request,
    tc3, v1,
};
use http::{Method, header::AUTHORIZATION};
use std::{fmt, sync::Arc};

/// A request whose head is valid, as far as that can be checked without the body.
pub struct Checked<'a> {
    head: RawHead<'a>,
    way: Way<'a>,
}

enum Way<'a> {
    Tc3(tc3::Head<'a>),
    V1(Dialect),
}

/// Checks everything that can be checked before the body arrives, so that a stranger's body need not be read.
///
/// The order of checks: path, method, sizes, the form of what is signed, the SecretId, the window of time, and with TC3
/// the scope and the list of signed headers. With signature v1 the signed text is the body itself, unless the request
/// is a GET, and so is what shows that the body is a form. `body_bytes` is the length that the head gives, or 0.
///
/// # Errors
///
/// The first reason found.
pub fn check_head<'a>(
    head: RawHead<'a>,
    body_bytes: u64,
    credentials: &dyn Credentials,
    now_seconds: u64,
) -> Result<Checked<'a>, Denied> {
    let path = head.target.path();
    let dialect = Dialect::of_path(path);
    if path != "/" && path != LEGACY_PATH {
        return Err(Denied::UnknownPath { path: excerpt(path) });
    }
    if head.method != Method::GET && head.method != Method::POST {
        return Err(Denied::MethodNotAllowed { method: excerpt(head.method.as_str()) });
    }
    let bytes = head.query().len();
    if bytes > QUERY_BYTES_MAX {
        return Err(Denied::QueryTooLarge { bytes, limit_bytes: QUERY_BYTES_MAX });
    }
    // The legacy dialect has no `Authorization` header: one that a proxy added is ignored.
    let way = match head.headers.get(AUTHORIZATION) {
        Some(authorization) if dialect == Dialect::Api3 => {
            refuse_larger_than(TC3_BODY_BYTES_MAX, body_bytes)?;
            Way::Tc3(tc3::Head::read(head, authorization.as_bytes(), credentials, now_seconds)?)
        }
        _ => {
            refuse_larger_than(V1_BODY_BYTES_MAX, body_bytes)?;
            Way::V1(dialect)
        }
    };
    Ok(Checked { head, way })
}

impl Checked<'_> {
    /// The maximum size of the body in bytes.
    pub fn body_bytes_max(&self) -> usize {
        match self.way {
            Way::Tc3(_) => TC3_BODY_BYTES_MAX,
            Way::V1(_) => V1_BODY_BYTES_MAX,
        }
    }

    /// The known credential that the head names, before its signature is checked; with TC3 only.
    pub fn credential(&self) -> Option<&Arc<Credential>> {
        match &self.way {
            Way::Tc3(head) => Some(head.credential()),
            Way::V1(_) => None,
        }
    }

    /// Authenticates the request once its body is there: the signature first (compared in constant time), then the
    /// action's parameters.
    ///
    /// # Errors
    ///
    /// The first reason found. A legacy request without `Version` is [`Denied::LegacyWithoutVersion`]
    /// whatever else its parameters hold, as it belongs to an action set with other rules.
    pub fn authenticate(
        &self,
        body: &[u8],
        credentials: &dyn Credentials,
        now_seconds: u64,
    ) -> Result<Request, Denied> {
        refuse_larger_than(self.body_bytes_max(), body.len() as u64)?;
        let raw = self.head.with(body);
        match &self.way {
            Way::Tc3(head) => head.authenticate(&raw, credentials),
            Way::V1(dialect) => v1::authenticate(&raw, *dialect, credentials, now_seconds),
        }
    }
}

/// Leaves out what is signed.
impl fmt::Debug for Checked<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Checked").field("head", &self.head).finish_non_exhaustive()
    }
}

/// Authenticates a whole request: [`check_head`], then [`Checked::authenticate`].
///
/// # Errors
///
/// The same.
pub fn authenticate(raw: &RawRequest<'_>, credentials: &dyn Credentials, now_seconds: u64) -> Result<Request, Denied> {
    let checked = check_head(raw.head(), raw.body.len() as u64, credentials, now_seconds)?;
    checked.authenticate(raw.body, credentials, now_seconds)
}

fn refuse_larger_than(limit_bytes: usize, bytes: u64) -> Result<(), Denied> {
    match usize::try_from(bytes).unwrap_or(usize::MAX) {
        bytes if bytes > limit_bytes => Err(Denied::BodyTooLarge { bytes, limit_bytes }),
        _ => Ok(()),
    }
}

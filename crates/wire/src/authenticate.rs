//! The one way in: which door, which signature, and what is too large to look at.

use std::sync::Arc;

use http::Method;
use http::header::AUTHORIZATION;

use crate::credential::Credential;
use crate::denied::{Denied, excerpt};
use crate::raw::{Door, LEGACY_PATH, RawRequest};
use crate::request::Request;
use crate::{tc3, v1};

/// How far a timestamp may be from now, into the past and into the future.
pub(crate) const WINDOW_SECONDS: u64 = 300;

pub(crate) const QUERY_BYTES_MAX: usize = 32 << 10;
pub(crate) const TC3_BODY_BYTES_MAX: usize = 10 << 20;
pub(crate) const V1_BODY_BYTES_MAX: usize = 1 << 20;

/// Who may sign.
pub trait Credentials {
    /// The credential that bears this id, if it is known and not revoked.
    fn find(&self, secret_id: &str) -> Option<Arc<Credential>>;
}

/// Turns received bytes into a request whose sender is known.
///
/// The order of checks: path, method, sizes, the form of what is signed, the SecretId, the window
/// of time, the signature (compared in constant time), and only then the action's parameters.
///
/// # Errors
///
/// The first reason found. A legacy request without `Version` is [`Denied::LegacyWithoutVersion`]
/// whatever else it holds, as it belongs to an action set with other rules.
pub fn authenticate(raw: &RawRequest<'_>, credentials: &dyn Credentials, now_seconds: u64) -> Result<Request, Denied> {
    let path = raw.target.path();
    let door = Door::of_path(path);
    if path != "/" && path != LEGACY_PATH {
        return Err(Denied::UnknownPath { path: excerpt(path) });
    }
    if raw.method != Method::GET && raw.method != Method::POST {
        return Err(Denied::MethodNotAllowed { method: excerpt(raw.method.as_str()) });
    }
    refuse_larger_than(TC3_BODY_BYTES_MAX, raw)?;
    // The legacy door knows no `Authorization` header: one that a proxy added is not looked at.
    match raw.headers.get(AUTHORIZATION) {
        Some(authorization) if door == Door::Api3 => {
            tc3::authenticate(raw, authorization.as_bytes(), credentials, now_seconds)
        }
        _ => {
            refuse_larger_than(V1_BODY_BYTES_MAX, raw)?;
            v1::authenticate(raw, door, credentials, now_seconds)
        }
    }
}

fn refuse_larger_than(limit_bytes: usize, raw: &RawRequest<'_>) -> Result<(), Denied> {
    let bytes = raw.query().len();
    if bytes > QUERY_BYTES_MAX {
        return Err(Denied::QueryTooLarge { bytes, limit_bytes: QUERY_BYTES_MAX });
    }
    let bytes = raw.body.len();
    if bytes > limit_bytes {
        return Err(Denied::BodyTooLarge { bytes, limit_bytes });
    }
    Ok(())
}

/// Finds who signed, and refuses a signature of another time.
pub(crate) fn find_in_window(
    credentials: &dyn Credentials,
    secret_id: &str,
    timestamp_seconds: u64,
    now_seconds: u64,
) -> Result<Arc<Credential>, Denied> {
    let credential =
        credentials.find(secret_id).ok_or_else(|| Denied::SecretIdNotFound { secret_id: excerpt(secret_id) })?;
    let skew_seconds = now_seconds.abs_diff(timestamp_seconds);
    if skew_seconds > WINDOW_SECONDS {
        return Err(Denied::SignatureExpired {
            timestamp_seconds,
            now_seconds,
            skew_seconds,
            limit_seconds: WINDOW_SECONDS,
        });
    }
    Ok(credential)
}

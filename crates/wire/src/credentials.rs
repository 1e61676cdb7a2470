//! Which credentials exist, and whether a signature's time is within the window.

use crate::{
    credential::Credential,
    denied::{Denied, excerpt},
};
use std::sync::Arc;

/// How far a timestamp may be from now, in the past or in the future.
pub(crate) const WINDOW_SECONDS: u64 = 300;

/// A store of credentials.
pub trait Credentials {
    /// The credential with this id, if it is known and not revoked.
    fn find(&self, secret_id: &str) -> Option<Arc<Credential>>;

    /// Whether this id is known, but its SecretKey cannot be read, so that it signs nothing.
    fn is_unreadable(&self, _secret_id: &str) -> bool {
        false
    }
}

/// Finds the signer, and refuses a timestamp outside the window.
pub(crate) fn find_in_window(
    credentials: &dyn Credentials,
    secret_id: &str,
    timestamp_seconds: u64,
    now_seconds: u64,
) -> Result<Arc<Credential>, Denied> {
    let credential = credentials.find(secret_id).ok_or_else(|| match credentials.is_unreadable(secret_id) {
        true => Denied::SecretKeyUnreadable { secret_id: excerpt(secret_id) },
        false => Denied::SecretIdNotFound { secret_id: excerpt(secret_id) },
    })?;
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

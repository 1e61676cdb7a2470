//! A secret and its owner.

use hmac::{Hmac, KeyInit, Mac};
use parking_lot::RwLock;
use sha2::Sha256;
use std::fmt;
use zeroize::Zeroizing;

pub(crate) type HmacSha256 = Hmac<Sha256>;

/// The number of cached signing keys: one client uses few services, and two dates around midnight.
const SIGNING_KEYS_MAX: usize = 8;

/// One SecretId with its SecretKey.
pub struct Credential {
    owner: u32,
    secret_id: Box<str>,
    secret_key: Zeroizing<Box<str>>,
    /// Signing keys of TC3 that have verified a signature. Deriving one costs as much as verifying.
    signing_keys: RwLock<Vec<SigningKey>>,
}

struct SigningKey {
    date: [u8; 10],
    service: Box<str>,
    keyed: HmacSha256,
}

impl Credential {
    /// `owner` is the number of an account; this crate knows nothing else of accounts.
    pub fn new(owner: u32, secret_id: &str, secret_key: &str) -> Credential {
        Credential {
            owner,
            secret_id: secret_id.into(),
            secret_key: Zeroizing::new(secret_key.into()),
            signing_keys: RwLock::new(Vec::new()),
        }
    }

    pub fn owner(&self) -> u32 {
        self.owner
    }

    pub fn secret_id(&self) -> &str {
        &self.secret_id
    }

    pub(crate) fn secret_key(&self) -> &str {
        &self.secret_key
    }

    /// The cached signing key, if this date and service verified a signature before.
    pub(crate) fn cached_signing_key(&self, date: &[u8; 10], service: &str) -> Option<HmacSha256> {
        let keys = self.signing_keys.read();
        keys.iter().find(|key| key.date == *date && *key.service == *service).map(|key| key.keyed.clone())
    }

    /// Caches a signing key that verified a signature. Others are not cached, or strangers could push out the keys in
    /// use by naming services.
    pub(crate) fn cache_signing_key(&self, date: &[u8; 10], service: &str, keyed: HmacSha256) {
        let mut keys = self.signing_keys.write();
        if keys.iter().any(|key| key.date == *date && *key.service == *service) {
            return;
        }
        if keys.len() == SIGNING_KEYS_MAX {
            keys.remove(0);
        }
        keys.push(SigningKey { date: *date, service: service.into(), keyed });
    }
}

/// Leaves out the secret.
impl fmt::Debug for Credential {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Credential")
            .field("owner", &self.owner)
            .field("secret_id", &self.secret_id)
            .finish_non_exhaustive()
    }
}

/// The key of one day and service: HMAC along `TC3`+secret, date, service, `tc3_request`.
pub(crate) fn derive_signing_key(secret_key: &str, date: &[u8; 10], service: &str) -> HmacSha256 {
    let mut first = Zeroizing::new(Vec::with_capacity(3 + secret_key.len()));
    first.extend_from_slice(b"TC3");
    first.extend_from_slice(secret_key.as_bytes());
    let mut keyed = keyed(&first);
    for part in [&date[..], service.as_bytes(), b"tc3_request"] {
        keyed.update(part);
        let key = Zeroizing::new(<[u8; 32]>::from(keyed.finalize().into_bytes()));
        keyed = self::keyed(&*key);
    }
    keyed
}

fn keyed(key: &[u8]) -> HmacSha256 {
    HmacSha256::new_from_slice(key).expect("HMAC takes keys of any length")
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn debug_shows_no_secret() {
        let credential = Credential::new(7, "AKIDabc", "hidden");
        let text = format!("{credential:?}");
        assert!(text.contains("AKIDabc") && !text.contains("hidden"), "{text}");
    }

    #[test]
    fn few_signing_keys_are_cached_and_the_newest_stay() {
        let credential = Credential::new(7, "AKIDabc", "hidden");
        for number in 0..20 {
            let service = format!("service-{number}");
            let keyed = derive_signing_key("hidden", b"2019-02-25", &service);
            credential.cache_signing_key(b"2019-02-25", &service, keyed.clone());
            credential.cache_signing_key(b"2019-02-25", &service, keyed);
        }
        let cached = |service| credential.cached_signing_key(b"2019-02-25", service).is_some();
        assert!(cached("service-19") && cached("service-12") && !cached("service-11"));
        assert!(credential.cached_signing_key(b"2019-02-26", "service-19").is_none());
    }
}

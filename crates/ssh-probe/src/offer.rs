//! A key as it is offered: read from its blob, with the algorithms to offer it by.

use russh::keys::{Certificate, HashAlg, PublicKey};

/// A server takes an RSA key by the algorithms that its policy names, maybe by one of these only: `ssh-rsa` is all that
/// servers before OpenSSH 7.2 know. A key is refused only when it is refused by each.
const RSA: [Option<HashAlg>; 3] = [Some(HashAlg::Sha512), Some(HashAlg::Sha256), None];

#[derive(Debug, Clone)]
pub(crate) enum Offer {
    Key(PublicKey),
    Certificate(Box<Certificate>),
}

impl Offer {
    /// Only a blob that is written again as it was: the server must be asked about this one, not about a similar one.
    pub(crate) fn read(blob: &[u8]) -> Option<Offer> {
        let is_same = |written: Result<Vec<u8>, _>| written.is_ok_and(|written: Vec<u8>| written == blob);
        if let Ok(certificate) = Certificate::from_bytes(blob) {
            return is_same(certificate.to_bytes()).then(|| Offer::Certificate(certificate.into()));
        }
        PublicKey::from_bytes(blob).ok().filter(|key| is_same(key.to_bytes())).map(Offer::Key)
    }

    /// The hashes to offer it with, in this order, until one is accepted.
    pub(crate) fn hashes(&self) -> &'static [Option<HashAlg>] {
        let algorithm = match self {
            Offer::Key(key) => key.algorithm(),
            Offer::Certificate(certificate) => certificate.algorithm(),
        };
        if algorithm.is_rsa() { &RSA } else { &[None] }
    }
}

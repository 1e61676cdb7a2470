//! The key that signs checkpoints and evidence, in the text forms of signed notes
//! (<https://c2sp.org/signed-note>): `name+id+base64`, the private one with `PRIVATE+KEY+` in front.

use crate::text::as_text;
use base64::{Engine, engine::general_purpose::STANDARD};
use ed25519_dalek::Signer;
use sha2::{Digest, Sha256};
use std::{fmt, str::FromStr};
use zeroize::Zeroizing;

/// The byte that says Ed25519.
const ED25519: u8 = 1;
const PRIVATE: &str = "PRIVATE+KEY+";

/// The text is no name, or no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MalformedLedgerKey {
    #[error("a name has 1 to 128 visible ASCII characters, no + among them and no {{ first")]
    Name,
    #[error("a ledger key is name+id+base64, for Ed25519")]
    Form,
    #[error("the key's id is not that of its name and its bytes")]
    Id,
}

/// The name of a ledger (its checkpoints' origin), or of a key: 1 to 128 visible ASCII characters without `+`, the first
/// no `{`. So no checkpoint can be taken for evidence, which the same key signs.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct LogName(Box<str>);

impl LogName {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for LogName {
    type Err = MalformedLedgerKey;
    fn from_str(text: &str) -> Result<LogName, MalformedLedgerKey> {
        let is_name = (1..=128).contains(&text.len()) && !text.starts_with('{');
        let is_name = is_name && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'+');
        is_name.then(|| LogName(text.into())).ok_or(MalformedLedgerKey::Name)
    }
}

impl fmt::Display for LogName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The key that others verify with. `Display` and `FromStr`: `name+id+base64`, id in eight digits of 0-9 and a-f.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifyingKey {
    name: LogName,
    key: ed25519_dalek::VerifyingKey,
}

impl VerifyingKey {
    #[must_use]
    pub fn name(&self) -> &LogName {
        &self.name
    }

    /// The first four bytes of SHA-256 over name, a line end, the byte of Ed25519 and the key: a hint which key signed.
    #[must_use]
    pub fn id(&self) -> [u8; 4] {
        let hash = Sha256::new().chain_update(&*self.name.0).chain_update([b'\n', ED25519]).chain_update(self.key);
        let hash: [u8; 32] = hash.finalize().into();
        std::array::from_fn(|byte| hash[byte])
    }

    /// Whether the signature (RFC 8032) over these bytes is this key's.
    #[must_use]
    pub fn verifies(&self, bytes: &[u8], signature: &[u8]) -> bool {
        ed25519_dalek::Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(bytes, &signature).is_ok())
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&[ED25519], self.key.as_bytes().as_slice()].concat();
        write!(f, "{}+{}+{}", self.name, hex::encode(self.id()), STANDARD.encode(bytes))
    }
}

impl FromStr for VerifyingKey {
    type Err = MalformedLedgerKey;
    fn from_str(text: &str) -> Result<VerifyingKey, MalformedLedgerKey> {
        let (name, id, bytes) = parts(text)?;
        let key = ed25519_dalek::VerifyingKey::from_bytes(&bytes).map_err(|_| MalformedLedgerKey::Form)?;
        let key = VerifyingKey { name, key };
        if hex::encode(key.id()) == id { Ok(key) } else { Err(MalformedLedgerKey::Id) }
    }
}

/// The key that signs. Printing it shows the public half; its bytes are wiped when it is dropped.
#[derive(Clone)]
pub struct SigningKey {
    name: LogName,
    key: ed25519_dalek::SigningKey,
}

impl SigningKey {
    /// The key that follows from 32 random bytes.
    #[must_use]
    pub fn from_seed(name: LogName, seed: &[u8; 32]) -> SigningKey {
        SigningKey { name, key: ed25519_dalek::SigningKey::from_bytes(seed) }
    }

    /// Reads what [`SigningKey::secret_text`] wrote.
    ///
    /// # Errors
    /// What is wrong with it, never what it holds.
    pub fn parse(text: &str) -> Result<SigningKey, MalformedLedgerKey> {
        let (name, id, seed) = parts(text.strip_prefix(PRIVATE).ok_or(MalformedLedgerKey::Form)?)?;
        let key = SigningKey::from_seed(name, &Zeroizing::new(seed));
        if hex::encode(key.verifying_key().id()) == id { Ok(key) } else { Err(MalformedLedgerKey::Id) }
    }

    /// The secret, to be kept in a file that nobody else can read.
    #[must_use]
    pub fn secret_text(&self) -> Zeroizing<String> {
        let mut bytes = Zeroizing::new([ED25519; 33]);
        bytes[1..].copy_from_slice(self.key.as_bytes());
        let key = Zeroizing::new(STANDARD.encode(&bytes[..]));
        let id = hex::encode(self.verifying_key().id());
        Zeroizing::new([PRIVATE, self.name.as_str(), "+", &id, "+", &key].concat())
    }

    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        VerifyingKey { name: self.name.clone(), key: self.key.verifying_key() }
    }

    #[must_use]
    pub fn sign(&self, bytes: &[u8]) -> [u8; 64] {
        self.key.sign(bytes).to_bytes()
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.verifying_key())
    }
}

/// Name, id and the 32 bytes of `name+id+base64`; base64 has `+` too.
fn parts(text: &str) -> Result<(LogName, &str, [u8; 32]), MalformedLedgerKey> {
    let mut parts = text.splitn(3, '+');
    let (Some(name), Some(id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(MalformedLedgerKey::Form);
    };
    let bytes = Zeroizing::new(STANDARD.decode(key).map_err(|_| MalformedLedgerKey::Form)?);
    match bytes.split_first() {
        Some((&ED25519, key)) => Ok((name.parse()?, id, key.try_into().map_err(|_| MalformedLedgerKey::Form)?)),
        _ => Err(MalformedLedgerKey::Form),
    }
}

as_text!(LogName VerifyingKey);

#[cfg(test)]
mod test {
    use super::*;
    use crate::fixtures::key;

    // From the tests of Go's golang.org/x/mod/sumdb/note.
    const SECRET: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const TEXT: &str =
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const SIGNATURE: &str =
        "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=";

    #[test]
    fn keys_and_signatures_are_those_of_go_s_notes() {
        let key = SigningKey::parse(SECRET).unwrap();
        assert_eq!(*key.secret_text(), SECRET);
        assert_eq!(key.verifying_key().to_string(), PUBLIC);
        assert_eq!(PUBLIC.parse(), Ok(key.verifying_key()));
        let signature = [&key.verifying_key().id()[..], &key.sign(TEXT.as_bytes())].concat();
        assert_eq!(STANDARD.encode(&signature), SIGNATURE);
        assert!(key.verifying_key().verifies(TEXT.as_bytes(), &signature[4..]));
        assert!(!key.verifying_key().verifies(TEXT.to_uppercase().as_bytes(), &signature[4..]));
        assert!(!key.verifying_key().verifies(TEXT.as_bytes(), &signature));
    }

    #[test]
    fn what_is_no_key_is_refused() {
        use MalformedLedgerKey::{Form, Id, Name};
        for (text, error) in [
            (PUBLIC.replace("Peter", "peter"), Id),
            (PUBLIC.replace("c74f", "C74F"), Id),
            (PUBLIC.replace("+ARpc", "+ArPC"), Form),
            (PUBLIC.replace("PeterNeumann", "Peter Neumann"), Name),
            (PUBLIC.replace("PeterNeumann", "{"), Name),
            (PUBLIC.replace("PeterNeumann", ""), Name),
            (PUBLIC.replace("10TW", ""), Form),
            ("PeterNeumann+c74f20a3".into(), Form),
        ] {
            assert_eq!(text.parse::<VerifyingKey>(), Err(error), "{text}");
        }
        assert_eq!(SigningKey::parse(PUBLIC).unwrap_err(), Form);
        assert_eq!(SigningKey::parse(&SECRET.replace("c74f", "c75f")).unwrap_err(), Id);
        assert_eq!("n".repeat(129).parse::<LogName>(), Err(Name));
    }

    #[test]
    fn a_signing_key_never_prints_its_secret() {
        let key = key(77);
        let printed = format!("{key:?} {key:#?}");
        assert_eq!(printed.matches(&key.verifying_key().to_string()).count(), 2);
        for secret in
            [hex::encode([77; 32]), STANDARD.encode([77; 32]), "77, 77".into(), key.secret_text()[60..].into()]
        {
            assert!(!printed.contains(&secret), "{printed}");
        }
    }
}

//! The master key, which encrypts SecretKeys and messages at rest. It is in a file of its own, not in the database.

use anyhow::{Context, bail};
use base64::{
    Engine,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use chacha20poly1305::{
    ChaCha20Poly1305, Key, KeyInit, Nonce,
    aead::{Aead, Payload},
};
use cvmd_actions::{Purpose, Seal};
use std::{io::Write, os::unix::fs::OpenOptionsExt, path::Path};

/// A text that is never printed.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl Secret {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Secret {
        Secret(text)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

/// Stands before a sealed text. No base64 begins like this: that of earlier versions names neither purpose nor row.
const MARK: &str = "v1.";
const NONCE_BYTES: usize = 12;

/// ChaCha20-Poly1305 under 32 random bytes. What a text is for is its associated data.
pub(crate) struct MasterKey(ChaCha20Poly1305);

impl MasterKey {
    /// Reads the key, or makes it; the file is readable only by its owner.
    pub(crate) fn open(path: &Path) -> anyhow::Result<MasterKey> {
        if let Some(key) = MasterKey::read(path)? {
            return Ok(key);
        }
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
        write_private(path, &STANDARD.encode(key))?;
        Ok(MasterKey(ChaCha20Poly1305::new(&Key::from(key))))
    }

    /// Reads the key, if there is one.
    pub(crate) fn read(path: &Path) -> anyhow::Result<Option<MasterKey>> {
        if !path.exists() {
            return Ok(None);
        }
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let bytes = STANDARD.decode(text.trim()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let Some(bytes) = bytes else { bail!("{} does not hold 32 bytes in base64", path.display()) };
        Ok(Some(MasterKey(ChaCha20Poly1305::new(&Key::from(bytes)))))
    }

    /// The refusal of a start on a state whose key is missing: with another key nothing could be decrypted.
    pub(crate) fn missing(path: &Path, state: &Path) -> anyhow::Error {
        anyhow::anyhow!(
            "{} is missing, and without it the SecretKeys in {} cannot be read: put it back; or, to give up what \
             was sealed with it, write 32 random bytes in base64 there",
            path.display(),
            state.display()
        )
    }

    /// The clear text of what [`Seal::seal`] made for the same purpose.
    ///
    /// # Errors
    /// Also for what an earlier version sealed: a start seals it anew, and from then on nothing opens without its purpose.
    pub(crate) fn open_sealed(&self, sealed: &str, purpose: Purpose<'_>) -> anyhow::Result<Secret> {
        let text = sealed.strip_prefix(MARK).context(
            "a sealed text is of an earlier version, and those were sealed anew: it was put there out of an old copy, or another \
             master key has sealed it",
        )?;
        let bytes = URL_SAFE_NO_PAD.decode(text).context("a sealed text is no base64")?;
        self.decrypt(&bytes, purpose.to_string().as_bytes())
    }

    /// Whether a text was sealed by a version that names purpose and row.
    pub(crate) fn is_for_a_row(sealed: &str) -> bool {
        sealed.starts_with(MARK)
    }

    /// Seals for its purpose what an earlier version sealed for any; nothing where that is done, or another key did it.
    pub(crate) fn seal_anew(&self, sealed: &str, purpose: Purpose<'_>) -> Option<Box<str>> {
        // A mark is no base64.
        let clear = self.decrypt(&STANDARD.decode(sealed).ok()?, b"").ok()?;
        Some(self.seal(clear.expose(), purpose))
    }

    fn decrypt(&self, bytes: &[u8], aad: &[u8]) -> anyhow::Result<Secret> {
        let (nonce, msg) = bytes.split_at_checked(NONCE_BYTES).context("a sealed text is too short")?;
        let nonce: [u8; NONCE_BYTES] = nonce.try_into().context("a nonce has twelve bytes")?;
        let clear = self.0.decrypt(&Nonce::from(nonce), Payload { msg, aad });
        let clear = clear
            .map_err(|_| anyhow::anyhow!("a sealed text was not made with this master key, or not for this row"))?;
        Ok(Secret(String::from_utf8(clear).context("a sealed text is no UTF-8")?))
    }
}

impl Seal for MasterKey {
    fn seal(&self, clear: &str, purpose: Purpose<'_>) -> Box<str> {
        let mut nonce = [0; NONCE_BYTES];
        // Without randomness nothing secret may be written.
        getrandom::fill(&mut nonce).expect("the system gives random bytes");
        let aad = purpose.to_string();
        let payload = Payload { msg: clear.as_bytes(), aad: aad.as_bytes() };
        let text = self.0.encrypt(&Nonce::from(nonce), payload).expect("a short text can be encrypted");
        format!("{MARK}{}", URL_SAFE_NO_PAD.encode([&nonce[..], &text[..]].concat())).into()
    }
}

/// Writes a file that only its owner can read, completely or not at all.
pub(crate) fn write_private(path: &Path, text: &str) -> anyhow::Result<()> {
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    let write = || -> std::io::Result<()> {
        let _ = std::fs::remove_file(&temporary);
        let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary)?;
        file.write_all(text.as_bytes())?;
        file.write_all(b"\n")?;
        file.sync_all()?;
        std::fs::rename(&temporary, path)
    };
    write().with_context(|| format!("cannot write {}", path.display())).inspect_err(|_| {
        let _ = std::fs::remove_file(&temporary);
    })
}

#[cfg(test)]
mod test {
    use super::*;
    use cvmd_model::{AccountNumber, RequestId};

    fn key(directory: &tempfile::TempDir, name: &str) -> MasterKey {
        MasterKey::open(&directory.path().join(name)).unwrap()
    }

    #[test]
    fn what_is_sealed_opens_with_the_same_key_only() {
        let directory = tempfile::tempdir().unwrap();
        let one = key(&directory, "one");
        let sealed = one.seal("secret", Purpose::Console);
        assert!(!sealed.contains("secret"));
        assert_ne!(one.seal("secret", Purpose::Console), sealed, "a nonce is used once");
        assert_eq!(key(&directory, "one").open_sealed(&sealed, Purpose::Console).unwrap().expose(), "secret");
        assert!(key(&directory, "two").open_sealed(&sealed, Purpose::Console).is_err());
    }

    #[test]
    fn what_is_sealed_opens_for_its_purpose_in_its_row_only() {
        let directory = tempfile::tempdir().unwrap();
        let key = key(&directory, "key");
        let secret_key = |number, secret_id| Purpose::SecretKey { account: AccountNumber(number), secret_id };
        let password = |number, request| Purpose::Password {
            account: AccountNumber(number),
            request: RequestId(uuid::Uuid::from_u128(request)),
        };
        let purposes = [
            secret_key(1, "AKIDone"),
            secret_key(1, "AKIDother"),
            secret_key(2, "AKIDone"),
            secret_key(1, "1 AKIDone"),
            password(1, 7),
            password(1, 8),
            password(2, 7),
            Purpose::Console,
        ];
        for purpose in purposes {
            let sealed = key.seal("secret", purpose);
            for other in purposes {
                assert_eq!(key.open_sealed(&sealed, other).is_ok(), other == purpose, "{purpose} as {other}");
            }
        }
    }

    #[test]
    fn what_an_earlier_version_sealed_is_sealed_anew_and_opens_in_no_other_way() {
        let directory = tempfile::tempdir().unwrap();
        let one = key(&directory, "one");
        let nonce = [7; NONCE_BYTES];
        let text = one.0.encrypt(&Nonce::from(nonce), b"secret".as_slice()).unwrap();
        let old = STANDARD.encode([&nonce[..], &text[..]].concat());
        let marked = format!("{MARK}{}", URL_SAFE_NO_PAD.encode([&nonce[..], &text[..]].concat()));
        for sealed in [&old, &marked] {
            assert!(one.open_sealed(sealed, Purpose::Console).is_err(), "{sealed}");
        }
        assert_eq!(key(&directory, "two").seal_anew(&old, Purpose::Console), None);
        let anew = one.seal_anew(&old, Purpose::Console).unwrap();
        assert_eq!(one.open_sealed(&anew, Purpose::Console).unwrap().expose(), "secret");
        assert_eq!(one.seal_anew(&anew, Purpose::Console), None, "once");
        // Without its mark it is of no earlier version either.
        let bare = STANDARD.encode(URL_SAFE_NO_PAD.decode(&anew[MARK.len()..]).unwrap());
        assert_eq!(one.seal_anew(&bare, Purpose::Console), None);
    }
}

//! The master key: encrypts SecretKeys and messages at rest. It stands in a file of its own, not in the database.

use anyhow::{Context, bail};
use base64::{Engine, engine::general_purpose::STANDARD};
use chacha20poly1305::{ChaCha20Poly1305, Key, KeyInit, Nonce, aead::Aead};
use cvmd_actions::Seal;
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

/// ChaCha20-Poly1305 under 32 random bytes.
pub(crate) struct MasterKey(ChaCha20Poly1305);

impl MasterKey {
    /// Reads the key, or makes it where nothing was sealed yet; the file is readable by its owner only.
    ///
    /// # Errors
    /// When it is missing where a state is kept: with another key nothing of that can be read.
    pub(crate) fn open_beside(path: &Path, state: &Path) -> anyhow::Result<MasterKey> {
        if !path.exists() && state.exists() {
            bail!(
                "{} is missing, and without it the SecretKeys in {} cannot be read: put it back; or, to give up what \
                 was sealed with it, write 32 random bytes in base64 there",
                path.display(),
                state.display()
            );
        }
        MasterKey::open(path)
    }

    /// Reads the key, or makes it.
    pub(crate) fn open(path: &Path) -> anyhow::Result<MasterKey> {
        if !path.exists() {
            let mut key = [0; 32];
            getrandom::fill(&mut key).map_err(|error| anyhow::anyhow!("no randomness: {error}"))?;
            write_private(path, &STANDARD.encode(key))?;
        }
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let bytes = STANDARD.decode(text.trim()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        let Some(bytes) = bytes else { bail!("{} does not hold 32 bytes in base64", path.display()) };
        Ok(MasterKey(ChaCha20Poly1305::new(&Key::from(bytes))))
    }

    /// The clear text of what [`Seal::seal`] made.
    pub(crate) fn open_sealed(&self, sealed: &str) -> anyhow::Result<Secret> {
        let bytes = STANDARD.decode(sealed).context("a sealed text is no base64")?;
        let (nonce, text) = bytes.split_at_checked(12).context("a sealed text is too short")?;
        let nonce: [u8; 12] = nonce.try_into().context("a nonce has twelve bytes")?;
        let clear = self.0.decrypt(&Nonce::from(nonce), text);
        let clear = clear.map_err(|_| anyhow::anyhow!("a sealed text was not made with this master key"))?;
        Ok(Secret(String::from_utf8(clear).context("a sealed text is no UTF-8")?))
    }
}

impl Seal for MasterKey {
    fn seal(&self, clear: &str) -> Box<str> {
        let mut nonce = [0; 12];
        // Without randomness nothing secret may be written at all.
        getrandom::fill(&mut nonce).expect("the system gives random bytes");
        let text = self.0.encrypt(&Nonce::from(nonce), clear.as_bytes()).expect("a short text can be encrypted");
        STANDARD.encode([&nonce[..], &text[..]].concat()).into()
    }
}

/// Writes a file that only its owner can read, whole or not at all.
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
    write().with_context(|| format!("cannot write {}", path.display()))
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn what_is_sealed_opens_with_the_same_key_only() {
        let directory = tempfile::tempdir().unwrap();
        let key = MasterKey::open(&directory.path().join("one")).unwrap();
        let sealed = key.seal("secret");
        assert!(!sealed.contains("secret"));
        assert_ne!(key.seal("secret"), sealed, "a nonce is used once");
        let again = MasterKey::open(&directory.path().join("one")).unwrap();
        assert_eq!(again.open_sealed(&sealed).unwrap().expose(), "secret");
        let other = MasterKey::open(&directory.path().join("two")).unwrap();
        assert!(other.open_sealed(&sealed).is_err());
    }
}

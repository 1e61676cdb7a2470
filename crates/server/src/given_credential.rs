//! The first account's credential from the environment.

use crate::master_key::Secret;
use anyhow::bail;

const ID_CHARACTERS_MAX: usize = 128;
const KEY_CHARACTERS_MAX: usize = 256;
/// The vendor's keys have 32 characters. Whoever sees a signed request can try keys as fast as he can compute.
const KEY_CHARACTERS_EXPOSED: usize = 16;
/// A shorter key causes a warning: it is a guessable word.
const KEY_CHARACTERS_FEW: usize = 8;

/// Combines SecretId and SecretKey. `is_exposed` means that other machines can reach a listener.
///
/// # Errors
/// When one is missing or malformed. The message never contains the key.
pub(crate) fn read(
    id: Option<String>,
    key: Option<String>,
    is_exposed: bool,
) -> anyhow::Result<Option<(String, Secret)>> {
    let (id, key) = match (id, key) {
        (Some(id), Some(key)) => (id, key),
        (None, None) => return Ok(None),
        _ => bail!("CVMD_SECRET_ID and CVMD_SECRET_KEY are given together or not at all"),
    };
    check_id(&id)?;
    // It goes into files and shells line by line.
    if key.len() > KEY_CHARACTERS_MAX || !key.bytes().all(|byte| byte.is_ascii_graphic()) {
        bail!("CVMD_SECRET_KEY has at most {KEY_CHARACTERS_MAX} letters, digits and signs, without blanks");
    }
    if is_exposed && key.len() < KEY_CHARACTERS_EXPOSED {
        bail!(
            "CVMD_SECRET_KEY has {} characters, which can be guessed from one request that somebody has heard: with --expose it \
             needs {KEY_CHARACTERS_EXPOSED} to {KEY_CHARACTERS_MAX}",
            key.len()
        );
    }
    Ok(Some((id, key.into())))
}

/// Refuses a malformed SecretId.
///
/// # Errors
/// The message describes a valid one.
pub(crate) fn check_id(id: &str) -> anyhow::Result<()> {
    // These two separate the parts of an Authorization header.
    let legal = |byte: u8| byte.is_ascii_graphic() && !b"/,".contains(&byte);
    if id.is_empty() || id.len() > ID_CHARACTERS_MAX || !id.bytes().all(legal) {
        bail!("a SecretId has at most {ID_CHARACTERS_MAX} letters, digits and signs, without blanks, `/` and `,`");
    }
    Ok(())
}

/// Whether a key is too short, which causes a warning.
pub(crate) fn is_short(key: &Secret) -> bool {
    key.expose().len() < KEY_CHARACTERS_FEW
}

#[cfg(test)]
mod test {
    use super::*;

    fn refused(id: &str, key: &str, is_exposed: bool) -> Option<String> {
        let given = read(Some(id.into()), Some(key.into()), is_exposed);
        given
            .err()
            .map(|error| error.to_string())
            .inspect(|message| assert!(key.len() < 3 || !message.contains(key), "{message}"))
    }

    #[test]
    fn a_key_that_can_be_guessed_is_for_this_host_alone() {
        assert_eq!(refused("id", "abc", false), None);
        assert!(is_short(&"abc".to_owned().into()) && !is_short(&"abcdefgh".to_owned().into()));
        assert!(refused("id", "abc", true).unwrap().contains("has 3 characters"));
        assert!(refused("id", "abc", true).unwrap().contains("needs 16 to 256"));
        assert_eq!(refused("id", "0123456789abcdef", true), None);
        for (id, key) in [("id", "a b"), ("id", "a\nb"), ("id", &*"k".repeat(257))] {
            assert!(refused(id, key, false).unwrap().contains("at most 256"), "{key}");
        }
        for id in ["a/b", "a,b", "a b", "\u{1b}", &*"i".repeat(129)] {
            assert!(refused(id, "abcdefgh", false).unwrap().contains("at most 128"), "{id}");
        }
        assert!(read(Some("id".into()), None, false).is_err());
    }
}

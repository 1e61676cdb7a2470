//! Checkpoints: the ledger's size and root at a moment, as a signed note (<https://c2sp.org/signed-note>,
//! <https://c2sp.org/tlog-checkpoint>).
//!
//! ```text
//! cvmd.example.org/ledger                                 origin
//! 20852163                                                size
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=            root, base64
//!
//! — cvmd.example.org/ledger Az3grlgtzPICa5OS8npVmf1Myq... name of the key, its id and signature, base64
//! ```

use crate::{Hash, LogName, SigningKey, VerifyingKey, text::as_text};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{fmt, str::FromStr};

/// Witnesses may add theirs.
const SIGNATURES_MAX: usize = 16;

/// What a checkpoint says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Which ledger. A restored backup goes on under another one.
    pub origin: LogName,
    /// The number of events.
    pub size: u64,
    /// The root of the tree of this size.
    pub root: Hash,
}

impl Checkpoint {
    /// Signs it with one key, or with the old and the new one when keys are changed.
    #[must_use]
    pub fn sign(self, keys: &[&SigningKey]) -> SignedCheckpoint {
        let text = self.to_string();
        let sign = |key: &&SigningKey| {
            let name = key.verifying_key().name().clone();
            NoteSignature { name, bytes: [&key.verifying_key().id()[..], &key.sign(text.as_bytes())].concat() }
        };
        SignedCheckpoint { signatures: keys.iter().map(sign).collect(), checkpoint: self }
    }
}

/// The text that is signed: three lines, each with its end.
impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, STANDARD.encode(self.root.0))
    }
}

/// A checkpoint and its signatures. Parsing checks none of them.
#[derive(Clone, PartialEq, Eq)]
pub struct SignedCheckpoint {
    pub checkpoint: Checkpoint,
    signatures: Vec<NoteSignature>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct NoteSignature {
    name: LogName,
    /// The key's id, four bytes, then the signature.
    bytes: Vec<u8>,
}

impl SignedCheckpoint {
    /// Whether this key signed it.
    #[must_use]
    pub fn is_signed_by(&self, key: &VerifyingKey) -> bool {
        let text = self.checkpoint.to_string();
        self.signatures.iter().any(|signature| {
            let signed = signature.bytes.strip_prefix(&key.id());
            signature.name == *key.name() && signed.is_some_and(|signed| key.verifies(text.as_bytes(), signed))
        })
    }
}

impl fmt::Display for SignedCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.checkpoint)?;
        let mut lines = self.signatures.iter();
        lines.try_for_each(|signature| writeln!(f, "— {} {}", signature.name, STANDARD.encode(&signature.bytes)))
    }
}

/// The text is no checkpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a checkpoint is three lines (origin, size, root), an empty one, and signatures")]
pub struct MalformedCheckpoint;

impl FromStr for SignedCheckpoint {
    type Err = MalformedCheckpoint;
    fn from_str(text: &str) -> Result<SignedCheckpoint, MalformedCheckpoint> {
        parse(text).filter(|checkpoint| checkpoint.to_string() == text).ok_or(MalformedCheckpoint)
    }
}

as_text!(SignedCheckpoint);

fn parse(text: &str) -> Option<SignedCheckpoint> {
    let mut lines = text.lines();
    let origin = lines.next()?.parse().ok()?;
    let size = lines.next()?.parse().ok()?;
    let root = Hash(STANDARD.decode(lines.next()?).ok()?.try_into().ok()?);
    lines.next().filter(|line| line.is_empty())?;
    let signatures = lines.map(signature).take(SIGNATURES_MAX + 1).collect::<Option<Vec<_>>>()?;
    let is_signed = (1..=SIGNATURES_MAX).contains(&signatures.len());
    is_signed.then_some(SignedCheckpoint { checkpoint: Checkpoint { origin, size, root }, signatures })
}

fn signature(line: &str) -> Option<NoteSignature> {
    let (name, base64) = line.strip_prefix("— ")?.split_once(' ')?;
    let bytes = STANDARD.decode(base64).ok().filter(|bytes| bytes.len() > 4)?;
    Some(NoteSignature { name: name.parse().ok()?, bytes })
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::fixtures::{key, name};

    fn signed() -> SignedCheckpoint {
        let root = Hash::of_leaf(b"root");
        Checkpoint { origin: name("cvmd.example/ledger"), size: 20_852_163, root }.sign(&[&key(1)])
    }

    #[test]
    fn a_checkpoint_is_a_signed_note() {
        let text = signed().to_string();
        let lines: Vec<&str> = text.split('\n').collect();
        assert_eq!(lines[..2], ["cvmd.example/ledger", "20852163"]);
        assert_eq!(STANDARD.decode(lines[2]).unwrap(), Hash::of_leaf(b"root").0);
        assert_eq!((lines[3], lines.len(), lines[5]), ("", 6, ""));
        assert!(lines[4].starts_with("— cvmd.example/ledger "), "{text}");
        assert_eq!(text.parse(), Ok(signed()));
    }

    #[test]
    fn both_keys_of_a_rotation_verify_and_no_other() {
        let both = signed().checkpoint.sign(&[&key(1), &key(2)]);
        let read: SignedCheckpoint = both.to_string().parse().unwrap();
        for (seed, is_by) in [(1, true), (2, true), (3, false)] {
            assert_eq!(read.is_signed_by(&key(seed).verifying_key()), is_by, "{seed}");
        }
        let other = SigningKey::from_seed(name("another.name"), &[1; 32]);
        assert!(!read.is_signed_by(&other.verifying_key()));
        let mut changed = read;
        changed.checkpoint.size += 1;
        assert!(!changed.is_signed_by(&key(1).verifying_key()));
    }

    #[test]
    fn what_is_no_checkpoint_is_refused() {
        let text = signed().to_string();
        let line = text.lines().last().unwrap();
        let others = [
            text.replace("2085", "02085"),
            text.replace("2085", "+2085"),
            text.replace("\n\n", "\n"),
            text.replace("\n\n", "\nextension\n\n"),
            text.replace('\n', "\r\n"),
            text.replace("— ", "- "),
            text.trim_end().into(),
            text.replace(line, ""),
            text.replace(line, &line[..line.len() - 2]),
            text.replace(line, "— cvmd.example/ledger AAAAAA=="),
            format!("{text}{}", format!("{line}\n").repeat(SIGNATURES_MAX)),
            format!("{text}\n"),
            text.replacen("cvmd", "{cvmd", 1),
            String::new(),
        ];
        for other in others {
            assert_ne!(other, text);
            assert_eq!(other.parse::<SignedCheckpoint>(), Err(MalformedCheckpoint), "{other}");
        }
    }
}

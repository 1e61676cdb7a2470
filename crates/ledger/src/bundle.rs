//! The evidence file: events, and all that is needed to check them without trust in who made it. docs/evidence.md
//! describes it.

use crate::{Answered, Hash, Selection, SignedCheckpoint, SigningKey, VerifyingKey};
use base64::{Engine, engine::general_purpose::STANDARD};
use cvmd_model::InstanceId;
use serde::{Deserialize, Serialize};

pub(crate) const FORMAT: &str = "cvmd-evidence-1";
/// What follows the signed bytes: this, 88 characters of base64, and `END`.
const SIGNATURE: &[u8] = b",\"signature\":\"";
const SIGNATURE_LENGTH: usize = 88;
const END: &[u8] = b"\"}\n";

/// The content of an evidence file, all but its signature.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Bundle {
    /// `cvmd-evidence-1`.
    pub format: Box<str>,
    pub selection: Selection,
    /// The first event's number and the last one's, see [`Selection::number_of`]; `None` when there is no event.
    pub first: Option<u64>,
    pub last: Option<u64>,
    pub count: u64,
    pub tree_size: u64,
    pub checkpoint: SignedCheckpoint,
    pub consistency: Option<Consistency>,
    pub events: Vec<ProvenEvent>,
    pub ask_again: Vec<Machine>,
    pub does_not_prove: Vec<Box<str>>,
    pub signed_by: VerifyingKey,
}

/// That the ledger of an earlier checkpoint is the beginning of this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Consistency {
    pub from: SignedCheckpoint,
    pub proof: Vec<Hash>,
}

/// An event and the proof that it is in the tree of the checkpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvenEvent {
    /// Its bytes, as [`crate::Event::encode`] has written them.
    pub event: Box<str>,
    pub proof: Vec<Hash>,
}

/// How to ask a machine again, as one user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    pub instance: InstanceId,
    /// `address:port`.
    pub address: Box<str>,
    pub user: Box<str>,
    /// As in `known_hosts`: algorithm and base64.
    pub host_key: Box<str>,
    pub keys: Vec<MachineKey>,
}

/// A key to ask about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MachineKey {
    /// As in `authorized_keys`: algorithm, base64 and comment.
    pub public_key: Box<str>,
    /// What we were answered last.
    pub answered: Answered,
}

/// The bytes are no evidence file in its one form.
#[derive(Debug, thiserror::Error)]
pub enum MalformedBundle {
    #[error("it does not end with a signature")]
    End,
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    #[error("it is another format than {FORMAT}")]
    Format,
    #[error("it is not written in its one form")]
    Form,
}

impl Bundle {
    /// The file: the signature covers all bytes before `,"signature":`.
    #[must_use]
    pub fn sign(&self, key: &SigningKey) -> Vec<u8> {
        let mut file = self.head();
        let signature = STANDARD.encode(key.sign(&file));
        file.extend([SIGNATURE, signature.as_bytes(), END].concat());
        file
    }

    /// The file up to its signature: JSON without its last brace.
    fn head(&self) -> Vec<u8> {
        let mut head = serde_json::to_vec(self).expect("a bundle is JSON");
        head.pop();
        head
    }

    /// Reads a file, without checking anything.
    ///
    /// # Errors
    /// When it is none, or is written otherwise than [`Bundle::sign`] does.
    pub fn parse(file: &[u8]) -> Result<ParsedBundle<'_>, MalformedBundle> {
        let tail = SIGNATURE.len() + SIGNATURE_LENGTH + END.len();
        let (head, tail) = file.split_at_checked(file.len().wrapping_sub(tail)).ok_or(MalformedBundle::End)?;
        let signature = tail.strip_prefix(SIGNATURE).and_then(|tail| tail.strip_suffix(END));
        let signature = signature.and_then(|signature| STANDARD.decode(signature).ok()).ok_or(MalformedBundle::End)?;
        let bundle: Bundle = serde_json::from_slice(&[head, b"}"].concat())?;
        if &*bundle.format != FORMAT {
            return Err(MalformedBundle::Format);
        }
        if bundle.head() != head {
            return Err(MalformedBundle::Form);
        }
        Ok(ParsedBundle { bundle, signed: head, signature })
    }
}

/// A file that was read.
#[derive(Debug)]
pub struct ParsedBundle<'a> {
    pub bundle: Bundle,
    /// The bytes that the signature covers.
    pub signed: &'a [u8],
    pub signature: Vec<u8>,
}

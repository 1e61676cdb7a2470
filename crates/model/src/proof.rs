//! What the machine's own sshd has answered about a login.

use crate::{BootId, KeyPairId, PublicKey, text::named};
use serde::{Deserialize, Serialize};

/// The maximum of removed keys of one instance whose refusal is owed; the oldest go first.
pub const OWED_MAX: usize = 20;

named! {
    /// What an instance's login is worth. An instance without a proof was never asked.
    pub enum ProofState {
        /// Its sshd was asked, and every answer is as promised.
        Proven = "PROVEN",
        /// Its login was changed on the disk; its sshd is asked once it runs.
        Owed = "OWED",
        /// Its sshd was asked, and has not answered all of it.
        Unproven = "UNPROVEN",
        /// Its sshd answers otherwise than was promised.
        Contradicted = "CONTRADICTED",
        /// There is no sshd to ask.
        NotApplicable = "NOT_APPLICABLE",
    }
}

named! {
    /// What an sshd answers when it is asked whether a key may log in.
    pub enum KeyAnswer {
        Accepted = "ACCEPTED",
        Refused = "REFUSED",
        /// It said neither.
        NotAnswered = "NOT_ANSWERED",
    }
}

/// One key that an sshd was asked about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedKey {
    /// The key pair, which may be deleted since.
    pub key: KeyPairId,
    pub promised: KeyAnswer,
    pub answer: KeyAnswer,
}

impl AskedKey {
    /// Whether it enters though it was to be refused, or the other way round.
    #[must_use]
    pub fn contradicts(&self) -> bool {
        self.answer != KeyAnswer::NotAnswered && self.answer != self.promised
    }
}

/// A key that was taken off, and whose refusal is owed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwedRefusal {
    pub key: KeyPairId,
    /// Held here, because the key pair may be deleted before the machine runs.
    pub public_key: PublicKey,
}

/// What is known, by the answers of its sshd, of who enters a machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Proof {
    pub state: ProofState,
    /// When it was asked, or came to be owed; unix milliseconds.
    pub at_ms: u64,
    /// The boot whose sshd was asked; the nil id if none was.
    #[serde(default, skip_serializing_if = "is_nil")]
    pub boot: BootId,
    /// The user that was asked for.
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub user: Box<str>,
    #[serde(default, skip_serializing_if = "<[AskedKey]>::is_empty")]
    pub asked: Box<[AskedKey]>,
    /// Whether its sshd offers the password method.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offers_password: Option<bool>,
    /// How long the asking took, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub took_ms: Option<u64>,
    /// Why something was not answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<Box<str>>,
    /// Keys that were taken off and were not refused yet, oldest first; at most [`OWED_MAX`].
    #[serde(default, skip_serializing_if = "<[OwedRefusal]>::is_empty")]
    pub owed: Box<[OwedRefusal]>,
}

fn is_nil(boot: &BootId) -> bool {
    *boot == BootId::default()
}

impl Proof {
    /// A proof that is owed.
    #[must_use]
    pub fn owed(at_ms: u64, mut owed: Vec<OwedRefusal>) -> Proof {
        owed.drain(..owed.len().saturating_sub(OWED_MAX));
        Proof { owed: owed.into(), ..Proof::unasked(ProofState::Owed, at_ms) }
    }

    /// There is nothing to ask.
    #[must_use]
    pub fn not_applicable(at_ms: u64) -> Proof {
        Proof::unasked(ProofState::NotApplicable, at_ms)
    }

    fn unasked(state: ProofState, at_ms: u64) -> Proof {
        Proof {
            state,
            at_ms,
            boot: BootId::default(),
            user: "".into(),
            asked: Box::default(),
            offers_password: None,
            took_ms: None,
            why: None,
            owed: Box::default(),
        }
    }

    /// The keys that enter though they were to be refused.
    pub fn still_accepted(&self) -> impl Iterator<Item = KeyPairId> {
        self.asked
            .iter()
            .filter(|asked| asked.promised == KeyAnswer::Refused && asked.answer == KeyAnswer::Accepted)
            .map(|asked| asked.key)
    }
}

//! What the test world's machines have answered.

use cvmd_model::{AskedKey, KeyAnswer, Proof, ProofState};

/// Its sshd was asked about one key, and accepts it.
pub(crate) fn proven(key: &str, at_seconds: u64) -> Proof {
    let asked = AskedKey { key: key.parse().unwrap(), promised: KeyAnswer::Accepted, answer: KeyAnswer::Accepted };
    let proof = Proof { user: "root".into(), asked: [asked].into(), ..Proof::owed(at_seconds * 1000, Vec::new()) };
    Proof { state: ProofState::Proven, ..proof }
}

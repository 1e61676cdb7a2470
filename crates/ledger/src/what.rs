//! What an event says: what was changed, by whom, and what a proof was made of.

use crate::{Fingerprint, LogName, SigningKey, VerifyingKey};
use base64::{Engine, engine::general_purpose::STANDARD};
use cvmd_model::ImageId;
use serde::{Deserialize, Serialize};

/// Who made a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Who {
    /// A request signed with this SecretId.
    Credential { secret_id: Box<str> },
    /// Somebody at the console. The session is the name that lists of sessions show, never what opens it.
    Console { user: Box<str>, session: Box<str> },
    /// The operator, by a command on the server's own machine.
    Operator {},
    /// cvmd itself: what an operation came to, what a machine was seen to admit.
    Cvmd {},
}

/// A change of who can enter what. The event says of which account, instance, user and key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum What {
    /// The key opens the instance from the end of the operation on.
    KeyBound {},
    /// The key opens the instance no longer.
    KeyUnbound {},
    PasswordSet {},
    PasswordLoginOn {},
    PasswordLoginOff {},
    /// The image that the instance was made of brought a login: the event's key, or a password where there is none.
    LoginCarriedByImage {
        image: ImageId,
    },
    InstanceLaunched {
        image: ImageId,
    },
    /// The system disk was made anew, and with it every login.
    InstanceReset {
        image: ImageId,
    },
    /// Another system is running, with a login of its own.
    InstanceRescued {},
    /// The instance is back at its own system and its logins.
    RescueEnded {},
    InstanceTerminated {},
    /// A key that the machine's sshd would accept, and that cvmd did not put into this file.
    StrayKeySeen {
        file: Box<str>,
    },
    StrayKeyAdopted {},
    StrayKeyPurged {},
    /// From now on nothing can be opened with the key anew; each instance has its own unbind.
    KeyRevoked {},
    /// The verdict on what the machine's sshd admits changed. Without a transcript nothing was asked.
    ProofChanged {
        state: ProofState,
        transcript: Option<Box<Transcript>>,
    },
    /// An operation failed, and if the event names a key, that key's association is back: the machine still admits it.
    OperationFailed {
        reason: Box<str>,
    },
    LedgerKeyRotated(Box<KeyRotation>),
    /// A backup was restored: the ledger goes on under another origin, and may hold other events than the last one did
    /// from some size on.
    BackupRestored {
        last_origin: LogName,
        last_size: u64,
    },
}

/// `ledger.key` was changed. Both keys sign the line `cvmd ledger key rotated`, the old key and the new one, a line each.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyRotation {
    pub old: VerifyingKey,
    pub new: VerifyingKey,
    /// Signatures, base64.
    pub by_old: Box<str>,
    pub by_new: Box<str>,
}

impl KeyRotation {
    #[must_use]
    pub fn sign(old: &SigningKey, new: &SigningKey) -> KeyRotation {
        let keys = (old.verifying_key(), new.verifying_key());
        let by = |key: &SigningKey| STANDARD.encode(key.sign(statement(&keys.0, &keys.1).as_bytes())).into();
        KeyRotation { by_old: by(old), by_new: by(new), old: keys.0, new: keys.1 }
    }

    /// Whether both keys have signed it.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        let statement = statement(&self.old, &self.new);
        [(&self.old, &self.by_old), (&self.new, &self.by_new)].into_iter().all(|(key, signature)| {
            STANDARD.decode(&**signature).is_ok_and(|signature| key.verifies(statement.as_bytes(), &signature))
        })
    }
}

fn statement(old: &VerifyingKey, new: &VerifyingKey) -> String {
    format!("cvmd ledger key rotated\n{old}\n{new}\n")
}

/// What is known of a promise about a machine's logins.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ProofState {
    /// The machine's sshd answered as promised.
    Proven,
    /// The machine is off: asked at its next start.
    Owed,
    /// Asked, not answered.
    Unproven,
    /// The machine's sshd answered otherwise.
    Contradicted,
    /// There is no sshd to ask.
    NotApplicable,
    /// Never asked.
    Unknown,
}

/// What a machine's sshd answered. This is cvmd's own word: nothing of it is signed by the machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Transcript {
    /// `address:port`.
    pub address: Box<str>,
    /// The machine's boot that answered.
    pub boot: Option<Box<str>>,
    /// The host key that was shown.
    pub host_key: Option<Fingerprint>,
    /// The line that sshd begins with, `SSH-2.0-...`.
    pub server: Option<Box<str>>,
    /// The methods of login that are offered to somebody who has shown nothing, as sshd names them.
    pub methods: Option<Box<[Box<str>]>>,
    pub connections: u32,
    /// From the first connection to the last answer.
    pub took_ms: u64,
    pub answers: Box<[KeyAnswer]>,
    /// What kept the questions from being answered that were not.
    pub not_answered: Option<Box<str>>,
}

/// What sshd answered to one public key for one user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyAnswer {
    pub user: Box<str>,
    pub key: Fingerprint,
    pub answer: Answered,
}

/// Whether a key would open.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answered {
    /// It would be accepted from whoever has its private half.
    Accepted,
    Refused,
    /// Neither; never to be counted as refused.
    NotAnswered,
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::fixtures::key;

    #[test]
    fn a_rotation_is_signed_by_both_keys() {
        let rotation = KeyRotation::sign(&key(1), &key(2));
        assert!(rotation.is_signed());
        let wrong: [fn(&mut KeyRotation); 4] = [
            |rotation| rotation.old = key(3).verifying_key(),
            |rotation| rotation.new = key(3).verifying_key(),
            |rotation| rotation.by_old = rotation.by_new.clone(),
            |rotation| rotation.by_new = rotation.by_old.clone(),
        ];
        for change in wrong {
            let mut rotation = rotation.clone();
            change(&mut rotation);
            assert!(!rotation.is_signed(), "{rotation:?}");
        }
    }
}

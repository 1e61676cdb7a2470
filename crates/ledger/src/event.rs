//! An event, and its one form as bytes: that form is stored, hashed and exported.

use crate::{Fingerprint, Hash, Salt, What, Who};
use cvmd_model::{AccountNumber, InstanceId, KeyPairId, RequestId};
use serde::{Deserialize, Serialize};

/// One change of who can enter what. It never holds a secret, and no password's hash.
///
/// As bytes it is JSON without blanks, its members in the order of the fields, none left out (`null` where there is nothing).
/// In texts only `"`, `\` and characters below U+0020 are escaped, as short as JSON can. docs/evidence.md names every member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Event {
    /// Its place in the ledger, from 1 on without gaps.
    pub sequence: u64,
    /// By the server's clock, Unix milliseconds. May be earlier than the one before it.
    pub time_ms: u64,
    /// Whose it is. `None` for what concerns the ledger itself; such events have a chain as an account's have.
    pub account: Option<AccountNumber>,
    pub instance: Option<InstanceId>,
    /// The user in the machine.
    pub user: Option<Box<str>>,
    pub key: Option<EventKey>,
    pub request: Option<RequestId>,
    pub who: Who,
    pub what: What,
    /// The action or the step that did it, and if it helps, the reason, in a few words.
    pub why: Box<str>,
    pub salt: Salt,
    pub in_account: Link,
    /// There is one exactly if there is an instance.
    pub in_instance: Option<Link>,
}

/// The key that an event is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventKey {
    /// `None` for a key that cvmd does not know as a key pair.
    pub id: Option<KeyPairId>,
    pub fingerprint: Fingerprint,
    pub comment: Box<str>,
}

/// An event's place among those of its account or its instance: what was left out of an export shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    /// From 1 on without gaps.
    pub number: u64,
    /// The leaf hash of the one before it; `None` for the first.
    pub before: Option<Hash>,
}

impl Link {
    pub const FIRST: Link = Link { number: 1, before: None };

    /// The link of the event that follows one with this number and leaf hash.
    #[must_use]
    pub fn after(number: u64, hash: Hash) -> Link {
        Link { number: number + 1, before: Some(hash) }
    }

    fn is_whole(&self) -> bool {
        self.number >= 1 && (self.number == 1) == self.before.is_none()
    }
}

/// The bytes are no event in its one form.
#[derive(Debug, thiserror::Error)]
pub enum MalformedEvent {
    #[error("no event: {0}")]
    Json(#[from] serde_json::Error),
    #[error("an event, but not written in its one form")]
    Form,
    #[error("an event whose numbers cannot be")]
    Numbers,
}

impl Event {
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(768);
        // Invariant: no map with keys that are no texts, nothing that fails to serialize.
        serde_json::to_writer(&mut bytes, self).expect("an event is JSON");
        bytes
    }

    /// Reads what [`Event::encode`] wrote. Encoding the event again gives the same bytes.
    ///
    /// # Errors
    /// When the bytes are no event, are written otherwise than `encode` does, or hold numbers that no event has.
    pub fn decode(bytes: &[u8]) -> Result<Event, MalformedEvent> {
        let event: Event = serde_json::from_slice(bytes)?;
        if event.encode() != bytes {
            return Err(MalformedEvent::Form);
        }
        let links = [Some(event.in_account), event.in_instance];
        let has_sequence = event.sequence >= 1 && event.in_instance.is_some() == event.instance.is_some();
        let is_whole = |link: Link| link.is_whole() && link.number <= event.sequence;
        if has_sequence && links.into_iter().flatten().all(is_whole) { Ok(event) } else { Err(MalformedEvent::Numbers) }
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::fixtures;
    use proptest::prelude::*;

    fn event() -> Event {
        let instance = "ins-1e4r6y8i".parse().unwrap();
        let key = EventKey {
            id: Some("skey-4e5ty7i8".parse().unwrap()),
            fingerprint: Fingerprint([1; 32]),
            comment: "a\"b".into(),
        };
        Event {
            sequence: 5,
            time_ms: 1_700_000_000_000,
            account: Some(AccountNumber(7)),
            instance: Some(instance),
            user: Some("ubuntu".into()),
            key: Some(key),
            request: Some(RequestId(uuid::Uuid::from_u128(10))),
            who: Who::Credential { secret_id: "AKID1".into() },
            what: What::KeyBound {},
            why: "AssociateInstancesKeyPairs\n钥".into(),
            salt: Salt([2; 16]),
            in_account: Link::after(2, Hash([3; 32])),
            in_instance: Some(Link::FIRST),
        }
    }

    /// As docs/evidence.md has it: members, order, escapes.
    #[test]
    fn an_event_has_one_form() {
        let expected = concat!(
            r#"{"sequence":5,"time_ms":1700000000000,"account":7,"instance":"ins-1e4r6y8i","user":"ubuntu","#,
            r#""key":{"id":"skey-4e5ty7i8","fingerprint":"SHA256:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE","comment":"a\"b"},"#,
            r#""request":"00000000-0000-0000-0000-00000000000a","who":{"kind":"credential","secret_id":"AKID1"},"#,
            r#""what":{"kind":"key_bound"},"why":"AssociateInstancesKeyPairs\n钥","salt":"02020202020202020202020202020202","#,
            r#""in_account":{"number":3,"before":"0303030303030303030303030303030303030303030303030303030303030303"},"#,
            r#""in_instance":{"number":1,"before":null}}"#,
        );
        assert_eq!(String::from_utf8(event().encode()).unwrap(), expected);
        let others = [
            expected.replace(":5,", ": 5,"),
            expected.replace("钥", "\\u94a5"),
            expected.replace(r#""why""#, r#""more":1,"why""#),
            expected.replace(r#""sequence":5,"#, r#""sequence":5,"sequence":5,"#),
            expected.replace(r#""user":"ubuntu","#, ""),
            expected.replace("key_bound", "key_found"),
            expected.replace("kind\":\"key_bound\"", "kind\":\"key_bound\",\"more\":1"),
            expected.replace("0000a", "0000A"),
            format!("{expected}\n"),
            expected[..expected.len() - 1].into(),
        ];
        for other in others {
            assert_ne!(other, expected);
            assert!(Event::decode(other.as_bytes()).is_err(), "{other}");
        }
    }

    #[test]
    fn numbers_that_no_event_has_are_refused() {
        let before = Some(Hash([3; 32]));
        let wrong: [fn(&mut Event); 6] = [
            |event| event.sequence = 0,
            |event| event.in_instance = None,
            |event| event.instance = None,
            |event| event.in_account.number = 6,
            |event| event.in_account.number = 1,
            |event| event.in_account = Link { number: 0, before: None },
        ];
        for change in wrong {
            let mut event = event();
            change(&mut event);
            assert!(matches!(Event::decode(&event.encode()), Err(MalformedEvent::Numbers)), "{event:?}");
        }
        let mut event = event();
        event.in_instance = Some(Link { number: 1, before });
        assert!(matches!(Event::decode(&event.encode()), Err(MalformedEvent::Numbers)));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]
        #[test]
        fn an_event_reads_back_as_it_was_written(event in fixtures::event()) {
            let bytes = event.encode();
            let read = Event::decode(&bytes).unwrap();
            prop_assert_eq!(read.encode(), bytes);
            prop_assert_eq!(read, event);
        }
    }
}

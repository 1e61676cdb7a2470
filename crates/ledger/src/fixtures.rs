//! Keys, and events of every kind, for the tests.

use crate::{
    Answered, Event, EventKey, Fingerprint, Hash, KeyAnswer, KeyRotation, Link, LogName, ProofState, Salt, SigningKey,
    Transcript, What, Who,
};
use cvmd_model::{AccountNumber, ImageId, InstanceId, KeyPairId, RequestId};
use proptest::{collection::vec, option, prelude::*};
use std::sync::LazyLock;

pub(crate) fn name(text: &str) -> LogName {
    text.parse().unwrap()
}

pub(crate) fn key(seed: u8) -> SigningKey {
    SigningKey::from_seed(name("cvmd.example/ledger"), &[seed; 32])
}

/// Signed once: it takes long without optimizations.
static ROTATION: LazyLock<KeyRotation> = LazyLock::new(|| KeyRotation::sign(&key(1), &key(2)));

/// One of every kind.
pub(crate) fn every_what(image: u64, text: &str, state: ProofState, answered: Answered) -> Vec<What> {
    let image = ImageId::from_random(image);
    let answer = KeyAnswer { user: text.into(), key: Fingerprint([7; 32]), answer: answered };
    let transcript = Transcript {
        address: "127.64.0.2:22".into(),
        boot: Some(text.into()),
        host_key: Some(Fingerprint([8; 32])),
        server: Some(text.into()),
        methods: Some(["publickey".into(), text.into()].into()),
        connections: 2,
        took_ms: image.to_u64(),
        answers: [answer].into(),
        not_answered: None,
    };
    vec![
        What::KeyBound {},
        What::KeyUnbound {},
        What::PasswordSet {},
        What::PasswordLoginOn {},
        What::PasswordLoginOff {},
        What::LoginCarriedByImage { image },
        What::InstanceLaunched { image },
        What::InstanceReset { image },
        What::InstanceRescued {},
        What::RescueEnded {},
        What::InstanceTerminated {},
        What::StrayKeySeen { file: text.into() },
        What::StrayKeyAdopted {},
        What::StrayKeyPurged {},
        What::KeyRevoked {},
        What::ProofChanged { state, transcript: Some(Box::new(transcript)) },
        What::ProofChanged { state, transcript: None },
        What::OperationFailed { reason: text.into() },
        What::LedgerKeyRotated(Box::new(ROTATION.clone())),
        What::BackupRestored { last_origin: name("cvmd.example/old"), last_size: 3 },
    ]
}

fn what() -> impl Strategy<Value = What> {
    let states = prop_oneof![
        Just(ProofState::Proven),
        Just(ProofState::Owed),
        Just(ProofState::Unproven),
        Just(ProofState::Contradicted),
        Just(ProofState::NotApplicable),
        Just(ProofState::Unknown)
    ];
    let answers = prop_oneof![Just(Answered::Accepted), Just(Answered::Refused), Just(Answered::NotAnswered)];
    (any::<u64>(), any::<String>(), states, answers, any::<prop::sample::Index>())
        .prop_map(|(image, text, state, answer, index)| index.get(&every_what(image, &text, state, answer)).clone())
}

fn who() -> impl Strategy<Value = Who> {
    prop_oneof![
        any::<String>().prop_map(|text| Who::Credential { secret_id: text.into() }),
        any::<(String, String)>()
            .prop_map(|(user, session)| Who::Console { user: user.into(), session: session.into() }),
        Just(Who::Operator {}),
        Just(Who::Cvmd {}),
    ]
}

fn link() -> impl Strategy<Value = Link> {
    let after = (1..1000_u64, any::<[u8; 32]>()).prop_map(|(number, hash)| Link::after(number, Hash(hash)));
    prop_oneof![Just(Link::FIRST), after]
}

/// Any event that can be.
pub(crate) fn event() -> impl Strategy<Value = Event> {
    let key = (option::of(any::<u64>()), any::<[u8; 32]>(), any::<String>()).prop_map(|(id, fingerprint, comment)| {
        let fingerprint = Fingerprint(fingerprint);
        EventKey { id: id.map(KeyPairId::from_random), fingerprint, comment: comment.into() }
    });
    let instance = option::of((any::<u64>(), link()));
    let texts = vec(option::of(any::<String>()), 2);
    let numbers =
        (1000..u64::MAX, any::<u64>(), option::of(any::<u32>()), any::<[u8; 16]>(), option::of(any::<u128>()));
    (numbers, instance, texts, option::of(key), who(), what(), link()).prop_map(
        |((sequence, time_ms, account, salt, request), instance, texts, key, who, what, in_account)| Event {
            sequence,
            time_ms,
            account: account.map(AccountNumber),
            instance: instance.map(|(id, _)| InstanceId::from_random(id)),
            user: texts[0].as_deref().map(Into::into),
            key,
            request: request.map(|number| RequestId(uuid::Uuid::from_u128(number))),
            who,
            what,
            why: texts[1].as_deref().unwrap_or_default().into(),
            salt: Salt(salt),
            in_account,
            in_instance: instance.map(|(_, link)| link),
        },
    )
}

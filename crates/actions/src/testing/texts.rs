//! Holds the two texts of every reason against each other, and finds those that no test reads.

use crate::{
    ACTIONS, Excess, Product, Reason, denied,
    reasons::table::{Speak, ToApiError},
    testing::transcript,
};
use cvmd_model::{InstanceState, MalformedKey, Refusal};
use cvmd_state::TooLarge;
use cvmd_wire::{AuthorizationFault, Denied, Dialect, Language, NameFault};
use std::{cell::RefCell, collections::BTreeSet};

/// A row, the place of its code among the row's, and a language.
type Text = (&'static str, usize, &'static str);

thread_local! {
    static READ: RefCell<BTreeSet<Text>> = const { RefCell::new(BTreeSet::new()) };
}

/// Notes that this thread has read a text.
pub(crate) fn read(row: &'static str, code: usize, language: Language) {
    let language = if language == Language::English { "English" } else { "Chinese" };
    READ.with_borrow_mut(|read| read.insert((row, code, language)));
}

/// Refuses when a text of these rows was not read by this thread.
fn assert_read(rows: &[(&'static str, usize)]) {
    let texts = rows.iter().flat_map(|(row, codes)| (0..*codes).map(move |code| (*row, code)));
    let texts = texts.flat_map(|(row, code)| ["English", "Chinese"].map(|language| (row, code, language)));
    let unread: Vec<_> = READ.with_borrow(|read| texts.filter(|text| !read.contains(text)).collect());
    assert!(unread.is_empty(), "let a transcript provoke it, or list it in this test: {unread:?}");
}

/// Reasons that no transcript provokes: the pipeline returns them, or they need a large world.
fn other_reasons() -> Vec<Reason> {
    let text = || Box::from("v7");
    vec![
        Reason::UnknownProduct { product: text(), is_vendors: true },
        Reason::UnknownAction { product: Product::Cvm, action: text() },
        Reason::NotBuilt { product: Product::Cvm, action: text() },
        Reason::UnknownVersion { product: Product::Cvm, version: text() },
        Reason::Missing { name: "Region".into() },
        Reason::Region { name: text() },
        Reason::Offset { value: -7 },
        Reason::ControlCharacter { name: text(), code: 27 },
        Reason::Crowded,
        Reason::Waiting { waiting: 77 },
        Reason::Unread { limit: 77 },
        Reason::HalfSent,
        Reason::Replayed,
        Reason::NotStored,
        Reason::OurFault,
        Reason::Excess(Excess::Text { name: text(), given: 77, limit: 70 }),
        Reason::Excess(Excess::List { name: text(), given: 77, limit: 70 }),
        Reason::Excess(Excess::Request { given: 77, longest: text(), limit: 70 }),
        Reason::Excess(Excess::Written(TooLarge::Row { id: text(), bytes: 77, limit: 70 })),
        Reason::Excess(Excess::Written(TooLarge::Command { rows: 77, limit: 70 })),
        Reason::Excess(Excess::Written(TooLarge::Account { bytes: 77, limit: 70 })),
        Reason::Excess(Excess::Reply { bytes: 77, limit: 70 }),
        Reason::Law(Refusal::AddressesExhausted),
        Reason::PublicKey(MalformedKey::Form),
        Reason::PublicKey(MalformedKey::Content),
        Reason::PublicKey(MalformedKey::RsaBits { bits: 77 }),
        Reason::PublicKey(MalformedKey::Algorithm),
    ]
}

fn states() -> Vec<Reason> {
    use InstanceState::*;
    let instance = "ins-1e4r6y8i".parse().unwrap();
    let rest = [Shutdown, EnterRescueMode, RescueMode, ExitRescueMode];
    let states = [Pending, LaunchFailed, Running, Stopped, Starting, Stopping, Rebooting, Terminating].into_iter();
    states.chain(rest).map(|state| Reason::Law(Refusal::State { instance, state })).collect()
}

fn denials() -> Vec<Denied> {
    use Denied::*;
    let text = || Box::from("v7");
    vec![
        UnknownPath { path: text() },
        MethodNotAllowed { method: text() },
        QueryTooLarge { bytes: 77, limit_bytes: 70 },
        BodyTooLarge { bytes: 77, limit_bytes: 70 },
        BodyTooLarge { bytes: 10_485_777, limit_bytes: 10_485_760 },
        UnsupportedContentType { found: text(), expected: "e7" },
        PairWithoutEquals { pair: text() },
        MalformedEscape { pair: text() },
        MalformedName { name: text(), what: NameFault::EmptyPart },
        MalformedName { name: text(), what: NameFault::LargeIndex },
        InvalidUtf8 { place: "body" },
        InvalidUtf8 { place: "query" },
        InvalidUtf8 { place: "form" },
        MalformedJson { what: "EOF at line 7".into() },
        JsonNotAnObject,
        NestedTooDeep { limit: 70 },
        TooManyParameters { limit: 70 },
        DuplicateParameter { name: text() },
        DuplicateHeader { name: text() },
        ConflictingParameter { name: text() },
        MissingParameter { name: "Nonce" },
        MalformedParameter { name: "Nonce", value: text() },
        MissingAuthorization,
        UnsupportedAlgorithm { algorithm: text() },
        ScopeDateMismatch { date: text(), expected: "e7".into() },
        SecretIdNotFound { secret_id: text() },
        SecretKeyUnreadable { secret_id: text() },
        SignatureExpired { timestamp_seconds: 70, now_seconds: 770, skew_seconds: 700, limit_seconds: 300 },
        SignatureMismatch,
        UnknownToken { name: "Token" },
        LegacyWithoutVersion,
    ]
}

fn header_faults() -> Vec<Denied> {
    use AuthorizationFault::*;
    let faults = [
        NotText,
        FieldForm,
        UnknownField,
        DuplicateField,
        MissingField { field: "Credential" },
        SignatureForm,
        CredentialForm,
        EmptySecretId,
        EmptyService,
        HeaderName,
        DuplicateHeader,
        TooManyHeaders,
        UnsignedHeader { header: "host" },
        AbsentHeader { header: "v7".into() },
    ];
    faults.map(|what| Denied::MalformedAuthorization { what }).to_vec()
}

/// What a message names: the spans in backticks, and the numbers of what is left.
fn data(text: &str) -> BTreeSet<&str> {
    let spans = text.split('`').skip(1).step_by(2);
    let prose = text.split('`').step_by(2);
    let numbers = prose.flat_map(|prose| prose.split(|character: char| !character.is_ascii_digit()));
    spans.chain(numbers.filter(|number| !number.is_empty())).collect()
}

/// What is wrong with a pair of texts.
fn fault(english: &str, chinese: &str) -> Option<String> {
    let is_chinese = |character| ('\u{4e00}'..='\u{9fff}').contains(&character);
    let missing: Vec<_> = data(english).into_iter().filter(|datum| !chinese.contains(datum)).collect();
    // Two small words in a row are prose that nobody has translated; the JSON parser's own words are not ours.
    let mut runs = chinese.split(|character: char| !character.is_ascii_lowercase() && character != ' ');
    let prose = runs.find(|run| run.split(' ').filter(|word| word.len() > 1).count() > 1);
    match () {
        () if !chinese.chars().any(is_chinese) => Some(format!("not Chinese: {chinese}")),
        () if english.chars().any(is_chinese) => Some(format!("not English: {english}")),
        () if !missing.is_empty() => Some(format!("{chinese}\nlacks {missing:?} of\n{english}")),
        () if !chinese.contains("JSON") => prose.map(|prose| format!("not translated: `{prose}` in {chinese}")),
        () => None,
    }
}

#[test]
fn every_reason_has_two_texts_that_name_the_same_data() {
    let others = [other_reasons(), states()].concat();
    let mut reasons = transcript::all_reasons();
    reasons.extend(others.into_iter().map(|why| (why, ACTIONS[0])));
    for (why, action) in &reasons {
        let [english, chinese] = [Language::English, Language::Chinese]
            .map(|language| why.to_api_error(Dialect::Api3, language, action.errors).message);
        assert_eq!(fault(&english, &chinese), None);
    }
    let mut rows = Vec::new();
    Reason::rows(&mut rows);
    assert_read(&rows);
}

#[test]
fn every_denial_has_two_texts_that_name_the_same_data() {
    for why in [denials(), header_faults()].concat() {
        let [english, chinese] =
            [Language::English, Language::Chinese].map(|language| denied(&why, Dialect::Api3, language).message);
        assert_eq!(fault(&english, &chinese), None);
    }
    let mut rows = Vec::new();
    Denied::rows(&mut rows);
    rows.extend([AuthorizationFault::PARTS, NameFault::PARTS].concat().into_iter().map(|part| (part, 1)));
    assert_read(&rows);
}

#[test]
fn the_vendors_words_and_the_larger_limit_are_given() {
    let english = |why| denied(&why, Dialect::Api3, Language::English).message;
    let piece = Denied::PairWithoutEquals { pair: "Offset".into() };
    assert_eq!(english(piece), "Url key and value should be splited by `=`.");
    let form = Denied::BodyTooLarge { bytes: 1_048_577, limit_bytes: 1_048_576 };
    assert!(english(form).ends_with("Use `TC3-HMAC-SHA256` for larger requests."));
    let json = Denied::BodyTooLarge { bytes: 10_485_761, limit_bytes: 10_485_760 };
    assert!(english(json).ends_with("10485760 bytes."));
}

#[test]
fn the_comparison_can_fail() {
    assert_eq!(fault("The zone `a` has 7.", "可用区 `a` 有 7 个。"), None);
    for (english, chinese) in [
        ("The zone `a` has 7.", "可用区 `b` 有 7 个。"),
        ("The zone `a` has 7.", "可用区 `a` 有 8 个。"),
        ("Not this.", "Not this."),
        ("没有", "没有"),
        ("Not here: an other thing.", "此处不支持：an other thing。"),
    ] {
        assert!(fault(english, chinese).is_some(), "{chinese}");
    }
}

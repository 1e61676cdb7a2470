//! Multipart bodies, as the vendor's SDKs build them, and every way in which they end too soon.

use cvmd_wire::{Denied, MultipartFault, Params, Value};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::support::Tc3;

const TYPE: &str = "multipart/form-data; boundary=Ab1";

fn json_of(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("{text:?}"),
        Value::List(list) => format!("[{}]", list.iter().map(json_of).collect::<Vec<_>>().join(",")),
        Value::Map(map) => {
            let entries: Vec<_> = map.iter().map(|(name, value)| format!("{name}:{}", json_of(value))).collect();
            format!("{{{}}}", entries.join(","))
        }
        Value::Integer(number) => number.to_string(),
        other => format!("{other:?}"),
    }
}

fn read(body: &str) -> Result<String, Denied> {
    let params = Params::from_multipart(TYPE, body.as_bytes())?;
    assert!(params.textual);
    Ok(json_of(&Value::Map(params.root)))
}

fn field(name: &str, content: &str) -> String {
    format!("--Ab1\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{content}\r\n")
}

fn json(name: &str, content: &str) -> String {
    let head = format!("Content-Disposition: form-data; name=\"{name}\"\r\nContent-Type: application/json");
    format!("--Ab1\r\n{head}\r\n\r\n{content}\r\n")
}

fn fault(what: MultipartFault) -> Result<String, Denied> {
    Err(Denied::MalformedMultipart { what })
}

#[test]
fn flattened_fields_become_a_tree() {
    let body = [field("InstanceIds.0", "ins-1"), field("Filters.0.Values.1", "b"), field("Note", ""), "--Ab1--".into()];
    assert_eq!(read(&body.concat()), Ok(r#"{Filters:[{Values:["b"]}],InstanceIds:["ins-1"],Note:""}"#.into()));
}

#[test]
fn lists_and_structures_may_be_parts_in_json() {
    let body =
        [json("InstanceIds", r#"["ins-1", "ins-2"]"#), field("Name", "a\r\nb"), json("N", "7"), "--Ab1--\r\n".into()];
    assert_eq!(read(&body.concat()), Ok(r#"{InstanceIds:["ins-1","ins-2"],N:7,Name:"a\r\nb"}"#.into()));
    // One name, two kinds of part.
    let body = [json("A", "[1]"), field("A.0", "1"), "--Ab1--".into()].concat();
    assert_eq!(read(&body), Err(Denied::DuplicateParameter { name: "A".into() }));
    assert_eq!(read(&[json("A.0", "1"), "--Ab1--".into()].concat()), fault(MultipartFault::JsonName));
    assert!(matches!(read(&[json("A", "["), "--Ab1--".into()].concat()), Err(Denied::MalformedJson { .. })));
}

#[test]
fn heads_are_read_whatever_their_case_and_order_and_the_file_name_is_nothing() {
    let body = "--Ab1  \r\ncontent-type: Application/Octet-Stream\r\n\
                CONTENT-DISPOSITION: Form-Data; filename=\"f\"; name=\"A\"\r\n\r\n--Ab\r\n--Ab1--ignored";
    assert_eq!(read(body), Ok(r#"{A:"--Ab"}"#.into()));
}

#[test]
fn what_ends_too_soon_or_is_no_multipart_is_refused() {
    use MultipartFault::*;
    let whole = [field("A", "1"), "--Ab1--".into()].concat();
    for (body, what) in [
        ("", Beginning),
        ("x", Beginning),
        ("--Other\r\n", Beginning),
        ("--Ab1", Delimiter),
        ("--Ab1x\r\n", Delimiter),
        ("--Ab1\r\n", Head),
        ("--Ab1\r\n\r\n\r\nx\r\n--Ab1--", Head),
        ("--Ab1\r\nContent-Disposition: form-data; name=\"A\"\r\n", Head),
        ("--Ab1\r\nnonsense\r\n\r\nx\r\n--Ab1--", Head),
        ("--Ab1\r\nContent-Type: text/plain\r\n\r\nx\r\n--Ab1--", Disposition),
        ("--Ab1\r\nContent-Disposition: form-data; name=A\r\n\r\nx\r\n--Ab1--", Disposition),
        ("--Ab1\r\nContent-Disposition: attachment; name=\"A\"\r\n\r\nx\r\n--Ab1--", Disposition),
        ("--Ab1\r\nContent-Disposition: form-data; name=\"A\"\r\n\r\nx", End),
        ("--Ab1\r\nContent-Disposition: form-data; name=\"A\"\r\n\r\nx\r\n--Ab1", Delimiter),
    ] {
        assert_eq!(read(body), fault(what), "{body:?}");
    }
    let long = format!("--Ab1\r\nX: {}\r\n\r\nx\r\n--Ab1--", "y".repeat(5000));
    assert_eq!(read(&long), fault(Head));
    for content_type in [
        "multipart/form-data".to_owned(),
        "multipart/form-data; boundary=".to_owned(),
        "multipart/form-data; boundary=\"Ab1".to_owned(),
        "multipart/form-data; boundary=a\u{7f}".to_owned(),
        format!("multipart/form-data; boundary={}", "a".repeat(71)),
    ] {
        let read = Params::from_multipart(&content_type, whole.as_bytes()).map(|params| params.textual);
        assert_eq!(read, Err(Denied::MalformedMultipart { what: Boundary }), "{content_type}");
    }
    let quoted = Params::from_multipart("multipart/form-data; charset=x; Boundary=\"Ab1\"", whole.as_bytes());
    assert_eq!(quoted.map(|params| params.root.len()), Ok(1));
}

#[test]
fn names_and_bytes_obey_the_rules_of_forms() {
    let ended = |parts: &[String]| read(&[parts.concat(), "--Ab1--".into()].concat());
    assert!(matches!(ended(&[field("A..B", "")]), Err(Denied::MalformedName { .. })));
    assert!(matches!(ended(&[field("", "")]), Err(Denied::MalformedName { .. })));
    assert_eq!(ended(&[field("A", "1"), field("A", "2")]), Err(Denied::DuplicateParameter { name: "A".into() }));
    let mut bytes = field("A", "?").into_bytes();
    let place = bytes.iter().position(|byte| *byte == b'?').unwrap();
    bytes[place] = 0xff;
    bytes.extend(b"--Ab1--");
    let read = Params::from_multipart(TYPE, &bytes).map(|params| params.textual);
    assert_eq!(read, Err(Denied::InvalidUtf8 { place: "form" }));
}

#[test]
fn all_parts_together_hold_as_many_values_as_any_request() {
    let limit = Err(Denied::TooManyParameters { limit: 20_000 });
    let parts: Vec<String> = (0..20_000).map(|number| field(&format!("A.{number}"), "1")).collect();
    let ended = |parts: &[String], more: String| read(&[parts.concat(), more, "--Ab1--".into()].concat()).map(|_| ());
    assert_eq!(ended(&parts, String::new()), Ok(()));
    assert_eq!(ended(&parts, field("B", "1")), limit);
    assert_eq!(ended(&parts, json("B", "1")), limit);
    let list = |count: usize| format!("[{}]", vec!["1"; count].join(","));
    assert_eq!(ended(&parts[..10], json("B", &list(19_989))), Ok(()));
    assert_eq!(ended(&parts[..10], json("B", &list(19_990))), limit);
    assert_eq!(ended(&[json("B", &list(15_000))], json("C", &list(15_000))), limit);
}

#[test]
fn a_signed_multipart_request_is_believed_whatever_the_boundarys_case() {
    let body = [field("Limit", "1"), "--Ab1--".into()].concat();
    // Signed lower-cased, as the documents have it; signed as it stands, as the SDKs do, is tc3's own test.
    let sent = Tc3 { content_type: TYPE, body: &body, ..Tc3::default() }.send();
    let request = sent.arrive().unwrap();
    assert!(request.params.textual);
    assert_eq!(request.params.root.get("Limit"), Some(&Value::Text("1".into())));
    let mut changed = sent.clone();
    changed.body[50] ^= 1;
    assert_eq!(changed.denied(), Denied::SignatureMismatch);
    let empty = Tc3 { content_type: TYPE, body: "", ..Tc3::default() }.send();
    assert!(empty.arrive().unwrap().params.root.is_empty());
    // Signed and malformed: told what to mend.
    let cut = Tc3 { content_type: TYPE, body: &body[..body.len() - 9], ..Tc3::default() }.send();
    assert_eq!(cut.denied(), Denied::MalformedMultipart { what: MultipartFault::End });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_in_parts_is_read(values in vec("[ -~\r\n]{0,20}", 0..6)) {
        prop_assume!(values.iter().all(|value| !value.contains("--Ab1")));
        let parts: String = values.iter().enumerate().map(|(index, value)| field(&format!("P{index}"), value)).collect();
        let params = Params::from_multipart(TYPE, format!("{parts}--Ab1--\r\n").as_bytes()).unwrap();
        prop_assert_eq!(params.root.len(), values.len());
        for (index, value) in values.iter().enumerate() {
            prop_assert_eq!(params.root.get(&format!("P{index}")), Some(&Value::Text(value.as_str().into())));
        }
    }

    #[test]
    fn no_body_makes_it_panic(pieces in vec(prop::sample::select(&[
        "--Ab1", "\r\n", "--", "Content-Disposition: form-data; name=\"A\"", "Content-Type: application/json", "[1]", ":", " ", "\u{e9}",
    ][..]), 0..12), boundary in "[ -~]{0,8}") {
        let body = pieces.concat();
        let _ = Params::from_multipart(TYPE, body.as_bytes());
        let _ = Params::from_multipart(&format!("multipart/form-data; boundary={boundary}"), body.as_bytes());
    }
}

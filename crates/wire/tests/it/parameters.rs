//! Forms and JSON into trees, and their limits.

use cvmd_wire::{Denied, Map, Params, Value};

use crate::support::{Tc3, V1};

fn text(value: &str) -> Value {
    Value::Text(value.into())
}

fn map(entries: Vec<(&str, Value)>) -> Value {
    let entries = entries.into_iter().map(|(name, value)| (name.into(), value)).collect();
    Value::Map(Map::from_entries(entries).unwrap())
}

fn tree(pairs: &[(&str, &str)]) -> Result<Value, Denied> {
    let params = Params::from_pairs(pairs.to_vec())?;
    assert!(params.textual);
    Ok(Value::Map(params.root))
}

fn json(body: &str) -> Result<Value, Denied> {
    let params = Params::from_json(body.as_bytes())?;
    assert!(!params.textual);
    Ok(Value::Map(params.root))
}

#[test]
fn flattened_names_become_a_tree() {
    assert_eq!(
        tree(&[
            ("Filters.0.Values.1", "b"),
            ("ForceStop", "True"),
            ("Filters.0.Name", "zone"),
            ("Filters.0.Values.0", "a"),
            ("LoginSettings.KeepImageLogin", "TRUE"),
            ("Placement.Zone", "z"),
        ]),
        Ok(map(vec![
            (
                "Filters",
                Value::List(vec![map(vec![
                    ("Name", text("zone")),
                    ("Values", Value::List(vec![text("a"), text("b")])),
                ])])
            ),
            ("ForceStop", text("True")),
            ("LoginSettings", map(vec![("KeepImageLogin", text("TRUE"))])),
            ("Placement", map(vec![("Zone", text("z"))])),
        ]))
    );
    assert_eq!(tree(&[]), Ok(map(vec![])));
}

#[test]
fn a_list_has_any_base_and_any_gaps_and_is_in_the_order_of_numbers() {
    for base in [0, 1, 7] {
        let names: Vec<_> = [10, 2, 0, 33].map(|index| format!("A.{}", index + base)).to_vec();
        let pairs: Vec<_> = names.iter().zip(["c", "b", "a", "d"]).map(|(name, value)| (&**name, value)).collect();
        let list = Value::List(["a", "b", "c", "d"].map(text).to_vec());
        assert_eq!(tree(&pairs), Ok(map(vec![("A", list)])));
    }
}

#[test]
fn a_number_at_the_root_is_a_name() {
    assert_eq!(tree(&[("0", "a")]), Ok(map(vec![("0", text("a"))])));
}

#[test]
fn names_that_only_begin_alike_do_not_meet() {
    let pairs = [("A", "1"), ("A-x", "2"), ("AB.0", "3"), ("A!.0", "4")];
    assert!(tree(&pairs).is_ok(), "{:?}", tree(&pairs));
}

#[test]
fn a_value_a_list_and_a_structure_exclude_one_another() {
    for pairs in [
        [("A", "1"), ("A.0", "2")],
        [("A.0", "1"), ("A", "2")],
        [("A", "1"), ("A.Name", "2")],
        [("A.0", "1"), ("A.Name", "2")],
        [("A.Name.0", "1"), ("A.5.0", "2")],
    ] {
        assert_eq!(tree(&pairs), Err(Denied::ConflictingParameter { name: "A".into() }));
    }
    // A name that sorts between them by bytes does not hide the conflict either.
    let apart = [("A", "1"), ("A-x", "2"), ("A.0", "3")];
    assert_eq!(tree(&apart), Err(Denied::ConflictingParameter { name: "A".into() }));
    let deeper = [("F.0.A", "1"), ("F.0.A.0", "2")];
    assert_eq!(tree(&deeper), Err(Denied::ConflictingParameter { name: "F.0.A".into() }));
}

#[test]
fn a_name_given_twice_is_refused() {
    let name = "A.0".into();
    assert_eq!(tree(&[("A.0", "1"), ("B", "2"), ("A.0", "1")]), Err(Denied::DuplicateParameter { name }));
    let name = "A.1".into();
    assert_eq!(tree(&[("A.1", "1"), ("A.01", "2")]), Err(Denied::DuplicateParameter { name }));
}

#[test]
fn a_name_with_an_empty_part_or_a_giant_index_is_malformed() {
    for name in ["", ".", "A.", ".A", "A..B", "A.4294967296", "A.99999999999999999999999"] {
        let denied = tree(&[(name, "1")]).unwrap_err();
        assert!(matches!(denied, Denied::MalformedName { .. }), "{name}: {denied:?}");
    }
    assert!(tree(&[("A.4294967295", "1")]).is_ok());
}

#[test]
fn a_piece_without_equals_is_refused() {
    let denied = Tc3::get("Limit=1&Offset").send().denied();
    assert_eq!(denied, Denied::PairWithoutEquals { pair: "Offset".into() });
    // An empty piece between two `&` is ignored, and a value may hold `=`.
    let params = Tc3::get("&Limit==1&&").send().arrive().unwrap().params;
    assert_eq!(params.root.get("Limit"), Some(&text("=1")));
}

#[test]
fn a_percent_sign_needs_two_digits() {
    for query in ["Limit=%", "Limit=%1", "Limit=%zz", "Limit=%+1"] {
        let denied = Tc3::get(query).send().denied();
        assert_eq!(denied, Denied::MalformedEscape { pair: "Limit".into() });
    }
    let params = Tc3::get("A=%e6%9C%aa").send().arrive().unwrap().params;
    assert_eq!(params.root.get("A"), Some(&text("\u{672a}")));
}

#[test]
fn text_that_is_not_utf8_is_refused() {
    let denied = Tc3::get("Limit=%ff").send().denied();
    assert_eq!(denied, Denied::InvalidUtf8 { place: "query" });
    let mut sent = V1::new(http::Method::POST, "/", &[]).send();
    sent.body.extend_from_slice(b"&A=\xff");
    assert_eq!(sent.denied(), Denied::InvalidUtf8 { place: "form" });
    let denied = Params::from_json(b"{\"A\":\"\xff\"}").unwrap_err();
    assert_eq!(denied, Denied::InvalidUtf8 { place: "body" });
}

#[test]
fn json_becomes_a_tree() {
    assert_eq!(
        json(
            " {\"a\":null,\"b\":true,\"c\":-1,\"d\":9223372036854775807,\"e\":9223372036854775808,\
             \"f\":1.5,\"g\":\"x\\u672a\\n\",\"h\":[1,[]],\"i\":{}}\n"
        ),
        Ok(map(vec![
            ("a", Value::Null),
            ("b", Value::Bool(true)),
            ("c", Value::Integer(-1)),
            ("d", Value::Integer(i64::MAX)),
            ("e", Value::Unsigned(1 << 63)),
            ("f", Value::Float(1.5)),
            ("g", text("x\u{672a}\n")),
            ("h", Value::List(vec![Value::Integer(1), Value::List(vec![])])),
            ("i", map(vec![])),
        ]))
    );
}

#[test]
fn malformed_json_is_refused_with_its_position() {
    for body in ["", "{", "{\"A\":1,}", "{\"A\":1}x", "{A:1}", "{\"A\":\"\\ud800\"}", "{\"A\":1e999}"] {
        let denied = json(body).unwrap_err();
        let Denied::MalformedJson { what } = &denied else { panic!("{body}: {denied:?}") };
        assert!(what.contains("line 1 column"), "{body}: {what}");
    }
}

#[test]
fn json_must_be_an_object() {
    for body in ["[]", "1", "\"x\"", "[null]", "\"null\"", "false"] {
        assert_eq!(json(body), Err(Denied::JsonNotAnObject), "{body}");
    }
    assert!(matches!(json("null{}"), Err(Denied::MalformedJson { .. })));
    assert_eq!(json(" null\n"), Ok(map(vec![])), "as the SDK for Ruby sends none");
}

#[test]
fn a_json_member_given_twice_is_refused() {
    for body in ["{\"A\":1,\"B\":2,\"A\":1}", "{\"F\":[{\"A\":1,\"\\u0041\":2}]}"] {
        assert_eq!(json(body), Err(Denied::DuplicateParameter { name: "A".into() }));
    }
}

#[test]
fn parameters_nest_32_levels_and_no_deeper() {
    let too_deep = Err(Denied::NestedTooDeep { limit: 32 });
    let lists = |levels: usize| {
        let body = format!("{{\"A\":{}{}}}", "[".repeat(levels - 1), "]".repeat(levels - 1));
        json(&body)
    };
    assert!(lists(32).is_ok());
    assert_eq!(lists(33), too_deep);
    assert_eq!(lists(100_000), too_deep);
    let names = |levels: usize| tree(&[(&vec!["A"; levels].join("."), "1")]);
    assert!(names(32).is_ok());
    assert_eq!(names(33), too_deep);
}

#[test]
fn a_request_holds_20000_values_and_no_more() {
    let too_many = Err(Denied::TooManyParameters { limit: 20_000 });
    let lists = |values: usize| json(&format!("{{\"A\":[0{}]}}", ",0".repeat(values - 2)));
    assert!(lists(20_000).is_ok());
    assert_eq!(lists(20_001), too_many);
    let pairs = |count: usize| {
        let names: Vec<_> = (0..count).map(|index| format!("A.{index}")).collect();
        tree(&names.iter().map(|name| (&**name, "1")).collect::<Vec<_>>())
    };
    assert!(pairs(20_000).is_ok());
    assert_eq!(pairs(20_001), too_many);
    let mut sent = V1::new(http::Method::POST, "/", &[]).send();
    sent.body = b"A=1&".repeat(20_001);
    assert_eq!(sent.denied(), Denied::TooManyParameters { limit: 20_000 });
}

#[test]
fn a_map_gives_and_takes_by_name() {
    let mut params = Params::from_pairs(vec![("B", "2"), ("A", "1"), ("C", "3")]).unwrap();
    assert_eq!(params.root.len(), 3);
    assert_eq!(params.root.get("A"), Some(&text("1")));
    assert_eq!(params.root.get("a"), None);
    assert_eq!(params.root.remove("B"), Some(text("2")));
    assert_eq!(params.root.remove("B"), None);
    let left: Vec<_> = params.root.iter().map(|(name, _)| name).collect();
    assert_eq!(left, ["A", "C"]);
    assert_eq!(params.root.into_iter().count(), 2);
    assert!(Params::empty().root.is_empty());
}

#[test]
fn a_message_repeats_only_an_excerpt() {
    let long = "\u{672a}".repeat(1000);
    let denied = tree(&[(&long, "1"), (&long, "1")]).unwrap_err();
    assert_eq!(denied, Denied::DuplicateParameter { name: format!("{}...", "\u{672a}".repeat(64)).into() });
}

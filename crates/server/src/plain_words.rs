//! Rewords the messages of libraries about malformed texts, so that they need no knowledge of Rust.

use std::fmt::Display;

/// The maximum of characters of a bad value that a message repeats.
const VALUE_CHARACTERS_MAX: usize = 100;

/// The same of the words before it, as `unknown field`.
const KIND_CHARACTERS_MAX: usize = 40;

/// The letters of the longest name that is looked for among the known ones.
const LETTERS_MAX: usize = 40;

/// The words of serde, serde_json and toml, and plain ones.
const WORDS: &[(&str, &str)] = &[
    ("invalid type: ", ""),
    ("invalid value: ", ""),
    ("expected u8", "expected a whole number from 0 to 255"),
    ("expected u16", "expected a whole number from 0 to 65535"),
    ("expected u32", "expected a whole number from 0 to 4294967295"),
    ("expected u64", "expected a whole number, 0 or more"),
    ("expected f64", "expected a number"),
    ("expected a boolean", "expected true or false"),
    ("expected a sequence", "expected a list in [ ]"),
    ("invalid IPv4 address syntax", "expected an IPv4 address such as 127.0.0.1"),
    ("invalid type: unit value", "null"),
    ("EOF while parsing", "the text ends in the middle of"),
    ("trailing characters", "something stands after the end"),
];

/// The library's message in plain words.
pub(crate) fn of(message: impl Display) -> String {
    let mut text = message.to_string();
    for (theirs, ours) in WORDS {
        text = text.replace(theirs, ours);
    }
    // An expected object has the name of one of our types.
    while let Some((before, after)) = text.split_once("expected struct ") {
        let rest = after.trim_start_matches(|letter: char| letter.is_alphanumeric() || letter == '_');
        text = format!("{before}expected an object or a section{rest}");
    }
    let meant = meant(&text).map_or_else(String::new, |meant| format!(" (did you mean `{meant}`?)"));
    // A value stands before what was expected.
    let (found, expected) = text.split_at(text.rfind(", expected ").unwrap_or(text.len()));
    format!("{}{expected}{meant}", excerpt(found, VALUE_CHARACTERS_MAX + KIND_CHARACTERS_MAX))
}

/// The known name that an unknown one is closest to.
fn meant(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("unknown field `").or_else(|| text.split_once("unknown variant `"))?;
    let (given, known) = rest.split_once("`, expected ")?;
    let known = known.split('`').skip(1).step_by(2);
    // A longer one is no slip, and would take long to compare.
    let given = Some(given).filter(|given| given.len() <= LETTERS_MAX)?;
    let nearest = known.map(|name| (strsim::osa_distance(given, name), name)).min()?;
    (nearest.0 <= 2 && nearest.0 < given.len()).then(|| nearest.1.to_owned())
}

/// `1 key pair`, `2 placement groups`: a number of things of a kind, which has the name of its table.
pub(crate) fn counted(count: impl Display, kind: &str) -> String {
    let count = count.to_string();
    let many = match kind {
        "vpcs" => "VPCs".to_owned(),
        "created_tags" => "tags".to_owned(),
        "disaster_recover_groups" => "placement groups".to_owned(),
        other => other.replace('_', " "),
    };
    let words = if count == "1" { many.trim_end_matches('s') } else { &many };
    format!("{count} {words}")
}

/// A bad value, as messages repeat it.
pub(crate) fn value(text: &str) -> String {
    excerpt(text, VALUE_CHARACTERS_MAX)
}

/// What stands in place of a control character, which would command the terminal: `\u{1b}`. Lines stay lines.
pub(crate) fn printable(text: &str) -> String {
    let written = |sign: char| match sign.is_control() && sign != '\n' {
        true => sign.escape_default().to_string(),
        false => sign.to_string(),
    };
    text.chars().map(written).collect()
}

/// The beginning of a text that somebody else has written, in one line.
pub(crate) fn excerpt(text: &str, characters_max: usize) -> String {
    let mut characters = text.chars();
    let begin: String = characters.by_ref().take(characters_max).collect();
    let more = if characters.next().is_some() { "..." } else { "" };
    printable(&begin).replace('\n', "\\n") + more
}

/// An error and its causes, for people: without the system's error numbers.
pub(crate) fn chain(error: &anyhow::Error) -> String {
    let text = format!("{error:#}");
    let mut parts = text.split(" (os error ");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| match part.split_once(')') {
        Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_digit()) => text + rest,
        _ => text + " (os error " + part,
    })
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn every_kind_that_an_account_can_own_has_peoples_words() {
        let kinds = cvmd_state::ResourceKind::ALL.iter().map(|kind| kind.name());
        let counts: Vec<_> = kinds.chain(["instances", "key_pairs"]).map(|kind| counted(1, kind)).collect();
        let wanted = [
            "1 VPC",
            "1 subnet",
            "1 security group",
            "1 custom image",
            "1 launch template",
            "1 launch template version",
            "1 placement group",
            "1 snapshot",
            "1 tag",
            "1 instance",
            "1 key pair",
        ];
        assert_eq!(counts, wanted);
        assert_eq!((counted(2, "vpcs"), counted(21, "key_pairs")), ("2 VPCs".into(), "21 key pairs".into()));
    }

    #[derive(Debug, serde::Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only the errors are looked at")]
    struct Read {
        small: Option<u8>,
        price: Option<f64>,
        list: Option<Vec<u16>>,
        is_it: Option<bool>,
        inner: Option<Box<Read>>,
        address: Option<std::net::Ipv4Addr>,
    }

    #[test]
    fn no_type_of_a_library_is_in_what_people_read() {
        for (toml, message) in [
            ("small = 300", "integer `300`, expected a whole number from 0 to 255"),
            ("small = \"x\"", "string \"x\", expected a whole number from 0 to 255"),
            ("price = \"x\"", "string \"x\", expected a number"),
            ("list = 3", "integer `3`, expected a list in [ ]"),
            ("list = [70000]", "integer `70000`, expected a whole number from 0 to 65535"),
            ("is_it = 1", "integer `1`, expected true or false"),
            ("inner = 1", "integer `1`, expected an object or a section"),
            ("address = \"x\"", "expected an IPv4 address such as 127.0.0.1"),
        ] {
            let error = toml::from_str::<Read>(toml).unwrap_err();
            assert_eq!(of(error.message()), message, "{toml}");
        }
        let of_json = |text| of(serde_json::from_str::<Read>(text).unwrap_err());
        let message = of_json("{\"small\": null, \"price\": []}");
        assert!(message.starts_with("sequence, expected a number at line 1 column 2"), "{message}");
        assert_eq!(of_json("{\"small\": "), "the text ends in the middle of a value at line 1 column 10");
        assert_eq!(of_json("{} x"), "something stands after the end at line 1 column 4");
    }

    #[test]
    fn a_value_is_repeated_in_part() {
        let long = "x".repeat(10_000);
        for toml in [format!("{long} = 1"), format!("small = \"{long}\""), format!("price = [\"{long}\"]")] {
            let message = of(toml::from_str::<Read>(&toml).unwrap_err().message());
            assert!(message.len() < 300 && message.contains(", expected "), "{message}");
        }
    }

    #[test]
    fn a_misspelt_name_gets_a_suggestion() {
        for (toml, meant) in [
            ("smal = 1", Some("small")),
            ("samll = 1", Some("small")),
            ("prices = 1", Some("price")),
            ("isit = 1", Some("is_it")),
            ("colour = 1", None),
            ("x = 1", None),
        ] {
            let message = of(toml::from_str::<Read>(toml).unwrap_err().message());
            let suggested = message.split_once(" (did you mean `").map(|(_, rest)| rest.trim_end_matches("`?)"));
            assert_eq!(suggested, meant, "{message}");
        }
    }

    #[test]
    fn what_commands_a_terminal_is_written_out() {
        assert_eq!(printable("a\u{1b}[31mb\nc\r\u{7f}\u{9b}\t"), "a\\u{1b}[31mb\nc\\r\\u{7f}\\u{9b}\\t");
        assert_eq!(excerpt("a\u{1b}b\nc", 4), "a\\u{1b}b\\n...");
        assert_eq!((excerpt("密钥", 2), excerpt("", 2)), ("密钥".into(), String::new()));
    }

    #[test]
    fn the_systems_numbers_are_left_out() {
        let error = anyhow::Error::from(std::io::Error::from_raw_os_error(2)).context("cannot read x (os error y)");
        assert_eq!(chain(&error), "cannot read x (os error y): No such file or directory");
    }
}

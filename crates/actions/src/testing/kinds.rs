//! Compares a reply with the vendor's description and with recordings of the vendor's replies: each member of either is
//! present, with a kind of value that the vendor sends.
//!
//! Where the two disagree, the recordings win. They show what an unset member looks like, which matters to clients that
//! parse JSON by themselves: null, an empty text or an empty list.

use crate::{
    Product,
    facts::{Facts, Member},
};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write,
    sync::LazyLock,
};

/// The kinds of value that were recorded for each member, by `product.Structure`, or by `product.Action` for the top
/// level. `vpc.Subnet.CdcId` is there for a client that fails on anything but a text.
static RECORDED: LazyLock<BTreeMap<String, BTreeMap<String, String>>> = LazyLock::new(|| {
    // Invariant: the file is part of the program.
    serde_json::from_str(include_str!("../../facts/recorded.json")).expect("structures, their members and their kinds")
});

/// The vendor's internal names, recorded beside the members that they duplicate.
const LEAKED: &[&str] = &["_ImageClass", "isSupportCloudinit", "tagKey", "tagValue"];

/// Members that were never requested in a recording, and that are filled on request.
const FILLED_WHEN_ASKED: &[&str] = &["AutoSnapshotPolicyIds"];

/// Checks a product's replies, and collects the differences.
pub(crate) struct Check<'a> {
    pub product: Product,
    pub facts: &'static Facts,
    pub faults: &'a mut String,
    /// The structures that were seen.
    pub met: &'a mut BTreeSet<(Product, String)>,
}

impl Check<'_> {
    /// `name` is the name of the structure or of the action.
    pub(crate) fn object(&mut self, value: &Value, name: &str, members: &[Member], place: &str) {
        let Value::Object(map) = value else {
            let _ = writeln!(self.faults, "{place}: not an object");
            return;
        };
        // The content of a template is what a user gave, and was not recorded.
        let is_given = place.contains("LaunchTemplateVersionData");
        self.met.insert((self.product, name.to_string()));
        let recorded = RECORDED.get(&format!("{}.{name}", self.product.name())).filter(|_| !is_given);
        let kinds = |member: &str| recorded.and_then(|recorded| recorded.get(member)).map(String::as_str);
        let declared = |name: &str| members.iter().find(|member| member.name == name);
        for (name, _) in map.iter().filter(|(name, _)| declared(name).is_none() && kinds(name).is_none()) {
            let _ = writeln!(self.faults, "{place}: the vendor's reply has no member {name}");
        }
        let undeclared = recorded.into_iter().flat_map(BTreeMap::keys).map(String::as_str);
        let undeclared = undeclared.filter(|name| declared(name).is_none() && !LEAKED.contains(name));
        for member in members.iter().map(|member| member.name.as_str()).chain(undeclared) {
            let place = format!("{place}.{member}");
            let Some(value) = map.get(member) else {
                let _ = writeln!(self.faults, "{place}: absent");
                continue;
            };
            if let Some(fault) = unlike(value, declared(member), kinds(member)) {
                let _ = writeln!(self.faults, "{place}: {value} {fault}");
            }
            let inner = declared(member).and_then(|member| self.facts.structs.get_key_value(&member.member));
            let undeclared = format!("{name}.{member}");
            let (name, members) =
                inner.map_or((undeclared.as_str(), &[][..]), |(name, structure)| (name, &structure.members));
            self.inside(value, name, members, &place);
        }
    }

    fn inside(&mut self, value: &Value, name: &str, members: &[Member], place: &str) {
        match value {
            Value::Object(_) => self.object(value, name, members, place),
            Value::Array(items) => {
                items.iter().filter(|item| item.is_object()).for_each(|item| self.object(item, name, members, place));
            }
            _ => {}
        }
    }
}

/// Why the vendor would not have sent the value.
fn unlike(value: &Value, declared: Option<&Member>, recorded: Option<&str>) -> Option<String> {
    let seen = |kind: &str| recorded.is_some_and(|kinds| kinds.split(' ').any(|seen| seen == kind));
    let filled = declared.is_some_and(|member| FILLED_WHEN_ASKED.contains(&&*member.name));
    let unset_is_null = seen("null") && !filled;
    let fits = match (value, recorded) {
        (Value::Null, Some(_)) => seen("null"),
        (Value::Null, None) => {
            declared.is_some_and(|member| member.nullable || !(member.output_required || member.required))
        }
        (Value::String(text), Some(_)) if text.is_empty() => !unset_is_null || seen("empty"),
        (Value::Array(list), Some(_)) if list.is_empty() => !unset_is_null || seen("[]"),
        (value, kinds) => match declared {
            Some(member) => is_a(value, &member.kind),
            None => kinds.is_some_and(|kinds| kinds.split(' ').any(|kind| is_a(value, kind))),
        },
    };
    (!fits).then(|| match recorded {
        Some(kinds) => format!("was recorded as {kinds}"),
        None => format!("is no {}, or may not be null", declared.map_or("member", |member| &member.kind)),
    })
}

fn is_a(value: &Value, kind: &str) -> bool {
    match kind {
        "list" | "[]" => value.is_array(),
        "object" => value.is_object(),
        "int" => value.is_i64(),
        "bool" => value.is_boolean(),
        "float" => value.is_number(),
        "string" | "text" | "empty" => value.is_string(),
        _ => false,
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_empty_text_or_list_is_no_null_and_a_null_is_neither() {
        for (value, recorded, fits) in [
            (json!(null), "null", true),
            (json!("role"), "null", true),
            (json!(""), "null text", false),
            (json!(""), "empty", true),
            (json!(null), "empty text", false),
            (json!([]), "null list", false),
            (json!([]), "[] list", true),
            (json!(null), "[] list", false),
            (json!(7), "text", false),
        ] {
            let kind = if value.is_array() { "list" } else { "string" };
            let member = Member {
                name: "Member".into(),
                kind: kind.into(),
                member: "string".into(),
                required: false,
                nullable: true,
                output_required: false,
            };
            assert_eq!(unlike(&value, Some(&member), Some(recorded)).is_none(), fits, "{value} {recorded}");
        }
    }
}

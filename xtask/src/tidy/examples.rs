//! Every action is called by a real client.

use super::{Finding, House, Rule};

pub(crate) const EXAMPLES: Rule = Rule {
    name: "client-examples",
    why: "An action that no real client has called has only been tested by those who wrote it.",
    find: examples,
};

const CATALOG: &str = "crates/actions/src/catalog/";

fn examples(house: &House) -> Vec<Finding> {
    let called = |name: &str| {
        let quoted = format!("\"{name}\"");
        house.files.iter().any(|file| file.path.starts_with("clients/") && file.text.contains(&quoted))
    };
    let mut findings = Vec::new();
    for file in house.files.iter().filter(|file| file.path.starts_with(CATALOG)) {
        for (index, line) in file.text.lines().enumerate() {
            let name = line.trim().strip_prefix("name: \"").and_then(|rest| rest.strip_suffix("\","));
            if let Some(name) = name.filter(|name| !called(name)) {
                let what_to_do = format!("let a client under clients/ call {name}");
                findings.push(Finding { path: file.path.clone(), line: index + 1, what_to_do });
            }
        }
    }
    findings
}

#[cfg(test)]
mod test {
    use super::{super::test::house, *};

    #[test]
    fn an_action_that_no_client_calls_is_found() {
        let action = ("crates/actions/src/catalog/stop.rs", "    name: \"StopInstances\",\n");
        assert_eq!(examples(&house(&[action])).len(), 1);
        let client = ("clients/tccli/run.py", "cloud.call(\"StopInstances\")\n");
        assert_eq!(examples(&house(&[action, client])), []);
    }
}

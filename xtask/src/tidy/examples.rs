//! A real client calls every action, and every real client is on the page that explains how to use it with cvmd.

use super::{
    rule::{Finding, Rule, Workspace},
    source::SourceFile,
};
use std::collections::BTreeSet;

pub(crate) const EXAMPLES: Rule = Rule {
    name: "client-examples",
    why: "An action that no real client has called has only been tested by those who wrote it.",
    find: examples,
};

pub(crate) const PAGE: Rule = Rule {
    name: "clients-page",
    why: "A page that names a test which does not exist, or leaves one out, promises what nobody has seen work.",
    find: page,
};

const CLIENTS: &str = "clients/";
const CLIENTS_PAGE: &str = "docs/clients.md";
const CATALOG: &str = "crates/actions/src/";

fn examples(workspace: &Workspace) -> Vec<Finding> {
    let called = |name: &str| {
        let quoted = format!("\"{name}\"");
        workspace.files.iter().any(|file| file.path.starts_with("clients/") && file.text.contains(&quoted))
    };
    let mut findings = Vec::new();
    for file in workspace.files.iter().filter(|file| file.path.starts_with(CATALOG)) {
        for (line, name) in declared(&file.text).filter(|(_, name)| !called(name)) {
            findings.push(Finding::at(file, line, format!("let a client under clients/ call {name}")));
        }
    }
    findings
}

/// The names of the actions that a file declares, `Product::X, "Name",`, and their lines.
fn declared(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices("Product::").filter_map(|(at, product)| {
        let (_, behind) = text[at + product.len()..].split_once(',')?;
        let quoted = behind.trim_start().strip_prefix('"')?;
        let (name, rest) = quoted.split_once('"')?;
        let line = text[..text.len() - quoted.len()].lines().count();
        (rest.starts_with(',') && name.starts_with(|first: char| first.is_ascii_uppercase())).then_some((line, name))
    })
}

fn page(workspace: &Workspace) -> Vec<Finding> {
    let Some(page) = workspace.files.iter().find(|file| file.path == CLIENTS_PAGE) else { return vec![] };
    let folders: BTreeSet<&str> = workspace.files.iter().filter_map(folder).collect();
    let mut findings = Vec::new();
    for name in folders.iter().filter(|name| !page.text.contains(&format!("`{CLIENTS}{name}`"))) {
        findings.push(Finding::at(page, 1, format!("say what `{CLIENTS}{name}` checks")));
    }
    for (index, line) in page.text.lines().enumerate() {
        let named = line.split('`').skip(1).step_by(2).filter_map(|span| span.strip_prefix(CLIENTS));
        for name in named.filter(|name| !name.contains('.') && !folders.contains(name)) {
            findings.push(Finding::at(page, index + 1, format!("there is no check in {CLIENTS}{name}")));
        }
    }
    findings
}

fn folder(file: &SourceFile) -> Option<&str> {
    let (folder, name) = file.path.strip_prefix(CLIENTS)?.split_once('/')?;
    (name.starts_with("test_") && name.ends_with(".py")).then_some(folder)
}

#[cfg(test)]
mod test {
    use super::{super::rule::test::workspace, *};

    #[test]
    fn a_client_that_the_page_leaves_out_and_one_that_it_invents_are_found() {
        let run = ("clients/tccli/test_keys.py", "\"\"\"Runs.\"\"\"\n");
        assert_eq!(
            page(&workspace(&[run, (CLIENTS_PAGE, "by `clients/tccli`, see `clients/support/signed.py`\n")])),
            []
        );
        assert_eq!(page(&workspace(&[run, (CLIENTS_PAGE, "nothing\n")])).len(), 1);
        assert_eq!(page(&workspace(&[run, (CLIENTS_PAGE, "\n`clients/tccli` `clients/cobol`\n")]))[0].line, 2);
    }

    #[test]
    fn an_action_that_no_client_calls_is_found() {
        let action = ("crates/actions/src/stop.rs", "    Product::Cvm,\n    \"StopInstances\",\n");
        assert_eq!(examples(&workspace(&[action])).len(), 1);
        let client = ("clients/tccli/test_keys.py", "cloud.call(\"StopInstances\")\n");
        assert_eq!(examples(&workspace(&[action, client])), []);
    }
}

//! Which crate may depend on which, checked with `cargo metadata`, so that no request can reach a machine.

use super::rule::{Finding, Rule, Workspace};
use serde_json::Value;

pub(crate) const EDGES: Rule = Rule {
    name: "edges",
    why: "The arrow wire, actions, state, operations, hypervisor is the list of crates: a request cannot half-do something \
          to a machine because its crate does not know machines.",
    find: edges,
};

pub(crate) const PACKAGE_NAMES: Rule = Rule {
    name: "package-names",
    why: "A package named after its folder is found without a search.",
    find: package_names,
};

/// The crates of ours that each may depend on, as ARCHITECTURE.md draws it. `*` is every crate of ours.
const ALLOWED: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("wire", &[]),
    ("clock", &[]),
    ("rows", &[]),
    ("ssh-probe", &["clock"]),
    ("ledger", &["model", "rows"]),
    ("state", &["model", "rows", "ledger"]),
    ("hypervisor", &["model", "clock"]),
    ("hypervisor-simulated", &["model", "hypervisor", "clock", "rows"]),
    ("actions", &["model", "wire", "state"]),
    ("operations", &["model", "state", "hypervisor", "ssh-probe", "clock"]),
    ("server", &["*"]),
    ("benches", &["*"]),
    ("testkit", &[]),
    ("xtask", &[]),
];

/// What tests and tools share, and no part of the program may depend on.
const TESTKIT: &str = "testkit";

/// The crates that may depend on it beside tests.
const TOOLS: &[&str] = &["benches", "xtask"];

/// What the tests of a crate may depend on besides. The engine's tests drive real (simulated) machines.
const ALLOWED_IN_TESTS: &[(&str, &[&str])] = &[("operations", &["hypervisor-simulated"])];

fn edges(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for package in ours(&workspace.metadata) {
        let manifest = manifest(workspace, package);
        let folder = folder(package);
        let Some((_, allowed)) = ALLOWED.iter().find(|(name, _)| *name == folder) else {
            findings
                .push(manifest.finding("[package]", format!("give `{folder}` its place in ARCHITECTURE.md and here")));
            continue;
        };
        let in_tests = ALLOWED_IN_TESTS.iter().find(|(name, _)| *name == folder).map_or(&[][..], |(_, more)| more);
        for dependency in list(package, "dependencies").filter(|dependency| dependency["path"].is_string()) {
            let to = dependency["path"].as_str().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
            let is_test = dependency["kind"] == "dev";
            let may = if to == TESTKIT {
                is_test || TOOLS.contains(&folder)
            } else {
                allowed.iter().any(|name| *name == "*" || *name == to) || (is_test && in_tests.contains(&to))
            };
            if !may {
                let name = text(dependency, "name");
                findings.push(
                    manifest.finding(name, format!("`{folder}` must not know `{to}`: move the code, not the arrow")),
                );
            }
        }
    }
    findings
}

fn package_names(workspace: &Workspace) -> Vec<Finding> {
    ours(&workspace.metadata)
        .filter(|package| {
            let folder = folder(package);
            text(package, "name") != format!("cvmd-{folder}") && folder != "xtask"
        })
        .map(|package| {
            manifest(workspace, package).finding("name", format!("name the package `cvmd-{}`", folder(package)))
        })
        .collect()
}

/// The packages of the workspace: those that come from no registry.
fn ours(metadata: &Value) -> impl Iterator<Item = &Value> {
    list(metadata, "packages").filter(|package| package["source"].is_null())
}

fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value[key].as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

fn folder(package: &Value) -> &str {
    text(package, "manifest_path").rsplit('/').nth(1).unwrap_or_default()
}

struct Manifest<'a> {
    path: &'a str,
    text: &'a str,
}

fn manifest<'a>(workspace: &'a Workspace, package: &'a Value) -> Manifest<'a> {
    let absolute = text(package, "manifest_path");
    let file = workspace
        .files
        .iter()
        .filter(|file| absolute.ends_with(&format!("/{}", file.path)))
        .max_by_key(|f| f.path.len());
    file.map_or(Manifest { path: absolute, text: "" }, |file| Manifest { path: &file.path, text: &file.text })
}

impl Manifest<'_> {
    /// A finding at the first line that begins with `word`.
    fn finding(&self, word: &str, what_to_do: String) -> Finding {
        let line = self.text.lines().position(|line| line.starts_with(word)).map_or(1, |index| index + 1);
        Finding { path: self.path.to_owned(), line, what_to_do }
    }
}

#[cfg(test)]
mod test {
    use super::{super::rule::test::workspace, *};
    use serde_json::json;

    fn package(folder: &str, name: &str, dependencies: &[(&str, &str)]) -> Value {
        let dependencies: Vec<Value> = dependencies
            .iter()
            .map(|(to, kind)| json!({"name": format!("cvmd-{to}"), "path": format!("/x/crates/{to}"), "kind": kind}))
            .collect();
        json!({"name": name, "source": null, "manifest_path": format!("/x/crates/{folder}/Cargo.toml"), "dependencies": dependencies})
    }

    fn finds(rule: &Rule, package: Value) -> Vec<String> {
        let mut workspace =
            workspace(&[("crates/actions/Cargo.toml", "[package]\nname = \"x\"\ncvmd-hypervisor = 1\n")]);
        workspace.metadata = json!({ "packages": [package] });
        (rule.find)(&workspace).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_action_must_not_know_the_hypervisor() {
        let found = finds(&EDGES, package("actions", "cvmd-actions", &[("model", "normal"), ("hypervisor", "normal")]));
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("crates/actions/Cargo.toml:3: `actions` must not know `hypervisor`"), "{found:?}");
    }

    #[test]
    fn tests_may_depend_on_more_only_where_it_is_allowed() {
        let simulated = [("hypervisor-simulated", "dev")];
        assert_eq!(finds(&EDGES, package("operations", "cvmd-operations", &simulated)), [""; 0]);
        assert_eq!(finds(&EDGES, package("state", "cvmd-state", &simulated)).len(), 1);
        assert_eq!(finds(&EDGES, package("operations", "cvmd-operations", &[("hypervisor-simulated", "")])).len(), 1);
    }

    #[test]
    fn only_tests_and_tools_depend_on_the_testkit() {
        for (folder, name, kind, findings) in [
            ("server", "cvmd-server", "dev", 0),
            ("server", "cvmd-server", "normal", 1),
            ("xtask", "xtask", "normal", 0),
            ("benches", "cvmd-benches", "normal", 0),
        ] {
            assert_eq!(finds(&EDGES, package(folder, name, &[("testkit", kind)])).len(), findings, "{folder}, {kind}");
        }
    }

    #[test]
    fn a_crate_without_a_place_is_found() {
        assert_eq!(finds(&EDGES, package("misc", "cvmd-misc", &[])).len(), 1);
    }

    #[test]
    fn a_package_is_named_after_its_folder() {
        assert_eq!(finds(&PACKAGE_NAMES, package("actions", "cvmd-acts", &[])).len(), 1);
        assert_eq!(finds(&PACKAGE_NAMES, package("actions", "cvmd-actions", &[])), [""; 0]);
    }
}

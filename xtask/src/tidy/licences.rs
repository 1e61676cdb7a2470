//! The licence of every dependency allows us to ship the product.

use super::rule::{Finding, Rule, Workspace};
use serde_json::Value;

pub(crate) const LICENCES: Rule = Rule {
    name: "licences",
    why: "An operator ships cvmd as one binary: a licence that forbids or infects that must not come in unnoticed.",
    find: licences,
};

const ALLOWED: &[&str] = &[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "CC0-1.0",
    "Unlicense",
    "0BSD",
    // Copyleft per file, and we change none of its files.
    "MPL-2.0",
    "MPL-2.0+",
];

fn licences(workspace: &Workspace) -> Vec<Finding> {
    let packages = workspace.metadata["packages"].as_array().into_iter().flatten();
    packages.filter(|package| !is_allowed(package)).map(|package| finding(workspace, package)).collect()
}

fn is_allowed(package: &Value) -> bool {
    let Some(expression) = package["license"].as_str() else { return false };
    let words = words(expression);
    let mut left = words.as_slice();
    // An expression that cannot be read to its end is not allowed.
    any(&mut left) && left.is_empty()
}

fn finding(workspace: &Workspace, package: &Value) -> Finding {
    let name = package["name"].as_str().unwrap_or_default();
    let lock = workspace.files.iter().find(|file| file.path == "Cargo.lock");
    let quoted = format!("name = \"{name}\"");
    let line = lock.and_then(|lock| lock.text.lines().position(|line| line == quoted)).map_or(1, |index| index + 1);
    let licence = package["license"].as_str().unwrap_or("no licence expression");
    let what_to_do = format!("do without `{name}` ({licence}), or argue its licence into xtask/src/tidy/licences.rs");
    Finding { path: "Cargo.lock".to_owned(), line, what_to_do }
}

/// `MIT/Apache-2.0` is an old way to write OR.
fn words(expression: &str) -> Vec<String> {
    let spaced = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    spaced.split_whitespace().map(str::to_owned).collect()
}

/// `all OR all OR ...`: one allowed licence is enough.
fn any(left: &mut &[String]) -> bool {
    let mut allowed = all(left);
    while take(left, "OR") {
        allowed |= all(left);
    }
    allowed
}

/// `one AND one AND ...`: each must be allowed.
fn all(left: &mut &[String]) -> bool {
    let mut allowed = one(left);
    while take(left, "AND") {
        allowed &= one(left);
    }
    allowed
}

fn one(left: &mut &[String]) -> bool {
    if take(left, "(") {
        return any(left) & take(left, ")");
    }
    let Some((first, rest)) = left.split_first() else { return false };
    let mut licence = first.clone();
    *left = rest;
    if take(left, "WITH")
        && let Some((exception, rest)) = left.split_first()
    {
        licence = format!("{licence} WITH {exception}");
        *left = rest;
    }
    ALLOWED.contains(&licence.as_str())
}

fn take(left: &mut &[String], word: &str) -> bool {
    match left.split_first() {
        Some((first, rest)) if first == word => {
            *left = rest;
            true
        }
        _ => false,
    }
}

#[cfg(test)]
mod test {
    use super::{super::rule::test::workspace, *};
    use serde_json::json;

    #[test]
    fn expressions_are_weighed() {
        for (licence, allowed) in [
            ("MIT", true),
            ("MIT/Apache-2.0", true),
            ("GPL-3.0 OR MIT", true),
            ("GPL-3.0", false),
            ("MIT AND GPL-3.0", false),
            ("(Apache-2.0 OR GPL-2.0) AND BSD-3-Clause", true),
            ("Apache-2.0 WITH LLVM-exception OR Apache-2.0 OR MIT", true),
            ("GPL-2.0 WITH Classpath-exception", false),
            ("LGPL-2.1", false),
        ] {
            assert_eq!(is_allowed(&json!({"license": licence})), allowed, "{licence}");
        }
    }

    #[test]
    fn a_dependency_without_a_licence_is_found_in_the_lock_file() {
        let mut workspace = workspace(&[("Cargo.lock", "[[package]]\nname = \"odd\"\n")]);
        workspace.metadata = json!({"packages": [{"name": "odd", "license": null}]});
        assert!((LICENCES.find)(&workspace)[0].to_string().starts_with("Cargo.lock:2: do without `odd`"));
    }
}

//! Names that say nothing about the domain.

use super::{
    rule::{Finding, Rule, Workspace},
    source::words,
};

pub(crate) const MODULES: Rule = Rule {
    name: "module-names",
    why: "A drawer named `utils` takes anything and gives nothing back: name the file after the noun it is about.",
    find: modules,
};

pub(crate) const FUNCTIONS: Rule = Rule {
    name: "function-names",
    why: "A verb of the domain names what happens (`instance.disassociate`); `handle`, `process` and `do` name nothing.",
    find: functions,
};

const EMPTY_NOUNS: &[&str] =
    &["util", "utils", "helper", "helpers", "common", "manager", "managers", "service", "services", "misc"];
const EMPTY_VERBS: &[&str] = &["handle_", "process_", "do_"];

fn modules(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in workspace.files.iter().filter(|file| file.is_rust() || file.path.ends_with(".py")) {
        let mut parts = file.path.split(['/', '.']);
        if let Some(noun) = parts.find(|part| EMPTY_NOUNS.contains(part)) {
            findings.push(Finding::at(file, 1, advice(noun)));
        }
        for (line, text) in file.code_lines() {
            let after_mod = words(text).map(|(_, word)| word).skip_while(|word| *word != "mod").nth(1);
            let inline = after_mod.filter(|noun| EMPTY_NOUNS.contains(noun));
            findings.extend(inline.map(|noun| Finding::at(file, line, advice(noun))));
        }
    }
    findings
}

fn advice(noun: &str) -> String {
    format!("`{noun}` says nothing: name it after what it holds")
}

fn functions(workspace: &Workspace) -> Vec<Finding> {
    let rust = workspace.files.iter().filter(|file| file.is_rust());
    rust.flat_map(|file| file.functions().into_iter().map(move |function| (file, function)))
        .filter(|(_, function)| EMPTY_VERBS.iter().any(|verb| function.name.starts_with(verb)))
        .map(|(file, function)| {
            Finding::at(file, function.line, format!("name `{}` by a verb of the domain", function.name))
        })
        .collect()
}

#[cfg(test)]
mod test {
    use super::{super::rule::test::found, *};

    #[test]
    fn empty_nouns_are_found_as_files_folders_and_modules() {
        assert_eq!(found(&MODULES, "crates/state/src/utils.rs", "//! a\n").len(), 1);
        assert_eq!(found(&MODULES, "crates/state/src/common/x.rs", "//! a\n").len(), 1);
        assert_eq!(found(&MODULES, "crates/state/src/x.rs", "pub mod helpers {}\n").len(), 1);
        assert_eq!(found(&MODULES, "crates/state/src/x.rs", "mod writer;\nlet common = 1;\n"), [""; 0]);
    }

    #[test]
    fn empty_verbs_are_found() {
        for name in ["handle_request", "process_batch", "do_it"] {
            assert_eq!(found(&FUNCTIONS, "a.rs", &format!("fn {name}() {{}}\n")).len(), 1, "{name}");
        }
        assert_eq!(found(&FUNCTIONS, "a.rs", "fn handle() {}\nfn port_opens() {}\n"), [""; 0]);
    }
}

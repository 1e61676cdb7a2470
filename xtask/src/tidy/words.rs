//! What a text must begin with, and what no text may contain.

use super::rule::{Finding, Rule, Workspace};

pub(crate) const FIRST_SENTENCE: Rule = Rule {
    name: "first-sentence",
    why: "The reader who arrives tomorrow learns from the first sentence whether this is the file to read.",
    find: first_sentence,
};

pub(crate) const LEFTOVERS: Rule = Rule {
    name: "leftovers",
    why: "A marker in the code is a promise nobody keeps, and an ignored test is one that cannot fail: finish it, delete it, \
          or file an issue.",
    find: leftovers,
};

pub(crate) const UNRUN_EXAMPLES: Rule = Rule {
    name: "unrun-examples",
    why: "The crates' examples in comments are not run (`doctest = false`): what looks like one must not be code.",
    find: unrun_examples,
};

pub(crate) const MACHINE_PATHS: Rule =
    Rule { name: "machine-paths", why: "A path of the author's machine works on no other.", find: machine_paths };

pub(crate) const REGISTRIES: Rule = Rule {
    name: "registries",
    why: "Whoever mirrors the package registries would have to patch the host: packages go by their names alone.",
    find: registries,
};

fn first_sentence(workspace: &Workspace) -> Vec<Finding> {
    let silent = workspace.files.iter().filter(|file| match file.path.rsplit('.').next() {
        Some("rs") => !file.text.starts_with("//! "),
        Some("py") => !file.text.starts_with("\"\"\"") && !file.text.starts_with("#!"),
        _ => false,
    });
    silent.map(|file| Finding::at(file, 1, "say in the first line what this file is for, in one breath")).collect()
}

fn leftovers(workspace: &Workspace) -> Vec<Finding> {
    // Built from halves, so that this file does not match itself.
    let markers = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];
    let mut findings = Vec::new();
    for file in workspace.files.iter().filter(|file| file.path != "LICENSE" && !file.path.ends_with(".json")) {
        for (line, text) in numbered(&file.comments) {
            let marks = markers.iter().filter(|marker| has_word(text, marker));
            findings
                .extend(marks.map(|marker| Finding::at(file, line, format!("do it now or file an issue: `{marker}`"))));
        }
        // Unfinished macros are clippy's.
        let ignored = file.code_lines().filter(|(_, text)| text.contains("#[ignore"));
        findings.extend(ignored.map(|(line, _)| Finding::at(file, line, "take `#[ignore` out")));
    }
    findings
}

fn unrun_examples(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in workspace.files.iter().filter(|file| file.is_rust()) {
        let fences = numbered(&file.comments).filter_map(|(line, text)| Some((line, text.split_once("```")?.1)));
        let opening = fences.step_by(2).filter(|(_, words)| !words.starts_with("text"));
        findings.extend(opening.map(|(line, _)| Finding::at(file, line, "make it a test, or mark it `text`")));
    }
    findings
}

fn machine_paths(workspace: &Workspace) -> Vec<Finding> {
    let roots = [concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/wo", "rk/"), concat!("/Us", "ers/")];
    // Paths inside a guest are not ours: the homes of its login users.
    let guests = [concat!("/ro", "ot/.ssh"), concat!("/ho", "me/ubuntu")];
    let drivers = "crates/hypervisor-";
    let mut findings = each_line(workspace, |text| {
        let text = guests.iter().fold(text.to_owned(), |text, guest| text.replace(guest, ""));
        let root = roots.into_iter().find(|root| begins_a_path(&text, root))?;
        Some(format!("derive the path instead of writing `{root}...`"))
    });
    findings.retain(|finding| !finding.path.starts_with(drivers));
    findings
}

/// Whether no character before it makes it the middle of a longer path or of an address.
fn begins_a_path(text: &str, root: &str) -> bool {
    text.match_indices(root).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || "._-/~}".contains(c))
    })
}

fn registries(workspace: &Workspace) -> Vec<Finding> {
    let hosts = [
        concat!("crates", ".io"),
        concat!("pypi", ".org"),
        concat!("python", "hosted.org"),
        concat!("registry.npm", "js.org"),
        concat!("deb.deb", "ian.org"),
        concat!("proxy.go", "lang.org"),
    ];
    each_line(workspace, |text| {
        let host = hosts.into_iter().find(|host| text.contains(host))?;
        Some(format!("name the package, not `{host}`"))
    })
}

fn each_line(workspace: &Workspace, what_to_do: impl Fn(&str) -> Option<String>) -> Vec<Finding> {
    // Cargo writes its registry's path into the lock file.
    let files = workspace.files.iter().filter(|file| file.path != "Cargo.lock");
    files
        .flat_map(|file| numbered(&file.text).map(move |(line, text)| (file, line, text)))
        .filter_map(|(file, line, text)| what_to_do(text).map(|advice| Finding::at(file, line, advice)))
        .collect()
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').any(|found| found == word)
}

#[cfg(test)]
mod test {
    use super::{super::rule::test::found, *};

    #[test]
    fn a_silent_file_is_found() {
        assert_eq!(found(&FIRST_SENTENCE, "a.rs", "use std::fmt;\n").len(), 1);
        assert_eq!(found(&FIRST_SENTENCE, "a.py", "import os\n").len(), 1);
        assert_eq!(found(&FIRST_SENTENCE, "a.rs", "//! Why.\n"), [""; 0]);
    }

    #[test]
    fn leftovers_are_found_in_comments_and_code_but_not_in_strings() {
        assert_eq!(found(&LEFTOVERS, "a.rs", concat!("//! a\n// TO", "DO: later\n")).len(), 1);
        assert_eq!(found(&LEFTOVERS, "a.md", concat!("FIX", "ME\n")).len(), 1);
        for code in ["#[ignore]\nfn a() {}", "#[ignore = \"slow\"]"] {
            assert_eq!(found(&LEFTOVERS, "a.rs", &format!("{code}\n")).len(), 1, "{code}");
        }
        assert_eq!(found(&LEFTOVERS, "a.rs", "let a = \"#[ignore]\"; // mktemp abcXXXXX\n"), [""; 0]);
    }

    #[test]
    fn only_text_stands_between_fences_of_comments() {
        assert_eq!(
            found(&UNRUN_EXAMPLES, "a.rs", "//! ```text\n//! a -> b\n//! ```\n//!\n/// ```\n/// f();\n/// ```\n").len(),
            1
        );
        assert_eq!(found(&UNRUN_EXAMPLES, "a.rs", "//! ```ignore\n//! ```\n").len(), 1);
        assert_eq!(found(&UNRUN_EXAMPLES, "a.rs", "let a = \"```\";\n"), [""; 0]);
    }

    #[test]
    fn paths_of_a_machine_are_found_but_not_those_of_a_guest() {
        assert_eq!(found(&MACHINE_PATHS, "a.md", concat!("see /wo", "rk/x\n")).len(), 1);
        assert_eq!(found(&MACHINE_PATHS, "a.rs", concat!("let a = \"/ho", "me/me\";\n")).len(), 1);
        let guest = concat!("/ho", "me/ubuntu and /ro", "ot/.ssh/authorized_keys, target/wo", "rk/x\n");
        assert_eq!(found(&MACHINE_PATHS, "a.rs", guest), [""; 0]);
        assert_eq!(
            found(&MACHINE_PATHS, "crates/hypervisor-simulated/src/x.rs", concat!("\"/ho", "me/x\"\n")),
            [""; 0]
        );
    }

    #[test]
    fn hosts_of_registries_are_found() {
        assert_eq!(found(&REGISTRIES, "README.md", concat!("from https://pypi", ".org/\n")).len(), 1);
        assert_eq!(found(&REGISTRIES, "Cargo.lock", concat!("registry+x/crates", ".io-index\n")), [""; 0]);
    }
}

//! Decisions are numbered without gaps, and a decision that a text names exists.

use super::{
    rule::{Finding, Rule, Workspace},
    source::SourceFile,
};
use std::collections::BTreeMap;

pub(crate) const DECISIONS: Rule = Rule {
    name: "decisions",
    why: "A reader who looks a decision up by its number must find that one, and no second one.",
    find: decisions,
};

const FOLDER: &str = "docs/decisions/";

fn decisions(workspace: &Workspace) -> Vec<Finding> {
    let mut by_number = BTreeMap::<usize, &SourceFile>::new();
    let mut findings = Vec::new();
    for file in workspace.files.iter().filter(|file| file.path.starts_with(FOLDER)) {
        let name = &file.path[FOLDER.len()..];
        let Some(number) =
            name.split_once('-').filter(|(digits, _)| digits.len() == 4).and_then(|(n, _)| n.parse().ok())
        else {
            findings.push(Finding::at(file, 1, "name it `NNNN-title.md`"));
            continue;
        };
        if !file.text.starts_with(&format!("# {number}. ")) {
            findings.push(Finding::at(file, 1, format!("begin with `# {number}. ` and its title")));
        }
        if let Some(other) = by_number.insert(number, file) {
            findings.push(Finding::at(file, 1, format!("take the next free number: this is {}'s too", other.path)));
        }
    }
    for (wanted, (number, file)) in (1..).zip(&by_number) {
        if wanted != *number {
            findings.push(Finding::at(file, 1, format!("there is no decision {wanted}: leave no gap")));
            break;
        }
    }
    for file in workspace.files.iter().filter(|file| !file.path.ends_with(".json")) {
        for (line, text) in file.comments.lines().enumerate() {
            let unknown = named(text).filter(|number| !by_number.contains_key(number));
            findings
                .extend(unknown.map(|number| Finding::at(file, line + 1, format!("there is no decision {number}"))));
        }
    }
    findings
}

/// The numbers behind the word `decision`.
fn named(text: &str) -> impl Iterator<Item = usize> {
    let behind = text.split("ecision ").skip(1);
    behind.filter_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
}

#[cfg(test)]
mod test {
    use super::{super::rule::test::workspace, *};

    fn found(files: &[(&str, &str)]) -> Vec<String> {
        decisions(&workspace(files)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_number_taken_twice_left_out_or_untold_is_found() {
        let (one, two) = (("docs/decisions/0001-a.md", "# 1. A\n"), ("docs/decisions/0002-b.md", "# 2. B\n"));
        assert_eq!(found(&[one, two]), [""; 0]);
        assert_eq!(
            found(&[one, two, ("docs/decisions/0002-c.md", "# 2. C\n")]),
            ["docs/decisions/0002-c.md:1: take the next free number: this is docs/decisions/0002-b.md's too"]
        );
        assert_eq!(found(&[two]), ["docs/decisions/0002-b.md:1: there is no decision 1: leave no gap"]);
        assert_eq!(
            found(&[one, ("docs/decisions/0002-b.md", "# 3. B\n")]),
            ["docs/decisions/0002-b.md:1: begin with `# 2. ` and its title"]
        );
        assert_eq!(found(&[("docs/decisions/b.md", "# B\n")]), ["docs/decisions/b.md:1: name it `NNNN-title.md`"]);
    }

    #[test]
    fn a_decision_that_is_named_exists() {
        let one = ("docs/decisions/0001-a.md", "# 1. A\n");
        let code =
            "//! As decided (decision 1).\nconst A: &str = \"decision 7\";\n// Decision 2, or a decision of ours.\n";
        assert_eq!(found(&[one, ("a.rs", code)]), ["a.rs:3: there is no decision 2"]);
        assert_eq!(found(&[one, ("a.md", "\n(decision 12)\n")]), ["a.md:2: there is no decision 12"]);
    }
}

//! `cargo xtask tidy`: the rules of the house that neither rustc nor clippy knows. Every finding says what to do, every
//! rule says why it is there. A new rule is one function, one line in `RULES`, and a bad sample in its test.

mod edges;
mod examples;
mod licences;
mod names;
mod places;
mod sizes;
mod source;
mod translations;
mod words;

use crate::{ground, shell, tally::Tally};
use source::SourceFile;
use std::{fmt, fs, process::Command};

/// Everything a rule may look at.
pub(crate) struct House {
    /// What git tracks or would track, in git's order; binary files are left out.
    pub files: Vec<SourceFile>,
    /// The answer of `cargo metadata`, dependencies included.
    pub metadata: serde_json::Value,
}

pub(crate) struct Rule {
    pub name: &'static str,
    /// One sentence that convinces somebody who wants to break the rule.
    pub why: &'static str,
    pub find: fn(&House) -> Vec<Finding>,
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    pub path: String,
    /// From 1.
    pub line: usize,
    pub what_to_do: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what_to_do)
    }
}

const RULES: &[Rule] = &[
    edges::EDGES,
    edges::PACKAGE_NAMES,
    licences::LICENCES,
    sizes::FILES,
    sizes::FUNCTIONS,
    sizes::PIPELINE,
    words::FIRST_SENTENCE,
    words::LEFTOVERS,
    words::UNRUN_EXAMPLES,
    words::MACHINE_PATHS,
    words::REGISTRIES,
    names::MODULES,
    names::FUNCTIONS,
    places::HOMES,
    places::SLEEPS,
    places::FACTS,
    examples::EXAMPLES,
    examples::PAGE,
    translations::TRANSLATIONS,
];

pub fn run() -> Tally {
    let house = match read_house() {
        Ok(house) => house,
        Err(why) => return Tally::failed(format!("tidy: {why}")),
    };
    let mut tally = Tally::default();
    for rule in RULES {
        let findings = (rule.find)(&house);
        if findings.is_empty() {
            tally.passed += 1;
            continue;
        }
        for finding in &findings {
            println!("{}:{}: {}: {}", finding.path, finding.line, rule.name, finding.what_to_do);
        }
        println!("  why: {}", rule.why);
        tally.failed.push(format!("tidy {}: {} findings", rule.name, findings.len()));
    }
    tally
}

fn read_house() -> Result<House, String> {
    let mut git = Command::new("git");
    git.args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"]).current_dir(ground::root());
    let list = shell::read(git)?;
    let metadata = shell::read(shell::cargo(&["metadata", "--format-version", "1", "--quiet"]))?;
    let files = list.split('\0').filter(|path| !path.is_empty()).filter_map(|path| {
        // Deleted but not yet committed, or not text: no rule looks at it.
        let text = fs::read_to_string(ground::root().join(path)).ok()?;
        Some(SourceFile::new(path, &text))
    });
    Ok(House { files: files.collect(), metadata: serde_json::from_str(&metadata).map_err(|error| error.to_string())? })
}

#[cfg(test)]
pub(crate) mod test {
    use super::*;

    /// A house of these files and nothing else.
    pub(crate) fn house(files: &[(&str, &str)]) -> House {
        let files = files.iter().map(|(path, text)| SourceFile::new(path, text)).collect();
        House { files, metadata: serde_json::Value::Null }
    }

    /// What a rule finds in one file, as `line: what to do`.
    pub(crate) fn found(rule: &Rule, path: &str, text: &str) -> Vec<String> {
        (rule.find)(&house(&[(path, text)])).iter().map(|f| format!("{}: {}", f.line, f.what_to_do)).collect()
    }

    #[test]
    fn rules_have_names_of_their_own_and_reasons() {
        for (index, rule) in RULES.iter().enumerate() {
            assert!(RULES[..index].iter().all(|earlier| earlier.name != rule.name), "{} stands twice", rule.name);
            assert!(rule.why.ends_with('.'), "{}: a reason is a sentence", rule.name);
        }
    }
}

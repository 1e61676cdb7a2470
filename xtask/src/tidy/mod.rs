//! `cargo xtask tidy`: the rules of the project that neither rustc nor clippy knows. Every finding says what to do, every
//! rule says why it is there. A new rule is one function, one line in `RULES`, and a bad sample in its test.

mod circles;
mod decisions;
mod edges;
mod examples;
mod imports;
mod licences;
mod names;
mod places;
mod products;
mod rule;
mod sizes;
mod source;
mod translations;
mod words;

use crate::tally::Tally;
use rule::{Rule, Workspace};

const RULES: &[Rule] = &[
    circles::CIRCLES,
    decisions::DECISIONS,
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
    products::PRODUCTS,
    examples::EXAMPLES,
    examples::PAGE,
    translations::TRANSLATIONS,
];

pub fn run() -> Tally {
    let workspace = match Workspace::read() {
        Ok(workspace) => workspace,
        Err(why) => return Tally::failed(format!("tidy: {why}")),
    };
    let mut tally = Tally::default();
    for rule in RULES {
        let findings = (rule.find)(&workspace);
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

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn rules_have_names_of_their_own_and_reasons() {
        for (index, rule) in RULES.iter().enumerate() {
            assert!(RULES[..index].iter().all(|earlier| earlier.name != rule.name), "{} stands twice", rule.name);
            assert!(rule.why.ends_with('.'), "{}: a reason is a sentence", rule.name);
        }
    }
}

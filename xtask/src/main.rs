//! The project's own commands, the same words on a laptop and in CI: `cargo xtask` names them.

mod bare;
mod bench;
mod check;
mod ci;
mod clients;
mod demo;
mod docs;
mod ground;
mod packages;
mod program;
mod rust_tests;
mod setup;
mod shell;
mod tally;
mod tidy;

use program::Build;
use std::process::ExitCode;
use tally::Tally;

const HELP: &str = "\
cargo xtask check            fmt, clippy, tidy and docs: before every commit
cargo xtask fmt              formats every Rust file
cargo xtask docs             writes what is generated under docs/ and the record of all replies
cargo xtask facts            writes the facts files under crates/actions/facts/ out of the vendor's own description
cargo xtask tidy             the rules that clippy cannot know, each with its reason
cargo xtask test [NAME] [ARGS]
                             every Rust test, optimised; with a NAME, the tests of that name in any layer; ARGS go to cargo test
cargo xtask clients [FOLDER...] [ARGS]
                             the real clients under clients/, each against a fresh cvmd (CVMD_BINARY: a given one); ARGS go
                             to pytest: -k NAME runs one check
cargo xtask demo             cvmd demo
cargo xtask bench [ARGS]     the table of numbers that count, which fails below a floor; --only ROW,...: some of it;
                             --against BINARY: beside an older cvmd, in the same rounds
cargo xtask dist             cvmd as it is shipped, as target/dist/cvmd; the bench runs that one
cargo xtask setup            what the lanes need: system packages when we are root, Python and Node packages under target/
cargo xtask ci [LANE...]     setup, check, test, clients, demo: all of them, or the lanes named; only when named: shipped,
                             which runs on what `dist` builds all that starts a cvmd, and bare,
                             which runs both commands of README in a Debian with Python, git and a C compiler alone";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let tally = match args.split_first() {
        None => return help(),
        Some((word, [])) if ["help", "--help", "-h"].contains(&word.as_str()) => return help(),
        Some((word, rest)) => run(word, rest),
    };
    tally.print();
    if tally.is_green() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn help() -> ExitCode {
    println!("{HELP}");
    ExitCode::SUCCESS
}

fn run(word: &str, rest: &[String]) -> Tally {
    let alone = |run: fn() -> Tally| match rest.first() {
        None => run(),
        Some(surplus) => Tally::failed(format!("{word} takes no {surplus}: {}", usage(word))),
    };
    match word {
        "check" => alone(check::run),
        "tidy" => alone(tidy::run),
        "test" => rust_tests::run(rest),
        "clients" => clients::run(rest, Build::Quick),
        "demo" => alone(|| demo::run(Build::Quick)),
        "docs" => alone(docs::run),
        "facts" => alone(docs::write_facts),
        "fmt" => alone(check::write_format),
        "bench" => bench::run(rest),
        "dist" => alone(dist),
        "setup" => alone(setup::run),
        "ci" => ci::run(rest),
        "help" | "--help" | "-h" => alone(Tally::default),
        other => Tally::failed(format!("{other}: no such command; `cargo xtask` names them")),
    }
}

fn dist() -> Tally {
    Tally::of(program::build(Build::Shipped).map(|program| println!("{}", program.display())))
}

/// A word's lines of the help.
fn usage(word: &str) -> &'static str {
    let line = HELP.lines().find(|line| line.split(' ').nth(2) == Some(word));
    line.unwrap_or("`cargo xtask` names all words")
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_surplus_word_is_refused_with_the_usage() {
        // Not those that work on the whole checkout when they are not refused: one is enough to see it.
        for word in ["fmt", "help"] {
            let tally = run(word, &["bogus".to_owned()]);
            assert!(
                matches!(&tally.failed[..], [why] if why.starts_with(&format!("{word} takes no bogus: "))),
                "{tally:?}"
            );
        }
        assert!(usage("fmt").starts_with("cargo xtask fmt "));
    }
}

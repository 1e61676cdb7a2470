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

use std::process::ExitCode;
use tally::Tally;

const HELP: &str = "\
cargo xtask check            fmt, clippy, tidy and docs: before every commit
cargo xtask fmt              formats every Rust file
cargo xtask docs             writes what is generated under docs/ and the record of all replies
cargo xtask facts            writes the facts files under crates/actions/facts/ out of the vendor's own description
cargo xtask tidy             the rules that clippy cannot know, each with its reason
cargo xtask test [NAME]      every Rust test, optimised (ARGS go to cargo test); with a NAME, the tests of that name in any layer
cargo xtask clients [FOLDER...] [ARGS]
                             the real clients under clients/, each against a fresh cvmd (CVMD_BINARY: a given one); ARGS go
                             to pytest: -k NAME runs one check
cargo xtask demo             cvmd demo
cargo xtask bench [ARGS]     the table of numbers that count; --against BINARY: beside an older cvmd, in the same rounds
cargo xtask setup            what the lanes need: system packages when we are root, Python and Node packages under target/
cargo xtask ci [LANE...]     setup, check, test, clients, demo: all of them, or the lanes named; only when named: bare,
                             which runs both commands of README in a Debian with Python, git and a C compiler alone";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some((word, rest)) = args.split_first() else {
        println!("{HELP}");
        return ExitCode::SUCCESS;
    };
    let tally = match word.as_str() {
        "check" => check::run(),
        "tidy" => tidy::run(),
        "test" => rust_tests::run(rest),
        "clients" => clients::run(rest),
        "demo" => demo::run(),
        "docs" => docs::run(),
        "facts" => docs::write_facts(),
        "fmt" => check::write_format(),
        "bench" => bench::run(rest),
        "setup" => setup::run(),
        "ci" => ci::run(rest),
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            return ExitCode::SUCCESS;
        }
        other => Tally::failed(format!("{other}: no such command; `cargo xtask` names them")),
    };
    tally.print();
    if tally.is_green() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

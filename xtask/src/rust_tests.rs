//! `cargo xtask test`: every Rust test in the one profile, counted; with a name, the tests of that name in any layer.

use crate::{clients, program::Build, shell, tally::Tally};
use std::{path::Path, process::Command};

/// A first word that is no option is a name: the clients' checks with that name run as well.
pub fn run(args: &[String]) -> Tally {
    let mut words = vec!["test", "--release", "--workspace", "--no-fail-fast"];
    words.extend(args.iter().map(String::as_str));
    let mut tally = counted(shell::cargo(&words));
    let name = args.first().filter(|word| !word.starts_with('-'));
    let folders = name.map(|name| clients::with_a_check_named(name)).unwrap_or_default();
    if let Some(name) = name.filter(|_| !folders.is_empty() && tally.is_green()) {
        tally.add(clients::run(&[folders, vec!["-k".to_owned(), name.clone()]].concat(), Build::Quick));
    }
    if tally == Tally::default() {
        tally
            .failed
            .push(name.map_or("test: no test ran".to_owned(), |name| format!("test: no test is called {name}")));
    }
    tally
}

/// The tests that start a cvmd, with this one.
pub fn of_program(program: &Path) -> Tally {
    let mut tests = shell::cargo(&["test", "--release", "--package", "cvmd-server", "--test", "it", "--no-fail-fast"]);
    tests.env("CVMD_BINARY", program);
    counted(tests)
}

fn counted(mut command: Command) -> Tally {
    let mut tally = Tally::default();
    if std::env::var_os("RUST_TEST_THREADS").is_none() {
        command.env("RUST_TEST_THREADS", threads().to_string());
    }
    let outcome = shell::watch(&mut command, |line| read_line(line, &mut tally));
    if let Err(why) = outcome
        && tally.failed.is_empty()
    {
        // It did not compile, or a test binary died without a result.
        tally.failed.push(why);
    }
    tally
}

/// Twice the number of processors: long tests wait for machines to boot and for servers to start.
fn threads() -> usize {
    2 * std::thread::available_parallelism().map_or(1, usize::from)
}

/// `test a::b ... FAILED` names a failure, `test result: ok. 5 passed; 0 failed; 1 ignored; ...` counts.
fn read_line(line: &str, tally: &mut Tally) {
    if let Some(name) = line.strip_prefix("test ").and_then(|rest| rest.strip_suffix(" ... FAILED")) {
        tally.failed.push(name.to_owned());
    }
    if let Some(name) = line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... ignored")) {
        tally.skipped.push(format!("{}: marked as ignored, which tidy forbids", name.0));
    }
    if let Some(counts) = line.strip_prefix("test result: ") {
        tally.passed += number_before(counts, " passed");
    }
}

fn number_before(text: &str, word: &str) -> usize {
    let digits = text.split(word).next().unwrap_or_default();
    digits.rsplit(|c: char| !c.is_ascii_digit()).next().and_then(|number| number.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn results_of_several_binaries_add_up_and_failures_are_named() {
        let mut tally = Tally::default();
        for line in [
            "test id::test::short_ids_are_refused ... ok",
            "test law::test::windows_first ... FAILED",
            "test src/lib.rs - (line 7) ... ignored",
            "test result: FAILED. 12 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
            "test result: ok. 30 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s",
        ] {
            read_line(line, &mut tally);
        }
        assert_eq!(tally.passed, 42);
        assert_eq!(tally.failed, ["law::test::windows_first"]);
        assert_eq!(tally.skipped, ["src/lib.rs - (line 7): marked as ignored, which tidy forbids"]);
    }
}

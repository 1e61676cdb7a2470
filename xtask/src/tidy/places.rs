//! Calls that only named files may make: the clock, the environment, randomness, spawning, waiting.

use super::rule::{Finding, Rule, Workspace};

pub(crate) const HOMES: Rule = Rule {
    name: "homes",
    why: "Time, chance and the outside world are replaceable only where they come in at one place; otherwise no test can turn \
          the clock and no world replays from its seed.",
    find: homes,
};

pub(crate) const SLEEPS: Rule = Rule {
    name: "sleeping-tests",
    why: "A sleep is too short on a busy machine and too long on an idle one: use the virtual clock, or wait for a condition \
          with a limit.",
    find: sleeps,
};

pub(crate) const FACTS: Rule = Rule {
    name: "facts",
    why: "The parameters of every action are tested against the vendor's own list, which must be in the repository.",
    find: facts,
};

struct Home {
    what: &'static str,
    /// Prefixes of paths.
    homes: &'static [&'static str],
    /// Whether tests and examples may do it anywhere.
    free_in_tests: bool,
    instead: &'static str,
}

const HOMES_OF: &[Home] = &[
    Home {
        what: "SystemTime::now",
        homes: &["crates/clock/", "benches/"],
        free_in_tests: false,
        instead: "take the time from the Clock or the Context",
    },
    Home {
        what: "Instant::now",
        // Besides the clock, code that only measures a duration, for the metrics or to separate long work from short.
        homes: &[
            "crates/clock/",
            "crates/hypervisor-simulated/src/store.rs",
            "crates/hypervisor-simulated/examples/",
            "crates/state/src/persist.rs",
            "crates/state/src/writer.rs",
            "crates/server/src/http/",
            "crates/server/src/repeats.rs",
            "crates/server/src/waiting.rs",
            "crates/server/src/work.rs",
            "crates/server/tests/",
            "crates/testkit/src/waiting.rs",
            "xtask/",
            "benches/",
        ],
        free_in_tests: false,
        instead: "take the time from the Clock or the Context",
    },
    Home {
        what: "thread::sleep",
        // Commands wait for other processes.
        homes: &["crates/server/src/waiting.rs", "crates/testkit/src/waiting.rs"],
        free_in_tests: false,
        instead: "wait for a condition with a limit, or on the Clock",
    },
    Home {
        what: "env::var",
        // Two tests are asked by it to write pages.
        homes: &["crates/server/src/cli/", "xtask/", "crates/actions/src/testing/", "crates/server/src/config/page.rs"],
        free_in_tests: true,
        instead: "add a setting to the configuration",
    },
    Home {
        what: "Uuid::new_v4",
        // A simulated machine draws its own host keys and boot ids: they are not part of the state.
        homes: &["crates/hypervisor-simulated/src/machines.rs"],
        free_in_tests: true,
        instead: "take ids and randomness from the Context",
    },
    Home {
        what: "getrandom::",
        homes: &["crates/server/src/random.rs", "crates/server/src/master_key.rs"],
        free_in_tests: true,
        instead: "take ids and randomness from the Context",
    },
    Home {
        what: "tokio::spawn",
        homes: &[
            "crates/hypervisor/src/contract.rs",
            "crates/hypervisor/src/listener.rs",
            "crates/hypervisor-simulated/src/driver.rs",
            "crates/hypervisor-simulated/src/listeners.rs",
            "crates/hypervisor-simulated/src/machines.rs",
            "crates/operations/src/engine.rs",
            "crates/operations/src/tasks.rs",
            "crates/server/src/",
        ],
        free_in_tests: true,
        instead: "let the engine, the driver or the server own the task, so that stopping ends it",
    },
];

/// The files in which tests wait for a condition, with a time limit.
const WAITING: &[&str] = &["crates/testkit/src/waiting.rs", "clients/support/waiting.py"];

const FACTS_PATH: &str = "crates/actions/facts/cvm.json";

fn homes(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in &workspace.files {
        let outside = HOMES_OF.iter().filter(|home| !home.homes.iter().any(|path| file.path.starts_with(path)));
        for home in outside {
            let is_free = |line| home.free_in_tests && (file.is_test_line(line) || file.path.contains("/examples/"));
            let strays = file.code_lines().filter(|(line, text)| text.contains(home.what) && !is_free(*line));
            findings
                .extend(strays.map(|(line, _)| Finding::at(file, line, format!("`{}`: {}", home.what, home.instead))));
        }
    }
    findings.extend(stale(workspace));
    findings
}

/// Files of the lists that no longer make such a call.
fn stale(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for Home { what, homes, .. } in HOMES_OF {
        for path in *homes {
            let mut inside = workspace.files.iter().filter(|file| file.path.starts_with(path)).peekable();
            if inside.peek().is_some() && !inside.any(|file| file.code_lines().any(|(_, text)| text.contains(what))) {
                let what_to_do = format!("take `{path}` off the homes of `{what}`: there is none in it");
                findings.push(Finding { path: (*path).to_owned(), line: 1, what_to_do });
            }
        }
    }
    findings
}

fn sleeps(workspace: &Workspace) -> Vec<Finding> {
    let mut findings = Vec::new();
    for file in workspace.files.iter().filter(|file| !WAITING.iter().any(|home| file.path.starts_with(home))) {
        let advice = "wait for the condition itself, with a limit";
        let rust = file.code_lines().filter(|(line, _)| file.is_test_line(*line));
        let sleeping = rust.filter(|(_, text)| {
            ["thread::sleep", "time::sleep", "park_timeout"].iter().any(|call| text.contains(call))
        });
        findings.extend(sleeping.map(|(line, _)| Finding::at(file, line, advice)));
        if file.path.ends_with(".py") {
            let lines = file.text.lines().enumerate().filter(|(_, text)| text.contains("time.sleep"));
            findings.extend(lines.map(|(index, _)| Finding::at(file, index + 1, advice)));
        }
    }
    findings
}

fn facts(workspace: &Workspace) -> Vec<Finding> {
    if workspace.files.iter().any(|file| file.path == FACTS_PATH && file.text.starts_with('{')) {
        return Vec::new();
    }
    vec![Finding { path: FACTS_PATH.to_owned(), line: 1, what_to_do: "put the vendor's facts file back".to_owned() }]
}

#[cfg(test)]
mod test {
    use super::{super::rule::test::found, *};

    #[test]
    fn a_home_in_which_nothing_stands_is_no_home() {
        let clock = "crates/clock/src/lib.rs";
        let found = |text| found(&HOMES, clock, text);
        assert_eq!(found("fn now() { SystemTime::now(); Instant::now(); }\n"), [""; 0]);
        assert_eq!(found("fn now() { Instant::now(); }\n").len(), 1);
    }

    #[test]
    fn clocks_and_environment_are_found_outside_their_homes() {
        for call in ["std::thread::sleep(x)", "SystemTime::now()", "std::time::Instant::now()", "std::env::var(\"X\")"]
        {
            assert_eq!(found(&HOMES, "crates/actions/src/x.rs", &format!("let a = {call};\n")).len(), 1, "{call}");
        }
        assert_eq!(
            found(&HOMES, "crates/clock/src/lib.rs", "let a = SystemTime::now();\nlet b = Instant::now();\n"),
            [""; 0]
        );
        assert_eq!(found(&HOMES, "crates/actions/src/x.rs", "// not SystemTime::now\n"), [""; 0]);
    }

    #[test]
    fn chance_and_tasks_are_free_in_tests_alone() {
        for call in ["Uuid::new_v4()", "getrandom::fill(x)", "tokio::spawn(x)"] {
            let text = format!("let a = {call};\n");
            assert_eq!(found(&HOMES, "crates/actions/src/x.rs", &text).len(), 1, "{call}");
            assert_eq!(found(&HOMES, "crates/actions/tests/x.rs", &text), [""; 0], "{call}");
        }
    }

    #[test]
    fn a_sleeping_test_is_found() {
        let text = "#[cfg(test)]\nmod test {\n    tokio::time::sleep(x).await;\n}\n";
        assert_eq!(found(&SLEEPS, "crates/state/src/x.rs", text), ["3: wait for the condition itself, with a limit"]);
        assert_eq!(found(&SLEEPS, "crates/server/tests/it/x.rs", "std::thread::park_timeout(x);\n").len(), 1);
        assert_eq!(found(&SLEEPS, "clients/ssh/test_power.py", "time.sleep(1)\n").len(), 1);
        assert_eq!(found(&SLEEPS, "crates/state/src/x.rs", "tokio::time::sleep(x).await;\n"), [""; 0]);
    }

    #[test]
    fn missing_facts_are_found() {
        assert_eq!(found(&FACTS, "README.md", "").len(), 1);
        assert_eq!(found(&FACTS, FACTS_PATH, "{}\n"), [""; 0]);
    }
}

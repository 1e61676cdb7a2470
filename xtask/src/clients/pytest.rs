//! One folder's checks under pytest, and how each of them ended, as `clients/conftest.py` writes it down.

use super::server::{SECRET_ID, SECRET_KEY, Server};
use crate::{ground, tally::Tally};
use std::{
    fs,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// A client that hangs is killed by us, so that CI gets our message and not its own timeout.
const CLIENT_WITHIN: Duration = Duration::from_secs(600);
/// pytest's exit status when no check was selected.
const NOTHING_COLLECTED: i32 = 5;

/// What all folders' checks need to run.
pub struct Tools {
    pub python: PathBuf,
    pub binary: PathBuf,
}

/// The Python that has pytest beside the vendor's packages.
pub fn python() -> Result<PathBuf, String> {
    let python = ground::venv().join("bin/python");
    let has_pytest = Command::new(&python).args(["-c", "import pytest"]).stderr(Stdio::null()).status();
    if has_pytest.is_ok_and(|status| status.success()) {
        return Ok(python);
    }
    Err("no pytest here; `cargo xtask setup` brings it".to_owned())
}

/// Runs the folder's checks; `args` are pytest's own. An empty tally means that no check was selected.
pub fn run(
    name: &str,
    server: &Server,
    tools: &Tools,
    work: &Path,
    args: &[String],
    output: &mut Vec<String>,
) -> Tally {
    let (outcomes, files) = (work.join("outcomes"), work.join("tmp"));
    let child = fs::create_dir_all(&files).map_err(|error| error.to_string()).and_then(|()| {
        Command::new(&tools.python)
            .args(["-m", "pytest", "-rN", "--outcomes"])
            .arg(&outcomes)
            .arg(name)
            .args(args)
            .current_dir(ground::root().join("clients"))
            .env("CVMD_ENDPOINT", &server.endpoint)
            .env("CVMD_SECRET_ID", SECRET_ID)
            .env("CVMD_SECRET_KEY", SECRET_KEY)
            .env("CVMD_DATA", &server.data)
            .env("CVMD_BINARY", &tools.binary)
            .env("CVMD_NODE_MODULES", ground::node().join("node_modules"))
            .env("TMPDIR", files)
            // The vendor's packages are large: compiled once, outside the checkout.
            .env("PYTHONPYCACHEPREFIX", ground::target().join("clients-pycache"))
            .env_remove("PYTHONDONTWRITEBYTECODE")
            .env_remove("PYTEST_ADDOPTS")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("Python could not be started: {error}"))
    });
    match child.and_then(|child| to_its_end(child, output)) {
        Err(why) => Tally::failed(format!("{name}: {why}")),
        Ok(status) => judged(name, &fs::read_to_string(outcomes).unwrap_or_default(), status),
    }
}

/// Waits for pytest and collects its output.
fn to_its_end(mut child: Child, output: &mut Vec<String>) -> Result<ExitStatus, String> {
    let (lines, printed) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        thread::spawn(move || {
            BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|line| lines.send(line))
        });
    }
    let began = Instant::now();
    while let Ok(line) = printed.recv_timeout(CLIENT_WITHIN.saturating_sub(began.elapsed())) {
        output.push(line);
    }
    if began.elapsed() >= CLIENT_WITHIN {
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("ended after {} s", CLIENT_WITHIN.as_secs()));
    }
    child.wait().map_err(|error| format!("was lost: {error}"))
}

/// `collected COUNT`, `passed CHECK`, `failed CHECK: why`, `skipped CHECK: why`, a line each.
fn judged(folder: &str, outcomes: &str, status: ExitStatus) -> Tally {
    let mut tally = Tally::default();
    let mut collected = None;
    for line in outcomes.lines() {
        let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
        match word {
            "collected" => collected = rest.parse::<usize>().ok(),
            "passed" => tally.passed += 1,
            "failed" => tally.failed.push(rest.to_owned()),
            "skipped" => tally.skipped.push(rest.to_owned()),
            _ => tally.failed.push(format!("{folder}: wrote {line:?} among the outcomes")),
        }
    }
    let ended = tally.passed + tally.failed.len() + tally.skipped.len();
    if ended < collected.unwrap_or(0)
        || (!status.success() && status.code() != Some(NOTHING_COLLECTED) && tally.is_green())
    {
        let of = collected.map_or(String::new(), |count| format!(" of {count}"));
        tally.failed.push(format!("{folder}: pytest ended with {status} after {ended}{of} checks"));
    }
    tally
}

#[cfg(test)]
mod test {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    fn exit(code: i32) -> ExitStatus {
        ExitStatus::from_raw(code << 8)
    }

    #[test]
    fn each_outcome_counts_once() {
        let outcomes = "collected 3\npassed a::b\nfailed a::c: it entered\nskipped a::d: no tccli\n";
        let tally = judged("a", outcomes, exit(1));
        assert_eq!((tally.passed, tally.failed.as_slice()), (1, ["a::c: it entered".to_owned()].as_slice()));
        assert_eq!(tally.skipped, ["a::d: no tccli"]);
    }

    #[test]
    fn a_run_that_breaks_off_is_red_whatever_its_status() {
        for status in [exit(0), exit(3), ExitStatus::from_raw(9)] {
            let tally = judged("a", "collected 2\npassed a::b\n", status);
            assert_eq!(tally.failed.len(), 1, "{status}");
            assert!(tally.failed[0].contains("after 1 of 2 checks"), "{:?}", tally.failed);
        }
        assert!(!judged("a", "", exit(4)).is_green());
        assert!(!judged("a", "collected 1\npassed a::b\n", exit(2)).is_green());
    }

    #[test]
    fn a_run_without_a_check_is_an_empty_tally() {
        assert_eq!(judged("a", "collected 0\n", exit(5)), Tally::default());
    }
}

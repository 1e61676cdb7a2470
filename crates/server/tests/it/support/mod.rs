//! The fixtures of the program's tests: a real `cvmd` with a directory of its own, a small signing client, and OpenSSH.
//!
//! A server binds free ports, is stopped by SIGTERM or killed, and fails its test on any WARN, ERROR or panic in its
//! log that the test did not expect.

pub(crate) mod http;
pub(crate) mod machines;
pub(crate) mod refusals;
pub(crate) mod rows;
pub(crate) mod ssh;

use cvmd_clock::Clock;
use cvmd_testkit::{first_line, listening_address};
use http::Client;
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Output, Stdio},
    sync::{Arc, Mutex, Once, PoisonError},
    thread::JoinHandle,
    time::Duration,
};
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};

pub(crate) const SECRET_ID: &str = "AKIDofThisTest";
pub(crate) const SECRET_KEY: &str = "clearSecretKeyOfThisTest";
pub(crate) const GUEST_TAG: &str = "cvmd:guest";

/// The time limit of everything that should be quick. Generous: the computer may be busy with other tests.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// A test cannot keep other programs from taking a port between two starts; the server then logs that and takes the
/// next.
const TOLERATED: &[&str] = &["the machines' SSH port of the last start is taken"];

/// The program that is tested: this build's, or the one that the environment names, as in CI the one that is shipped.
pub(crate) fn program() -> PathBuf {
    std::env::var_os(PROGRAM).map_or_else(|| env!("CARGO_BIN_EXE_cvmd").into(), PathBuf::from)
}

const PROGRAM: &str = "CVMD_BINARY";

/// A script in which the program is `$0`.
pub(crate) fn script(shell: &str, script: &str) -> Command {
    let mut command = Command::new(shell);
    command.args(["-c", script]).arg(program()).env_remove(PROGRAM);
    command
}

/// If SIGHUP is ignored where the tests run, as under `nohup`, programs started by them would ignore it too. This
/// restores the default for them.
static HANGUP: Once = Once::new();

fn hear_hangup() {
    let about = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = about.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    if ignored.is_some_and(|mask| u64::from_str_radix(mask.trim(), 16).unwrap() & 1 == 1) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let _inside = runtime.enter();
        // Handled from now on, though nobody listens.
        drop(signal(SignalKind::hangup()).unwrap());
    }
}

/// A data directory and how a server is started on it. It outlives the server's processes.
#[derive(Debug)]
pub(crate) struct Home {
    directory: TempDir,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
    seed: Option<Value>,
    expected: Vec<String>,
}

impl Home {
    pub(crate) fn new() -> Home {
        let credential = [("CVMD_SECRET_ID", SECRET_ID), ("CVMD_SECRET_KEY", SECRET_KEY)];
        Home {
            directory: tempfile::tempdir().unwrap(),
            arguments: Vec::new(),
            environment: credential.map(|(name, value)| (name.into(), value.into())).to_vec(),
            seed: None,
            expected: Vec::new(),
        }
    }

    /// The first key pairs and instances, as in `--seed`.
    pub(crate) fn seed(mut self, seed: Value) -> Home {
        self.seed = Some(seed);
        self
    }

    pub(crate) fn flag(mut self, name: &str, value: &str) -> Home {
        self.arguments.extend([name.into(), value.into()]);
        self
    }

    pub(crate) fn environment(mut self, name: &str, value: &str) -> Home {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Expects a WARN or ERROR line that contains this text.
    pub(crate) fn expecting(mut self, text: &str) -> Home {
        self.expected.push(text.into());
        self
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// A file beside the data directory, for keys and the like.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// `cvmd` with only this home's environment.
    pub(crate) fn cvmd(&self, arguments: &[&str]) -> Command {
        HANGUP.call_once(hear_hangup);
        let mut command = Command::new(program());
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CVMD_")) {
            command.env_remove(name);
        }
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command.args(arguments).stdin(Stdio::null());
        command
    }

    /// A command that asks the running server; what it printed.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Output {
        let data = self.data();
        self.cvmd(arguments).arg("--data").arg(data).output().unwrap()
    }

    /// The output of a command for programs. It must succeed.
    pub(crate) fn ask_json(&self, arguments: &[&str]) -> Value {
        let output = self.ask(&[arguments, &["--output", "json"]].concat());
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Asserts that `cvmd state check` finds nothing wrong.
    #[track_caller]
    pub(crate) fn is_whole(&self) {
        let output = self.ask(&["state", "check"]);
        let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
    }

    pub(crate) fn serve(&self) -> Command {
        let mut command = self.cvmd(&["serve", "--listen", "127.0.0.1:0", "--ssh-ports", "0"]);
        command.arg("--data").arg(self.data()).args(&self.arguments);
        if let Some(seed) = &self.seed {
            let path = self.beside("seed.json");
            std::fs::write(&path, seed.to_string()).unwrap();
            command.arg("--seed").arg(path);
        }
        command
    }

    /// Runs a server that must fail to start; returns its stderr.
    pub(crate) fn refuses_to_serve(&self, command: &mut Command) -> String {
        self.refused_start(command).1
    }

    /// The same, with its exit status.
    pub(crate) fn refused_start(&self, command: &mut Command) -> (i32, String) {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let _ = cvmd_testkit::within(LIMIT, || child.try_wait().unwrap());
        // A server that runs on would hold the test program's output open.
        let goes_on = child.try_wait().unwrap().is_none() && child.kill().is_ok();
        let status = child.wait().unwrap();
        let mut text = String::new();
        child.stderr.take().unwrap().read_to_string(&mut text).unwrap();
        assert!(!goes_on, "the server does not give up: {text}");
        let code = status.code().filter(|code| *code != 0);
        assert!(!text.contains("panicked"), "{text}");
        (code.unwrap_or_else(|| panic!("{status}: {text}")), text)
    }

    /// Starts the server and waits until it answers.
    pub(crate) fn start(&self) -> Server {
        self.start_as(self.serve())
    }

    /// Starts the server by another command line.
    pub(crate) fn start_as(&self, mut serve: Command) -> Server {
        let mut child = serve.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Gathered::of(child.stderr.take().unwrap());
        let first = first_line(child.stdout.take().unwrap(), LIMIT);
        let address = first.as_ref().ok().and_then(|(line, _)| listening_address(line));
        let (Some(address), Ok((_, stdout))) = (address, first) else {
            let _ = child.kill();
            panic!("the server does not print where it listens; its log:\n{}", log.text());
        };
        let server = Server {
            client: Client { address, secret_id: SECRET_ID.into(), secret_key: SECRET_KEY.into(), host: None },
            child,
            log,
            printed: Gathered::of(stdout),
            expected: self.expected.clone(),
        };
        until("the server is healthy", || server.is_healthy());
        server
    }
}

/// A running server.
#[derive(Debug)]
pub(crate) struct Server {
    /// The first account's client.
    pub(crate) client: Client,
    child: Child,
    log: Gathered,
    printed: Gathered,
    expected: Vec<String>,
}

/// A server with a limit of open files.
pub(crate) fn with_descriptors(home: &Home, most: usize) -> Server {
    let serve = home.serve();
    let mut shell = Command::new("sh");
    shell
        .args(["-c", &format!("ulimit -n {most} && exec \"$0\" \"$@\"")])
        .arg(serve.get_program())
        .args(serve.get_args());
    for (name, value) in serve.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    home.start_as(shell)
}

impl Server {
    /// A number from the metrics, by the text before it.
    #[track_caller]
    pub(crate) fn metric(&self, name: &str) -> u64 {
        let text = String::from_utf8(self.client.get("/_cvmd/metrics").unwrap().body).unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {text}"));
        line.parse().unwrap()
    }

    pub(crate) fn is_healthy(&self) -> bool {
        self.client.get("/_cvmd/health").is_ok_and(|reply| reply.status == 200 && reply.body == b"ok\n")
    }

    /// Its resident memory in bytes.
    pub(crate) fn resident_bytes(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse::<usize>().unwrap() * 1024
    }

    /// Its output so far: stderr and, after the first line, stdout.
    pub(crate) fn output(&self) -> String {
        self.log.text() + &self.printed.text()
    }

    /// Sends a signal, `-HUP` for example.
    pub(crate) fn signal(&self, signal: &str) {
        assert!(Command::new("kill").args([signal, &self.child.id().to_string()]).status().unwrap().success());
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// As an operator stops it: SIGTERM, and it ends by itself with status 0.
    pub(crate) fn stop(mut self) -> String {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let mut ended: Option<ExitStatus> = None;
        until("the server stops", || {
            ended = self.child.try_wait().unwrap();
            ended.is_some()
        });
        assert!(ended.unwrap().success(), "{ended:?}:\n{}", self.log.text());
        self.end()
    }

    /// Ends it like a power cut, with SIGKILL. Returns the time in unix milliseconds.
    pub(crate) fn kill(mut self) -> u64 {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let killed_ms = Clock::System.now_ms();
        self.end();
        killed_ms
    }

    /// The whole log, after the process has ended.
    fn end(mut self) -> String {
        self.log.join();
        self.printed.join();
        let log = self.output();
        assert_eq!(self.complaints(), [""; 0], "in the server's log");
        log
    }

    fn complaints(&self) -> Vec<String> {
        let log = self.log.text();
        let complaint = |line: &&str| {
            let complains = [" WARN ", " ERROR ", "panicked at"].iter().any(|word| line.contains(word));
            let known = self.expected.iter().map(String::as_str).chain(TOLERATED.iter().copied());
            complains && !known.into_iter().any(|text| line.contains(text))
        };
        log.lines().filter(complaint).map(str::to_owned).collect()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(Some(_))) {
            return;
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        self.log.join();
        if std::thread::panicking() {
            let log = self.log.text();
            let tail = log.lines().rev().take(30).collect::<Vec<_>>().into_iter().rev().collect::<Vec<_>>().join("\n");
            eprintln!("the server's last words:\n{tail}");
        } else {
            assert_eq!(self.complaints(), [""; 0], "in the server's log");
        }
    }
}

/// The output of a pipe, read by a thread so that a full pipe blocks nobody.
#[derive(Debug)]
struct Gathered {
    text: Arc<Mutex<String>>,
    thread: Option<JoinHandle<()>>,
}

impl Gathered {
    fn of(pipe: impl Read + Send + 'static) -> Gathered {
        let text = Arc::new(Mutex::new(String::new()));
        let into = Arc::clone(&text);
        let thread = std::thread::spawn(move || {
            let mut pipe = BufReader::new(pipe);
            let mut line = Vec::new();
            while pipe.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
                into.lock().unwrap_or_else(PoisonError::into_inner).push_str(&String::from_utf8_lossy(&line));
                line.clear();
            }
        });
        Gathered { text, thread: Some(thread) }
    }

    fn text(&self) -> String {
        self.text.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn join(&mut self) {
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The output of a command that must succeed.
#[track_caller]
pub(crate) fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// The stderr of a command that must fail.
#[track_caller]
pub(crate) fn refused(output: &Output) -> String {
    assert!(!output.status.success(), "it succeeded: {output:?}");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(!stderr.is_empty() && !stderr.contains("panicked"), "{stderr}");
    stderr
}

/// Waits for a condition, with the usual limit.
#[track_caller]
pub(crate) fn until(what: &str, condition: impl FnMut() -> bool) {
    cvmd_testkit::until(LIMIT, what, condition);
}

/// Random numbers that are the same in every run.
#[derive(Debug)]
pub(crate) struct Chance(pub u64);

impl Chance {
    /// From `least` to `most`, both included.
    pub(crate) fn between(&mut self, least: u64, most: u64) -> u64 {
        // SplitMix64: https://prng.di.unimi.it/splitmix64.c
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut number = self.0;
        number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        least + (number ^ (number >> 31)) % (most - least + 1)
    }
}

/// Runs `act` on every item, some at the same time.
pub(crate) fn side_by_side<T: Sync>(items: &[T], act: impl Fn(&T) + Sync) {
    let chunk = items.len().div_ceil(6).max(1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = items.chunks(chunk).map(|chunk| scope.spawn(|| chunk.iter().for_each(&act))).collect();
        // The first failure is the test's, with its own message.
        for thread in threads {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    });
}

/// All files under a directory, with their contents.
pub(crate) fn files(directory: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.is_file() {
            found.push((path.clone(), std::fs::read(path).unwrap()));
        }
    }
    found
}

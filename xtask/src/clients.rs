//! `cargo xtask clients`: real clients against the real program. Every folder under `clients/` that has a `run.py` gets a
//! fresh `cvmd serve` on a directory of its own, and its checks count one by one; a server that warned fails the folder.

use crate::{ground, program, shell, tally::Tally};
use std::{
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    panic::resume_unwind,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::{
        atomic::{AtomicUsize, Ordering},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

const SECRET_ID: &str = "AKIDclientsofcvmd000000000000000001";
const SECRET_KEY: &str = "clientsofcvmd0000000000000000key";
const READY_WITHIN: Duration = Duration::from_secs(30);
/// A client that hangs is ended: CI must learn of it from us, not from its own clock.
const CLIENT_WITHIN: Duration = Duration::from_secs(600);
/// Folders that run side by side: clients mostly wait.
const AT_ONCE: usize = 4;
/// These take longest, and begin first, so that none is alone at the end.
const LONGEST: &[&str] = &["python-sdk", "custodian", "tccli", "ssh"];

/// No `names` means all folders.
pub fn run(names: &[String]) -> Tally {
    let folders = match folders(names) {
        Ok(folders) => folders,
        Err(why) => return Tally::failed(why),
    };
    if let Some(program) = ["python3", "ssh", "ssh-keygen"].into_iter().find(|program| !shell::is_there(program)) {
        return Tally::skipped(format!("all clients: no {program} here; `cargo xtask setup` as root installs it"));
    }
    let binary = match program::elsewhere() {
        Some(binary) => binary,
        None => match program::build() {
            Ok(binary) => binary,
            Err(why) => return Tally::failed(why),
        },
    };
    let mut whole = Tally::default();
    for tally in side_by_side(&folders, |folder| shown(folder, &binary)) {
        whole.add(tally);
    }
    whole
}

/// What `each` makes of every item, in their order, `AT_ONCE` at a time.
fn side_by_side<I: Sync, T: Send>(items: &[I], each: impl Fn(&I) -> T + Sync) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(place) else { return done };
            done.push((place, each(item)));
        }
    };
    let mut done: Vec<(usize, T)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    });
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

/// Runs a folder, then prints all that it said, so that the lines of two stand apart.
fn shown(folder: &Path, binary: &Path) -> Tally {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let began = Instant::now();
    let mut said = Vec::new();
    let tally = client(&name, folder, binary, &mut said);
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "-- {name}");
    for line in said {
        let _ = writeln!(out, "   {line}");
    }
    let _ = writeln!(out, "   {name}: {}, {} s", tally.closing_line(), began.elapsed().as_secs());
    tally
}

fn folders(names: &[String]) -> Result<Vec<PathBuf>, String> {
    let clients = ground::root().join("clients");
    let entries = fs::read_dir(&clients).map_err(|error| format!("{}: {error}", clients.display()))?;
    let mut found: Vec<PathBuf> =
        entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| path.join("run.py").is_file()).collect();
    found.sort_by_key(|path| (!LONGEST.iter().any(|name| path.ends_with(name)), path.clone()));
    if let Some(unknown) = LONGEST.iter().find(|name| !found.iter().any(|path| path.ends_with(name))) {
        return Err(format!("{unknown}: takes longest, it is said, and is no client under clients/"));
    }
    if let Some(unknown) = names.iter().find(|name| !found.iter().any(|path| path.ends_with(name))) {
        return Err(format!("{unknown}: no such client under clients/"));
    }
    found.retain(|path| names.is_empty() || names.iter().any(|name| path.ends_with(name)));
    Ok(found)
}

/// Server up, client run, server down, log read.
fn client(name: &str, folder: &Path, binary: &Path, said: &mut Vec<String>) -> Tally {
    let work = std::env::temp_dir().join(format!("cvmd-clients-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&work);
    let tally = match fs::create_dir_all(&work)
        .map_err(|error| error.to_string())
        .and_then(|()| Server::start(&work, binary))
    {
        Err(why) => Tally::failed(format!("{name}: {why}")),
        Ok(server) => {
            let mut tally = checks(name, folder, &server, binary, said);
            if let Err(why) = server.stop() {
                tally.failed.push(format!("{name}: {why}"));
            }
            let complaints = complaints(&work.join("server.log"), &folder.join("allowed-warnings.txt"));
            tally.failed.extend(complaints.into_iter().map(|line| format!("{name}: the server logged {line}")));
            tally
        }
    };
    if tally.is_green() {
        let _ = fs::remove_dir_all(&work);
    } else {
        said.push(format!("the server's directory and log are kept in {}", work.display()));
    }
    tally
}

/// A `cvmd serve` of ours. Dropped without `stop`, it is killed.
struct Server {
    child: Child,
    endpoint: String,
    data: PathBuf,
}

impl Server {
    /// Returns when health answers 200.
    fn start(work: &Path, binary: &Path) -> Result<Server, String> {
        let data = work.join("data");
        let log = fs::File::create(work.join("server.log")).map_err(|error| error.to_string())?;
        let mut serve = Command::new(binary);
        // The developer's own settings must not decide a test.
        for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("CVMD_")) {
            serve.env_remove(name);
        }
        let mut child = serve
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(&data)
            .env("CVMD_SECRET_ID", SECRET_ID)
            .env("CVMD_SECRET_KEY", SECRET_KEY)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .map_err(|error| format!("cvmd could not be started: {error}"))?;
        let stdout = child.stdout.take();
        let mut server = Server { child, endpoint: String::new(), data };
        server.endpoint = stdout.and_then(first_line).and_then(|line| listening(&line)).ok_or_else(|| {
            format!("cvmd did not print `listening on http://ADDR:PORT`; its log is in {}", work.display())
        })?;
        let ready = within(READY_WITHIN, || is_healthy(&server.endpoint).then_some(()));
        ready.map(|()| server).ok_or_else(|| "/_cvmd/health did not answer 200 in time".to_owned())
    }

    fn stop(mut self) -> Result<(), String> {
        let mut terminate = Command::new("sh");
        terminate.args(["-c", &format!("kill -TERM {}", self.child.id())]);
        shell::read(terminate)?;
        match within(READY_WITHIN, || self.child.try_wait().ok().flatten()) {
            Some(status) if status.success() => Ok(()),
            Some(status) => Err(format!("cvmd ended with {status} after SIGTERM")),
            None => Err("cvmd did not end after SIGTERM".to_owned()),
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn first_line(stdout: impl Read + Send + 'static) -> Option<String> {
    let (tell, told) = mpsc::channel();
    // The reader goes on to the end: a full pipe would stop the server.
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            let _ = tell.send(line);
        }
    });
    told.recv_timeout(READY_WITHIN).ok()
}

fn listening(line: &str) -> Option<String> {
    line.strip_prefix("listening on ").filter(|url| url.starts_with("http://")).map(str::to_owned)
}

fn is_healthy(endpoint: &str) -> bool {
    let address = endpoint.trim_start_matches("http://");
    let answer = || -> std::io::Result<String> {
        let mut stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET /_cvmd/health HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
        let mut head = [0; 16];
        stream.read_exact(&mut head)?;
        Ok(String::from_utf8_lossy(&head).into_owned())
    };
    answer().is_ok_and(|head| head.starts_with("HTTP/1.1 200"))
}

/// Asks every 20 ms until there is an answer or `limit` is over: another process gives us no event to wait on.
fn within<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if began.elapsed() > limit {
            return None;
        }
        thread::sleep(Duration::from_millis(20));
    }
}

fn checks(name: &str, folder: &Path, server: &Server, binary: &Path, said: &mut Vec<String>) -> Tally {
    let python = Some(ground::venv().join("bin/python")).filter(|path| path.exists());
    let child = Command::new(python.unwrap_or_else(|| "python3".into()))
        .args(["-B", "-u", "run.py"])
        .current_dir(folder)
        .env("CVMD_ENDPOINT", &server.endpoint)
        .env("CVMD_SECRET_ID", SECRET_ID)
        .env("CVMD_SECRET_KEY", SECRET_KEY)
        .env("CVMD_DATA", &server.data)
        .env("CVMD_BINARY", binary)
        .env("CVMD_NODE_MODULES", ground::node().join("node_modules"))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => return Tally::failed(format!("{name}: Python could not be started: {error}")),
    };
    let mut tally = Tally::default();
    let (tell, told) = mpsc::channel();
    if let Some(stdout) = child.stdout.take() {
        thread::spawn(move || {
            BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|line| tell.send(line))
        });
    }
    let began = Instant::now();
    while let Ok(line) = told.recv_timeout(CLIENT_WITHIN.saturating_sub(began.elapsed())) {
        read_line(name, &line, &mut tally);
        said.push(line);
    }
    if began.elapsed() >= CLIENT_WITHIN {
        let _ = child.kill();
        tally.failed.push(format!("{name}: ended after {} s", CLIENT_WITHIN.as_secs()));
    }
    match child.wait() {
        Ok(status) if !status.success() && tally.is_green() => {
            tally.failed.push(format!("{name}: ended with {status}"))
        }
        Err(error) => tally.failed.push(format!("{name}: was lost: {error}")),
        Ok(_) => {}
    }
    if tally == Tally::default() {
        tally.failed.push(format!("{name}: made no check"));
    }
    tally
}

/// `ok NAME`, `FAILED NAME: why`, `skipped NAME: why`; any other line is only shown.
fn read_line(client: &str, line: &str, tally: &mut Tally) {
    if line.starts_with("ok ") {
        tally.passed += 1;
    } else if let Some(why) = line.strip_prefix("FAILED ") {
        tally.failed.push(format!("{client}: {why}"));
    } else if let Some(why) = line.strip_prefix("skipped ") {
        tally.skipped.push(format!("{client}: {why}"));
    }
}

/// The log's WARN and ERROR lines, but for those that hold a line of the folder's allow list.
fn complaints(log: &Path, allowed: &Path) -> Vec<String> {
    let allowed = fs::read_to_string(allowed).unwrap_or_default();
    let log = fs::read(log).unwrap_or_default();
    String::from_utf8_lossy(&log).lines().map(without_colour).filter(|line| is_complaint(line, &allowed)).collect()
}

/// Escape sequences would stand between a level and its blanks.
fn without_colour(line: &str) -> String {
    let mut parts = line.split('\u{1b}');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |plain, part| plain + part.split_once('m').map_or(part, |(_, rest)| rest))
}

fn is_complaint(line: &str, allowed: &str) -> bool {
    let loud = [" WARN ", " ERROR ", "\"level\":\"WARN\"", "\"level\":\"ERROR\"", "panicked at "];
    let pardons = || allowed.lines().filter(|text| !text.trim().is_empty() && !text.starts_with('#'));
    loud.iter().any(|mark| line.contains(mark)) && !pardons().any(|text| line.contains(text))
}

#[cfg(test)]
mod test {
    use super::*;
    use std::sync::Mutex;

    #[test]
    fn what_runs_side_by_side_is_all_there_and_in_order() {
        let (tell, told) = mpsc::channel();
        let told = Mutex::new(Some(told));
        let outcomes = side_by_side(&[1, 2, 3], |number| {
            // Whoever comes first ends only after another.
            let told = told.lock().unwrap().take();
            match told {
                Some(told) => told.recv_timeout(Duration::from_secs(10)).unwrap(),
                None => drop(tell.send(())),
            }
            number * 10
        });
        assert_eq!(outcomes, [10, 20, 30]);
    }

    #[test]
    fn each_line_of_a_client_counts_once() {
        let mut tally = Tally::default();
        for line in ["ok key enters", "FAILED key is refused: it entered", "skipped tccli: not there", "a remark"] {
            read_line("legacy", line, &mut tally);
        }
        assert_eq!(tally.passed, 1);
        assert_eq!(tally.failed, ["legacy: key is refused: it entered"]);
        assert_eq!(tally.skipped, ["legacy: tccli: not there"]);
    }

    #[test]
    fn a_warning_is_a_complaint_unless_allowed() {
        let allowed = "# 22 is taken where another sshd runs\nport 22 is taken\n";
        assert!(is_complaint("2026-11-24T10:00:00Z  WARN cvmd: disk is slow", allowed));
        assert!(is_complaint(r#"{"timestamp":"x","level":"ERROR","fields":{}}"#, allowed));
        assert!(is_complaint("thread 'main' panicked at src/main.rs:1:1:", allowed));
        assert!(is_complaint(&without_colour("\u{1b}[2mnow\u{1b}[0m \u{1b}[33m WARN\u{1b}[0m cvmd: slow"), allowed));
        assert!(!is_complaint("2026-11-24T10:00:00Z  WARN cvmd: port 22 is taken", allowed));
        assert!(!is_complaint("2026-11-24T10:00:00Z  INFO cvmd: a WARNING in a text", allowed));
    }

    #[test]
    fn the_address_is_read_off_the_first_line() {
        assert_eq!(listening("listening on http://127.0.0.1:8312").as_deref(), Some("http://127.0.0.1:8312"));
        assert_eq!(listening("Listening"), None);
    }
}

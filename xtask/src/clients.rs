//! `cargo xtask clients [FOLDER...] [PYTEST ARGS]`: real clients against the real program. Every folder under `clients/` with
//! checks in it gets a fresh `cvmd serve` on a directory of its own; a server that warned fails the folder.

mod log;
mod pytest;
mod server;

use crate::{
    ground,
    program::{self, Build},
    shell,
    tally::Tally,
};
use pytest::Tools;
use server::Server;
use std::{
    fs,
    io::Write,
    panic::resume_unwind,
    path::{Path, PathBuf},
    sync::atomic::{AtomicUsize, Ordering},
    thread,
    time::Instant,
};

/// Folders that run at the same time: clients mostly wait.
const AT_ONCE: usize = 4;
/// These take longest and start first, so that none runs alone at the end.
const LONGEST: &[&str] = &["python-sdk", "ssh", "tccli", "custodian"];

/// No names before the first option means all folders; the rest goes to pytest.
pub fn run(words: &[String], how: Build) -> Tally {
    let (names, args) = words.split_at(words.iter().position(|word| word.starts_with('-')).unwrap_or(words.len()));
    let folders = match folders(names) {
        Ok(folders) => folders,
        Err(why) => return Tally::failed(why),
    };
    if let Some(program) = ["python3", "ssh", "ssh-keygen"].into_iter().find(|program| !shell::is_there(program)) {
        return Tally::skipped(format!("all clients: no {program} here; `cargo xtask setup` as root installs it"));
    }
    let python = match pytest::python() {
        Ok(python) => python,
        Err(why) => return Tally::skipped(format!("all clients: {why}")),
    };
    let binary = match program::elsewhere() {
        Some(binary) => binary,
        None => match program::build(how) {
            Ok(binary) => binary,
            Err(why) => return Tally::failed(why),
        },
    };
    let tools = Tools { python, binary };
    let mut whole = Tally::default();
    for tally in side_by_side(&folders, |folder| shown(folder, &tools, args)) {
        whole.add(tally);
    }
    // Some folders may have no check of the requested name, but not all of them.
    if whole == Tally::default() {
        Tally::failed(format!("no check under clients/ is chosen by {}", args.join(" ")))
    } else {
        whole
    }
}

/// Runs `each` on every item, `AT_ONCE` at a time, and returns the results in order.
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

/// Runs a folder, then prints its whole output, so that the output of two folders does not mix.
fn shown(folder: &Path, tools: &Tools, args: &[String]) -> Tally {
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let began = Instant::now();
    let mut output = Vec::new();
    let tally = client(&name, folder, tools, args, &mut output);
    if tally == Tally::default() {
        // None of its checks was chosen.
        return tally;
    }
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "-- {name}");
    for line in output {
        let _ = writeln!(out, "   {line}");
    }
    let _ = writeln!(out, "   {name}: {}, {} s", tally.closing_line(), began.elapsed().as_secs());
    tally
}

fn folders(names: &[String]) -> Result<Vec<PathBuf>, String> {
    let clients = ground::root().join("clients");
    let entries = fs::read_dir(&clients).map_err(|error| format!("{}: {error}", clients.display()))?;
    let mut found: Vec<PathBuf> =
        entries.filter_map(Result::ok).map(|entry| entry.path()).filter(|path| checks(path).next().is_some()).collect();
    found.sort_by_key(|path| (!LONGEST.iter().any(|name| path.ends_with(name)), path.clone()));
    if let Some(unknown) = LONGEST.iter().find(|name| !found.iter().any(|path| path.ends_with(name))) {
        return Err(format!("LONGEST names {unknown}, which is no client under clients/"));
    }
    if let Some(unknown) = names.iter().find(|name| !found.iter().any(|path| path.ends_with(name))) {
        return Err(format!("{unknown}: no such client under clients/"));
    }
    found.retain(|path| names.is_empty() || names.iter().any(|name| path.ends_with(name)));
    Ok(found)
}

/// The folder's test files.
fn checks(folder: &Path) -> impl Iterator<Item = PathBuf> {
    let paths = fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok).map(|entry| entry.path());
    paths.filter(|path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        name.starts_with("test_") && name.ends_with(".py")
    })
}

/// The folders with a check whose name contains this one.
pub fn with_a_check_named(name: &str) -> Vec<String> {
    let holds = |text: &str| text.lines().any(|line| line.starts_with("def test_") && line.contains(name));
    let is_there =
        |folder: &PathBuf| checks(folder).any(|path| fs::read_to_string(path).is_ok_and(|text| holds(&text)));
    let found = folders(&[]).unwrap_or_default();
    found.iter().filter(|path| is_there(path)).filter_map(|path| Some(path.file_name()?.to_str()?.to_owned())).collect()
}

/// Starts the server, runs the client, stops the server, reads the log.
fn client(name: &str, folder: &Path, tools: &Tools, args: &[String], output: &mut Vec<String>) -> Tally {
    let work = std::env::temp_dir().join(format!("cvmd-clients-{}-{name}", std::process::id()));
    let _ = fs::remove_dir_all(&work);
    let tally = match fs::create_dir_all(&work)
        .map_err(|error| error.to_string())
        .and_then(|()| Server::start(&work, &tools.binary))
    {
        Err(why) => Tally::failed(format!("{name}: {why}")),
        Ok(server) => {
            let mut tally = pytest::run(name, &server, tools, &work, args, output);
            if args.is_empty() && tally == Tally::default() {
                tally.failed.push(format!("{name}: made no check"));
            }
            if let Err(why) = server.stop() {
                tally.failed.push(format!("{name}: {why}"));
            }
            let complaints = log::complaints(&work.join("server.log"), &folder.join("allowed-warnings.txt"));
            tally.failed.extend(complaints.into_iter().map(|line| format!("{name}: the server logged {line}")));
            tally
        }
    };
    if tally.is_green() {
        let _ = fs::remove_dir_all(&work);
    } else {
        output.push(format!("the server's directory and log are in {}", work.display()));
    }
    tally
}

#[cfg(test)]
mod test {
    use super::*;
    use std::{
        sync::{Mutex, mpsc},
        time::Duration,
    };

    #[test]
    fn a_check_is_found_by_a_part_of_its_name() {
        assert_eq!(with_a_check_named("cvmd_is_no_open_proxy"), ["proxy"]);
        assert_eq!(with_a_check_named("no_check_of_that_name"), [""; 0]);
    }

    #[test]
    fn what_runs_side_by_side_is_all_there_and_in_order() {
        let (arrive, other) = mpsc::channel();
        let other = Mutex::new(Some(other));
        let outcomes = side_by_side(&[1, 2, 3], |number| {
            // The first to come waits for the second.
            let other = other.lock().unwrap().take();
            match other {
                Some(other) => other.recv_timeout(Duration::from_secs(10)).unwrap(),
                None => drop(arrive.send(())),
            }
            number * 10
        });
        assert_eq!(outcomes, [10, 20, 30]);
    }
}

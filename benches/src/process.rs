//! Processes that are measured: started, watched through `/proc`, and ended by their id whatever happens.

use anyhow::{Context, bail};
use cvmd_testkit::{first_line, listening_address};
use std::{
    collections::BTreeMap,
    fs,
    io::BufReader,
    net::SocketAddr,
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

/// A stopped server has this long to close its files.
const STOP_WITHIN: Duration = Duration::from_secs(60);
/// The unit of `utime` and `stime`: USER_HZ, 100 on every Linux.
const TICK_NS: u64 = 10_000_000;

/// A process of ours, killed when dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    name: &'static str,
    /// Held open, so that the process can print more.
    _output: Option<BufReader<ChildStdout>>,
}

impl Process {
    /// Starts it without waiting for output.
    pub(crate) fn start(name: &'static str, mut command: Command) -> anyhow::Result<Process> {
        let child = command.stdin(Stdio::piped()).spawn().with_context(|| format!("{name} does not start"))?;
        Ok(Process { child, name, _output: None })
    }

    /// Starts it and waits for its first line.
    pub(crate) fn start_and_hear(
        name: &'static str,
        mut command: Command,
        within: Duration,
    ) -> anyhow::Result<(Process, String)> {
        command.stdout(Stdio::piped());
        let mut process = Process::start(name, command)?;
        let output = process.child.stdout.take().context("no output")?;
        let (line, output) =
            first_line(output, within).with_context(|| format!("{name} printed no line within {within:?}"))?;
        process._output = Some(output);
        Ok((process, line))
    }

    pub(crate) fn cpu(&self) -> anyhow::Result<Cpu> {
        Cpu::of(self.child.id())
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn resident_bytes(&self) -> anyhow::Result<u64> {
        resident_bytes(self.id())
    }

    /// Sends SIGTERM and waits until it has ended.
    pub(crate) async fn stop(mut self) -> anyhow::Result<()> {
        // std has no way to send SIGTERM.
        let signalled = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status()?;
        let begun = Instant::now();
        while signalled.success() && begun.elapsed() < STOP_WITHIN {
            if self.child.try_wait()?.is_some() {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        bail!("{} does not stop", self.name)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Resident memory of a process.
pub(crate) fn resident_bytes(process: u32) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse::<u64>()? * 1024)
}

/// The address in the first line of a server.
pub(crate) fn address(line: &str) -> anyhow::Result<SocketAddr> {
    listening_address(line).with_context(|| format!("not an address: {line}"))
}

/// CPU time that a process has used up to now.
#[derive(Debug, Clone)]
pub(crate) struct Cpu {
    threads: BTreeMap<u32, Thread>,
    /// Clock ticks of the whole process, ended threads included: coarse.
    ticks: u64,
}

#[derive(Debug, Clone)]
pub(crate) struct Thread {
    pub(crate) name: String,
    /// Nanoseconds on a CPU.
    pub(crate) ns: u64,
}

/// The threads of a process, by their id.
pub(crate) fn threads(process: u32) -> anyhow::Result<BTreeMap<u32, Thread>> {
    let mut threads = BTreeMap::new();
    for entry in fs::read_dir(format!("/proc/{process}/task"))? {
        let path = entry?.path();
        // A thread that ended after it was listed is not there any more.
        let read = |file| fs::read_to_string(path.join(file));
        let (Ok(line), Ok(name)) = (read("schedstat"), read("comm")) else { continue };
        let id = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
        let thread = Thread { name: name.trim().to_owned(), ns: line.split(' ').next().unwrap_or_default().parse()? };
        threads.insert(id.context("no thread id")?, thread);
    }
    Ok(threads)
}

impl Cpu {
    fn of(process: u32) -> anyhow::Result<Cpu> {
        let threads = threads(process)?;
        let line = fs::read_to_string(format!("/proc/{process}/stat"))?;
        // The name may hold spaces and ends with the last bracket; utime and stime are fields 14 and 15 of the whole
        // line.
        let fields: Vec<&str> = line.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let field = |at: usize| fields.get(at).and_then(|field| field.parse::<u64>().ok()).context("a short stat line");
        Ok(Cpu { threads, ticks: field(11)? + field(12)? })
    }

    pub(crate) fn ours() -> anyhow::Result<Cpu> {
        Cpu::of(std::process::id())
    }

    /// Time used since then: by the threads' exact counters, or by the coarse one when a thread has started or ended.
    pub(crate) fn since(&self, earlier: &Cpu) -> Duration {
        let exact: u64 = self.grown(earlier).map(|(_, ns)| ns).sum();
        let coarse = self.ticks.saturating_sub(earlier.ticks) * TICK_NS;
        let all_there = earlier.threads.keys().all(|id| self.threads.contains_key(id));
        // The coarse counter is off by at most two roundings.
        let unseen = coarse > exact + exact / 10 + 2 * TICK_NS;
        Duration::from_nanos(if all_there && !unseen { exact } else { coarse.max(exact) })
    }

    /// Time used since then by the threads of each name. What ended meanwhile is not among them.
    pub(crate) fn by_thread(&self, earlier: &Cpu) -> BTreeMap<String, Duration> {
        let mut by_name = BTreeMap::new();
        for (name, ns) in self.grown(earlier) {
            *by_name.entry(name.to_owned()).or_default() += Duration::from_nanos(ns);
        }
        by_name
    }

    fn grown(&self, earlier: &Cpu) -> impl Iterator<Item = (&str, u64)> {
        self.threads.iter().map(|(id, now)| {
            let before = earlier.threads.get(id).map_or(0, |thread| thread.ns);
            (now.name.as_str(), now.ns.saturating_sub(before))
        })
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn cpu(threads: &[(u32, &str, u64)], ticks: u64) -> Cpu {
        let thread = |(id, name, ns): &(u32, &str, u64)| (*id, Thread { name: (*name).to_owned(), ns: *ns });
        Cpu { threads: threads.iter().map(thread).collect(), ticks }
    }

    #[test]
    fn what_ended_threads_used_is_counted_by_the_coarse_clock() {
        let before = cpu(&[(1, "main", 5_000_000), (2, "writer", 0)], 0);
        let after = cpu(&[(1, "main", 8_000_000), (2, "writer", 1_000_000)], 1);
        assert_eq!(after.since(&before), Duration::from_millis(4));
        let one_has_ended = cpu(&[(1, "main", 8_000_000)], 6);
        assert_eq!(one_has_ended.since(&before), Duration::from_millis(60));
    }

    #[test]
    fn threads_of_one_name_are_added_up() {
        let before = cpu(&[(1, "worker", 1_000), (2, "worker", 1_000)], 0);
        let after = cpu(&[(1, "worker", 2_000), (2, "worker", 4_000), (3, "snapshot", 500)], 0);
        let expected =
            [("snapshot", 500), ("worker", 4_000)].map(|(name, ns)| (name.to_owned(), Duration::from_nanos(ns)));
        assert_eq!(after.by_thread(&before), BTreeMap::from(expected));
    }

    #[test]
    fn the_system_tells_the_names_of_our_threads() {
        std::thread::scope(|scope| {
            let (end, until) = std::sync::mpsc::channel::<()>();
            let thread = std::thread::Builder::new().name("named".into());
            thread.spawn_scoped(scope, move || until.recv()).unwrap();
            // It names itself when it begins.
            let is_seen = || threads(std::process::id()).unwrap().values().any(|thread| thread.name == "named");
            cvmd_testkit::until(Duration::from_secs(10), "the thread has its name", is_seen);
            drop(end);
        });
    }
}

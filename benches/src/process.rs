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

    pub(crate) fn resident_bytes(&self) -> anyhow::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("no VmRSS")?;
        Ok(line.trim().trim_end_matches("kB").trim().parse::<u64>()? * 1024)
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

/// The address in the first line of a server.
pub(crate) fn address(line: &str) -> anyhow::Result<SocketAddr> {
    listening_address(line).with_context(|| format!("not an address: {line}"))
}

/// CPU time that a process has used up to now.
#[derive(Debug, Clone)]
pub(crate) struct Cpu {
    /// Nanoseconds on a CPU, by thread.
    threads: BTreeMap<u32, u64>,
    /// Clock ticks of the whole process, ended threads included: coarse.
    ticks: u64,
}

impl Cpu {
    fn of(process: u32) -> anyhow::Result<Cpu> {
        let mut threads = BTreeMap::new();
        for entry in fs::read_dir(format!("/proc/{process}/task"))? {
            let path = entry?.path();
            // A thread that ended after it was listed is counted in the ticks.
            let Ok(line) = fs::read_to_string(path.join("schedstat")) else { continue };
            let id = path.file_name().and_then(|name| name.to_str()).and_then(|name| name.parse().ok());
            threads.insert(id.context("no thread id")?, line.split(' ').next().unwrap_or_default().parse()?);
        }
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
        let exact: u64 = self
            .threads
            .iter()
            .map(|(id, now)| now.saturating_sub(earlier.threads.get(id).copied().unwrap_or(0)))
            .sum();
        let coarse = self.ticks.saturating_sub(earlier.ticks) * TICK_NS;
        let all_there = earlier.threads.keys().all(|id| self.threads.contains_key(id));
        // The coarse counter is off by at most two roundings.
        let unseen = coarse > exact + exact / 10 + 2 * TICK_NS;
        Duration::from_nanos(if all_there && !unseen { exact } else { coarse.max(exact) })
    }
}

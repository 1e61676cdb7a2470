//! Loading a state: how long until the server is ready, and how much memory the state and its indexes hold.

use crate::{
    options::Options,
    process::Process,
    program::Program,
    report,
    rows::{self, Dumped},
    server::Server,
};
use anyhow::Context;
use cvmd_state::{State, store::LogStore};
use std::{
    fs,
    io::Read,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

/// What it takes to load so many instances.
#[derive(Debug, Default)]
pub(crate) struct Loading {
    pub(crate) instances: usize,
    /// Time until ready, by start.
    pub(crate) ready: Vec<Duration>,
    /// All files of the stopped server's directory.
    pub(crate) file_bytes: u64,
    /// Resident memory of the server, simulated machines included.
    pub(crate) server_bytes: u64,
}

/// What the directories hold, which only a program with the same format can read.
#[derive(Debug)]
pub(crate) struct Contents {
    pub(crate) dumped: Dumped,
    /// Resident memory of a process that holds only the state, beyond one that holds an empty one.
    pub(crate) state_bytes: u64,
    /// How long it took to read and parse the state's rows before each start.
    pub(crate) reading: Vec<Duration>,
}

/// A program with a directory of its own, from its seed to its last start.
#[derive(Debug)]
pub(crate) struct Candidate {
    program: Program,
    data: PathBuf,
    pub(crate) loading: Loading,
    server: Option<Server>,
}

impl Candidate {
    /// Starts it with the seed, and stops it again.
    pub(crate) async fn seed(program: &Program, data: PathBuf, seed: &Path, instances: usize) -> anyhow::Result<Self> {
        let (server, took) = Server::start(program, &data, "warn", Some(seed), instances).await?;
        report::line(&format!("{instances} instances seeded in {:.1} s", took.as_secs_f64()))?;
        server.stop().await?;
        let loading = Loading { instances, file_bytes: file_bytes(&data)?, ..Loading::default() };
        Ok(Candidate { program: program.clone(), data, loading, server: None })
    }

    /// Starts it once. Afterwards it uses no CPU: it is stopped, or, after the last time, has settled.
    async fn start(&mut self, turn: Turn) -> anyhow::Result<()> {
        let (server, ready) = Server::start(&self.program, &self.data, "warn", None, self.loading.instances).await?;
        if turn.counts {
            self.loading.ready.push(ready);
        }
        if !turn.is_last {
            return server.stop().await;
        }
        server.settle().await?;
        self.loading.server_bytes = server.process.resident_bytes()?;
        self.server = Some(server);
        Ok(())
    }

    /// The server of the last start.
    pub(crate) fn running(self) -> anyhow::Result<(Server, Loading)> {
        Ok((self.server.context("it was never started")?, self.loading))
    }
}

#[derive(Debug, Clone, Copy)]
struct Turn {
    /// False for the first start, which only warms files and memory.
    counts: bool,
    is_last: bool,
}

/// Starts both several times on their directories, by turns; after the last time both stay running.
pub(crate) async fn measure(
    options: &Options,
    ours: &mut Candidate,
    mut older: Option<&mut Candidate>,
) -> anyhow::Result<Contents> {
    let data = ours.data.clone();
    let mut contents = Contents { dumped: Dumped::default(), state_bytes: 0, reading: Vec::new() };
    if options.wants("memory") {
        contents.dumped = rows::dumped(&ours.program, &data)?;
        contents.state_bytes = held(&data)?.saturating_sub(held(&data.with_extension("empty"))?);
    }
    let rounds = if options.wants("start") { options.rounds } else { 0 };
    for round in 0..=rounds {
        let turn = Turn { counts: round > 0, is_last: round == rounds };
        if let Some(older) = older.as_deref_mut().filter(|_| round % 2 == 1) {
            older.start(turn).await.context("the older binary")?;
        }
        if turn.counts {
            contents.reading.push(rows::read_and_parsed(&data)?);
        }
        ours.start(turn).await?;
        if let Some(older) = older.as_deref_mut().filter(|_| round % 2 == 0) {
            older.start(turn).await.context("the older binary")?;
        }
    }
    Ok(contents)
}

fn file_bytes(data: &Path) -> anyhow::Result<u64> {
    let mut bytes = 0;
    for entry in fs::read_dir(data)? {
        let entry = entry?;
        bytes += if entry.file_type()?.is_dir() { file_bytes(&entry.path())? } else { entry.metadata()?.len() };
    }
    Ok(bytes)
}

/// Memory of a process that has loaded the state and nothing else.
fn held(data: &Path) -> anyhow::Result<u64> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("hold").arg(data);
    let (process, _) = Process::start_and_hear("the holder of a state", command, Duration::from_secs(300))?;
    process.resident_bytes()
}

/// Loads a state, prints a line, and holds the state until its input ends.
pub(crate) fn hold(data: &Path) -> anyhow::Result<()> {
    let state = State::open(Box::new(LogStore::open(data)?))?;
    report::line(&format!("holding {} instances", state.view().instance_total()))?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

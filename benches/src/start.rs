//! Loading a state: how long until the server is ready, and how much memory the state and its indexes hold.

use crate::{
    options::Options,
    process::Process,
    report,
    rows::{self, Rows},
    server::Server,
};
use cvmd_state::{State, store::SqliteStore};
use std::{io::Read, path::Path, process::Command, time::Duration};

/// What loading so many instances takes.
#[derive(Debug)]
pub(crate) struct Loading {
    pub(crate) instances: usize,
    /// Of each start.
    pub(crate) ready: Vec<Duration>,
    /// Of SQLite's reading of the state's rows before each start.
    pub(crate) reading: Vec<Duration>,
    pub(crate) state: Rows,
    pub(crate) machines: Rows,
    /// A process that holds the state alone.
    pub(crate) state_bytes: u64,
    /// The server, which holds the simulated machines too.
    pub(crate) server_bytes: u64,
}

/// Seeds a server, then starts it again and again on what it has; the last one is left running.
pub(crate) async fn measure(
    options: &Options,
    binary: &Path,
    data: &Path,
    seed: &Path,
    instances: usize,
) -> anyhow::Result<(Server, Loading)> {
    let (server, took) = Server::start(binary, data, "warn", Some(seed), instances).await?;
    report::line(&format!("{instances} instances seeded in {:.1} s", took.as_secs_f64()))?;
    server.stop().await?;
    let mut loading = Loading {
        instances,
        ready: Vec::new(),
        reading: Vec::new(),
        state: rows::state(data)?,
        machines: rows::machines(data)?,
        state_bytes: held(data)?,
        server_bytes: 0,
    };
    // Once for nothing: files and memory are warm for all that count.
    for round in 0..=options.rounds {
        let reading = rows::state(data)?.took;
        let (server, ready) = Server::start(binary, data, "warn", None, instances).await?;
        if round > 0 {
            loading.reading.push(reading);
            loading.ready.push(ready);
        }
        if round == options.rounds || !options.wants("start") {
            server.settle().await?;
            loading.server_bytes = server.process.resident_bytes()?;
            return Ok((server, loading));
        }
        server.stop().await?;
    }
    anyhow::bail!("no rounds")
}

/// Memory of a process that has loaded the state and nothing else.
fn held(data: &Path) -> anyhow::Result<u64> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg("hold").arg(data.join("state.db"));
    let (process, _) = Process::start_and_hear("the holder of a state", command, Duration::from_secs(300))?;
    process.resident_bytes()
}

/// Loads a state, says so, and holds it until its input ends.
pub(crate) fn hold(database: &Path) -> anyhow::Result<()> {
    let state = State::open(Box::new(SqliteStore::open(database)?))?;
    report::line(&format!("holding {} instances", state.view().instance_total()))?;
    std::io::stdin().read_to_end(&mut Vec::new())?;
    Ok(())
}

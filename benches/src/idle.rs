//! A server that has nothing to do: what it takes to start on an empty directory, and what it holds then.

use crate::{
    against::Pair,
    floors::Figure,
    program::Program,
    report::{Row, median},
    server,
};
use std::{path::Path, time::Duration};

/// The memory is read so long after the server is healthy.
const AFTER: Duration = Duration::from_secs(5);
const MIB: f64 = (1 << 20) as f64;

#[derive(Debug, Default)]
struct Idle {
    memory_mib: Vec<f64>,
    start_ms: Vec<f64>,
    size_mb: f64,
}

/// The rows of ours, and how an older program compares.
pub(crate) async fn measure(
    rounds: usize,
    ground: &Path,
    ours: &Program,
    older: Option<&Program>,
) -> anyhow::Result<(Vec<Row>, Vec<Pair>)> {
    let idle = idle(ours, ground, "idle", rounds).await;
    let older = match older {
        Some(older) => Some(self::idle(older, ground, "idle-older", rounds).await?),
        None => None,
    };
    let idle = idle?;
    let pairs = older.map(|older| pairs(&older, &idle)).unwrap_or_default();
    let rows =
        [(Figure::IdleMemory, idle.memory_mib), (Figure::IdleStart, idle.start_ms), (Figure::Size, vec![idle.size_mb])];
    Ok((rows.map(|(figure, rounds)| Row::new(figure, 0, "", Ok(rounds))).into(), pairs))
}

/// Starts servers one after the other; they are idle together, so that the time passes once.
async fn idle(program: &Program, ground: &Path, name: &str, rounds: usize) -> anyhow::Result<Idle> {
    let mut idle = Idle { size_mb: std::fs::metadata(&program.path)?.len() as f64 / 1e6, ..Idle::default() };
    let mut servers = Vec::new();
    for round in 1..=rounds {
        let started = server::start(program, &ground.join(format!("{name}-{round}")), "warn", None).await?;
        idle.start_ms.push(started.took.as_secs_f64() * 1e3);
        servers.push(started.process);
    }
    tokio::time::sleep(AFTER).await;
    for server in servers {
        idle.memory_mib.push(server.resident_bytes()? as f64 / MIB);
        server.stop().await?;
    }
    Ok(idle)
}

fn pairs(older: &Idle, ours: &Idle) -> Vec<Pair> {
    let pair = |what: &str, unit, older: &[f64], ours: &[f64]| Pair {
        what: what.to_owned(),
        unit,
        // They were not measured by turns: the medians are compared.
        rounds: Ok(vec![(median(older), median(ours))]),
    };
    vec![
        pair("idle server: VmRSS", "MiB", &older.memory_mib, &ours.memory_mib),
        pair("idle server: start to healthy", "ms", &older.start_ms, &ours.start_ms),
        pair("size of the program", "MB", &[older.size_mb], &[ours.size_mb]),
    ]
}

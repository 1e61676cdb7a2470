//! A run that logs more than twice the snapshot's size: what snapshots cost a request, and what memory they take.

use crate::{
    floors::Figure,
    options::Options,
    process::{resident_bytes, threads},
    report::{Row, line, median},
    server::{Bare, Server},
};
use anyhow::{Context, bail};
use std::{
    collections::{BTreeMap, BTreeSet},
    convert::Infallible,
    path::Path,
    time::Duration,
};

/// The thread that writes a snapshot, of the state or of the machines.
const WRITER: &str = "rows-snapshot";
/// A snapshot is begun when the log has become as large as the last one, so between the first and the third of them
/// twice its size was logged.
const SNAPSHOTS: usize = 3;
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Unbinds after which there must have been snapshots.
const UNBINDS_MAX: usize = 4_000_000;

/// What was seen of the server's memory and of the threads that write snapshots.
#[derive(Debug, Default)]
struct Seen {
    peak_with: u64,
    /// Before the first of them.
    peak_without: u64,
    /// Nanoseconds of CPU by thread.
    writers: BTreeMap<u32, u64>,
}

pub(crate) async fn measure(options: &Options, bare: &mut Bare, server: &mut Server, data: &Path) -> Vec<Row> {
    let instances = server.instances;
    match run(options, bare, server, data).await {
        Ok((cpu, peak, note)) => vec![
            Row::new(Figure::UnbindWithSnapshots, instances, note, Ok(vec![cpu])),
            Row::new(Figure::SnapshotPeak, instances, "", Ok(vec![peak])),
        ],
        Err(error) => {
            let why = format!("{error:#}");
            let figures = [Figure::UnbindWithSnapshots, Figure::SnapshotPeak];
            figures.map(|figure| Row::new(figure, instances, "", Err(anyhow::anyhow!(why.clone())))).into()
        }
    }
}

async fn run(
    options: &Options,
    bare: &mut Bare,
    server: &mut Server,
    data: &Path,
) -> anyhow::Result<(f64, f64, String)> {
    let wanted = if options.quick { 1 } else { SNAPSHOTS };
    let bare = bare.measure(&server.describe_bodies(options.requests)).await?.us();
    let (mut seen, process, state) = (Seen::default(), server.process.id(), data.join("state"));
    let work = unbind(server, &state, wanted);
    let (unbinds, alone_us) = tokio::select! {
        done = work => done?,
        failed = watch(process, &mut seen) => match failed? {},
    };
    // Binding the keys again, between the measured unbinds, logs as much as the unbinds do.
    let share_us = seen.writers.values().sum::<u64>() as f64 / 1e3 / (2 * unbinds) as f64;
    line(&format!(
        "{wanted} snapshots in {unbinds} unbinds: {alone_us:.1} us CPU each and {share_us:.1} us for snapshots (bare {bare:.1} us); \
         peak {} MiB, without {} MiB",
        seen.peak_with >> 20,
        seen.peak_without >> 20
    ))?;
    let peak = seen.peak_with as f64 / seen.peak_without as f64;
    Ok((bare / (alone_us + share_us), peak, format!("{share_us:.1} us of {:.1}", alone_us + share_us)))
}

/// Unbinds until so many snapshots of the state have been begun since, and the last is whole. Returns how many unbinds
/// that took, and the median CPU of those during which none was written.
async fn unbind(server: &mut Server, state: &Path, wanted: usize) -> anyhow::Result<(usize, f64)> {
    let before = snapshots(state)?;
    let (mut begun, mut unbinds, mut alone) = (BTreeSet::new(), 0, Vec::new());
    let mut is_written = writes(server)?;
    while begun.len() < wanted || is_written {
        let cost = server.unbind(1).await?;
        unbinds += cost.requests;
        let was_written = std::mem::replace(&mut is_written, writes(server)?);
        if !was_written && !is_written {
            alone.push(cost.us());
        }
        begun.extend(snapshots(state)?.difference(&before).cloned());
        if unbinds > UNBINDS_MAX {
            bail!("{} snapshots after {unbinds} unbinds", begun.len());
        }
    }
    if alone.is_empty() {
        bail!("a snapshot was being written all the time");
    }
    Ok((unbinds, median(&alone)))
}

fn writes(server: &Server) -> anyhow::Result<bool> {
    Ok(threads(server.process.id())?.values().any(|thread| thread.name == WRITER))
}

/// The revisions of the snapshots in a directory, whole or not.
fn snapshots(state: &Path) -> anyhow::Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for entry in std::fs::read_dir(state).context("no directory of the state")? {
        let name = entry?.file_name();
        let revision = name.to_str().and_then(|name| name.strip_prefix("snapshot-")?.split('.').next());
        found.extend(revision.map(str::to_owned));
    }
    Ok(found)
}

/// Looks at the process as long as it is polled.
async fn watch(process: u32, seen: &mut Seen) -> anyhow::Result<Infallible> {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    loop {
        ticks.tick().await;
        let threads = threads(process)?;
        let mut writers = threads.iter().filter(|(_, thread)| thread.name == WRITER).peekable();
        let bytes = resident_bytes(process)?;
        if writers.peek().is_some() {
            seen.peak_with = seen.peak_with.max(bytes);
        } else if seen.writers.is_empty() {
            seen.peak_without = seen.peak_without.max(bytes);
        }
        seen.writers.extend(writers.map(|(id, thread)| (*id, thread.ns)));
    }
}

//! The rows in a stopped server's directories: how many bytes they are, and how long it takes to read and parse them.

use crate::program::Program;
use anyhow::{Context, bail};
use cvmd_model::{Instance, KeyPair};
use cvmd_rows::{BoxError, Chunk};
use serde::de::{DeserializeOwned, IgnoredAny};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Command, Stdio},
    sync::{Mutex, PoisonError, mpsc},
    thread,
    time::{Duration, Instant},
};

/// Chunks that wait for each parser.
const WAITING: usize = 2;

/// Bytes of the rows' JSON, as `cvmd state dump` prints them.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Dumped {
    pub(crate) state: usize,
    pub(crate) machines: usize,
}

/// Asks the program itself, so that the figure does not follow how rows are stored.
pub(crate) fn dumped(program: &Program, data: &Path) -> anyhow::Result<Dumped> {
    let mut dump = Command::new(&program.path);
    dump.args(["state", "dump", "--data"]).arg(data).stdin(Stdio::null()).stdout(Stdio::piped());
    let mut child = dump.spawn()?;
    let mut output = BufReader::with_capacity(1 << 20, child.stdout.take().context("no output")?);
    let (mut dumped, mut line) = (Dumped::default(), Vec::new());
    loop {
        line.clear();
        if output.read_until(b'\n', &mut line)? == 0 {
            break;
        }
        let about = line.windows(ROW.len()).position(|part| part == ROW).context("a line without a row")?;
        // Behind the row are a brace and the end of the line.
        let bytes = line.len() - about - ROW.len() - 2;
        match line.starts_with(b"{\"in\":\"machines\"") {
            true => dumped.machines += bytes,
            false => dumped.state += bytes,
        }
    }
    let status = child.wait()?;
    if !status.success() || dumped.state == 0 {
        bail!("`cvmd state dump` ended with {status} after {} bytes of rows", dumped.state + dumped.machines);
    }
    Ok(dumped)
}

const ROW: &[u8] = b"\"row\":";

/// How long it takes to read everything that the state loads, and to parse it by all processors.
pub(crate) fn read_and_parsed(data: &Path) -> anyhow::Result<Duration> {
    let begun = Instant::now();
    let parsers = thread::available_parallelism().map_or(1, usize::from);
    let (sender, chunks) = mpsc::sync_channel::<Chunk>(WAITING * parsers);
    let chunks = Mutex::new(chunks);
    thread::scope(|scope| {
        let parse_all = || -> Result<(), BoxError> {
            loop {
                let chunk = chunks.lock().unwrap_or_else(PoisonError::into_inner).recv();
                let Ok(chunk) = chunk else { return Ok(()) };
                parse(&chunk)?;
            }
        };
        let parsing: Vec<_> = (0..parsers).map(|_| scope.spawn(parse_all)).collect();
        // It fails only when every parser has failed, and then the first of them says why.
        cvmd_rows::read_rows(&data.join("state"), &mut |chunk| Ok(sender.send(chunk)?))?;
        drop(sender);
        for parser in parsing {
            parser
                .join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
                .map_err(anyhow::Error::from_boxed)?;
        }
        anyhow::Ok(())
    })?;
    Ok(begun.elapsed())
}

/// Into what they are, as the server does; the few rows of other tables only as JSON.
fn parse(chunk: &Chunk) -> Result<(), BoxError> {
    match &*chunk.table {
        "instances" => parse_as::<Instance>(chunk),
        "key_pairs" => parse_as::<KeyPair>(chunk),
        _ => parse_as::<IgnoredAny>(chunk),
    }
}

fn parse_as<T: DeserializeOwned>(chunk: &Chunk) -> Result<(), BoxError> {
    for (_, body) in chunk.rows() {
        std::hint::black_box(serde_json::from_slice::<T>(body)?);
    }
    Ok(())
}

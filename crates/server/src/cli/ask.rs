//! Asking the server that runs on a data directory, over the operator's socket, with words for each way in which no answer comes.

use crate::{
    cli::arguments::Data,
    data::{self, Process},
    operator::question::Question,
};
use anyhow::{Context, bail};
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, ErrorKind, Write},
    path::Path,
    time::Duration,
};

/// After so long without an answer the server is looked at: a stopped one will not answer.
const LOOKS_EVERY: Duration = Duration::from_secs(2);
/// The server gives a question 30 seconds; looks beyond that are for nothing.
const LOOKS_MAX: u32 = 20;

/// Asks the server that runs on this data directory, or is about to.
///
/// # Errors
/// Says why there is no answer, or what the server refuses.
pub(crate) fn ask(data: &Data, question: &Question) -> anyhow::Result<Value> {
    let directory = data.directory()?;
    let mut line = ask_once(&directory, question)?;
    if line.is_empty() && question.may_be_repeated() {
        // It ended at this moment, and perhaps another one starts: that is waited for as at the first try.
        line = ask_once(&directory, question)?;
    }
    if line.is_empty() {
        bail!("the server hung up: it is stopping, or more commands ask at a time than it answers; try again");
    }
    let answer: Result<Value, String> = serde_json::from_slice(&line).context("the server's answer cannot be read")?;
    answer.map_err(|error| anyhow::anyhow!(error))
}

/// Its answer, or nothing when it hung up.
fn ask_once(directory: &Path, question: &Question) -> anyhow::Result<Vec<u8>> {
    let mut stream = data::connect(directory)?;
    stream.set_read_timeout(Some(LOOKS_EVERY))?;
    stream.set_write_timeout(Some(LOOKS_EVERY))?;
    if let Err(error) = writeln!(stream, "{}", serde_json::to_string(question)?) {
        // One that refuses long questions says so, and closes before it has read the end of this one.
        if error.kind() != ErrorKind::BrokenPipe {
            return Err(error).context("the server does not take the question");
        }
    }
    let mut line = Vec::new();
    let mut reader = BufReader::new(stream);
    for look in 1.. {
        match reader.read_until(b'\n', &mut line) {
            Ok(_) => break,
            // Not a whole line yet; what has come stays in it.
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                still_there(directory, look)?;
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => return Err(error).context("the server's answer broke off"),
        }
    }
    // Half an answer is none.
    Ok(if line.ends_with(b"\n") { line } else { Vec::new() })
}

/// Whether waiting on makes sense.
fn still_there(directory: &Path, look: u32) -> anyhow::Result<()> {
    match data::process(directory) {
        Process::Stopped(pid) => Err(data::stopped(pid)),
        Process::Of(pid) if look >= LOOKS_MAX => {
            bail!("the server does not answer, though it is there (process {pid}): its log may say why")
        }
        Process::Unknown if look >= LOOKS_MAX => {
            bail!("the server does not answer: is it stopped? Its log may say why")
        }
        Process::Of(_) | Process::Unknown => Ok(()),
    }
}

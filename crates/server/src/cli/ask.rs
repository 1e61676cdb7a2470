//! Asks the server of a data directory over the operator's socket, with a message for each reason why there is no
//! answer.

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

/// After so long without an answer the server's process is checked: a stopped one will not answer.
const LOOKS_EVERY: Duration = Duration::from_secs(2);
/// The maximum of checks: the server answers a question within 30 seconds.
const LOOKS_MAX: u32 = 20;

/// Asks the server that runs on this data directory, or is about to.
///
/// # Errors
/// The reason why there is no answer, or the server's refusal.
pub(crate) fn ask(data: &Data, question: &Question) -> anyhow::Result<Value> {
    let directory = data.directory()?;
    let mut line = ask_once(&directory, question)?;
    if line.is_empty() && question.may_be_repeated() {
        // The server has just ended, and perhaps another one starts: wait for it as at the first try.
        line = ask_once(&directory, question)?;
    }
    if line.is_empty() {
        bail!("the server hung up: it is stopping, or more commands ask at a time than it answers; try again");
    }
    let answer: Result<Value, String> = serde_json::from_slice(&line).context("the server's answer cannot be read")?;
    answer.map_err(|error| anyhow::anyhow!(error))
}

/// Its answer, or nothing when it closed the connection.
fn ask_once(directory: &Path, question: &Question) -> anyhow::Result<Vec<u8>> {
    let mut stream = data::connect(directory)?;
    stream.set_read_timeout(Some(LOOKS_EVERY))?;
    stream.set_write_timeout(Some(LOOKS_EVERY))?;
    if let Err(error) = writeln!(stream, "{}", serde_json::to_string(question)?) {
        // A server that refuses long questions answers and closes before it has read the whole question.
        if error.kind() != ErrorKind::BrokenPipe {
            return Err(error).context("the server does not take the question");
        }
    }
    let mut line = Vec::new();
    let mut reader = BufReader::new(stream);
    for look in 1.. {
        match reader.read_until(b'\n', &mut line) {
            Ok(_) => break,
            // The line is not complete yet; the received part stays in it.
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                still_there(directory, look)?;
            }
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => return Err(error).context("the server's answer broke off"),
        }
    }
    // An incomplete answer counts as none.
    Ok(if line.ends_with(b"\n") { line } else { Vec::new() })
}

/// Checks whether it makes sense to wait longer.
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

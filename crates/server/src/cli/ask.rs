//! Asks the server of a data directory over the operator's socket, with a message for each reason why there is no
//! answer.

use crate::{
    cli::arguments::Data,
    data::{self, Process},
    operator::question::Question,
};
use anyhow::{Context, bail};
use serde::Serialize;
use serde_json::Value;
use std::{
    io::{BufRead, BufReader, ErrorKind, Write},
    os::unix::net::UnixStream,
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
    parsed(&line)
}

/// What the server's line says; the server hung up when there is none.
fn parsed(line: &[u8]) -> anyhow::Result<Value> {
    if line.is_empty() {
        bail!("the server hung up: it is stopping, or more commands ask at a time than it answers; try again");
    }
    let answer: Result<Value, String> = serde_json::from_slice(line).context("the server's answer cannot be read")?;
    answer.map_err(|error| anyhow::anyhow!(error))
}

/// Its answer, or nothing when it closed the connection.
fn ask_once(directory: &Path, question: &Question) -> anyhow::Result<Vec<u8>> {
    let mut conversation = Conversation::begin(directory)?;
    conversation.say(question)?;
    conversation.line()
}

/// A connection to the server of a data directory, for questions that need more than one line.
pub(crate) struct Conversation<'a> {
    directory: &'a Path,
    stream: BufReader<UnixStream>,
}

impl Conversation<'_> {
    /// # Errors
    /// When no server can be reached.
    pub(crate) fn begin(directory: &Path) -> anyhow::Result<Conversation<'_>> {
        let stream = data::connect(directory)?;
        stream.set_read_timeout(Some(LOOKS_EVERY))?;
        stream.set_write_timeout(Some(LOOKS_EVERY))?;
        Ok(Conversation { directory, stream: BufReader::new(stream) })
    }

    pub(crate) fn say(&mut self, what: &impl Serialize) -> anyhow::Result<()> {
        match writeln!(self.stream.get_mut(), "{}", serde_json::to_string(what)?) {
            // A server that refuses long questions answers and closes before it has read the whole question.
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(error).context("the server does not take the question")
            }
            _ => Ok(()),
        }
    }

    /// # Errors
    /// The reason why there is no answer, or the server's refusal.
    pub(crate) fn answer(&mut self) -> anyhow::Result<Value> {
        parsed(&self.line()?)
    }

    /// The next line, or nothing when the server closed the connection.
    fn line(&mut self) -> anyhow::Result<Vec<u8>> {
        let mut line = Vec::new();
        for look in 1.. {
            match self.stream.read_until(b'\n', &mut line) {
                Ok(_) => break,
                // The line is not complete yet; the received part stays in it.
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    still_there(self.directory, look)?;
                }
                Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
                Err(error) => return Err(error).context("the server's answer broke off"),
            }
        }
        // An incomplete answer counts as none.
        Ok(if line.ends_with(b"\n") { line } else { Vec::new() })
    }
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

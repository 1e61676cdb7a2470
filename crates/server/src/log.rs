//! The log: one line per request, on stderr, never a secret.
//!
//! Logging never blocks or fails: lines gather in memory, a thread writes them, and lines that cannot be written, or
//! would use too much memory, are dropped and counted.

use crate::{
    cli::arguments::Format,
    plain_words,
    repeats::{self, Repeats},
};
use anyhow::{Context, bail};
use parking_lot::{Condvar, Mutex, MutexGuard};
use std::{
    io::{ErrorKind, Write},
    sync::LazyLock,
    time::Duration,
};
use tracing_subscriber::{
    Layer,
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// The maximum bytes of lines that wait to be written.
const WAITING_BYTES_MAX: usize = 4 << 20;
/// How long lines gather before they are written together: waking the thread for each costs a request more than its
/// line.
const GATHER_FOR: Duration = Duration::from_millis(5);
/// When so many bytes have gathered, they are written at once.
const GATHERED_BYTES: usize = 32 << 10;
/// The capacity of the buffer that is reused.
const BUFFER_BYTES: usize = 64 << 10;
/// How long the program's end waits for the last lines, when nobody reads them.
const END_WITHIN: Duration = Duration::from_secs(1);

/// The parts of the program that a filter can name.
const OURS: [&str; 12] = [
    "cvmd",
    "cvmd_actions",
    "cvmd_clock",
    "cvmd_hypervisor",
    "cvmd_hypervisor_simulated",
    "cvmd_ledger",
    "cvmd_model",
    "cvmd_operations",
    "cvmd_rows",
    "cvmd_ssh_probe",
    "cvmd_state",
    "cvmd_wire",
];
const LIBRARIES: [&str; 6] = ["hyper", "mio", "russh", "rustls", "tokio", "tungstenite"];

static LINES: LazyLock<Lines> = LazyLock::new(Lines::default);

/// Starts logging. `level` may also be a filter such as `info,cvmd_operations=debug`.
pub(crate) fn begin(level: &str, format: Format) -> anyhow::Result<()> {
    let filter: Targets = format!("{level},russh=warn").parse()?;
    // Never joined: a write to a reader that does not read may never return.
    std::thread::Builder::new().name("log".into()).spawn(|| LINES.write(std::io::stderr())).context("no log")?;
    let layer = tracing_subscriber::fmt::layer().with_writer(|| Line).with_target(false);
    let lines = match format {
        Format::Text => layer.with_ansi(std::io::IsTerminal::is_terminal(&std::io::stderr())).boxed(),
        Format::Json => layer.json().flatten_event(true).boxed(),
    };
    let begun = tracing_subscriber::registry().with(lines).with(Repeats).with(filter).try_init();
    begun.map_err(|error| anyhow::anyhow!("logging cannot begin: {error}"))
}

/// Checks a filter: an unknown word would be taken for the name of a part of the program, and hide everything else.
///
/// # Errors
/// The message describes valid filters.
pub(crate) fn checked(filter: String) -> anyhow::Result<String> {
    let is_level = |word: &str| word.parse::<LevelFilter>().is_ok() && !word.bytes().all(|byte| byte.is_ascii_digit());
    for part in filter.split(',') {
        let (target, level) = part.rsplit_once('=').map_or((None, part), |(target, level)| (Some(target), level));
        if !is_level(level) {
            bail!(
                "log is off, error, warn, info, debug or trace, or a list such as info,cvmd_operations=debug; not \"{}\"",
                plain_words::value(&filter)
            );
        }
        let part = |target: &str| {
            target.split("::").next().is_some_and(|part| OURS.contains(&part) || LIBRARIES.contains(&part))
        };
        if let Some(target) = target.filter(|target| !part(target)) {
            bail!(
                "log names \"{}\", which is no part of the program: its parts are {}, and of libraries {}",
                plain_words::value(target),
                OURS.join(", "),
                LIBRARIES.join(", ")
            );
        }
    }
    Ok(filter)
}

/// Returns when the lines so far have been written, or nobody reads them.
pub(crate) fn end() {
    repeats::report(true);
    let are_left = |lines: &mut Waiting| lines.is_being_written || !lines.text.is_empty();
    LINES.written.wait_while_for(&mut LINES.lock(), are_left, END_WITHIN);
}

/// The number of lost lines: they could not be written, or too many waited.
pub(crate) fn lost() -> u64 {
    LINES.lock().lost
}

/// Shared by those who log and the thread that writes.
#[derive(Default)]
struct Lines {
    waiting: Mutex<Waiting>,
    /// Lines wait to be written, or many do.
    more: Condvar,
    written: Condvar,
}

#[derive(Default)]
struct Waiting {
    text: Vec<u8>,
    is_being_written: bool,
    lost: u64,
    /// How many of the lost lines the log has reported.
    reported: u64,
}

impl Lines {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock()
    }

    fn add(&self, line: &[u8]) {
        let mut waiting = self.lock();
        if waiting.text.len() + line.len() > WAITING_BYTES_MAX {
            waiting.lost += 1;
            return;
        }
        let before = waiting.text.len();
        waiting.text.extend_from_slice(line);
        let is_to_be_known = before == 0 || (before < GATHERED_BYTES && waiting.text.len() >= GATHERED_BYTES);
        drop(waiting);
        if is_to_be_known {
            self.more.notify_one();
        }
    }

    /// Writes lines as long as the program runs.
    fn write(&self, mut to: impl Write) {
        let mut text = Vec::new();
        loop {
            let mut waiting = self.lock();
            let empty = |waiting: &mut Waiting| waiting.text.is_empty();
            self.more.wait_while(&mut waiting, empty);
            let few = |waiting: &mut Waiting| waiting.text.len() < GATHERED_BYTES;
            self.more.wait_while_for(&mut waiting, few, GATHER_FOR);
            text.append(&mut waiting.text);
            waiting.text.shrink_to(BUFFER_BYTES);
            waiting.is_being_written = true;
            drop(waiting);
            let written = write_all(&mut to, &text);
            let left = &text[written..];
            let mut waiting = self.lock();
            waiting.lost += left.iter().filter(|byte| **byte == b'\n').count() as u64;
            let unreported = if left.is_empty() { waiting.lost - waiting.reported } else { 0 };
            waiting.reported += unreported;
            waiting.is_being_written = false;
            drop(waiting);
            // After a line that was cut, the next one starts on a new line.
            let cut = written > 0 && !left.is_empty() && text[written - 1] != b'\n';
            text.clear();
            text.shrink_to(BUFFER_BYTES);
            text.extend(cut.then_some(b'\n'));
            self.written.notify_all();
            if unreported > 0 {
                tracing::warn!(lines = unreported, "log lines before this one were lost");
            }
            repeats::report(false);
        }
    }
}

/// Returns how many bytes were written before an error, if there was one.
fn write_all(to: &mut impl Write, text: &[u8]) -> usize {
    let mut written = 0;
    while written < text.len() {
        match to.write(&text[written..]) {
            Ok(0) => break,
            Ok(more) => written += more,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            // The output was made non-blocking by another process, and is full.
            Err(error) if error.kind() == ErrorKind::WouldBlock => crate::waiting::a_moment(),
            Err(_) => break,
        }
    }
    written
}

/// Accepts one line; never fails.
struct Line;

impl Write for Line {
    fn write(&mut self, line: &[u8]) -> std::io::Result<usize> {
        LINES.add(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_filter_names_levels_and_parts_of_the_program() {
        for good in ["info", "off", "info,cvmd_operations=debug", "warn,cvmd::http=trace", "debug,russh=off"] {
            assert!(checked(good.to_owned()).is_ok(), "{good}");
        }
        for bad in ["bogus", "", "3", "cvmd_bogus=debug", "info,cvmd_operation=debug", "info,=debug", "info,cvmd=loud"]
        {
            assert!(checked(bad.to_owned()).is_err(), "{bad}");
        }
        assert!(checked("info,cvmd_bogus=debug".to_owned()).unwrap_err().to_string().contains("cvmd_operations"));
    }

    #[test]
    fn every_crate_of_ours_can_be_named() {
        let crates = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
        for entry in std::fs::read_dir(crates).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            if name == "testkit" {
                // No part of the program.
                continue;
            }
            let part = if name == "server" { "cvmd".into() } else { format!("cvmd_{}", name.replace('-', "_")) };
            assert!(OURS.contains(&&*part), "{part}");
        }
    }
}

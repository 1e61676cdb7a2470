//! The remote side of a copy by scp: `scp -t` receives files, `scp -f` sends them. Pure: bytes in, bytes out.
//!
//! ```text
//!   -t:  we \0    they C0644 SIZE NAME\n    we \0    they SIZE bytes and \0    we \0    ...    they end
//!        between: D0755 0 NAME\n ... E\n for a directory, T... for times; \1TEXT\n instead of \0 is an error
//!   -f:  the same with the sides changed
//! ```
//!
//! Never specified: OpenSSH's scp.c is the reference. Clients may send on without waiting for our `\0`.

use crate::{
    bounds::Bound,
    guest::{files::absolute, process::Guest},
};
use std::collections::VecDeque;

/// The maximum bytes of a line of the protocol.
const LINE_BYTES_MAX: usize = 8192;
/// The maximum depth of directories.
const DEPTH_MAX: usize = 32;
/// The maximum bytes that one copy may read from a guest: each of its files once.
const COPY_BYTES_MAX: usize = 5 << 20;
/// The maximum files and directories that one copy may read from a guest.
const COPY_ENTRIES_MAX: usize = 1 << 12;

/// A copy under way.
#[derive(Debug)]
pub(crate) enum Transfer {
    Sink(Sink),
    Source(Source),
}

/// The next step.
#[derive(Debug, Default)]
pub(crate) struct Step {
    pub reply: Vec<u8>,
    /// The new `authorized_keys` to write on the disk; afterwards [`Transfer::written`] is called.
    pub keys: Option<String>,
    /// The command ends with this status.
    pub ended: Option<u8>,
}

/// The client sends files.
#[derive(Debug)]
pub(crate) struct Sink {
    /// Where the next file goes: the target, and the directories entered since.
    places: Vec<String>,
    recursive: bool,
    keep_mode: bool,
    received: VecDeque<u8>,
    file: Option<Incoming>,
    failed: bool,
}

#[derive(Debug)]
struct Incoming {
    path: String,
    mode: u32,
    size: usize,
}

/// The client receives files.
#[derive(Debug)]
pub(crate) struct Source {
    /// What is sent after each `\0` of the client.
    chunks: VecDeque<Vec<u8>>,
    failed: bool,
    /// Bytes of all chunks, also those already sent.
    bytes: usize,
}

/// Begins the copy that `scp`'s words ask for; `None` without `-t` or `-f`.
pub(crate) fn begin(words: &[String], guest: &mut Guest<'_>) -> Option<(Transfer, Step)> {
    let (name, arguments) = words.split_first()?;
    if !matches!(name.as_str(), "scp" | "/usr/bin/scp") {
        return None;
    }
    let options = arguments.iter().take_while(|word| word.starts_with('-') && *word != "--").count();
    let (options, paths) = arguments.split_at(options);
    let paths = paths.strip_prefix(&["--".to_owned()][..]).unwrap_or(paths);
    let given = |letter| options.iter().any(|option| option.contains(letter));
    if given('f') {
        return Some((Transfer::Source(Source::of(paths, given('r'), guest)), Step::default()));
    }
    let [target] = paths else { return None };
    if !given('t') {
        return None;
    }
    let target = absolute(target, &guest.machine.home());
    let mut step = Step { reply: vec![0], ..Step::default() };
    if given('d') && !guest.files.is_directory(&target, guest.machine) {
        step = Step { reply: complaint(&target, "Not a directory"), ended: Some(1), ..Step::default() };
    }
    let sink = Sink {
        places: vec![target],
        recursive: given('r'),
        keep_mode: given('p'),
        received: VecDeque::new(),
        file: None,
        failed: false,
    };
    Some((Transfer::Sink(sink), step))
}

fn complaint(path: &str, why: &str) -> Vec<u8> {
    format!("\u{1}scp: {path}: {why}\n").into_bytes()
}

impl Transfer {
    pub(crate) fn feed(&mut self, data: &[u8], guest: &mut Guest<'_>) -> Step {
        match self {
            Transfer::Sink(sink) => {
                sink.received.extend(data);
                sink.advance(guest)
            }
            Transfer::Source(source) => source.answered(data),
        }
    }

    /// The outcome of writing [`Step::keys`] to the disk.
    pub(crate) fn written(&mut self, outcome: Result<(), String>, guest: &mut Guest<'_>) -> Step {
        let Transfer::Sink(sink) = self else { return Step::default() };
        let mut reply = sink.answered_for(&guest.machine.keys_path(), outcome);
        let step = sink.advance(guest);
        reply.extend(step.reply);
        Step { reply, ..step }
    }

    /// Bytes that it holds in memory.
    pub(crate) fn held(&self) -> usize {
        match self {
            Transfer::Sink(sink) => sink.received.capacity(),
            Transfer::Source(source) => source.chunks.iter().map(Vec::len).sum(),
        }
    }

    /// The status when the client has ended.
    pub(crate) fn status(&self) -> u8 {
        match self {
            Transfer::Sink(sink) => u8::from(sink.failed || sink.file.is_some() || !sink.received.is_empty()),
            Transfer::Source(source) => u8::from(source.failed || !source.chunks.is_empty()),
        }
    }
}

impl Sink {
    /// Handles what has been received, as far as it is complete.
    fn advance(&mut self, guest: &mut Guest<'_>) -> Step {
        let mut step = Step::default();
        loop {
            if let Some(file) = &self.file {
                // One byte more: the client's report that it could read the file to its end.
                let Some(good) = self.received.get(file.size) else { return step };
                let good = *good == 0;
                let Some(file) = self.file.take() else { return step };
                let body: Vec<u8> = self.received.drain(..file.size).collect();
                if !good {
                    self.failed = true;
                    // Instead of it stands the client's reason.
                    continue;
                }
                self.received.pop_front();
                if file.path == guest.machine.keys_path() {
                    match String::from_utf8(body) {
                        Ok(text) => return Step { keys: Some(text), ..step },
                        Err(_) => step.reply.extend(self.answered_for(&file.path, Err("this is not text".into()))),
                    }
                    continue;
                }
                let outcome = guest.files.put(&file.path, (Some(file.mode), body), guest.machine, guest.now_ms);
                step.reply.extend(self.answered_for(&file.path, outcome));
                continue;
            }
            let Some(end) = self.received.iter().position(|byte| *byte == b'\n') else {
                return if self.received.len() > LINE_BYTES_MAX {
                    self.gives_up(step, "a line is too long")
                } else {
                    step
                };
            };
            let line: Vec<u8> = self.received.drain(..=end).collect();
            match self.line(&String::from_utf8_lossy(&line[..end]), guest) {
                Ok(reply) => step.reply.extend(reply),
                Err(why) => return self.gives_up(step, why),
            }
        }
    }

    /// Handles a line of the protocol; an error ends the copy.
    fn line(&mut self, line: &str, guest: &mut Guest<'_>) -> Result<Vec<u8>, &'static str> {
        match line.chars().next() {
            Some('\u{1}') => {
                self.failed = true;
                Ok(Vec::new())
            }
            Some('T') => Ok(vec![0]),
            Some('E') if self.places.len() > 1 => {
                self.places.pop();
                Ok(vec![0])
            }
            Some(kind @ ('C' | 'D')) => {
                let mut words = line[1..].splitn(3, ' ');
                let mode =
                    words.next().and_then(|mode| u32::from_str_radix(mode, 8).ok()).ok_or("a mode is expected")?;
                let size = words.next().and_then(|size| size.parse().ok()).ok_or("a size is expected")?;
                let name = words.next().unwrap_or_default();
                if name.is_empty() || name == "." || name == ".." || name.contains('/') {
                    return Err("a file name is expected");
                }
                let place = self.places.last().cloned().unwrap_or_default();
                let inside = guest.files.is_directory(&place, guest.machine);
                let path = if inside { format!("{}/{name}", place.trim_end_matches('/')) } else { place };
                let mode = if self.keep_mode { mode & 0o777 } else { mode & 0o755 };
                self.entry(kind, Incoming { path, mode, size }, guest)
            }
            _ => Err("protocol error"),
        }
    }

    fn entry(&mut self, kind: char, entry: Incoming, guest: &mut Guest<'_>) -> Result<Vec<u8>, &'static str> {
        let Incoming { path, size, .. } = &entry;
        if kind == 'C' {
            let allowed = guest.files.allows(path, *size, guest.machine);
            if allowed.is_err() {
                return Ok(self.answered_for(path, allowed));
            }
            self.file = Some(entry);
            return Ok(vec![0]);
        }
        if !self.recursive || self.places.len() > DEPTH_MAX {
            return Err("received a directory that was not asked for");
        }
        let made = guest.files.make_directory(path, guest.machine, guest.now_ms);
        if made.is_ok() {
            self.places.push(path.clone());
        }
        Ok(self.answered_for(path, made))
    }

    fn answered_for(&mut self, path: &str, outcome: Result<(), String>) -> Vec<u8> {
        match outcome {
            Ok(()) => vec![0],
            Err(why) => {
                self.failed = true;
                complaint(path, &why)
            }
        }
    }

    fn gives_up(&mut self, mut step: Step, why: &str) -> Step {
        self.failed = true;
        step.reply.extend(format!("\u{2}scp: {why}\n").into_bytes());
        step.ended = Some(1);
        step
    }
}

impl Source {
    fn of(paths: &[String], recursive: bool, guest: &Guest<'_>) -> Source {
        let mut source = Source { chunks: VecDeque::new(), failed: false, bytes: 0 };
        // An error gets no answer from the client: it is sent with the chunk that follows.
        let mut errors = Vec::new();
        for path in paths {
            let path = absolute(path, &guest.machine.home());
            source.add(&path, recursive, guest, &mut errors);
        }
        if !errors.is_empty() {
            source.chunks.push_back(errors);
        }
        source
    }

    fn add(&mut self, path: &str, recursive: bool, guest: &Guest<'_>, errors: &mut Vec<u8>) {
        if self.chunks.len() > COPY_ENTRIES_MAX {
            self.failed = true;
            return;
        }
        let name = path.rsplit('/').next().filter(|name| !name.is_empty()).unwrap_or(".");
        let mut header = |text: String| [std::mem::take(errors), text.into_bytes()].concat();
        if guest.files.is_directory(path, guest.machine) {
            if !recursive {
                self.failed = true;
                errors.extend(complaint(path, "not a regular file"));
                return;
            }
            self.chunks.push_back(header(format!("D0755 0 {name}\n")));
            for inner in guest.files.names(path, guest.machine) {
                self.add(&format!("{}/{inner}", path.trim_end_matches('/')), true, guest, errors);
            }
            let end = [std::mem::take(errors), b"E\n".to_vec()].concat();
            self.chunks.push_back(end);
            return;
        }
        let read = guest.read(path).and_then(|body| {
            self.bytes += body.len();
            if self.bytes > COPY_BYTES_MAX {
                guest.reached(Bound::Output);
                return Err("too much for one copy".into());
            }
            Ok(body)
        });
        match read {
            Ok(mut body) => {
                let mode = guest.files.file(path).map_or(0o600, |(mode, _)| mode);
                self.chunks.push_back(header(format!("C{mode:04o} {} {name}\n", body.len())));
                body.push(0);
                self.chunks.push_back(body);
            }
            Err(why) => {
                self.failed = true;
                errors.extend(complaint(path, &why));
            }
        }
    }

    /// The client has answered with one `\0` or more; anything else means that it cannot go on.
    fn answered(&mut self, data: &[u8]) -> Step {
        let mut step = Step::default();
        for byte in data {
            if *byte != 0 {
                step.ended = Some(1);
                return step;
            }
            match self.chunks.pop_front() {
                Some(chunk) => step.reply.extend(chunk),
                None => step.ended = Some(u8::from(self.failed)),
            }
            // The client does not answer an error alone.
            if self.failed && self.chunks.is_empty() && step.reply.ends_with(b"\n") {
                step.ended = Some(1);
            }
        }
        step
    }
}

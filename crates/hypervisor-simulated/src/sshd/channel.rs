//! The work of one channel, in a task of its own: a shell, a command, or the remote side of a copy.

use super::{
    entry::{Added, Entry, GOES_ON},
    inbox::{Event, Events},
    scp::{self, Step, Transfer},
    sftp,
    terminal::{Terminal, Typed},
};
use crate::{
    bounds::Bound,
    guest::{
        commands,
        files::FILE_BYTES_MAX,
        going::Refused,
        input::Input,
        parsed::Parsed,
        process::{self, Done, Guest},
        running::Ended,
        shell::Shell,
        signals::Signal,
        streams::Print,
        syntax_tree::{Command, Word},
        userland::Userland,
    },
    machine::Machine,
};
use russh::{ChannelWriteHalf, Error, server::Msg};
use std::collections::VecDeque;

/// The maximum of input that is gathered before a command runs: one byte more than a file may have, so that a file that
/// is too large is recognised.
const INPUT_MAX: usize = FILE_BYTES_MAX + 1;
/// The maximum bytes of a line in a shell without a terminal.
const LINE_MAX: usize = 128 << 10;
/// SSH's number for a channel's second stream of output (RFC 4254 section 5.2).
const STDERR: u32 = 1;

/// What a client requests on a channel.
pub(crate) enum Asked {
    Shell,
    Command(String),
    Sftp,
}

/// A channel on which something was requested.
pub(crate) struct Work {
    pub(crate) land: Userland,
    pub(crate) events: Events,
    pub(crate) out: Out,
    pub(crate) shell: Shell,
}

/// A channel's output, sent no faster than its client takes it.
pub(crate) struct Out {
    pub(crate) channel: ChannelWriteHalf<Msg>,
    pub(crate) pty: bool,
    pub(crate) signals: std::sync::Arc<crate::guest::signals::Signals>,
}

impl Out {
    /// Sends, unless the client is gone.
    async fn send(&self, bytes: Vec<u8>) -> Result<(), Error> {
        tokio::select! {
            biased;
            () = self.signals.at_least(Signal::Flood) => Err(Error::Disconnect),
            sent = self.channel.data_bytes(bytes) => sent,
        }
    }

    async fn send_all(&self, done: &Done) -> Result<(), Error> {
        if self.pty {
            return self.channel.data_bytes(on_screen(done).into_bytes()).await;
        }
        self.channel.data_bytes(done.out.clone()).await?;
        self.channel.extended_data_bytes(STDERR, done.err.clone().into_bytes()).await
    }
}

impl Print for Out {
    /// Prints what a command printed, but does not wait for a client when the command was interrupted.
    async fn print(&mut self, done: &Done) -> Result<(), Error> {
        tokio::select! {
            biased;
            sent = self.send_all(done) => sent,
            () = self.signals.at_least(Signal::Interrupt) => Ok(()),
        }
    }
}

impl Work {
    /// Runs what was requested, and ends the channel.
    pub(crate) async fn run(mut self, asked: Asked) {
        let status = match asked {
            Asked::Command(text) => self.command(&text).await,
            Asked::Sftp => self.sftp().await,
            Asked::Shell if self.out.pty => self.terminal().await,
            Asked::Shell => self.lines().await,
        };
        // Without a status the machine was turned off or the client has gone: both end the connection.
        let raised = self.events.signals.raised();
        if raised == Signal::Flood {
            let err = "cvmd-guest: ended: too much input waits for a command\n".into();
            let _ = tokio::time::timeout(GOODBYE, self.out.send_all(&Done { err, ..Done::default() })).await;
        }
        let status = if raised > Signal::Interrupt { Ok(raised.status()) } else { status };
        self.events.close();
        if let Ok(status) = status {
            let _ = self.out.channel.exit_status(status.into()).await;
        }
        let _ = self.out.channel.eof().await;
        let _ = self.out.channel.close().await;
    }

    async fn command(&mut self, text: &str) -> Result<u8, Error> {
        let parsed = self.land.parse(text).await;
        let commands = parsed.as_ref().map_or(&[][..], |parsed| &parsed.commands);
        let waits = self.land.compute(text.len(), || waits_for_input(commands)).await;
        let mut share = self.land.memory.share();
        let mut input = Vec::new();
        if waits {
            loop {
                match self.events.next().await {
                    Some(Event::Data(data)) => {
                        let room = INPUT_MAX.saturating_sub(input.len()).min(data.bytes.len());
                        if !share.resize(input.len() + room) {
                            self.out.print(&process::fails("cvmd-guest: Cannot allocate memory", 1)).await?;
                            return Ok(1);
                        }
                        input.extend(&data.bytes[..room]);
                    }
                    Some(Event::Interrupt) => return Ok(Signal::Interrupt.status()),
                    Some(Event::Eof) => break,
                    None => return Err(Error::Disconnect),
                }
            }
        } else if text.contains("scp")
            && let Some((transfer, step)) = self.land.compute(text.len(), || self.copy_asked_for(commands)).await?
        {
            return self.copy(transfer, step).await;
        }
        Ok(self.run_parsed(parsed, &Input::of(input)).await?.status)
    }

    async fn run_parsed(&mut self, parsed: Result<Parsed, Refused>, input: &Input) -> Result<Ended, Error> {
        let signals = &self.events.signals;
        let ended = self.land.run(parsed, &mut self.shell, input, &mut self.out, signals).await;
        // Yields, so that a guest that runs without end does not delay others.
        tokio::task::yield_now().await;
        ended
    }

    /// A shell without a terminal, which reads complete lines.
    async fn lines(&mut self) -> Result<u8, Error> {
        let mut share = self.land.memory.share();
        let (mut line, mut entry) = (Vec::new(), Entry::new(share.another()));
        loop {
            match self.events.next().await {
                Some(Event::Data(data)) => {
                    for piece in data.bytes.split_inclusive(|byte| *byte == b'\n') {
                        let bytes = line.len() + piece.len();
                        if bytes > LINE_MAX || !share.resize(bytes) {
                            self.land.machines.bounds().reached(Bound::Line);
                            let why = format!("cvmd-guest: ended: a line has more than {LINE_MAX} bytes");
                            self.out.print(&process::fails(&why, 2)).await?;
                            return Ok(2);
                        }
                        line.extend(piece);
                        if piece.ends_with(b"\n") {
                            let text = String::from_utf8_lossy(&std::mem::take(&mut line)).into_owned();
                            let parsed = match self.added(&mut entry, &text).await {
                                Added::GoesOn => continue,
                                Added::Whole(parsed) => parsed,
                                Added::Ended(refused) => return self.refused(refused).await,
                            };
                            let is_wrong = parsed.is_err();
                            let ended = self.run_parsed(parsed, &Input::default()).await?;
                            // As sh ends: what follows may belong to what was not understood.
                            if ended.exit || is_wrong || self.events.signals.raised() > Signal::None {
                                return Ok(ended.status);
                            }
                        }
                    }
                }
                Some(Event::Interrupt) => return Ok(Signal::Interrupt.status()),
                Some(Event::Eof) => {
                    let text = entry.take().text + &String::from_utf8_lossy(&line);
                    let parsed = self.land.parse(&text).await;
                    return Ok(self.run_parsed(parsed, &Input::default()).await?.status);
                }
                None => return Err(Error::Disconnect),
            }
        }
    }

    /// The command that a line ends.
    async fn added(&self, entry: &mut Entry, line: &str) -> Added {
        self.land.compute(entry.len() + line.len(), || entry.add(line)).await
    }

    async fn refused(&mut self, refused: Refused) -> Result<u8, Error> {
        self.land.refuse(&mut self.shell, refused, &mut self.out).await?;
        Ok(self.shell.status)
    }

    /// A shell at a terminal.
    async fn terminal(&mut self) -> Result<u8, Error> {
        let mut terminal = Terminal::new(self.land.memory.share());
        let mut entry = Entry::new(self.land.memory.share());
        // The memory of what was typed at once, until all of it has run.
        let mut _held = None;
        self.prompt().await?;
        loop {
            let typed = match self.events.next().await {
                Some(Event::Data(data)) => {
                    let typed = terminal.feed(&data.bytes);
                    _held = Some(data.share);
                    typed
                }
                Some(Event::Interrupt) => terminal.feed(&[3]),
                Some(Event::Eof) => return Ok(self.shell.status),
                None => return Err(Error::Disconnect),
            };
            let mut typed = VecDeque::from(typed);
            while let Some(typed_now) = typed.pop_front() {
                match typed_now {
                    Typed::Echo(bytes) => self.out.send(bytes).await?,
                    Typed::Interrupt => {
                        entry.take();
                        self.shell.status = Signal::Interrupt.status();
                        self.prompt().await?;
                    }
                    Typed::End if entry.len() > 0 => {
                        let parsed = self.land.parse(&entry.take().text).await;
                        self.run_parsed(parsed, &Input::default()).await?;
                        self.prompt().await?;
                    }
                    Typed::End => {
                        self.out.send(b"logout\r\n".to_vec()).await?;
                        return Ok(self.shell.status);
                    }
                    Typed::Line(line) => {
                        let parsed = match self.added(&mut entry, &line).await {
                            Added::GoesOn => {
                                self.out.send(GOES_ON.into()).await?;
                                continue;
                            }
                            Added::Whole(parsed) => parsed,
                            Added::Ended(refused) => return self.refused(refused).await,
                        };
                        let ended = self.run_parsed(parsed, &Input::default()).await?;
                        // What was typed after an `exit` is dropped.
                        if ended.exit {
                            return Ok(ended.status);
                        }
                        if self.events.signals.raised() == Signal::Interrupt {
                            // The rest was typed before ctrl-C, which is shown and prompts by itself.
                            typed.clear();
                            self.events.skip_to_interrupt().await;
                            typed.extend(terminal.feed(&[3]));
                        } else {
                            self.prompt().await?;
                        }
                    }
                }
            }
        }
    }

    async fn prompt(&self) -> Result<(), Error> {
        self.out.send(prompt(&*self.land.machine()?, &self.shell).into_bytes()).await
    }

    /// The remote side of a copy, if that is the only command.
    fn copy_asked_for(&self, commands: &[Command]) -> Result<Option<(Transfer, Step)>, Error> {
        let machine = self.land.machine()?;
        let mut shell = Shell::default();
        shell.variables.insert("HOME".into(), machine.home());
        let [command] = commands else { return Ok(None) };
        if !command.words().iter().all(Word::is_plain) {
            return Ok(None);
        }
        let mut words = self.land.expand(command.words(), &shell)?.unwrap_or_default();
        words.retain(|word| word != "sudo");
        self.land.act(&mut shell, &Input::default(), |guest| scp::begin(&words, guest))
    }

    /// The sftp subsystem.
    async fn sftp(&mut self) -> Result<u8, Error> {
        let mut share = self.land.memory.share();
        let mut server = sftp::Server::default();
        'events: loop {
            match self.events.next().await {
                Some(Event::Data(data)) => server.receive(&data.bytes),
                Some(Event::Eof) => return Ok(0),
                Some(Event::Interrupt) => return Ok(Signal::Interrupt.status()),
                None => return Err(Error::Disconnect),
            }
            // The memory that a request took is counted before the next request.
            while share.resize(server.held()) {
                let Some(step) = self.inside(|guest| server.advance(guest)).await? else { continue 'events };
                if step.ends {
                    self.out.print(&process::fails("sftp-server: bad message", 1)).await?;
                    return Ok(11);
                }
                if let Some(message) = step.message {
                    self.out.print(&process::fails(&message, 1)).await?;
                }
                let mut reply = step.reply;
                if let Some((number, keys)) = step.keys {
                    let written = self.land.write_moved(keys).await.map_err(|error| error.to_string());
                    reply = sftp::Server::written(number, written);
                }
                self.out.send(reply).await?;
            }
            self.out.print(&process::fails("sftp-server: Cannot allocate memory", 1)).await?;
            return Ok(1);
        }
    }

    /// Runs one step of a copy in the machine, in its guest's turn.
    async fn inside<T>(&self, step: impl FnOnce(&mut Guest<'_>) -> T) -> Result<T, Error> {
        let _turn = self.land.turn().await;
        self.land.act(&mut Shell::default(), &Input::default(), step)
    }

    async fn copy(&mut self, mut transfer: Transfer, first: Step) -> Result<u8, Error> {
        let mut share = self.land.memory.share();
        let mut step = first;
        let mut data = None;
        loop {
            if !share.resize(transfer.held()) {
                self.out.send(b"\x02scp: Cannot allocate memory\n".to_vec()).await?;
                return Ok(1);
            }
            self.out.send(std::mem::take(&mut step.reply)).await?;
            if let Some(status) = step.ended {
                return Ok(status);
            }
            let written = match step.keys.take() {
                Some(text) => Some(self.land.write_keys(text, false).await.map_err(|error| error.to_string())),
                None => None,
            };
            if written.is_none() {
                data = match self.events.next().await {
                    Some(Event::Data(data)) => Some(data),
                    Some(Event::Eof) => return Ok(transfer.status()),
                    Some(Event::Interrupt) => return Ok(Signal::Interrupt.status()),
                    None => return Err(Error::Disconnect),
                };
            }
            let next = |guest: &mut Guest<'_>| match (written, data.take()) {
                (Some(outcome), _) => transfer.written(outcome, guest),
                (None, Some(data)) => transfer.feed(&data.bytes, guest),
                (None, None) => Step::default(),
            };
            step = self.inside(next).await?;
        }
    }
}

/// Whether one of a text's commands reads all input before it runs.
fn waits_for_input(commands: &[Command]) -> bool {
    let plain = Shell::default();
    Command::any(commands, &|command| command.expand(&plain).is_ok_and(|words| commands::reads_input(&words)))
}

/// How long the last output waits for a client that does not read.
const GOODBYE: std::time::Duration = std::time::Duration::from_secs(1);

/// The prompt of a shell.
pub(super) fn prompt(machine: &Machine, shell: &Shell) -> String {
    let (user, (host, _)) = (&machine.entrance().user, machine.names());
    let sign = if &**user == "root" { '#' } else { '$' };
    let (directory, home) = (process::directory(shell, machine), machine.home());
    let inside = directory.strip_prefix(&*home).filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let directory = inside.map_or(directory.clone(), |rest| format!("~{rest}"));
    format!("{user}@{host}:{directory}{sign} ")
}

/// A command's output for a terminal: a carriage return before each newline.
pub(super) fn on_screen(done: &Done) -> String {
    format!("{}{}", String::from_utf8_lossy(&done.out), done.err).replace('\n', "\r\n")
}

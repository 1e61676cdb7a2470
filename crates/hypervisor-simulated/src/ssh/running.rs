//! How a line or a script of a guest runs: one command after the other, with its scripts inside it, to a last status.

use super::{
    commands::{self, Done, Effect, Guest, Script},
    environment,
    files::absolute,
    moving::Keys,
    shell::{self, Command, Join, Output, Shell, Sink, Streams, Unclear},
    signals::{Signal, Signals},
    userland::Userland,
};
use crate::{
    bounds::Bound,
    memory::{Memory, Share},
};
use cvmd_hypervisor::Trouble;
use russh::Error;
use std::{collections::VecDeque, sync::Arc};

/// Bytes that one text may print, and run as scripts, before it is ended, each command counting as a few: nobody else waits for one guest.
const PRINTED_MAX: usize = 32 << 20;
const COMMAND_COUNTS: usize = 1 << 10;
/// What a word of a command weighs: it may name a file or a directory to look into.
const WORD_WEIGHS: usize = 64;
/// Scripts that run each other.
const DEPTH_MAX: usize = 16;

/// How a line ended.
pub(crate) struct Ended {
    pub status: u8,
    /// The shell ends with it.
    pub exit: bool,
}

/// Where what commands print goes. It may wait for its reader.
pub(crate) trait Print: Send {
    fn print(&mut self, done: &Done) -> impl Future<Output = Result<(), Error>> + Send;
}

/// What one command prints for the next one.
#[derive(Default)]
struct Pipe {
    bytes: Vec<u8>,
    _share: Option<Share>,
}

/// Why a text does not run, or not on.
struct Refused {
    words: String,
    /// The bound that it reached; what is merely not understood has reached none.
    bound: Option<Bound>,
}

/// What a text still has to run.
struct Frame {
    commands: VecDeque<Command>,
    /// Of a script of its own; what the outer shell has stands below.
    outer: Option<Shell>,
    /// Of the memory that this takes.
    _share: Share,
}

impl Userland {
    /// Runs the commands of a text and answers the last status, or the one that the shell ends with.
    pub(crate) async fn run(
        &self,
        text: &str,
        shell: &mut Shell,
        input: &[u8],
        out: &mut impl Print,
        signals: &Signals,
    ) -> Result<Ended, Error> {
        let Some(frame) = self.first_frame(text, shell, out).await? else {
            return Ok(Ended { status: 2, exit: false });
        };
        let mut frames = vec![frame];
        // Whether a command has just ended, so that its status counts.
        let (mut ended, mut begun, mut left) = (false, false, PRINTED_MAX);
        let mut pipe = Pipe::default();
        while let Some(frame) = frames.last_mut() {
            // A first command is begun whatever its client does then, as sshd begins it.
            if begun && signals.raised() > Signal::None {
                shell.status = signals.raised().status();
                return Ok(Ended { status: shell.status, exit: signals.raised() > Signal::Interrupt });
            }
            let asked = frame.commands.front().is_some_and(|next| next.join != Join::Always);
            if ended && shell.errexit && shell.status != 0 && !asked {
                end_shell(&mut frames, shell);
                if frames.is_empty() {
                    return Ok(Ended { status: shell.status, exit: true });
                }
                continue;
            }
            let Some(command) = frame.commands.pop_front() else {
                leave(&mut frames, shell);
                ended = true;
                continue;
            };
            ended = match command.join {
                Join::Always => true,
                Join::IfGood => shell.status == 0,
                Join::IfBad => shell.status != 0,
                Join::Pipe => ended,
            };
            if !ended {
                continue;
            }
            begun = true;
            let (effect, printed) = self.part(&command, shell, input, &mut pipe, out, signals).await?;
            let Some(rest) = left.checked_sub(COMMAND_COUNTS + printed) else {
                self.refuse(shell, Refused::bound(Bound::Output, "ended: it runs on and on"), out).await?;
                return Ok(Ended { status: 2, exit: true });
            };
            left = rest;
            match effect {
                Some(Effect::Reboot) => return Err(Error::Disconnect),
                Some(Effect::Exit(status)) => {
                    shell.status = status;
                    end_shell(&mut frames, shell);
                    if frames.is_empty() {
                        return Ok(Ended { status, exit: true });
                    }
                }
                Some(Effect::Script(script, assigned)) => {
                    let refused = why_not(&command, frames.len());
                    ended = !self.enter_script(&mut frames, shell, (script, assigned), refused, out).await?;
                }
                _ => {}
            }
        }
        Ok(Ended { status: shell.status, exit: false })
    }

    /// A script begins, or it is printed why it does not.
    async fn enter_script(
        &self,
        frames: &mut Vec<Frame>,
        shell: &mut Shell,
        (script, assigned): (Script, Vec<(String, String)>),
        refused: Option<Refused>,
        out: &mut impl Print,
    ) -> Result<bool, Error> {
        let weight = script.text.len();
        let entered = match refused {
            Some(refused) => Err(refused),
            None => self.driver.compute(self.id, weight, || enter(frames, shell, script, assigned, &self.memory)).await,
        };
        let Err(refused) = entered else { return Ok(true) };
        self.refuse(shell, refused, out).await?;
        Ok(false)
    }

    /// What a text has to run; an error in it is printed.
    async fn first_frame(&self, text: &str, shell: &mut Shell, out: &mut impl Print) -> Result<Option<Frame>, Error> {
        environment::log_in(shell, &*self.machine()?);
        match self.driver.compute(self.id, text.len(), || understood(text, shell, &self.memory)).await {
            Ok((commands, share)) => Ok(Some(Frame { commands, outer: None, _share: share })),
            Err(refused) => {
                self.refuse(shell, refused, out).await?;
                Ok(None)
            }
        }
    }

    /// Runs one command. What it does to its shell ends with it if it is part of a pipe, as a shell of its own runs it there; that
    /// costs a copy of the variables, which counts as what it prints does.
    async fn part(
        &self,
        command: &Command,
        shell: &mut Shell,
        input: &[u8],
        pipe: &mut Pipe,
        out: &mut impl Print,
        signals: &Signals,
    ) -> Result<(Option<Effect>, usize), Error> {
        let before = std::mem::take(pipe);
        let input = if command.join == Join::Pipe { &*before.bytes } else { input };
        if !command.piped && command.join != Join::Pipe {
            return self.command(command, shell, input, pipe, out, signals).await;
        }
        let outer = shell.clone();
        let (effect, printed) = self.command(command, shell, input, pipe, out, signals).await?;
        let printed = printed + outer.bytes();
        *shell = Shell { status: shell.status, hinted: shell.hinted, ..outer };
        let effect = match effect {
            Some(Effect::Exit(status)) => {
                shell.status = status;
                None
            }
            effect => effect,
        };
        Ok((effect, printed))
    }

    /// Runs one command, and tells what is left to do and how much it has printed.
    async fn command(
        &self,
        command: &Command,
        shell: &mut Shell,
        input: &[u8],
        pipe: &mut Pipe,
        out: &mut impl Print,
        signals: &Signals,
    ) -> Result<(Option<Effect>, usize), Error> {
        let mut done = self
            .driver
            .compute(self.id, command.words.len() * WORD_WEIGHS, || self.run_one(command, shell, input))
            .await?;
        let mut share = self.memory.share();
        if !share.resize(done.out.len()) {
            done = commands::fails("cvmd-guest: Cannot allocate memory", 1);
        }
        let effect = done.effect.take();
        // Poweroff and the like go to their end; only waiting is cut short.
        let acted = tokio::select! {
            acted = self.act(effect.as_ref()) => acted,
            () = signals.at_least(Signal::Interrupt), if matches!(effect, Some(Effect::Sleep(_))) => {
                done.status = signals.raised().status();
                Ok(())
            }
        };
        report(&mut done, acted);
        if let Some(streams) = &command.streams {
            self.direct(streams, shell, &mut done).await?;
        }
        shell.status = done.status;
        // Scripts that call each other count as what they print does.
        let script = if let Some(Effect::Script(script, _)) = &effect { script.text.len() } else { 0 };
        let printed = done.out.len() + done.err.len() + script;
        if command.piped {
            *pipe = Pipe { bytes: std::mem::take(&mut done.out), _share: Some(share) };
        }
        out.print(&done).await?;
        Ok((effect, printed))
    }

    async fn refuse(&self, shell: &mut Shell, refused: Refused, out: &mut impl Print) -> Result<(), Error> {
        if let Some(bound) = refused.bound {
            self.driver.bounds().reached(bound);
        }
        shell.status = 2;
        out.print(&commands::fails(&format!("cvmd-guest: {}", refused.words), 2)).await
    }

    /// Sessions share what is in memory: nobody holds it while anything is waited for.
    fn run_one(&self, command: &Command, shell: &mut Shell, input: &[u8]) -> Result<Done, Error> {
        let machine = self.machine()?;
        let Some(words) = command.expand(shell) else {
            self.driver.bounds().reached(Bound::Line);
            return Ok(commands::fails("cvmd-guest: too many words or variables, or too long", 126));
        };
        let mut files = self.files();
        let now_ms = self.driver.clock.now_ms();
        Ok(commands::run(&words, &mut Guest { machine: &machine, files: &mut files, shell, input, now_ms }))
    }

    async fn act(&self, effect: Option<&Effect>) -> Result<(), Trouble> {
        match effect {
            Some(Effect::PowerOff) => self.driver.power_off_inside(self.id, self.boot).await,
            Some(Effect::Reboot) => self.driver.reboot_inside(self.id, self.boot).await,
            Some(Effect::Sleep(time)) => {
                tokio::time::sleep(*time).await;
                Ok(())
            }
            Some(Effect::Moved(keys)) => self.write_moved(keys.clone()).await,
            Some(Effect::Keys(text)) => self.write_keys(text.clone(), false).await,
            Some(Effect::Exit(_) | Effect::Script(..)) | None => Ok(()),
        }
    }

    /// Writes the disk's `authorized_keys`, as a command of the guest does.
    pub(crate) async fn write_keys(&self, text: String, append: bool) -> Result<(), Trouble> {
        tracing::debug!(instance = %self.id, "authorized_keys is written in the guest");
        let edit = move |before: &str| if append { format!("{before}{text}") } else { text };
        self.driver.edit_keys_inside(self.id, self.boot, edit).await
    }

    /// The same, for a file that has become them, which then is gone.
    pub(super) async fn write_moved(&self, keys: Keys) -> Result<(), Trouble> {
        self.write_keys(keys.text, false).await?;
        if let Some(path) = keys.moved {
            self.files().remove(&path);
        }
        Ok(())
    }

    /// Sends a command's two streams where its line says.
    async fn direct(&self, streams: &Streams, shell: &Shell, done: &mut Done) -> Result<(), Error> {
        let printed =
            [(&streams.out, std::mem::take(&mut done.out)), (&streams.err, std::mem::take(&mut done.err).into_bytes())];
        let directory = environment::directory(shell, &*self.machine()?);
        let mut files: Vec<(&Output, Vec<u8>)> = Vec::new();
        for (sink, bytes) in printed {
            match sink {
                Sink::Out => done.out.extend(bytes),
                Sink::Err => done.err.push_str(&String::from_utf8_lossy(&bytes)),
                Sink::File(output) => match files.iter_mut().find(|(other, _)| *other == output) {
                    Some((_, body)) => body.extend(bytes),
                    None => files.push((output, bytes)),
                },
            }
        }
        for (output, body) in files {
            self.redirect(&absolute(&output.path.expand(shell), &directory), output.append, body, done).await;
        }
        Ok(())
    }

    /// Writes what a command has printed into a file of the guest.
    async fn redirect(&self, path: &str, append: bool, body: Vec<u8>, done: &mut Done) {
        let Ok(machine) = self.machine() else { return };
        if path == "/dev/null" {
            return;
        }
        if path == machine.keys_path() {
            let written = self.write_keys(String::from_utf8_lossy(&body).into_owned(), append).await;
            report(done, written);
            return;
        }
        let _turn = self.driver.turn(self.id).await;
        let mut files = self.files();
        let before = files.file(path).filter(|_| append).map_or(&[][..], |(_, before)| before);
        let body = [before, &body].concat();
        if let Err(why) = files.put(path, (None, body), &machine, self.driver.clock.now_ms()) {
            done.err.push_str(&format!("cvmd-guest: {path}: {why}\n"));
            done.status = 1;
        }
    }
}

impl Refused {
    fn words(words: impl Into<String>) -> Refused {
        Refused { words: words.into(), bound: None }
    }

    fn bound(bound: Bound, words: impl Into<String>) -> Refused {
        Refused { words: words.into(), bound: Some(bound) }
    }
}

/// Why a script does not begin, so deep inside others.
fn why_not(command: &Command, depth: usize) -> Option<Refused> {
    if command.streams.is_some() || command.piped {
        return Some(Refused::words("a script's output cannot be redirected here"));
    }
    let words = || format!("scripts are not nested so deep here: {DEPTH_MAX} at most");
    (depth >= DEPTH_MAX).then(|| Refused::bound(Bound::Line, words()))
}

/// The commands of a text, and the memory that they take; or why it is not understood.
fn understood(text: &str, shell: &Shell, memory: &Arc<Memory>) -> Result<(VecDeque<Command>, Share), Refused> {
    let commands = shell::parse(text).map_err(|unclear| match unclear {
        Unclear::Syntax(why) => Refused::words(format!("syntax error: {why}")),
        Unclear::TooMuch(what) => Refused::bound(Bound::Line, what),
    })?;
    let mut share = memory.share();
    if share.resize(shell::weight(text, &commands) + shell.bytes()) {
        Ok((commands.into(), share))
    } else {
        // Whose memory it is has counted it.
        Err(Refused::words("Cannot allocate memory"))
    }
}

/// A script begins, or is not understood. Unlike sh, it sees its caller's variables whether exported or not.
fn enter(
    frames: &mut Vec<Frame>,
    shell: &mut Shell,
    script: Script,
    assigned: Vec<(String, String)>,
    memory: &Arc<Memory>,
) -> Result<(), Refused> {
    let (commands, share) = understood(&script.text, shell, memory)?;
    shell.status = 0;
    let outer = (!script.sourced).then(|| shell.clone());
    shell.variables.extend(assigned);
    if outer.is_some() {
        shell.variables.extend(script.arguments.into_iter().enumerate().map(|(at, word)| (at.to_string(), word)));
        shell.errexit = script.errexit;
    }
    frames.push(Frame { commands, outer, _share: share });
    Ok(())
}

/// A text is at its end: of what it knew only its status stays, if it was a script of its own.
fn leave(frames: &mut Vec<Frame>, shell: &mut Shell) {
    if let Some(outer) = frames.pop().and_then(|frame| frame.outer) {
        *shell = Shell { status: shell.status, ..outer };
    }
}

/// A shell ends before its text does; a sourced script ends with the shell that reads it.
fn end_shell(frames: &mut Vec<Frame>, shell: &mut Shell) {
    while frames.last().is_some_and(|frame| frame.outer.is_none()) {
        frames.pop();
    }
    leave(frames, shell);
}

/// Tells a command's user what came of its effect.
fn report(done: &mut Done, acted: Result<(), Trouble>) {
    if let Err(trouble) = acted {
        done.err.push_str(&format!("cvmd-guest: {trouble}\n"));
        done.status = 1;
    }
}

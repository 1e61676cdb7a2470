//! Runs a line or a script of a guest: its commands one after the other, nested ones included, up to the last status.

use super::{
    commands, environment,
    expansion::{self, Unexpanded, WORDS_BYTES_MAX},
    globs::Globs,
    going::{COMMAND_COUNTS, ENDED, Given, Going, PRINTED_MAX, Refused, Run, weight},
    input::Input,
    loops::Laps,
    parsed::Parsed,
    process::{self, Done, Effect, Keys, OUTPUT_MAX, Script},
    readers::{BROKEN_PIPE, Reader},
    shell::{Shell, assignment},
    signals::{Signal, Signals},
    streams::{Capture, Pipe, Print, no_memory, report},
    syntax_tree::{Body, Command, Join, Word},
    userland::Userland,
};
use crate::bounds::Bound;
use russh::Error;
use std::pin::Pin;

/// The maximum depth of scripts that run each other, and of nested commands: `( )`, `$( )`, `if`.
const DEPTH_MAX: usize = 16;
/// The end of a line.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ended {
    pub status: u8,
    /// The shell ends with it.
    pub exit: bool,
}

/// What a command still has to run.
enum Inner {
    Nothing {
        exit: bool,
    },
    Body(Body),
    /// A script with variables of its own.
    Script(Box<Script>, Vec<(String, String)>),
}

type Ending<'a> = Pin<Box<dyn Future<Output = Result<Ended, Error>> + Send + 'a>>;

impl Userland {
    /// Runs the commands of a text, or says why it does not run, and returns the last status, or the status with which the shell ends.
    pub(crate) async fn run(
        &self,
        parsed: Result<Parsed, Refused>,
        shell: &mut Shell,
        input: &Input,
        out: &mut impl Print,
        signals: &Signals,
    ) -> Result<Ended, Error> {
        environment::log_in(shell, &*self.machine()?);
        let Parsed { commands, share: _share } = match parsed.and_then(|parsed| parsed.beside(shell)) {
            Ok(parsed) => parsed,
            Err(refused) => {
                self.refuse(shell, refused, out).await?;
                return Ok(Ended { status: 2, exit: false });
            }
        };
        let mut going = Going { signals, begun: false, left: Some(PRINTED_MAX), depth: 0 };
        self.list(commands, input, &mut Run { shell, out, going: &mut going }).await
    }

    /// Runs commands one after the other.
    async fn list<P: Print>(
        &self,
        commands: Vec<Command>,
        input: &Input,
        run: &mut Run<'_, '_, P>,
    ) -> Result<Ended, Error> {
        // Whether the command before was run, so that its status counts.
        let mut ran = false;
        // The status of the pipeline's last command that failed.
        let mut failed = 0;
        let mut pipe = Pipe::default();
        let mut commands = commands.into_iter().peekable();
        while let Some(command) = commands.next() {
            // The first command is begun whatever the client does then, as with sshd.
            if run.going.begun && run.going.signals.raised() > Signal::None {
                run.shell.status = run.going.signals.raised().status();
                return Ok(Ended { status: run.shell.status, exit: run.going.signals.raised() > Signal::Interrupt });
            }
            ran = match command.join {
                Join::Always => true,
                Join::IfGood => run.shell.status == 0,
                Join::IfBad => run.shell.status != 0,
                Join::Pipe => ran,
            };
            if !ran {
                continue;
            }
            let (negated, join) = (command.negated, command.join);
            let is_asked = negated || commands.peek().is_some_and(|next| next.join != Join::Always);
            let reader = commands.peek().filter(|_| command.piped);
            let exit = self.part(command, Given { input, is_asked, reader }, &mut pipe, run).await?;
            failed = if join == Join::Pipe && run.shell.status == 0 { failed } else { run.shell.status };
            if run.shell.options.pipefail && commands.peek().is_none_or(|next| next.join != Join::Pipe) {
                run.shell.status = failed;
            }
            if !exit && run.going.left.is_some() && negated {
                run.shell.status = u8::from(run.shell.status == 0);
            }
            if exit || run.going.left.is_none() || run.shell.options.errexit && run.shell.status != 0 && !is_asked {
                return Ok(Ended { status: run.shell.status, exit: true });
            }
            if run.shell.leaving.is_some() {
                break;
            }
        }
        Ok(Ended { status: run.shell.status, exit: false })
    }

    /// Runs something nested; boxed because it is recursive.
    pub(crate) fn inside<'a, P: Print>(
        &'a self,
        commands: Vec<Command>,
        input: &'a Input,
        run: &'a mut Run<'_, '_, P>,
    ) -> Ending<'a> {
        Box::pin(async move {
            if run.going.depth >= DEPTH_MAX {
                // Nothing goes on as if something too deep had been false, or had printed nothing.
                if run.going.left.take().is_some() {
                    let words = format!("ended: commands and scripts are not nested so deep here: {DEPTH_MAX} at most");
                    self.refuse(run.shell, Refused::bound(Bound::Line, words), run.out).await?;
                }
                return Ok(Ended { status: ENDED, exit: true });
            }
            run.going.depth += 1;
            let ended = self.list(commands, input, run).await;
            run.going.depth -= 1;
            ended
        })
    }

    /// Runs one command, and returns whether the shell ends with it. A command in a pipe runs in a shell of its own and
    /// cannot change its shell; that copies the variables, which counts like printed bytes.
    async fn part<P: Print>(
        &self,
        mut command: Command,
        given: Given<'_>,
        pipe: &mut Pipe,
        run: &mut Run<'_, '_, P>,
    ) -> Result<bool, Error> {
        let before = std::mem::take(pipe);
        let is_piped = command.piped || command.join == Join::Pipe;
        let mut given = if command.join == Join::Pipe { Given { input: &before.input, ..given } } else { given };
        let outer = is_piped.then(|| run.shell.clone());
        let substituted = self.substitute(&mut command, given.input, run).await?;
        let source = command.input.take().filter(|_| substituted.is_ok());
        let source = source.map(|source| self.source(&source, run.shell)).transpose()?.transpose();
        let (substituted, source) = match source {
            Ok(source) => (substituted, source),
            Err(done) => (Err(done), None),
        };
        if let Some(source) = &source {
            given.input = &source.input;
        }
        let inner = match substituted {
            _ if run.going.left.is_none() => {
                // It must not look like a success to whoever waits for it.
                run.shell.status = ENDED;
                return Ok(true);
            }
            Err(done) => {
                run.shell.status = done.status;
                run.out.print(&done).await?;
                return Ok(false);
            }
            Ok(status) if matches!(command.body, Body::Simple(_)) => {
                self.simple(&command, status, (given.input, &mut *pipe), run).await?
            }
            Ok(_) => Inner::Body(std::mem::replace(&mut command.body, Body::Simple(Vec::new()))),
        };
        let exit = match inner {
            Inner::Nothing { exit } => exit,
            inner if command.piped || command.streams.is_some() => {
                // The next command, or a file, gets the whole output.
                let mut capture = Capture::new(OUTPUT_MAX, command.is_merged(), &self.memory);
                capture.reader =
                    given.reader.filter(|_| command.prints()).and_then(|next| self.reader(next, run.shell));
                let exit = match self.compound(inner, &given, &mut run.into(&mut capture)).await {
                    Err(_) if capture.is_broken => {
                        run.shell.status = BROKEN_PIPE;
                        false
                    }
                    exit => exit?,
                };
                let (done, share) = capture.done(run.shell.status, self);
                self.hand_on(&command, run.shell, (done, share), pipe, run.out).await?;
                exit
            }
            inner => self.compound(inner, &given, run).await?,
        };
        let Some(outer) = outer else { return Ok(exit) };
        self.spend(outer.bytes(), run).await?;
        *run.shell = Shell { status: run.shell.status, hinted: run.shell.hinted, ..outer };
        Ok(false)
    }

    /// Runs the commands in a command's words, and replaces them by their output. Returns the status of the last; or
    /// what is printed instead of running the command.
    async fn substitute<P: Print>(
        &self,
        command: &mut Command,
        input: &Input,
        run: &mut Run<'_, '_, P>,
    ) -> Result<Result<Option<u8>, Done>, Error> {
        let mut status = None;
        for word in command.words_mut() {
            let mut from = 0;
            while let Some((at, commands)) = word.substitution(from, run.shell) {
                from = at + 1;
                let outer = run.shell.clone();
                let mut capture = Capture::new(WORDS_BYTES_MAX, false, &self.memory);
                self.spend(COMMAND_COUNTS + outer.bytes(), run).await?;
                if run.going.left.is_some() {
                    self.inside(commands, input, &mut run.into(&mut capture)).await?;
                }
                status = Some(run.shell.status);
                *run.shell = Shell { hinted: run.shell.hinted, ..outer };
                if !capture.err.is_empty() {
                    run.out.print(&Done { err: std::mem::take(&mut capture.err), ..Done::default() }).await?;
                }
                if capture.lacks_memory {
                    return Ok(Err(no_memory()));
                }
                if capture.is_full {
                    // A part of it must not be taken for the whole.
                    self.machines.bounds().reached(Bound::Line);
                    let why = format!("cvmd-guest: what stands in $( ) prints more than {WORDS_BYTES_MAX} bytes");
                    return Ok(Err(process::fails(&why, 126)));
                }
                word.settle(at, String::from_utf8_lossy(&capture.out).trim_end_matches('\n').to_owned());
            }
        }
        Ok(Ok(status))
    }

    /// Runs a command that has words, and returns what is left to run.
    async fn simple<P: Print>(
        &self,
        command: &Command,
        substituted: Option<u8>,
        (input, pipe): (&Input, &mut Pipe),
        run: &mut Run<'_, '_, P>,
    ) -> Result<Inner, Error> {
        if run.going.begun && run.going.signals.raised() > Signal::None {
            // A command in its words was interrupted.
            run.shell.status = run.going.signals.raised().status();
            return Ok(Inner::Nothing { exit: false });
        }
        run.going.begun = true;
        let weight = weight(command);
        let mut done = self.compute(weight, || self.run_one(command, substituted, run.shell, input)).await?;
        let mut share = self.memory.share();
        if !share.resize(done.out.len()) {
            done = no_memory();
        }
        let effect = done.effect.take();
        if let Some(Effect::Script(script, assigned)) = effect {
            return Ok(Inner::Script(Box::new(script), assigned));
        }
        // Poweroff and the like are completed; only the waiting is cut short.
        let acted = tokio::select! {
            acted = self.take_effect(effect.as_ref()) => acted,
            () = run.going.signals.at_least(Signal::Interrupt), if matches!(effect, Some(Effect::Sleep(_))) => {
                done.status = run.going.signals.raised().status();
                Ok(())
            }
        };
        report(&mut done, acted);
        let printed = self.hand_on(command, run.shell, (done, share), pipe, run.out).await?;
        self.spend(COMMAND_COUNTS + printed, run).await?;
        match effect {
            Some(Effect::Reboot) => Err(Error::Disconnect),
            Some(Effect::Exit(status)) => {
                run.shell.status = status;
                Ok(Inner::Nothing { exit: true })
            }
            _ => Ok(Inner::Nothing { exit: false }),
        }
    }

    /// Runs nested commands, and returns whether the shell ends with them.
    async fn compound<P: Print>(
        &self,
        inner: Inner,
        given: &Given<'_>,
        run: &mut Run<'_, '_, P>,
    ) -> Result<bool, Error> {
        self.spend(COMMAND_COUNTS, run).await?;
        match inner {
            Inner::Nothing { exit } => Ok(exit),
            Inner::Script(script, assigned) => self.script(*script, assigned, given.input, run).await,
            Inner::Body(Body::Simple(_)) => Ok(false),
            Inner::Body(Body::Subshell(commands)) => {
                let outer = run.shell.clone();
                run.shell.options.errexit &= !given.is_asked;
                self.spend(outer.bytes(), run).await?;
                self.inside(commands, given.input, run).await?;
                *run.shell = Shell { status: run.shell.status, hinted: run.shell.hinted, ..outer };
                Ok(false)
            }
            Inner::Body(Body::For { name, words, commands }) => match self.expand(&words, run.shell)? {
                Ok(values) => {
                    let laps = Laps::Values { name, values: values.into_iter() };
                    self.laps(laps, &commands, given, run).await
                }
                Err(why) => {
                    let done = self.without_value(&why);
                    run.shell.status = done.status;
                    run.out.print(&done).await?;
                    Ok(false)
                }
            },
            Inner::Body(Body::While { condition, until, commands }) => {
                self.laps(Laps::While { condition, until }, &commands, given, run).await
            }
            Inner::Body(Body::If { arms, otherwise }) => {
                let errexit = run.shell.options.errexit;
                let mut runs = otherwise;
                for (condition, commands) in arms {
                    run.shell.options.errexit = false;
                    let ended = self.inside(condition, given.input, run).await?;
                    run.shell.options.errexit = errexit;
                    if ended.exit {
                        return Ok(true);
                    }
                    if run.shell.status == 0 {
                        runs = commands;
                        break;
                    }
                }
                if runs.is_empty() {
                    run.shell.status = 0;
                    return Ok(false);
                }
                run.shell.options.errexit &= !given.is_asked;
                let ended = self.inside(runs, given.input, run).await?;
                if given.is_asked {
                    run.shell.options.errexit = errexit;
                }
                Ok(ended.exit)
            }
        }
    }

    /// Runs a script, and returns whether the calling shell ends with it. Unlike in sh, it sees its caller's variables
    /// whether exported or not.
    async fn script<P: Print>(
        &self,
        script: Script,
        assigned: Vec<(String, String)>,
        input: &Input,
        run: &mut Run<'_, '_, P>,
    ) -> Result<bool, Error> {
        // Scripts that call each other count like printed bytes.
        self.spend(script.text.len(), run).await?;
        let parsed = self.parse(&script.text).await.and_then(|parsed| parsed.beside(run.shell));
        let Parsed { commands, share: _share } = match parsed {
            Ok(parsed) => parsed,
            Err(refused) => {
                self.refuse(run.shell, refused, run.out).await?;
                return Ok(false);
            }
        };
        run.shell.status = 0;
        let outer = (!script.sourced).then(|| run.shell.clone());
        run.shell.variables.extend(assigned);
        if outer.is_some() {
            run.shell
                .variables
                .extend(script.arguments.into_iter().enumerate().map(|(at, word)| (at.to_string(), word)));
            run.shell.options = script.options;
        }
        let nothing = Input::default();
        let input = if script.is_input { &nothing } else { input };
        let ended = self.inside(commands, input, run).await?;
        let Some(outer) = outer else { return Ok(ended.exit) };
        *run.shell = Shell { status: run.shell.status, ..outer };
        Ok(false)
    }

    /// Sessions share the files in memory: the lock is never held while waiting. The status of assignments alone is
    /// that of the commands in their values.
    fn run_one(
        &self,
        command: &Command,
        substituted: Option<u8>,
        shell: &mut Shell,
        input: &Input,
    ) -> Result<Done, Error> {
        let words = match self.expand(command.words(), shell)? {
            Ok(words) => words,
            Err(why) => return Ok(self.without_value(&why)),
        };
        let mut done = self.act(shell, input, |guest| commands::run(&words, guest))?;
        if let Some(status) = substituted
            && words.iter().all(|word| assignment(word).is_some())
        {
            done.status = status;
        }
        Ok(done)
    }

    /// What is known of the reader of a pipe, before it runs.
    fn reader(&self, command: &Command, shell: &Shell) -> Option<Reader> {
        let is_plain = command.input.is_none() && command.words().iter().all(Word::is_plain);
        let need = commands::need(&command.expand(shell).ok().filter(|_| is_plain)?)?;
        Some(Reader::of(need, self.machines.clock))
    }

    /// Words with their values, and the files that they stand for.
    pub(crate) fn expand(&self, words: &[Word], shell: &Shell) -> Result<Result<Vec<String>, Unexpanded>, Error> {
        let (machine, files) = (self.machine()?, self.files());
        Ok(expansion::expand(words, shell, Some(&mut Globs::of(&files, &machine, shell))))
    }

    async fn take_effect(&self, effect: Option<&Effect>) -> Result<(), cvmd_hypervisor::Error> {
        match effect {
            Some(Effect::PowerOff) => self.machines.power_off_inside(self.id, self.boot).await,
            Some(Effect::Reboot) => self.machines.reboot_inside(self.id, self.boot).await,
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
    pub(crate) async fn write_keys(&self, text: String, append: bool) -> Result<(), cvmd_hypervisor::Error> {
        tracing::debug!(instance = %self.id, "authorized_keys is written in the guest");
        let edit = move |before: &str| if append { format!("{before}{text}") } else { text };
        self.machines.edit_keys_inside(self.id, self.boot, edit).await
    }

    /// The same for a file that becomes `authorized_keys`, and is removed then.
    pub(crate) async fn write_moved(&self, keys: Keys) -> Result<(), cvmd_hypervisor::Error> {
        self.write_keys(keys.text, false).await?;
        if let Some(path) = keys.moved {
            self.files().remove(&path);
        }
        Ok(())
    }
}

//! One SSH session at one machine: who it is, and the shell or command in each of its channels.

use super::{
    auth,
    commands::{self, Done, Guest},
    files::{FILE_BYTES_MAX, Files},
    running::Ended,
    scp::{self, Step, Transfer},
    shell::{self, Shell},
    terminal::{Terminal, Typed},
};
use crate::{SimulatedHypervisor, disk::Admission, machine::Machine};
use cvmd_model::{BootId, InstanceId, Power};
use russh::{
    Channel, ChannelId, Error, Pty,
    server::{Auth, ChannelOpenHandle, Handler, Msg, PublicKeyOffer, Session, VerifiedPublicKey},
};
use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};

/// How long the answer to a wrong password waits.
const WRONG_PASSWORD: Duration = Duration::from_millis(100);
/// Input that a command may gather before it runs; one byte more than any file may have, which then is too large.
const INPUT_MAX: usize = FILE_BYTES_MAX + 1;
/// SSH's number for a channel's second stream of output (RFC 4254 section 5.2).
const STDERR: u32 = 1;

/// A client and what it may do.
pub(crate) struct Visitor {
    pub(crate) driver: Arc<SimulatedHypervisor>,
    pub(crate) id: InstanceId,
    /// The boot that it connected to: another boot has other sessions.
    pub(crate) boot: BootId,
    files: Arc<Mutex<Files>>,
    admitted: Arc<AtomicBool>,
    admission: Admission,
    channels: HashMap<ChannelId, Place>,
}

/// What a channel is.
#[derive(Default)]
struct Place {
    pty: bool,
    work: Work,
    shell: Shell,
}

#[derive(Default)]
enum Work {
    #[default]
    Nothing,
    /// A person at a terminal.
    Terminal(Terminal),
    /// A shell that reads lines.
    Lines(Vec<u8>),
    /// A command that waits for its input to end.
    Command { text: String, input: Vec<u8> },
    /// The far side of a copy.
    Copy(Transfer),
}

impl Visitor {
    pub(crate) fn new(
        driver: Arc<SimulatedHypervisor>,
        machine: &Machine,
        files: Arc<Mutex<Files>>,
        admitted: Arc<AtomicBool>,
    ) -> Visitor {
        Visitor {
            driver,
            id: machine.id,
            boot: machine.boot,
            files,
            admitted,
            admission: Admission::default(),
            channels: HashMap::new(),
        }
    }

    /// The machine as it is at this moment, if it still is in the boot that was connected to.
    pub(super) fn machine(&self) -> Result<Arc<Machine>, Error> {
        let up = |machine: &Arc<Machine>| {
            let observed = self.driver.observed(machine);
            observed.boot == self.boot && matches!(observed.power, Power::Running | Power::ShuttingDown)
        };
        self.driver.machine(self.id).filter(up).ok_or(Error::Disconnect)
    }

    /// A refusal, with the methods that may be tried instead.
    fn refuse(machine: &Machine) -> Auth {
        Auth::Reject { proceed_with_methods: Some(auth::methods(machine)), partial_success: false }
    }

    /// What the guest has in memory. Held for no longer than a command.
    pub(crate) fn files(&self) -> MutexGuard<'_, Files> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs text in a channel and sends what it prints.
    async fn run_in(
        &mut self,
        channel: ChannelId,
        text: &str,
        input: &[u8],
        session: &mut Session,
    ) -> Result<Ended, Error> {
        let (pty, mut shell) = match self.channels.get_mut(&channel) {
            Some(place) => (place.pty, std::mem::take(&mut place.shell)),
            None => return Err(Error::Disconnect),
        };
        let mut sent = Ok(());
        let mut print = |done: &Done| {
            if sent.is_ok() {
                sent = send(session, channel, pty, done);
            }
        };
        let ended = self.run(text, &mut shell, input, &mut print).await?;
        sent?;
        if let Some(place) = self.channels.get_mut(&channel) {
            place.shell = shell;
        }
        Ok(ended)
    }

    /// Runs a command and ends its channel.
    async fn run_once(
        &mut self,
        channel: ChannelId,
        text: &str,
        input: &[u8],
        session: &mut Session,
    ) -> Result<(), Error> {
        let ended = self.run_in(channel, text, input, session).await?;
        self.end(channel, ended.status, session)
    }

    fn end(&mut self, channel: ChannelId, status: u8, session: &mut Session) -> Result<(), Error> {
        self.channels.remove(&channel);
        session.exit_status_request(channel, status.into())?;
        session.eof(channel)?;
        session.close(channel)
    }

    fn prompt(&self, channel: ChannelId, session: &mut Session) -> Result<(), Error> {
        session.data(channel, prompt(&*self.machine()?).into_bytes())
    }

    /// Begins what a client asked for: its own command, or the one that its key's line forces.
    async fn begin(&mut self, channel: ChannelId, asked: Option<&str>, session: &mut Session) -> Result<(), Error> {
        let forced = self.admission.command.clone();
        let Some(place) = self.channels.get_mut(&channel) else { return session.channel_failure(channel) };
        session.channel_success(channel)?;
        let Some(text) = forced.as_deref().or(asked) else {
            if place.pty {
                place.work = Work::Terminal(Terminal::default());
                return self.prompt(channel, session);
            }
            place.work = Work::Lines(Vec::new());
            return Ok(());
        };
        let commands: Vec<Vec<String>> = shell::parse(text)
            .map(|commands| {
                commands.iter().map(|command| command.expand(&Shell::default()).unwrap_or_default()).collect()
            })
            .unwrap_or_default();
        let waits = commands.iter().any(|words| commands::reads_input(words));
        if waits {
            place.work = Work::Command { text: text.to_owned(), input: Vec::new() };
            return Ok(());
        }
        let text = text.to_owned();
        if self.begin_copy(channel, &text, session)? {
            return Ok(());
        }
        self.run_once(channel, &text, &[], session).await
    }

    /// Begins the far side of a copy, if that is what the text, alone, asks for.
    fn begin_copy(&mut self, channel: ChannelId, text: &str, session: &mut Session) -> Result<bool, Error> {
        let machine = self.machine()?;
        let mut shell = Shell::default();
        shell.variables.insert("HOME".into(), machine.home());
        let commands = shell::parse(text).unwrap_or_default();
        let [command] = &*commands else { return Ok(false) };
        let mut words = command.expand(&shell).unwrap_or_default();
        words.retain(|word| word != "sudo");
        let mut files = self.files();
        let now_ms = self.driver.clock.now_ms();
        let mut guest = Guest { machine: &machine, files: &mut files, shell: &mut shell, input: &[], now_ms };
        let Some((transfer, step)) = scp::begin(&words, &mut guest) else { return Ok(false) };
        drop(files);
        if let Some(place) = self.channels.get_mut(&channel) {
            place.work = Work::Copy(transfer);
        }
        self.step(channel, &step, session)?;
        Ok(true)
    }

    /// Takes what the client of a copy sent.
    async fn copy(&mut self, channel: ChannelId, data: &[u8], session: &mut Session) -> Result<(), Error> {
        let mut written = None;
        loop {
            let machine = self.machine()?;
            let files = self.files.clone();
            let Some(Place { work: Work::Copy(transfer), .. }) = self.channels.get_mut(&channel) else { return Ok(()) };
            let step = {
                let mut files = files.lock().unwrap_or_else(PoisonError::into_inner);
                let mut shell = Shell::default();
                let now_ms = self.driver.clock.now_ms();
                let mut guest = Guest { machine: &machine, files: &mut files, shell: &mut shell, input: &[], now_ms };
                match written.take() {
                    None => transfer.feed(data, &mut guest),
                    Some(outcome) => transfer.written(outcome, &mut guest),
                }
            };
            self.step(channel, &step, session)?;
            let Some(text) = step.keys else { return Ok(()) };
            written = Some(self.write_keys(text, false).await.map_err(|trouble| trouble.to_string()));
        }
    }

    fn step(&mut self, channel: ChannelId, step: &Step, session: &mut Session) -> Result<(), Error> {
        if !step.reply.is_empty() {
            session.data(channel, step.reply.clone())?;
        }
        step.ended.map_or(Ok(()), |status| self.end(channel, status, session))
    }

    async fn typed(&mut self, channel: ChannelId, typed: Typed, session: &mut Session) -> Result<(), Error> {
        match typed {
            Typed::Echo(bytes) => session.data(channel, bytes),
            Typed::Interrupt => self.prompt(channel, session),
            Typed::End => {
                session.data(channel, &b"logout\r\n"[..])?;
                let status = self.channels.get(&channel).map_or(0, |place| place.shell.status);
                self.end(channel, status, session)
            }
            Typed::Line(line) => {
                let ended = self.run_in(channel, &line, &[], session).await?;
                if ended.exit { self.end(channel, ended.status, session) } else { self.prompt(channel, session) }
            }
        }
    }

    async fn line(&mut self, channel: ChannelId, line: &[u8], session: &mut Session) -> Result<(), Error> {
        let ended = self.run_in(channel, &String::from_utf8_lossy(line), &[], session).await?;
        if ended.exit { self.end(channel, ended.status, session) } else { Ok(()) }
    }
}

impl Handler for Visitor {
    type Error = Error;

    async fn auth_none(&mut self, _user: &str) -> Result<Auth, Error> {
        Ok(Self::refuse(&*self.machine()?))
    }

    async fn auth_password(&mut self, user: &str, password: &str) -> Result<Auth, Error> {
        let machine = self.machine()?;
        let (user, password) = (user.to_owned(), password.to_owned());
        // Hashing takes a millisecond: not on a thread that serves others.
        let checked = machine.clone();
        let right = tokio::task::spawn_blocking(move || auth::password_admits(&checked, &user, &password)).await;
        // Again, because hashing took time: what holds now decides.
        let unchanged = self.machine()?.entrance() == machine.entrance();
        if right.unwrap_or(false) && unchanged {
            self.admission = Admission::default();
            return Ok(Auth::Accept);
        }
        tokio::time::sleep(WRONG_PASSWORD).await;
        Ok(Self::refuse(&machine))
    }

    async fn auth_publickey_offered(&mut self, user: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, Error> {
        let machine = self.machine()?;
        let admits = auth::key_admits(&machine, user, offer.public_key, offer.algorithm);
        Ok(if admits.is_some() { Auth::Accept } else { Self::refuse(&machine) })
    }

    async fn auth_publickey(&mut self, user: &str, key: VerifiedPublicKey<'_>) -> Result<Auth, Error> {
        let machine = self.machine()?;
        match auth::key_admits(&machine, user, key.public_key, key.algorithm) {
            Some(admission) => {
                self.admission = admission;
                Ok(Auth::Accept)
            }
            None => Ok(Self::refuse(&machine)),
        }
    }

    async fn auth_succeeded(&mut self, _session: &mut Session) -> Result<(), Error> {
        self.admitted.store(true, Relaxed);
        Ok(())
    }

    async fn channel_open_session(
        &mut self,
        channel: Channel<Msg>,
        reply: ChannelOpenHandle,
        _session: &mut Session,
    ) -> Result<(), Error> {
        self.channels.insert(channel.id(), Place::default());
        reply.accept().await;
        Ok(())
    }

    async fn pty_request(
        &mut self,
        channel: ChannelId,
        _term: &str,
        _columns: u32,
        _rows: u32,
        _width: u32,
        _height: u32,
        _modes: &[(Pty, u32)],
        session: &mut Session,
    ) -> Result<(), Error> {
        match self.channels.get_mut(&channel) {
            Some(place) if !self.admission.no_pty => {
                place.pty = true;
                session.channel_success(channel)
            }
            _ => session.channel_failure(channel),
        }
    }

    async fn shell_request(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), Error> {
        self.begin(channel, None, session).await
    }

    async fn exec_request(&mut self, channel: ChannelId, data: &[u8], session: &mut Session) -> Result<(), Error> {
        let text = String::from_utf8_lossy(data).into_owned();
        self.begin(channel, Some(&text), session).await
    }

    /// sftp; files are copied by `scp -O`.
    async fn subsystem_request(&mut self, channel: ChannelId, _name: &str, session: &mut Session) -> Result<(), Error> {
        session.channel_failure(channel)
    }

    async fn data(&mut self, channel: ChannelId, data: &[u8], session: &mut Session) -> Result<(), Error> {
        let Some(place) = self.channels.get_mut(&channel) else { return Ok(()) };
        match &mut place.work {
            Work::Nothing => Ok(()),
            Work::Terminal(terminal) => {
                for typed in terminal.feed(data) {
                    // What was typed behind an `exit` is nobody's.
                    if !self.channels.contains_key(&channel) {
                        break;
                    }
                    self.typed(channel, typed, session).await?;
                }
                Ok(())
            }
            Work::Command { input, .. } => {
                let room = INPUT_MAX.saturating_sub(input.len());
                input.extend(data.iter().take(room));
                Ok(())
            }
            Work::Copy(_) => self.copy(channel, data, session).await,
            Work::Lines(gathered) => {
                gathered.extend(data);
                let Some(end) = gathered.iter().rposition(|byte| *byte == b'\n') else { return Ok(()) };
                let lines: Vec<u8> = gathered.drain(..=end).collect();
                for line in lines.split(|byte| *byte == b'\n') {
                    if !self.channels.contains_key(&channel) {
                        break;
                    }
                    self.line(channel, line, session).await?;
                }
                Ok(())
            }
        }
    }

    async fn channel_eof(&mut self, channel: ChannelId, session: &mut Session) -> Result<(), Error> {
        let Some(place) = self.channels.get_mut(&channel) else { return Ok(()) };
        match std::mem::take(&mut place.work) {
            Work::Nothing => Ok(()),
            Work::Terminal(_) => {
                let status = place.shell.status;
                self.end(channel, status, session)
            }
            Work::Copy(transfer) => {
                let status = transfer.status();
                self.end(channel, status, session)
            }
            Work::Command { text, input } => self.run_once(channel, &text, &input, session).await,
            Work::Lines(rest) => self.run_once(channel, &String::from_utf8_lossy(&rest), &[], session).await,
        }
    }

    async fn channel_close(&mut self, channel: ChannelId, _session: &mut Session) -> Result<(), Error> {
        self.channels.remove(&channel);
        Ok(())
    }
}

/// What a shell shows when it waits for a line.
pub(super) fn prompt(machine: &Machine) -> String {
    let (user, (host, _)) = (&machine.entrance().user, machine.names());
    let sign = if &**user == "root" { '#' } else { '$' };
    format!("{user}@{host}:~{sign} ")
}

/// What a command printed, as a terminal wants it: a carriage return before each newline.
pub(super) fn on_screen(done: &Done) -> String {
    format!("{}{}", String::from_utf8_lossy(&done.out), done.err).replace('\n', "\r\n")
}

/// Sends what a command printed.
fn send(session: &mut Session, channel: ChannelId, pty: bool, done: &Done) -> Result<(), Error> {
    if pty {
        let both = on_screen(done);
        return if both.is_empty() { Ok(()) } else { session.data(channel, both.into_bytes()) };
    }
    if !done.out.is_empty() {
        session.data(channel, done.out.clone())?;
    }
    if !done.err.is_empty() {
        session.extended_data(channel, STDERR, done.err.clone().into_bytes())?;
    }
    Ok(())
}

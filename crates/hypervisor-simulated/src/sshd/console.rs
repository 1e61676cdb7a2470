//! A machine's console: a terminal with a login prompt, and the same shell as over SSH. No sshd is involved, so a
//! password is accepted even where sshd accepts none.

use super::{
    auth,
    cable::Cable,
    channel::{on_screen, prompt},
    entry::{Added, Entry, GOES_ON},
    terminal::{Terminal, Typed},
};
use crate::{
    guest::{
        input::Input,
        process::Done,
        shell::Shell,
        signals::{Signal, Signals},
        streams::Print,
        userland::Userland,
    },
    machines::Machines,
    penalties::{Attempt, Failure},
    sessions,
};
use cvmd_hypervisor::{Error, Peer};
use cvmd_model::{InstanceId, Power};
use std::{collections::VecDeque, io, sync::Arc, time::Duration};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf, split};

/// Wrong logins before the connection is closed.
const TRIES: u32 = 5;
/// The delay of the answer to a wrong password.
const WRONG_PASSWORD: Duration = Duration::from_millis(300);
/// A user who types nothing for so long is disconnected.
const PATIENCE: Duration = Duration::from_secs(3600);
/// The maximum of things typed ahead while a command runs; more are lost.
const TYPED_MAX: usize = 1024;

/// A console that is about to be opened.
pub(crate) struct Console {
    land: Userland,
    peer: Option<Peer>,
    /// Ends with the console.
    open: sessions::Session,
    line: sessions::Line,
}

/// The terminal at the other end.
struct Screen<S> {
    keys: ReadHalf<Cable<S>>,
    glass: Glass<S>,
    terminal: Terminal,
    typed: VecDeque<Typed>,
}

/// Receives a command's output while the keys are read.
struct Glass<S>(WriteHalf<Cable<S>>);

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Print for Glass<S> {
    async fn print(&mut self, done: &Done) -> Result<(), russh::Error> {
        Ok(self.show(&on_screen(done)).await?)
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Glass<S> {
    async fn show(&mut self, text: &str) -> io::Result<()> {
        self.0.write_all(text.as_bytes()).await?;
        self.0.flush().await
    }
}

impl Console {
    /// # Errors
    /// [`Error::Absent`], [`Error::NotRunning`], [`Error::NoConsole`], [`Error::Crowded`].
    pub(crate) fn at(machines: Arc<Machines>, id: InstanceId, peer: Option<Peer>) -> Result<Console, Error> {
        // Counted before the machine is looked at: a machine that goes off from here on cuts this console too. Its peer
        // uses up no share: the console is admitted at once.
        let (open, line) = machines.sessions.open(id, None)?;
        // Whoever opens a console has signed a request, and is no stranger.
        open.admitted();
        let machine = machines.machine(id).ok_or(Error::Absent(id))?;
        if machine.power(machines.clock.now_ms()) != Power::Running {
            return Err(Error::NotRunning(id));
        }
        if !machine.has_sshd {
            return Err(Error::NoConsole(id));
        }
        Ok(Console { land: Userland::new(machines, &machine, open.files()), peer, open, line })
    }

    /// Serves the console until its client, its machine or the hypervisor ends it.
    pub(crate) async fn run(self, stream: impl AsyncRead + AsyncWrite + Send + Unpin) {
        let Console { land, peer, open, line } = self;
        let (keys, glass) = split(Cable::new(stream, line));
        let mut screen =
            Screen { keys, glass: Glass(glass), terminal: Terminal::new(land.memory.share()), typed: VecDeque::new() };
        // An error means that the client went away: nothing that an operator must act on.
        while let Ok(true) = serve(&land, peer, &mut screen).await {}
        let _ = screen.glass.0.shutdown().await;
        drop(open);
    }
}

/// One login and its shell; returns whether another may follow.
async fn serve<S: AsyncRead + AsyncWrite + Send + Unpin>(
    land: &Userland,
    peer: Option<Peer>,
    screen: &mut Screen<S>,
) -> io::Result<bool> {
    if !log_in(land, peer, screen).await? {
        return Ok(false);
    }
    let (mut shell, mut entry, nothing) = (Shell::default(), Entry::new(land.memory.share()), Input::default());
    loop {
        let Ok(machine) = land.machine() else { return Ok(false) };
        let prompt = if entry.len() > 0 { GOES_ON.into() } else { prompt(&machine, &shell) };
        drop(machine);
        screen.glass.show(&prompt).await?;
        let parsed = match screen.line(true).await? {
            Entered::Line(line) => match land.compute(entry.len() + line.len(), || entry.add(&line)).await {
                Added::GoesOn => continue,
                Added::Whole(parsed) => parsed,
                Added::Ended(refused) => {
                    let said = land.refuse(&mut shell, refused, &mut screen.glass).await;
                    return Ok(said.is_ok());
                }
            },
            Entered::Interrupt => {
                entry.take();
                shell.status = Signal::Interrupt.status();
                continue;
            }
            Entered::End if entry.len() > 0 => land.parse(&entry.take().text).await,
            Entered::End => return Ok(true),
        };
        let signals = Signals::default();
        let Screen { keys, glass, terminal, typed } = screen;
        let ended = {
            let mut running = std::pin::pin!(land.run(parsed, &mut shell, &nothing, glass, &signals));
            loop {
                let mut bytes = [0; 1024];
                tokio::select! {
                    ended = &mut running => break ended,
                    // The client hung up: the command ends, and the next read reports why.
                    read = keys.read(&mut bytes), if signals.raised() < Signal::HangUp => match read {
                        Ok(count @ 1..) => hear(terminal.feed(&bytes[..count]), typed, &signals),
                        _ => signals.raise(Signal::HangUp),
                    },
                }
            }
        };
        match ended {
            Ok(ended) if ended.exit => return Ok(true),
            Ok(_) => {}
            // The machine was rebooted: consoles end with the boot.
            Err(_) => return Ok(false),
        }
    }
}

/// Handles what is typed while a command runs: ctrl-C ends the command and drops what was typed before.
fn hear(keys: Vec<Typed>, typed: &mut VecDeque<Typed>, signals: &Signals) {
    for key in keys {
        if key == Typed::Interrupt {
            typed.clear();
            typed.push_back(Typed::Echo(b"^C\r\n".to_vec()));
            signals.raise(Signal::Interrupt);
        } else if typed.len() < TYPED_MAX {
            typed.push_back(key);
        }
    }
}

async fn log_in<S: AsyncRead + AsyncWrite + Send + Unpin>(
    land: &Userland,
    peer: Option<Peer>,
    screen: &mut Screen<S>,
) -> io::Result<bool> {
    for _ in 0..TRIES {
        let Ok(machine) = land.machine() else { return Ok(false) };
        let (host, os) = machine.names();
        let greeting = format!("\r\n{os}\r\n\r\n{host} login: ");
        screen.glass.show(&greeting).await?;
        let Entered::Line(user) = screen.line(true).await? else { continue };
        screen.glass.show("Password: ").await?;
        let Entered::Line(password) = screen.line(false).await? else { continue };
        let name = user.clone();
        let fits = move || auth::password_fits(&machine, name.trim(), &password);
        if land.machines.computing.checks_password(land.id, fits).await {
            return Ok(true);
        }
        let attempt = Attempt { machine: land.id, peer, user: user.trim() };
        land.machines.failures.add(Failure::Console, attempt, land.machines.clock.now_ms());
        tokio::time::sleep(WRONG_PASSWORD).await;
        screen.glass.show("\r\nLogin incorrect\r\n").await?;
    }
    Ok(false)
}

/// The outcome of reading a line.
enum Entered {
    Line(String),
    Interrupt,
    End,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Screen<S> {
    /// Reads a line. With `seen` false (a password) nothing of it is shown but its end.
    async fn line(&mut self, seen: bool) -> io::Result<Entered> {
        loop {
            while let Some(typed) = self.typed.pop_front() {
                match typed {
                    Typed::Echo(bytes) if seen => {
                        self.glass.0.write_all(&bytes).await?;
                        self.glass.0.flush().await?;
                    }
                    Typed::Echo(bytes) if bytes.ends_with(b"\r\n") => self.glass.show("\r\n").await?,
                    Typed::Echo(_) => {}
                    Typed::Line(line) => return Ok(Entered::Line(line)),
                    Typed::Interrupt => return Ok(Entered::Interrupt),
                    Typed::End => {
                        self.glass.show("\r\n").await?;
                        return Ok(Entered::End);
                    }
                }
            }
            let mut bytes = [0; 1024];
            let read = tokio::time::timeout(PATIENCE, self.keys.read(&mut bytes)).await;
            match read.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => self.typed.extend(self.terminal.feed(&bytes[..count])),
            }
        }
    }
}

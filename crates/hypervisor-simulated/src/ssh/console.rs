//! A machine's console: a terminal with a login prompt, and the same shell behind it as over SSH. No sshd stands before it, so
//! a password enters here also where sshd takes none.

use super::{
    auth,
    cable::Cable,
    session::{Visitor, on_screen, prompt},
    shell::Shell,
    terminal::{Terminal, Typed},
};
use crate::{SimulatedHypervisor, sessions};
use cvmd_hypervisor::Trouble;
use cvmd_model::{InstanceId, Power};
use std::{collections::VecDeque, io, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    sync::oneshot,
};

/// Wrong logins until the line is dropped.
const TRIES: u32 = 5;
/// How long the answer to a wrong password waits.
const WRONG_PASSWORD: Duration = Duration::from_millis(300);
/// Whoever types nothing for this long is disconnected.
const PATIENCE: Duration = Duration::from_secs(3600);

/// A console that is about to be opened.
pub(crate) struct Console {
    visitor: Visitor,
    /// Forgotten when the console ends.
    open: sessions::Session,
    cut: oneshot::Receiver<()>,
}

/// The terminal at the other end of a console.
struct Screen<S> {
    stream: Cable<S>,
    terminal: Terminal,
    typed: VecDeque<Typed>,
}

impl Console {
    /// # Errors
    /// [`Trouble::Absent`], [`Trouble::NotRunning`], [`Trouble::NoConsole`].
    pub(crate) fn at(driver: Arc<SimulatedHypervisor>, id: InstanceId) -> Result<Console, Trouble> {
        // Counted in before the machine is looked at: a machine that goes off from here on cuts this console too.
        let (open, cut) = driver.sessions.open(id);
        let machine = driver.machine(id).ok_or(Trouble::Absent(id))?;
        if machine.power(driver.clock.now_ms()) != Power::Running {
            return Err(Trouble::NotRunning(id));
        }
        if !machine.has_sshd {
            return Err(Trouble::NoConsole(id));
        }
        Ok(Console { visitor: Visitor::new(driver, &machine, open.files(), Arc::default()), open, cut })
    }

    /// Serves the console until its client, its machine or the driver ends it.
    pub(crate) async fn run(self, stream: impl AsyncRead + AsyncWrite + Send + Unpin) {
        let Console { visitor, open, cut } = self;
        let mut screen =
            Screen { stream: Cable::new(stream, cut), terminal: Terminal::default(), typed: VecDeque::new() };
        // An error is whoever went away: nothing that an operator must act on.
        while let Ok(true) = serve(&visitor, &mut screen).await {}
        let _ = screen.stream.shutdown().await;
        drop(open);
    }
}

/// One login and its shell; whether another may follow.
async fn serve<S: AsyncRead + AsyncWrite + Unpin>(visitor: &Visitor, screen: &mut Screen<S>) -> io::Result<bool> {
    if !log_in(visitor, screen).await? {
        return Ok(false);
    }
    let mut shell = Shell::default();
    loop {
        let Ok(machine) = visitor.machine() else { return Ok(false) };
        let prompt = prompt(&machine);
        drop(machine);
        screen.show(&prompt).await?;
        let line = match screen.line(true).await? {
            Entered::Line(line) => line,
            Entered::Interrupt => continue,
            Entered::End => return Ok(true),
        };
        let mut printed = String::new();
        let ended = visitor.run(&line, &mut shell, &[], &mut |done| printed.push_str(&on_screen(done))).await;
        screen.show(&printed).await?;
        match ended {
            Ok(ended) if ended.exit => return Ok(true),
            Ok(_) => {}
            // Rebooted: what a machine has open ends with its boot.
            Err(_) => return Ok(false),
        }
    }
}

async fn log_in<S: AsyncRead + AsyncWrite + Unpin>(visitor: &Visitor, screen: &mut Screen<S>) -> io::Result<bool> {
    for _ in 0..TRIES {
        let Ok(machine) = visitor.machine() else { return Ok(false) };
        let (host, os) = machine.names();
        let greeting = format!("\r\n{os}\r\n\r\n{host} login: ");
        screen.show(&greeting).await?;
        let Entered::Line(user) = screen.line(true).await? else { continue };
        screen.show("Password: ").await?;
        let Entered::Line(password) = screen.line(false).await? else { continue };
        // Hashing takes a millisecond: not on a thread that serves others.
        let fits = tokio::task::spawn_blocking(move || auth::password_fits(&machine, user.trim(), &password)).await;
        if fits.unwrap_or(false) {
            return Ok(true);
        }
        tokio::time::sleep(WRONG_PASSWORD).await;
        screen.show("\r\nLogin incorrect\r\n").await?;
    }
    Ok(false)
}

/// What a person's typing came to.
enum Entered {
    Line(String),
    Interrupt,
    End,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Screen<S> {
    async fn show(&mut self, text: &str) -> io::Result<()> {
        self.stream.write_all(text.as_bytes()).await?;
        self.stream.flush().await
    }

    /// What is typed next. Of what is typed unseen, only its end is shown.
    async fn line(&mut self, seen: bool) -> io::Result<Entered> {
        loop {
            while let Some(typed) = self.typed.pop_front() {
                match typed {
                    Typed::Echo(bytes) if seen => {
                        self.stream.write_all(&bytes).await?;
                        self.stream.flush().await?;
                    }
                    Typed::Echo(bytes) if bytes.ends_with(b"\r\n") => self.show("\r\n").await?,
                    Typed::Echo(_) => {}
                    Typed::Line(line) => return Ok(Entered::Line(line)),
                    Typed::Interrupt => return Ok(Entered::Interrupt),
                    Typed::End => {
                        self.show("\r\n").await?;
                        return Ok(Entered::End);
                    }
                }
            }
            let mut bytes = [0; 1024];
            let read = tokio::time::timeout(PATIENCE, self.stream.read(&mut bytes)).await;
            match read.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                count => self.typed.extend(self.terminal.feed(&bytes[..count])),
            }
        }
    }
}

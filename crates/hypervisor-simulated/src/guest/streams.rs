//! Where the output of a guest's command goes: to the client, a file, a word, or the next command.

use super::{
    expansion::Unexpanded,
    files::absolute,
    input::Input,
    process::{self, Done},
    readers::Reader,
    shell::Shell,
    syntax_tree::{Command, Output, Sink, Source, Streams},
    userland::Userland,
};
use crate::{
    bounds::Bound,
    memory::{Memory, Share},
};
use russh::Error;
use std::sync::Arc;

/// A receiver of output. It may wait for its reader.
pub(crate) trait Print: Send {
    fn print(&mut self, done: &Done) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Captures output that goes into a word, a file or the next command.
pub(crate) struct Capture {
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
    /// Both streams go to one place, in the order of writing.
    merged: bool,
    most: usize,
    /// There was more output than the maximum.
    pub(crate) is_full: bool,
    pub(crate) lacks_memory: bool,
    /// The reader of the pipe that it goes into, if that is known to end early.
    pub(crate) reader: Option<Reader>,
    /// The reader has enough, and the writer ends with an error.
    pub(crate) is_broken: bool,
    share: Share,
}

/// The output of one command for the next one.
#[derive(Default)]
pub(crate) struct Pipe {
    pub(crate) input: Input,
    _share: Option<Share>,
}

impl Userland {
    /// Sends output where the command's line directs it, and returns how much the client got.
    pub(crate) async fn hand_on<P: Print>(
        &self,
        command: &Command,
        shell: &mut Shell,
        (mut done, share): (Done, Share),
        pipe: &mut Pipe,
        out: &mut P,
    ) -> Result<usize, Error> {
        if let Some(streams) = &command.streams {
            self.direct(streams, shell, &mut done).await?;
        }
        shell.status = done.status;
        let printed = done.out.len() + done.err.len();
        if command.piped {
            *pipe = Pipe { input: Input::of(std::mem::take(&mut done.out)), _share: Some(share) };
        }
        out.print(&done).await?;
        Ok(printed)
    }

    /// The input that a command's line names; or what is printed instead of running the command.
    pub(crate) fn source(&self, source: &Source, shell: &mut Shell) -> Result<Result<Pipe, Done>, Error> {
        let text = match source {
            Source::File(path) => path.whole(shell),
            Source::Text(text) => text.whole(shell),
        };
        let text = match text {
            Ok(text) => text,
            Err(why) => return Ok(Err(self.without_value(&why))),
        };
        let bytes = if let Source::Text(_) = source {
            text.into_bytes()
        } else {
            match self.act(shell, &Input::default(), |guest| guest.read(&guest.place(&text)))? {
                Ok(bytes) => bytes,
                Err(why) => return Ok(Err(process::fails(&format!("sh: 1: cannot open {text}: {why}"), 2))),
            }
        };
        let mut share = self.memory.share();
        let fits = share.resize(bytes.len());
        Ok(if fits { Ok(Pipe { input: Input::of(bytes), _share: Some(share) }) } else { Err(no_memory()) })
    }

    /// What is printed instead of running a command whose words have no value.
    pub(crate) fn without_value(&self, why: &Unexpanded) -> Done {
        match why {
            Unexpanded::TooMuch => {
                self.machines.bounds().reached(Bound::Line);
                process::fails("cvmd-guest: too many words or variables, or too long", 126)
            }
            Unexpanded::Arithmetic(why) => process::fails(&format!("sh: 1: {why}"), 2),
        }
    }

    /// Sends a command's two streams where its line directs them.
    async fn direct(&self, streams: &Streams, shell: &Shell, done: &mut Done) -> Result<(), Error> {
        let printed =
            [(&streams.out, std::mem::take(&mut done.out)), (&streams.err, std::mem::take(&mut done.err).into_bytes())];
        let directory = process::directory(shell, &*self.machine()?);
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
            let path = absolute(&output.path.expand(shell), &directory);
            self.redirect((&path, shell.umask()), output.append, body, done).await;
        }
        Ok(())
    }

    /// Writes a command's output into a file of the guest.
    async fn redirect(&self, (path, umask): (&str, u32), append: bool, body: Vec<u8>, done: &mut Done) {
        let Ok(machine) = self.machine() else { return };
        if path == "/dev/null" {
            return;
        }
        if path == machine.keys_path() {
            let written = self.write_keys(String::from_utf8_lossy(&body).into_owned(), append).await;
            report(done, written);
            return;
        }
        let _turn = self.turn().await;
        let mut files = self.files();
        let before = files.file(path).filter(|_| append).map_or(&[][..], |(_, before)| before);
        let body = [before, &body].concat();
        let mode = files.file(path).is_none().then_some(0o666 & !umask);
        if let Err(why) = files.put(path, (mode, body), &machine, self.machines.clock.now_ms()) {
            done.err.push_str(&format!("cvmd-guest: {path}: {why}\n"));
            done.status = 1;
        }
    }
}

impl Capture {
    pub(crate) fn new(most: usize, merged: bool, memory: &Arc<Memory>) -> Capture {
        let (out, err, share) = (Vec::new(), String::new(), memory.share());
        let [is_full, lacks_memory, is_broken] = [false; 3];
        Capture { out, err, merged, most, is_full, lacks_memory, reader: None, is_broken, share }
    }

    /// The captured output, or why it cannot be passed on.
    pub(crate) fn done(self, status: u8, land: &Userland) -> (Done, Share) {
        let done = if self.lacks_memory {
            no_memory()
        } else if self.is_full {
            land.machines.bounds().reached(Bound::Output);
            let why = format!("{}cvmd-guest: no more than {} bytes are handed on at once here", self.err, self.most);
            process::fails(&why, 1)
        } else {
            Done { out: self.out, err: self.err, status, effect: None }
        };
        (done, self.share)
    }
}

impl Print for Capture {
    async fn print(&mut self, done: &Done) -> Result<(), Error> {
        let (out, err) =
            if self.merged { ([&done.out, done.err.as_bytes()].concat(), "") } else { (done.out.clone(), &*done.err) };
        if self.reader.as_mut().is_some_and(|reader| reader.ends(out.len())) {
            self.is_broken = true;
            return Err(Error::SendError);
        }
        let room = self.most.saturating_sub(self.out.len()).min(out.len());
        let err = if self.err.len() + err.len() > self.most { "" } else { err };
        self.is_full |= room < out.len();
        self.lacks_memory |= !self.share.resize(self.out.len() + room + self.err.len() + err.len());
        if !self.lacks_memory {
            self.out.extend(&out[..room]);
            // Errors are printed, however much the command has printed.
            self.err.push_str(err);
        }
        if let Some(reader) = &mut self.reader {
            reader.see(&self.out);
        }
        Ok(())
    }
}

pub(crate) fn no_memory() -> Done {
    process::fails("cvmd-guest: Cannot allocate memory", 1)
}

/// Reports the outcome of a command's effect to its user.
pub(crate) fn report(done: &mut Done, acted: Result<(), cvmd_hypervisor::Error>) {
    if let Err(error) = acted {
        done.err.push_str(&format!("cvmd-guest: {error}\n"));
        done.status = 1;
    }
}

//! Types that a guest's commands share: what they read, what they do, and error messages.

use super::{
    files::{Files, Why, absolute},
    input::Input,
    shell::{Options, Shell},
};
use crate::{bounds::Bound, machine::Machine};
use std::time::Duration;

/// The surroundings of a command: the machine, the files in memory, the shell that runs it, and the client's input.
#[derive(Debug)]
pub(crate) struct Guest<'a> {
    pub machine: &'a Machine,
    pub files: &'a mut Files,
    pub shell: &'a mut Shell,
    pub input: &'a Input,
    pub now_ms: u64,
}

/// The result of one command.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Done {
    pub out: Vec<u8>,
    pub err: String,
    pub status: u8,
    pub effect: Option<Effect>,
}

/// What a command does beside printing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    PowerOff,
    Reboot,
    /// The shell ends with this status.
    Exit(u8),
    Sleep(Duration),
    /// Writes the disk's `authorized_keys`.
    Keys(String),
    /// The same, from a file that is removed then.
    Moved(Keys),
    /// Runs a script, with variables of its own.
    Script(Script, Vec<(String, String)>),
}

/// A script that a command runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Script {
    pub text: String,
    /// Its name and its arguments: `$0`, `$1`, ...
    pub arguments: Vec<String>,
    pub options: Options,
    /// `.`: run by the shell itself.
    pub sourced: bool,
    /// It was read from the input, which is used up then.
    pub is_input: bool,
}

/// The maximum bytes that one command prints: as many as a guest's files may have.
pub(crate) const OUTPUT_MAX: usize = 4 << 20;

/// The new content of `authorized_keys`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Keys {
    pub(crate) text: String,
    /// The file that becomes `authorized_keys`, and is removed once that is on the disk.
    pub(crate) moved: Option<String>,
}

pub(crate) fn prints(text: &str) -> Done {
    Done { out: format!("{text}\n").into_bytes(), ..Done::default() }
}

pub(crate) fn fails(text: &str, status: u8) -> Done {
    Done { err: format!("{text}\n"), status, ..Done::default() }
}

/// The current directory of a shell.
pub(crate) fn directory(shell: &Shell, machine: &Machine) -> String {
    shell.directory.clone().unwrap_or_else(|| machine.home())
}

impl Guest<'_> {
    /// The absolute path of a path as its user types it, relative to the shell's directory.
    pub(crate) fn place(&self, path: &str) -> String {
        absolute(path, &directory(self.shell, self.machine))
    }

    pub(crate) fn is_directory(&self, path: &str) -> bool {
        self.files.is_directory(&self.place(path), self.machine)
    }

    /// Whether a file or a directory is there.
    pub(crate) fn exists(&self, path: &str) -> bool {
        self.is_directory(path) || self.read(&self.place(path)).is_ok()
    }

    /// Counts a bound that a command has reached.
    pub(crate) fn reached(&self, bound: Bound) {
        self.files.memory().bounds.reached(bound);
    }

    /// The message of a command that prints more than it may, which is counted.
    pub(crate) fn prints_too_much(&self, name: &str) -> String {
        self.reached(Bound::Output);
        format!("{name}: one command prints no more than {OUTPUT_MAX} bytes here")
    }

    /// Writes the file at an absolute path; a new one gets the mode that the shell's umask leaves. The disk's keys are
    /// written as an effect of the command.
    ///
    /// # Errors
    /// The system's message.
    pub(crate) fn write(&mut self, path: &str, body: Vec<u8>, done: &mut Done) -> Result<(), Why> {
        if path == self.machine.keys_path() {
            done.effect = Some(Effect::Keys(String::from_utf8_lossy(&body).into_owned()));
            return Ok(());
        }
        let mode = self.files.file(path).is_none().then_some(0o666 & !self.shell.umask());
        self.files.put(path, (mode, body), self.machine, self.now_ms)
    }

    /// Reads the file at an absolute path.
    ///
    /// # Errors
    /// The system's message.
    pub(crate) fn read(&self, path: &str) -> Result<Vec<u8>, Why> {
        let machine = self.machine;
        let (host, os) = machine.names();
        Ok(match path {
            path if path == machine.keys_path() => machine.disk.authorized_keys.as_bytes().to_vec(),
            "/proc/sys/kernel/random/boot_id" => format!("{}\n", machine.boot.0).into_bytes(),
            "/proc/meminfo" => format!("MemTotal: {} kB\n", machine.size.memory_gib << 20).into_bytes(),
            "/etc/passwd" => passwd(&machine.entrance().user, &machine.home()).into_bytes(),
            "/etc/hostname" => format!("{host}\n").into_bytes(),
            "/etc/os-release" => format!("NAME=\"{os}\"\nPRETTY_NAME=\"{os}\"\n").into_bytes(),
            "/dev/null" => Vec::new(),
            path if self.files.is_directory(path, machine) => return Err("Is a directory".into()),
            path => match self.files.file(path) {
                Some((_, body)) => body.to_vec(),
                None => return Err("No such file or directory".into()),
            },
        })
    }
}

/// The users of the guest: root, and the login user.
fn passwd(user: &str, home: &str) -> String {
    let mut text = "root:x:0:0:root:/root:/bin/bash\n".to_owned();
    if user != "root" {
        text.push_str(&format!("{user}:x:1000:1000::{home}:/bin/bash\n"));
    }
    text
}

/// The maximum bytes that one command copies: twice as many as a guest's files may have.
pub(crate) const COPIED_MAX: usize = 8 << 20;

/// Splits options from the other arguments.
pub(crate) fn split<'a, 'b>(arguments: &'a [&'b str]) -> (Vec<&'b str>, &'a [&'b str]) {
    let count = arguments.iter().take_while(|word| word.len() > 1 && word.starts_with('-') && **word != "--").count();
    let (options, rest) = arguments.split_at(count);
    (options.to_vec(), rest.strip_prefix(&["--"][..]).unwrap_or(rest))
}

/// A command was about to write more than allowed: its machine's other commands and others' heavy ones wait for it.
pub(crate) fn too_much_copied(guest: &Guest<'_>) -> String {
    guest.reached(Bound::Reading);
    format!("one command copies no more than {COPIED_MAX} bytes here")
}

pub(crate) fn complain(done: &mut Done, name: &str, path: &str, why: &str) {
    done.status = 1;
    done.err.push_str(&format!("{name}: {path}: {why}\n"));
}

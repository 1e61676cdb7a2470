//! What commands print. Nothing here panics: a reader that has gone away, or a disk that is full, is an outcome like others.
//!
//! `println!` and `eprintln!` panic when they cannot write, so clippy refuses them in this crate.

use std::io::{ErrorKind, IsTerminal, Write};

/// As a shell tells the end of a program by SIGPIPE: 128 and the signal's number.
pub(crate) const CLOSED_PIPE: u8 = 141;

/// Something could not be printed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unprinted {
    /// Whoever read it has gone away, as `head` does when it has seen enough. There is nobody to complain to.
    #[error("standard output is closed")]
    Closed,
    #[error("cannot write to standard output: {0}")]
    Failed(std::io::Error),
}

impl From<std::io::Error> for Unprinted {
    fn from(error: std::io::Error) -> Unprinted {
        if error.kind() == ErrorKind::BrokenPipe { Unprinted::Closed } else { Unprinted::Failed(error) }
    }
}

/// Prints a command's result as it is.
///
/// # Errors
/// When not all of it has reached standard output.
pub(crate) fn result(text: &str) -> Result<(), Unprinted> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    // What waits for the end of its line is not lost silently when the program ends.
    Ok(out.flush()?)
}

/// Prints what is told only once, and returns when a file that it went to holds it: a full disk may say so late.
///
/// # Errors
/// As [`result`].
pub(crate) fn result_for_good(text: &str) -> Result<(), Unprinted> {
    parts_for_good(&[text.to_owned()]).1
}

/// Prints one part after the other in this way, and answers how many of them are there to stay, and why not all.
pub(crate) fn parts_for_good(parts: &[String]) -> (usize, Result<(), Unprinted>) {
    if is_closed() {
        let why = "it is closed, or /dev/null opened for reading and writing as Python's subprocess.DEVNULL is";
        return (0, Err(Unprinted::Failed(std::io::Error::other(why))));
    }
    let mut written = 0;
    let printed = parts.iter().try_for_each(|part| result(part).map(|()| written += 1));
    match synced() {
        Ok(()) => (written, printed),
        Err(error) => (0, Err(printed.err().unwrap_or(error))),
    }
}

/// Where what is printed goes, as far as it tells whether somebody sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Destination {
    /// It is shown by a terminal, or stays in a file.
    Kept,
    /// Whoever reads it may stop wherever it wants, and nobody here would know.
    Pipe,
    /// A device that is no terminal, as /dev/null, which throws it away.
    Device,
}

/// What standard output is. One that does not tell is taken for a device.
pub(crate) fn destination() -> Destination {
    use std::os::{fd::AsFd, unix::fs::FileTypeExt};
    let out = std::io::stdout();
    let about = out.as_fd().try_clone_to_owned().map(std::fs::File::from).and_then(|out| out.metadata());
    match about.map(|about| about.file_type()) {
        Ok(kind) if kind.is_file() || out.is_terminal() => Destination::Kept,
        Ok(kind) if kind.is_fifo() || kind.is_socket() => Destination::Pipe,
        _ => Destination::Device,
    }
}

fn synced() -> Result<(), Unprinted> {
    use std::os::fd::AsFd;
    let out = std::fs::File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    match out.sync_data() {
        // Terminals and pipes hold nothing that could be synced.
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        synced => Ok(synced?),
    }
}

/// Whether the program was begun without a standard output, as by `>&-`. The runtime then puts /dev/null in its place, open
/// for reading too, as no shell's `>/dev/null` is. Only Linux tells; elsewhere it is taken for open.
fn is_closed() -> bool {
    let place = std::fs::read_link("/proc/self/fd/1").unwrap_or_default();
    let about = std::fs::read_to_string("/proc/self/fdinfo/1").unwrap_or_default();
    let flags = about.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok()).unwrap_or_default();
    const ACCESS: u32 = 3;
    const READ_AND_WRITE: u32 = 2;
    place.as_os_str() == "/dev/null" && flags & ACCESS == READ_AND_WRITE
}

/// Tells people something on standard error. When that cannot be written either, nobody is left to be told.
pub(crate) fn remark(text: &str) {
    // One write, so that lines of several programs on one terminal stay whole.
    let _ = std::io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}

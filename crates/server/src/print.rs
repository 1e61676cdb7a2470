//! What commands print. Nothing here panics: a closed pipe or a full disk is an ordinary outcome.
//!
//! `println!` and `eprintln!` panic when they cannot write, so clippy forbids them in this crate.

use crate::plain_words;
use std::io::{ErrorKind, IsTerminal, Write};

/// A shell's status for a program ended by SIGPIPE: 128 and the signal's number.
pub(crate) const CLOSED_PIPE: u8 = 141;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Unprinted {
    /// The reader has gone away, as `head` does when it has read enough. There is nobody to complain to.
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

/// Prints a command's result.
///
/// # Errors
/// When standard output did not take all of it.
pub(crate) fn result(text: &str) -> Result<(), Unprinted> {
    let mut out = std::io::stdout().lock();
    out.write_all(text.as_bytes())?;
    // Buffered output must not be lost silently when the program ends.
    Ok(out.flush()?)
}

/// Prints something that is shown only once, and returns when a file has stored it: a full disk may report that late.
///
/// # Errors
/// The same as [`result`].
pub(crate) fn result_for_good(text: &str) -> Result<(), Unprinted> {
    parts_for_good(&[text.to_owned()]).1
}

/// Prints the parts one after the other in this way; returns how many of them are stored, and why not all.
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

/// The kind of standard output, which decides whether somebody sees what is printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Destination {
    /// A terminal, which shows it, or a file, which holds it.
    Lasting,
    /// Its reader may stop anywhere unnoticed.
    Pipe,
    /// A device that is no terminal, such as /dev/null, which discards it.
    Device,
}

/// The kind of standard output. If it cannot be found out, it counts as a device.
pub(crate) fn destination() -> Destination {
    use std::os::{fd::AsFd, unix::fs::FileTypeExt};
    let out = std::io::stdout();
    let about = out.as_fd().try_clone_to_owned().map(std::fs::File::from).and_then(|out| out.metadata());
    match about.map(|about| about.file_type()) {
        Ok(kind) if kind.is_file() || out.is_terminal() => Destination::Lasting,
        Ok(kind) if kind.is_fifo() || kind.is_socket() => Destination::Pipe,
        _ => Destination::Device,
    }
}

fn synced() -> Result<(), Unprinted> {
    use std::os::fd::AsFd;
    let out = std::fs::File::from(std::io::stdout().as_fd().try_clone_to_owned()?);
    match out.sync_data() {
        // Terminals and pipes cannot be synced.
        Err(error) if matches!(error.kind(), ErrorKind::InvalidInput | ErrorKind::Unsupported) => Ok(()),
        synced => Ok(synced?),
    }
}

/// Whether the program was started without a standard output, as by `>&-`. The runtime then opens /dev/null, for
/// reading too, unlike a shell's `>/dev/null`. Only Linux shows that; elsewhere it counts as open.
fn is_closed() -> bool {
    let place = std::fs::read_link("/proc/self/fd/1").unwrap_or_default();
    let about = std::fs::read_to_string("/proc/self/fdinfo/1").unwrap_or_default();
    let flags = about.lines().find_map(|line| line.strip_prefix("flags:"));
    let flags = flags.and_then(|flags| u32::from_str_radix(flags.trim(), 8).ok()).unwrap_or_default();
    const ACCESS: u32 = 3;
    const READ_AND_WRITE: u32 = 2;
    place.as_os_str() == "/dev/null" && flags & ACCESS == READ_AND_WRITE
}

/// Prints a remark for people on standard error, without control characters: parts of it may come from elsewhere. If that
/// fails too, nobody can be informed.
pub(crate) fn remark(text: &str) {
    let text = plain_words::printable(text);
    // One write, so that lines of several programs on one terminal do not mix.
    let _ = std::io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}

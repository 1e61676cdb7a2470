//! Reads files named on the command line, with bounds: /dev/zero has no end, and a pipe may have no writer.

use anyhow::{Context, bail};
use std::{
    fs::File,
    io::Read,
    path::Path,
    sync::mpsc::{SyncSender, sync_channel},
    time::Duration,
};

/// The maximum bytes of settings and certificates.
pub(crate) const SMALL_BYTES_MAX: u64 = 1 << 20;

/// How long a named pipe may be without a writer.
const WRITER_WITHIN: Duration = Duration::from_secs(3);
/// How long a writer into a pipe may pause, as in `--seed <(program)`.
const NEXT_BYTES_WITHIN: Duration = Duration::from_secs(30);
const CHUNK_BYTES: usize = 1 << 16;

/// Reads the whole file. `what` is its name in messages.
///
/// # Errors
/// When it cannot be read, holds more than `most` bytes, or is a pipe without a writer.
pub(crate) fn read(path: &Path, what: &str, most: u64) -> anyhow::Result<Vec<u8>> {
    let cannot = || format!("cannot read {what} {}", path.display());
    let about = std::fs::metadata(path).with_context(cannot)?;
    if about.is_dir() {
        bail!("{what} {} is a directory: name a file", path.display());
    }
    let bytes = if about.is_file() {
        // Allocated at once: a buffer that grows step by step is held twice for a moment.
        let expected = about.len().min(most) + 1;
        let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or_default());
        let file = File::open(path).with_context(cannot)?;
        file.take(most + 1).read_to_end(&mut bytes).with_context(cannot)?;
        bytes
    } else {
        read_patiently(path, what, most)?
    };
    if bytes.len() as u64 > most {
        bail!("{what} {} is larger than {} MiB, which is more than is read", path.display(), most >> 20);
    }
    Ok(bytes)
}

/// The same for a text.
///
/// # Errors
/// The same, and when it is not UTF-8.
pub(crate) fn read_text(path: &Path, what: &str, most: u64) -> anyhow::Result<String> {
    let bytes = read(path, what, most)?;
    String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{what} {} is no text in UTF-8", path.display()))
}

/// Reads a file that is not a regular one on a thread, because opening and reading it may block for ever. After the
/// limit the thread is left alone: the program ends soon.
fn read_patiently(path: &Path, what: &str, most: u64) -> anyhow::Result<Vec<u8>> {
    let (sender, receiver) = sync_channel(1);
    let theirs = path.to_path_buf();
    std::thread::spawn(move || pass_on(&theirs, most, &sender));
    let mut bytes = Vec::new();
    let mut patience = WRITER_WITHIN;
    loop {
        use std::sync::mpsc::RecvTimeoutError::{Disconnected, Timeout};
        match receiver.recv_timeout(patience) {
            Ok(chunk) => bytes.extend(chunk.with_context(|| format!("cannot read {what} {}", path.display()))?),
            Err(Disconnected) => return Ok(bytes),
            Err(Timeout) if patience == WRITER_WITHIN => bail!(
                "{what} {} is a pipe, and nobody has opened it for writing within {} s: name a file, or start what writes first",
                path.display(),
                patience.as_secs()
            ),
            Err(Timeout) => {
                bail!("{what} {} is no file, and nothing came out of it for {} s", path.display(), patience.as_secs())
            }
        }
        patience = NEXT_BYTES_WITHIN;
    }
}

/// Sends an empty chunk when the file is open, then its content.
fn pass_on(path: &Path, most: u64, sender: &SyncSender<std::io::Result<Vec<u8>>>) {
    let pass_on = || {
        let mut file = File::open(path)?.take(most + 1);
        let mut chunk = Vec::new();
        loop {
            // The receiver is gone: nobody waits for it any more.
            if sender.send(Ok(std::mem::take(&mut chunk))).is_err() {
                return Ok(());
            }
            chunk.resize(CHUNK_BYTES, 0);
            let count = file.read(&mut chunk)?;
            chunk.truncate(count);
            if count == 0 {
                return Ok(());
            }
        }
    };
    if let Err(error) = pass_on() {
        let _ = sender.send(Err(error));
    }
}

//! Files that are named on the command line, read with a bound: /dev/zero has no end.

use anyhow::{Context, bail};
use std::{fs::File, io::Read, path::Path};

/// Settings and certificates are small.
pub(crate) const SMALL_BYTES_MAX: u64 = 1 << 20;

/// All that is in the file. `what` is its name in messages.
///
/// # Errors
/// When it cannot be read, or holds more than `most` bytes.
pub(crate) fn read(path: &Path, what: &str, most: u64) -> anyhow::Result<Vec<u8>> {
    let cannot = || format!("cannot read {what} {}", path.display());
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(cannot)?;
    file.take(most + 1).read_to_end(&mut bytes).with_context(cannot)?;
    if bytes.len() as u64 > most {
        bail!("{what} {} is larger than {} MiB, which is more than is read", path.display(), most >> 20);
    }
    Ok(bytes)
}

/// The same of a text.
///
/// # Errors
/// As [`read`], and when it is no UTF-8.
pub(crate) fn read_text(path: &Path, what: &str, most: u64) -> anyhow::Result<String> {
    String::from_utf8(read(path, what, most)?).with_context(|| format!("{what} {} is no UTF-8", path.display()))
}

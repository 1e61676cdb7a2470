//! A command's input: from its client, a file, or the output of the command before it. Each byte is read once, by the
//! first reader.

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

/// Bytes, and how many of them have been read.
#[derive(Debug, Default)]
pub(crate) struct Input {
    bytes: Vec<u8>,
    read: AtomicUsize,
}

impl Input {
    pub(crate) fn of(bytes: Vec<u8>) -> Input {
        Input { bytes, read: AtomicUsize::new(0) }
    }

    /// Everything that was not read yet.
    pub(crate) fn take(&self) -> &[u8] {
        let from = self.read.swap(self.bytes.len(), Relaxed);
        self.bytes.get(from..).unwrap_or_default()
    }

    /// The next line, with its newline if it has one; `None` at the end.
    pub(crate) fn line(&self) -> Option<&[u8]> {
        let from = self.read.load(Relaxed);
        let line = self.bytes.get(from..)?.split_inclusive(|byte| *byte == b'\n').next()?;
        self.read.store(from + line.len(), Relaxed);
        Some(line)
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn each_byte_is_read_once() {
        let input = Input::of(b"a\nb\nc".to_vec());
        assert_eq!(input.line(), Some(&b"a\n"[..]));
        assert_eq!(input.take(), b"b\nc");
        assert_eq!((input.take(), input.line()), (&b""[..], None));
    }
}

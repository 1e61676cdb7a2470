//! One line of `~/.ssh/authorized_keys`, read as OpenSSH's sshd reads it.
//!
//! Its source is the reference: `auth2-pubkeyfile.c` for lines, `sshkey.c` for keys. Where sshd is lenient this is too, because a line
//! that we overlook would go on admitting somebody on a real machine.

use super::blob;

/// A line with a key.
#[derive(Debug, PartialEq, Eq)]
pub struct Entry<'a> {
    /// The options before the key; empty for a key without restrictions.
    pub options: &'a str,
    /// The key in the form in which SSH sends it, however it was written.
    pub key: Vec<u8>,
    /// Without the spaces around it.
    pub comment: &'a str,
}

impl<'a> Entry<'a> {
    /// The lines of a text that hold keys.
    pub fn all(text: &'a str) -> impl Iterator<Item = Entry<'a>> {
        text.split('\n').filter_map(Entry::read)
    }

    /// `None` for comments, and for lines that sshd does not accept.
    #[must_use]
    pub fn read(line: &'a str) -> Option<Entry<'a>> {
        // For sshd a line is a C string, which ends at a zero byte.
        let line = line.split('\0').next()?.trim_start_matches(BLANKS);
        if line.is_empty() || line.starts_with(['\n', '#']) {
            return None;
        }
        key_at(line, "").or_else(|| {
            let (options, rest) = line.split_at(options_end(line)?);
            key_at(rest.trim_start_matches(BLANKS), options)
        })
    }
}

const BLANKS: [char; 2] = [' ', '\t'];

/// `<algorithm> <base64> <comment>`.
fn key_at<'a>(text: &'a str, options: &'a str) -> Option<Entry<'a>> {
    let (algorithm, rest) = text.split_at(blank(text)?);
    let rest = rest.trim_start_matches(BLANKS);
    let (base64, comment) = rest.split_at(blank(rest).unwrap_or(rest.len()));
    let key = blob::key(algorithm, &blob::decode(base64.as_bytes())?)?;
    Some(Entry { options, key, comment: comment.trim() })
}

/// The position of the first space or tab. Two searches for one byte are faster than one for two: keys are long.
fn blank(text: &str) -> Option<usize> {
    let space = text.find(' ');
    text[..space.unwrap_or(text.len())].find('\t').or(space)
}

/// The end of the options: the first space outside quotes. `None` when a quote is not closed.
fn options_end(line: &str) -> Option<usize> {
    let (bytes, mut at, mut quoted) = (line.as_bytes(), 0, false);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b' ' | b'\t' if !quoted => return Some(at),
            b'\\' if bytes.get(at + 1) == Some(&b'"') => at += 1,
            b'"' => quoted = !quoted,
            _ => {}
        }
        at += 1;
    }
    (!quoted).then_some(at)
}

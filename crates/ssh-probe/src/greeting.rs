//! What a server says before SSH begins: maybe some lines, then the one that begins with `SSH-` (RFC 4253, section 4.2).

use crate::answer::{Stage, Unanswered};
use tokio::io::{AsyncRead, AsyncReadExt};

/// The longest line with which SSH may begin, its end included.
const LINE_BYTES: usize = 255;

/// What sshd says instead of a greeting to a source that it turns away for now, by `PerSourcePenalties` or `MaxStartups`.
const SHUT_OUT: [&str; 2] = ["Not allowed at this time", "Exceeded MaxStartups"];

/// The line of a server, and what was read of its stream: that line, and what came with it.
#[derive(Debug)]
pub(crate) struct Greeting {
    pub(crate) server: Box<str>,
    pub(crate) read: Vec<u8>,
}

/// Reads until the line that begins with `SSH-`, at most `bytes_max`.
pub(crate) async fn read(stream: &mut (impl AsyncRead + Unpin), bytes_max: usize) -> Result<Greeting, Unanswered> {
    let mut first = None;
    let (mut before, mut read) = (0, Vec::new());
    loop {
        while let Some(length) = read.iter().position(|byte| *byte == b'\n') {
            let line = printable(&read[..length]);
            if read.starts_with(b"SSH-") {
                // What russh would not take for a greeting, it would wait for another one after.
                let is_version_2 = read.starts_with(b"SSH-2.0-") || read.starts_with(b"SSH-1.99-");
                let is_text = length < LINE_BYTES && std::str::from_utf8(&read[..length]).is_ok();
                let is_ours = is_version_2 && is_text;
                return if is_ours { Ok(Greeting { server: line, read }) } else { Err(Unanswered::NotSsh(line)) };
            }
            if SHUT_OUT.iter().any(|words| line.starts_with(words)) {
                return Err(Unanswered::ShutOut(line));
            }
            first.get_or_insert(line);
            before += length + 1;
            read.drain(..=length);
        }
        if before + read.len() >= bytes_max {
            return Err(Unanswered::TooMuch(Stage::Greeting));
        }
        match stream.read_buf(&mut read).await {
            Ok(0) | Err(_) => {
                let line = first.unwrap_or_else(|| printable(&read));
                let nothing = line.is_empty();
                return Err(if nothing { Unanswered::Closed(Stage::Greeting) } else { Unanswered::NotSsh(line) });
            }
            Ok(_) => {}
        }
    }
}

/// The beginning of a line, without what could not be printed.
fn printable(line: &[u8]) -> Box<str> {
    let printed = line.iter().filter(|byte| (b' '..=b'~').contains(*byte)).take(LINE_BYTES);
    printed.map(|byte| char::from(*byte)).collect::<String>().into()
}

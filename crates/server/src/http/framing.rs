//! Follows the boundaries of requests on a connection, beside hyper: hyper silently drops a `Content-Length` beside a
//! `Transfer-Encoding`, and a proxy between client and server may have used the other one (RFC 9112 section 6.3).

use parking_lot::Mutex;
use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    time::Sleep,
};

/// The bytes of a line that are examined: a header's name and a length.
const LINE_BYTES: usize = 48;
/// How long a client may take to read the next byte of a reply.
const TAKEN_WITHIN: Duration = Duration::from_secs(30);

/// The position in a connection's requests. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Framing(Arc<Mutex<Place>>);

/// The position in a connection's requests.
#[derive(Debug)]
enum Place {
    Head(Lines),
    /// In a body, of which this many bytes are missing.
    Body(u64),
    /// After a head with a coding. Nothing is followed from here on: the connection ends with that request.
    Coded {
        has_length: bool,
    },
    /// In bytes that hyper will refuse.
    Elsewhere,
    /// In a tunnel, whose bytes are not this connection's HTTP.
    Tunnel,
}

#[derive(Debug)]
struct Lines {
    begun: bool,
    /// The beginning of the current line.
    line: [u8; LINE_BYTES],
    line_start_bytes: usize,
    line_bytes: usize,
    length: Option<Option<u64>>,
    is_coded: bool,
}

impl Default for Place {
    fn default() -> Place {
        Place::Head(Lines {
            begun: false,
            line: [0; LINE_BYTES],
            line_start_bytes: 0,
            line_bytes: 0,
            length: None,
            is_coded: false,
        })
    }
}

impl Framing {
    /// Whether the current request with a `Transfer-Encoding` has no `Content-Length`.
    pub(super) fn is_coded_alone(&self) -> bool {
        matches!(*self.0.lock(), Place::Coded { has_length: false })
    }

    /// The connection becomes a tunnel: further bytes are not examined.
    pub(super) fn leave(&self) {
        *self.0.lock() = Place::Tunnel;
    }

    fn is_tunnel(&self) -> bool {
        matches!(*self.0.lock(), Place::Tunnel)
    }

    fn read(&self, mut bytes: &[u8]) {
        let mut place = self.0.lock();
        while !bytes.is_empty() {
            match &mut *place {
                Place::Head(lines) => match lines.read(&mut bytes) {
                    Some(next) => *place = next,
                    None => return,
                },
                Place::Body(left) => {
                    let here = bytes.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                    bytes = &bytes[here..];
                    *left -= here as u64;
                    if *left == 0 {
                        *place = Place::default();
                    }
                }
                Place::Coded { .. } | Place::Elsewhere | Place::Tunnel => return,
            }
        }
    }
}

impl Lines {
    /// Reads the bytes of the head; returns the new position when the head has ended.
    fn read(&mut self, bytes: &mut &[u8]) -> Option<Place> {
        let all = *bytes;
        for end in memchr::memchr_iter(b'\n', all) {
            let part = &all[all.len() - bytes.len()..=end];
            *bytes = &all[end + 1..];
            let ended = if self.line_bytes == 0 {
                self.ends_with(&part[..part.len().min(LINE_BYTES)], part.len())
            } else {
                self.keep(part);
                let (line, line_start_bytes) = (self.line, std::mem::take(&mut self.line_start_bytes));
                let line_bytes = std::mem::take(&mut self.line_bytes);
                self.ends_with(&line[..line_start_bytes], line_bytes)
            };
            if ended {
                return Some(match (self.is_coded, self.length) {
                    (true, length) => Place::Coded { has_length: length.is_some() },
                    (false, None | Some(Some(0))) => Place::default(),
                    (false, Some(Some(length))) => Place::Body(length),
                    (false, Some(None)) => Place::Elsewhere,
                });
            }
        }
        self.keep(bytes);
        *bytes = &[];
        None
    }

    /// Stores a part of an unfinished line.
    fn keep(&mut self, part: &[u8]) {
        let stored = part.len().min(LINE_BYTES - self.line_start_bytes);
        self.line[self.line_start_bytes..self.line_start_bytes + stored].copy_from_slice(&part[..stored]);
        self.line_start_bytes += stored;
        self.line_bytes += part.len();
    }

    /// Reads the beginning of a complete line of that length. Empty lines before a request are skipped.
    fn ends_with(&mut self, line: &[u8], line_bytes: usize) -> bool {
        if matches!(line, b"\n" | b"\r\n") {
            return self.begun;
        }
        self.begun = true;
        // Most lines begin like neither of the two names.
        if !matches!(
            (line.first(), line.get(8)),
            (Some(b'C' | b'c'), Some(b'L' | b'l')) | (Some(b'T' | b't'), Some(b'-'))
        ) {
            return false;
        }
        if let Some(colon) = memchr::memchr(b':', line) {
            let (name, value) = (line[..colon].trim_ascii_end(), line[colon + 1..].trim_ascii());
            if name.eq_ignore_ascii_case(b"transfer-encoding") {
                self.is_coded = true;
            } else if name.eq_ignore_ascii_case(b"content-length") {
                let whole = line_bytes <= LINE_BYTES;
                let length = std::str::from_utf8(value).ok().and_then(|value| value.parse().ok());
                self.length = Some(length.filter(|_| whole));
            }
        }
        false
    }
}

/// A stream that examines requests as they arrive, and limits the time that a client may take to read replies.
#[derive(Debug)]
pub(super) struct Framed<S> {
    stream: S,
    framing: Framing,
    /// When the client will have read no byte of a reply for too long.
    given_up: Option<Pin<Box<Sleep>>>,
}

/// The client read no byte of a reply for too long.
#[derive(Debug, thiserror::Error)]
#[error("the client took no byte of a reply for {} s", TAKEN_WITHIN.as_secs())]
pub(super) struct NotTaken;

impl NotTaken {
    /// Whether a connection broke for that reason.
    pub(super) fn is_why(error: &(dyn std::error::Error + 'static)) -> bool {
        let inner = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        inner.is_some_and(|inner| inner.is::<NotTaken>()) || error.source().is_some_and(NotTaken::is_why)
    }
}

impl<S> Framed<S> {
    pub(super) fn new(stream: S, framing: Framing) -> Framed<S> {
        Framed { stream, framing, given_up: None }
    }

    /// Ends the connection when a write makes no progress for too long. A tunnel may be silent for hours.
    fn within_time<T>(&mut self, cx: &mut Context<'_>, written: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.given_up = None;
            return written;
        }
        if self.framing.is_tunnel() {
            return Poll::Pending;
        }
        let given_up = self.given_up.get_or_insert_with(|| Box::pin(tokio::time::sleep(TAKEN_WITHIN)));
        ready!(given_up.as_mut().poll(cx));
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, NotTaken)))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Framed<S> {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        self.framing.read(&buffer.filled()[before..]);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Framed<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.within_time(cx, written)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let written = Pin::new(&mut self.stream).poll_flush(cx);
        self.within_time(cx, written)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let written = Pin::new(&mut self.stream).poll_shutdown(cx);
        self.within_time(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.within_time(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod test {
    use super::*;

    /// However the bytes are split, the result is the same.
    fn seen(bytes: &str) -> String {
        let result = |piece: usize| {
            let framing = Framing::default();
            bytes.as_bytes().chunks(piece).for_each(|piece| framing.read(piece));
            let place = framing.0.lock();
            match &*place {
                Place::Head(lines) => format!("head {}", lines.begun || lines.line_bytes > 0),
                other => format!("{other:?}"),
            }
        };
        let whole = result(bytes.len().max(1));
        for piece in 1..40 {
            assert_eq!(result(piece), whole, "{bytes:?} in pieces of {piece}");
        }
        whole
    }

    #[test]
    fn a_length_beside_a_coding_is_seen_wherever_it_stands() {
        let (coded, length) = ("Transfer-Encoding: chunked\r\n", "content-LENGTH: 5\r\n");
        let alone = "Coded { has_length: false }";
        let both = "Coded { has_length: true }";
        assert_eq!(seen(&format!("POST / HTTP/1.1\r\n{coded}\r\n5\r\nhello\r\n0\r\n\r\n")), alone);
        assert_eq!(seen(&format!("POST / HTTP/1.1\r\n{coded}{length}\r\nhello")), both);
        assert_eq!(seen(&format!("POST / HTTP/1.1\r\nhost: h\r\n{length}{coded}\r\nhello")), both);
        assert_eq!(seen(&format!("\r\nPOST / HTTP/1.1\n{coded}x: y\n\ncontent-length: 5\n\n")), alone);
        // After complete requests, one after the other, with bodies that look like heads.
        let first = "POST / HTTP/1.1\r\nContent-Length: 30\r\n\r\nGET / HTTP/1.1\r\ncontent-leng\r\n";
        assert_eq!(seen(&format!("{first}GET / HTTP/1.1\r\nh: i\r\n\r\nPOST / HTTP/1.1\r\n{length}{coded}\r\n")), both);
    }

    #[test]
    fn a_body_is_left_where_it_ends() {
        assert_eq!(seen("GET / HTTP/1.1\r\nhost: h\r\n\r\n"), "head false");
        assert_eq!(seen("GET / HTTP/1.1\r\nhost: h\r\n\r\nGET"), "head true");
        assert_eq!(seen("POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nab"), "Body(1)");
        assert_eq!(seen("POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc"), "head false");
        assert_eq!(seen("POST / HTTP/1.1\r\ncontent-length: -3\r\n\r\nabc"), "Elsewhere");
        let far = " ".repeat(60);
        assert_eq!(seen(&format!("POST / HTTP/1.1\r\ncontent-length:{far}3\r\n\r\nabc")), "Elsewhere");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_given_up_and_a_tunnel_or_a_slow_one_is_not() {
        use tokio::{
            io::{AsyncReadExt, AsyncWriteExt},
            time::advance,
        };
        let (mut slow, ours) = tokio::io::duplex(16);
        let mut stream = Framed::new(ours, Framing::default());
        let reading = tokio::spawn(async move {
            for _ in 0..10 {
                advance(TAKEN_WITHIN - Duration::from_secs(1)).await;
                slow.read_exact(&mut [0; 16]).await.unwrap();
            }
            slow
        });
        stream.write_all(&[0; 160]).await.unwrap();
        let mut silent = reading.await.unwrap();
        let refused = stream.write_all(&[0; 160]).await.unwrap_err();
        assert!(NotTaken::is_why(&refused), "{refused}");
        assert!(!NotTaken::is_why(&io::Error::from(io::ErrorKind::TimedOut)));
        stream.framing.leave();
        silent.read_exact(&mut [0; 16]).await.unwrap();
        let late = async {
            advance(TAKEN_WITHIN * 100).await;
            silent.read_exact(&mut [0; 160]).await.unwrap();
        };
        let (written, ()) = tokio::join!(stream.write_all(&[0; 160]), late);
        written.unwrap();
    }
}

//! The stream that russh gets: it ends with the asking, and carries no more than is allowed.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll, ready},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    sync::oneshot,
};

/// How many more bytes may come. Once they have, the stream is broken.
#[derive(Debug, Clone)]
pub(crate) struct Allowance(Arc<AtomicUsize>);

impl Allowance {
    pub(crate) fn new(bytes: usize) -> Allowance {
        Allowance(Arc::new(bytes.into()))
    }

    /// Allows so many from now on. What was used up stays so.
    pub(crate) fn renew(&self, bytes: usize) {
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| (left > 0).then_some(bytes));
    }

    pub(crate) fn is_used_up(&self) -> bool {
        self.0.load(Ordering::Relaxed) == 0
    }

    fn take(&self, bytes: usize) {
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(bytes)));
    }
}

/// russh drives a connection in a task of its own, which would outlive us if the other end wanted it so. So this stream
/// fails as soon as the sender of `end` is dropped, whatever that task waits for.
#[derive(Debug)]
pub(crate) struct Bounded<S> {
    stream: S,
    /// What was read before, to be read again.
    read: Vec<u8>,
    allowance: Allowance,
    end: Option<oneshot::Receiver<Infallible>>,
}

impl<S> Bounded<S> {
    pub(crate) fn new(
        stream: S,
        read: Vec<u8>,
        allowance: Allowance,
        end: oneshot::Receiver<Infallible>,
    ) -> Bounded<S> {
        Bounded { stream, read, allowance, end: Some(end) }
    }

    fn check(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        let has_ended = self.end.as_mut().is_none_or(|end| Pin::new(end).poll(context).is_ready());
        if has_ended {
            self.end = None;
            return Err(io::ErrorKind::ConnectionAborted.into());
        }
        if self.allowance.is_used_up() { Err(io::ErrorKind::QuotaExceeded.into()) } else { Ok(()) }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Bounded<S> {
    fn poll_read(mut self: Pin<&mut Self>, context: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        if !self.read.is_empty() {
            let length = self.read.len().min(buf.remaining());
            buf.put_slice(&self.read[..length]);
            self.read.drain(..length);
            return Poll::Ready(Ok(()));
        }
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(context, buf))?;
        self.allowance.take(buf.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Bounded<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.check(context)?;
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

//! A connection that can be cut from our side at any moment, like the power of a machine.

use crate::sessions::Line;
use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Bytes that one connection reads before it yields, so that a client that sends without end does not delay others.
const TURN_BYTES: usize = 64 << 10;

/// Once cut, reads end and writes fail; the owner then drops it, which closes the connection.
#[derive(Debug)]
pub(crate) struct Cable<C> {
    connection: C,
    /// `None` once cut.
    line: Option<Line>,
    /// Bytes read since it last yielded.
    read: usize,
    /// Bytes read in total.
    came: usize,
}

impl<C> Cable<C> {
    pub(crate) fn new(connection: C, line: Line) -> Cable<C> {
        Cable { connection, line: Some(line), read: 0, came: 0 }
    }

    fn is_cut(&mut self, context: &mut Context<'_>) -> bool {
        if let Some(line) = &mut self.line
            && Pin::new(&mut line.cut).poll(context).is_ready()
        {
            self.line = None;
        }
        self.line.is_none()
    }

    fn passed<T>(&self, polled: Poll<T>) -> Poll<T> {
        if let (Poll::Ready(_), Some(line)) = (&polled, &self.line) {
            line.passed();
        }
        polled
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for Cable<C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_cut(context) {
            return Poll::Ready(Ok(()));
        }
        if self.read >= TURN_BYTES {
            self.read = 0;
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let before = buffer.filled().len();
        let polled = Pin::new(&mut self.connection).poll_read(context, buffer);
        let came = buffer.filled().len() - before;
        self.read += came;
        if came > 0 {
            self.came = self.came.saturating_add(came);
            self.line.iter().for_each(|line| line.came(self.came));
        }
        self.passed(polled)
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Cable<C> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        // Checked here too, so that a client that does not read cannot delay a cut.
        if self.is_cut(context) {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let polled = Pin::new(&mut self.connection).poll_write(context, bytes);
        self.passed(polled)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}

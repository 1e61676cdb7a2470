//! A connection to a machine's sshd that needs no address: a stream of bytes.

use tokio::io::{AsyncRead, AsyncWrite};

/// Bytes in both directions, over a socket or a pipe inside the process.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// An open stream to one machine's sshd. It ends when the machine goes off, like every other session.
pub type Connection = Box<dyn ByteStream>;

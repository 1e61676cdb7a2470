//! A way to a machine's sshd that needs no address: a stream of bytes.

use tokio::io::{AsyncRead, AsyncWrite};

/// Bytes both ways, whatever carries them: a socket, or a pipe inside the process.
pub trait ByteStream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> ByteStream for T {}

/// An open stream to one machine's sshd. The machine going off ends it, as it ends every other session.
pub type Connection = Box<dyn ByteStream>;

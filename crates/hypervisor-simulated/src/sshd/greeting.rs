//! Reads a client's version and algorithms before it is answered: they decide which host key is shown.
//!
//! russh sends its own algorithms at once, and must have all the keys that it names. So the client's algorithms are
//! read here first, and then everything is passed on from the beginning (RFC 4253 sections 4.2 and 7.1).

use std::{
    io,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};

/// The server's version string.
pub(super) const NAME: &str = "SSH-2.0-cvmd";
/// How long a client that has sent its version may wait for our algorithms before it sends its own: few wait.
const PATIENCE: Duration = Duration::from_millis(500);
/// The maximum bytes of version and algorithms: more than any client sends.
const HEARD_MAX: usize = 32 << 10;
const KEXINIT: u8 = 20;

/// Which of a machine's host keys a client asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HostKey {
    /// The key that every machine has always shown: a client that knows it must see no other.
    Ed25519,
    Ecdsa,
    Rsa,
    /// The client has not named the host keys that it supports.
    Any,
}

/// A connection whose first bytes were read, and are still to be read by russh.
#[derive(Debug)]
pub(super) struct Heard<C> {
    connection: C,
    heard: Vec<u8>,
    /// How many of them have been read again.
    read: usize,
    /// The length of the client's version. It is read by itself: russh keeps what it reads together with it, and would
    /// lose those bytes.
    name: usize,
    /// The bytes of our version that russh will write but that were sent already; they are dropped.
    sent: usize,
}

/// Sends our version, and reads until the client has named its algorithms.
///
/// # Errors
/// An error of the connection, or its end: no keys are made for a client that has gone.
pub(super) async fn greet<C: AsyncRead + AsyncWrite + Unpin>(mut connection: C) -> io::Result<(Heard<C>, HostKey)> {
    let name = format!("{NAME}\r\n");
    connection.write_all(name.as_bytes()).await?;
    connection.flush().await?;
    let mut heard = Vec::with_capacity(2048);
    let mut has_name = false;
    let host_key = loop {
        if let Some(host_key) = host_key_of(&heard) {
            break host_key;
        }
        has_name |= heard.contains(&b'\n');
        if heard.len() >= HEARD_MAX {
            break HostKey::Any;
        }
        let more = connection.read_buf(&mut heard);
        let count = if has_name {
            match tokio::time::timeout(PATIENCE, more).await {
                Ok(count) => count?,
                Err(_) => break HostKey::Any,
            }
        } else {
            more.await?
        };
        if count == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    };
    let sent = name.len();
    let name = heard.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    Ok((Heard { connection, heard, read: 0, name, sent }, host_key))
}

/// The host key that a client's algorithms ask for; `None` until they have been received.
fn host_key_of(heard: &[u8]) -> Option<HostKey> {
    let end = heard.iter().position(|byte| *byte == b'\n')?;
    let (length, rest) = heard[end + 1..].split_at_checked(4)?;
    let length = u32::from_be_bytes(length.try_into().ok()?) as usize;
    if length > HEARD_MAX {
        return Some(HostKey::Any);
    }
    let packet = rest.get(..length)?;
    Some(algorithms(packet).map_or(HostKey::Any, choice))
}

/// The names of host keys in a client's KEXINIT: they follow the padding's length, the message's number, 16 random
/// bytes and the names of key exchanges.
fn algorithms(packet: &[u8]) -> Option<&str> {
    let (_, packet) = packet.split_first()?;
    let (number, packet) = packet.split_first()?;
    let (_, packet) = packet.split_at_checked(16).filter(|_| *number == KEXINIT)?;
    let (_, packet) = name_list(packet)?;
    std::str::from_utf8(name_list(packet)?.0).ok()
}

fn name_list(packet: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = packet.split_at_checked(4)?;
    rest.split_at_checked(u32::from_be_bytes(length.try_into().ok()?) as usize)
}

fn choice(algorithms: &str) -> HostKey {
    let knows = |name: &str| algorithms.split(',').any(|algorithm| algorithm == name);
    if knows("ssh-ed25519") {
        HostKey::Ed25519
    } else if knows("ecdsa-sha2-nistp256") {
        HostKey::Ecdsa
    } else if knows("rsa-sha2-512") || knows("rsa-sha2-256") {
        HostKey::Rsa
    } else {
        // russh then reports what would be offered.
        HostKey::Ed25519
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for Heard<C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let end = if self.read < self.name { self.name } else { self.heard.len() };
        let rest = &self.heard[self.read..end];
        if rest.is_empty() {
            return Pin::new(&mut self.connection).poll_read(context, buffer);
        }
        let count = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..count]);
        self.read += count;
        if self.read == self.heard.len() {
            (self.heard, self.read, self.name) = (Vec::new(), 0, 0);
        }
        Poll::Ready(Ok(()))
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Heard<C> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if self.sent > 0 && !bytes.is_empty() {
            let count = self.sent.min(bytes.len());
            self.sent -= count;
            return Poll::Ready(Ok(count));
        }
        Pin::new(&mut self.connection).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use tokio::io::duplex;

    fn sent_by_a_client(host_keys: &str) -> Vec<u8> {
        let mut body = vec![4, KEXINIT];
        body.extend([7; 16]);
        for names in ["curve25519-sha256", host_keys, "aes128-ctr"] {
            body.extend(u32::try_from(names.len()).unwrap().to_be_bytes());
            body.extend(names.as_bytes());
        }
        let mut sent = b"SSH-2.0-JSCH-0.1.55\r\n".to_vec();
        sent.extend(u32::try_from(body.len()).unwrap().to_be_bytes());
        sent.extend(body);
        sent
    }

    #[test]
    fn a_client_that_knows_ed25519_is_shown_that_and_another_what_it_knows() {
        for (host_keys, expected) in [
            ("ecdsa-sha2-nistp256,rsa-sha2-512,ssh-ed25519", HostKey::Ed25519),
            ("ssh-rsa,ssh-dss,ecdsa-sha2-nistp256,ecdsa-sha2-nistp384", HostKey::Ecdsa),
            ("ssh-rsa,rsa-sha2-256", HostKey::Rsa),
            ("ssh-rsa,ssh-dss", HostKey::Ed25519),
            ("", HostKey::Ed25519),
        ] {
            assert_eq!(host_key_of(&sent_by_a_client(host_keys)), Some(expected), "{host_keys}");
        }
        let sent = sent_by_a_client("ssh-ed25519");
        assert!((0..sent.len()).all(|end| host_key_of(&sent[..end]).is_none()), "not before all is sent");
        assert_eq!(host_key_of(b"SSH-2.0-x\n\xff\xff\xff\xff"), Some(HostKey::Any));
        assert_eq!(host_key_of(b"SSH-2.0-x\n\0\0\0\x01\x04"), Some(HostKey::Any));
    }

    #[tokio::test(start_paused = true)]
    async fn what_was_heard_is_read_again_and_our_version_is_sent_once() {
        let (mut client, server) = duplex(64);
        let sent = sent_by_a_client("ecdsa-sha2-nistp256");
        let mine = sent.clone();
        let client = tokio::spawn(async move {
            client.write_all(&mine).await.unwrap();
            let mut answer = Vec::new();
            client.read_to_end(&mut answer).await.unwrap();
            answer
        });
        let (mut heard, host_key) = greet(server).await.unwrap();
        assert_eq!(host_key, HostKey::Ecdsa);
        let mut again = vec![0; sent.len()];
        let name = heard.read(&mut again).await.unwrap();
        assert_eq!(&again[..name], b"SSH-2.0-JSCH-0.1.55\r\n", "the name alone");
        heard.read_exact(&mut again[name..]).await.unwrap();
        assert_eq!(again, sent);
        heard.write_all(b"SSH-2.0-cvmd\r\nand more").await.unwrap();
        drop(heard);
        assert_eq!(client.await.unwrap(), b"SSH-2.0-cvmd\r\nand more");
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_goes_before_it_is_answered_asks_for_no_key() {
        for sent in [&b""[..], b"SSH-2.0-x\r\n"] {
            let (mut client, server) = duplex(64);
            client.write_all(sent).await.unwrap();
            client.shutdown().await.unwrap();
            assert_eq!(greet(server).await.unwrap_err().kind(), io::ErrorKind::UnexpectedEof, "{sent:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_client_that_waits_for_ours_is_offered_all() {
        let (mut client, server) = duplex(64);
        client.write_all(b"SSH-2.0-Renci.SshNet\r\n").await.unwrap();
        let (_, host_key) = greet(server).await.unwrap();
        assert_eq!(host_key, HostKey::Any);
    }
}

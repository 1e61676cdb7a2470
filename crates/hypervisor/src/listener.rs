//! The sockets of the machines' SSH endpoints: one for all of them, where the connection's destination identifies the
//! machine, or one each.
//!
//! The common one is bound to every address but to the device `lo` only, so that each machine answers at its own
//! loopback address and nobody outside this host can reach any. Drivers of real machines relay through the same
//! listener.

use async_trait::async_trait;
use cvmd_clock::Clock;
use std::{
    io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    sync::Arc,
    time::Duration,
};
use tokio::net::{TcpListener, TcpStream};

/// The maximum of connections that wait in the kernel to be accepted, if the kernel allows as many. A client beyond
/// that must try again, after a second.
pub const BACKLOG: u32 = 4_096;
/// The pause in accepting after an error, such as too many open files.
const REST: Duration = Duration::from_millis(50);
/// Such errors are logged at most this often.
const LOGGED_EVERY_MS: u64 = 10_000;

/// Answers the connections of a [`Listener`].
#[async_trait]
pub trait Answer: Send + Sync + 'static {
    /// Answers one connection. Returning closes it; a connection to an address without a machine is closed before a
    /// byte is read.
    async fn answer(self: Arc<Self>, connection: TcpStream, destination: SocketAddrV4);
}

/// A bound socket.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    port: u16,
    /// Whether only connections to loopback addresses are answered, whatever the socket is bound to.
    confined: bool,
    /// The port of the last start, if it was requested and is taken.
    pub missed: Option<u16>,
}

impl Listener {
    /// Binds the first free port: `wanted`, the one of the last start, then `ports` in their order; 0 means any.
    ///
    /// # Errors
    /// The last port's error when none could be bound.
    pub fn bind(wanted: Option<u16>, ports: &[u16]) -> io::Result<Listener> {
        let mut last = io::Error::new(io::ErrorKind::InvalidInput, "no port was given to listen on");
        for (index, port) in wanted.iter().chain(ports).enumerate() {
            match bind(*port) {
                Ok(socket) => {
                    let port = socket.local_addr()?.port();
                    return Ok(Listener { socket, port, confined: true, missed: wanted.filter(|_| index > 0) });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Binds a port of one address, 0 for any free one. Every client that can reach the address is answered.
    ///
    /// # Errors
    /// When it cannot be bound.
    pub fn at(address: Ipv4Addr, port: u16) -> io::Result<Listener> {
        let socket = listen(address, port, |_| Ok(()))?;
        let port = socket.local_addr()?.port();
        Ok(Listener { socket, port, confined: false, missed: None })
    }

    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Accepts connections until the future is dropped; each is answered in a task of its own.
    pub async fn serve<A: Answer + ?Sized>(self, answer: Arc<A>) {
        let mut logged_ms: Option<u64> = None;
        loop {
            let connection = match self.socket.accept().await {
                Ok((connection, _)) => connection,
                Err(error) => {
                    let now_ms = Clock::System.now_ms();
                    if logged_ms.is_none_or(|logged_ms| now_ms.abs_diff(logged_ms) > LOGGED_EVERY_MS) {
                        logged_ms = Some(now_ms);
                        tracing::warn!(%error, "a connection to a machine could not be accepted");
                    }
                    tokio::time::sleep(REST).await;
                    continue;
                }
            };
            if let Ok(SocketAddr::V4(destination)) = connection.local_addr()
                && (!self.confined || destination.ip().is_loopback())
            {
                tokio::spawn(answer.clone().answer(connection, destination));
            }
        }
    }
}

#[cfg(target_os = "linux")]
fn bind(port: u16) -> io::Result<TcpListener> {
    listen(Ipv4Addr::UNSPECIFIED, port, |socket| socket.bind_device(Some(b"lo")))
}

/// Other systems cannot bind to a device: only 127.0.0.1 is served.
#[cfg(not(target_os = "linux"))]
fn bind(port: u16) -> io::Result<TcpListener> {
    listen(Ipv4Addr::LOCALHOST, port, |_| Ok(()))
}

fn listen(
    address: Ipv4Addr,
    port: u16,
    confine: impl FnOnce(&socket2::Socket) -> io::Result<()>,
) -> io::Result<TcpListener> {
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None)?;
    // Restricted before it is bound: it never listens to other hosts.
    confine(&socket)?;
    // A port whose last connections still linger can be bound again at once.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddrV4::new(address, port).into())?;
    socket.listen(BACKLOG.cast_signed())?;
    TcpListener::from_std(socket.into())
}

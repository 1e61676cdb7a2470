//! The sockets of the machines' SSH endpoints: one for all of them, where the connection's destination tells who is
//! meant, or one each.
//!
//! The common one is bound to every address but to the device `lo` only, so that each machine answers at its own loopback address and
//! nobody outside this host can reach any. Drivers of real machines relay through the same listener.

use async_trait::async_trait;
use cvmd_clock::Clock;
use std::{
    io,
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    sync::Arc,
    time::Duration,
};
use tokio::net::{TcpListener, TcpStream};

/// Connections the kernel holds while none is accepted, if it holds as many. One more has to try again, after a second.
pub const BACKLOG: u32 = 4_096;
/// How long accepting rests after an error, such as too many open files.
const REST: Duration = Duration::from_millis(50);
/// Such errors are told so often at most.
const TOLD_EVERY_MS: u64 = 10_000;

/// Who answers the connections of a [`Listener`].
#[async_trait]
pub trait Answer: Send + Sync + 'static {
    /// Answers one connection. Returning closes it; a destination that is no machine's address
    /// is closed so before a byte is read.
    async fn answer(self: Arc<Self>, connection: TcpStream, destination: SocketAddrV4);
}

/// A bound socket.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    port: u16,
    /// Whether only connections to loopback addresses are answered, whatever it is bound to.
    confined: bool,
    /// The port of the last start, when it was asked for and could not be had.
    pub missed: Option<u16>,
}

impl Listener {
    /// Binds the first port that is free: `kept`, the one of the last start, then `ports` in their order; 0 is any.
    ///
    /// # Errors
    /// The last port's error when none could be bound.
    pub fn bind(kept: Option<u16>, ports: &[u16]) -> io::Result<Listener> {
        let mut last = io::Error::new(io::ErrorKind::InvalidInput, "no port was given to listen on");
        for (index, port) in kept.iter().chain(ports).enumerate() {
            match bind(*port) {
                Ok(socket) => {
                    let port = socket.local_addr()?.port();
                    return Ok(Listener { socket, port, confined: true, missed: kept.filter(|_| index > 0) });
                }
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// Binds a port of one address, 0 for any free one. Whoever can reach the address is answered.
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
        let mut told_ms: Option<u64> = None;
        loop {
            let connection = match self.socket.accept().await {
                Ok((connection, _)) => connection,
                Err(error) => {
                    let now_ms = Clock::System.now_ms();
                    if told_ms.is_none_or(|told_ms| now_ms.abs_diff(told_ms) > TOLD_EVERY_MS) {
                        told_ms = Some(now_ms);
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

/// Elsewhere there is no binding to a device: only 127.0.0.1 is served.
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
    // Confined before it is bound: at no moment does it listen to the world.
    confine(&socket)?;
    // A port whose last connections still linger can be had again at once.
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&SocketAddrV4::new(address, port).into())?;
    socket.listen(BACKLOG.cast_signed())?;
    TcpListener::from_std(socket.into())
}

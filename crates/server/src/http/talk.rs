//! One connection: TLS or not, its HTTP, and what a `CONNECT` or a WebSocket turns it into.

use super::{
    connection::{Connection, End, Tunnel},
    connections::Presence,
    framing::{Framed, Framing, NotTaken},
    routes,
};
use crate::{
    app::App,
    metrics::Bound,
    tls::{self, Tls},
    tunnel::{connect::Way, websocket},
};
use hyper::{server::conn::http1, service::service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use parking_lot::Mutex;
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    sync::watch,
};

/// How long a client may take to send a request's head.
const PATIENCE: Duration = Duration::from_secs(30);
/// Twice the longest accepted query, and many more headers than any client sends.
const HEAD_BYTES_MAX: usize = 64 * 1024;

/// A stream other than plain TCP. Boxed, because only plain TCP must be fast, and each type is compiled again.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Serves one connection, and what a `CONNECT` turns it into.
pub(super) async fn accepted(
    app: &Arc<App>,
    tls: &Tls,
    (stream, peer): (TcpStream, IpAddr),
    presence: &Arc<Presence>,
    mut stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let mut first = [0];
    let peek = tokio::time::timeout(PATIENCE, stream.peek(&mut first));
    let Some(peeked) = unless_stopped(&mut stop, peek).await else { return Ok(()) };
    let about = |nested| Connection {
        app: Arc::clone(app),
        presence: Arc::clone(presence),
        peer,
        nested,
        framing: Framing::default(),
        tunnel: Mutex::default(),
    };
    let tunnel = match peeked {
        // Closed, or silent for too long.
        Ok(Ok(0)) | Err(_) => return Ok(()),
        Ok(Err(error)) => return Err(error.into()),
        Ok(Ok(_)) if first[0] == tls::FIRST_BYTE => {
            let Some(stream) = unless_stopped(&mut stop, Box::pin(tls.accept(stream))).await else { return Ok(()) };
            let stream: Box<dyn Stream> = Box::new(stream?);
            talk(about(false), stream, &mut stop).await?
        }
        Ok(Ok(_)) => talk(about(false), stream, &mut stop).await?,
    };
    let Some(Tunnel { end, upgrade }) = tunnel else { return Ok(()) };
    let stream = TokioIo::new(upgrade.await?);
    match end {
        End::Machine(relay) => {
            // Tunnels have a maximum of their own, which chooses better than the listener which one to close.
            presence.begin();
            // At the stop only the tunnel ends, not the machine.
            unless_stopped(&mut stop, Box::pin(relay.carry(stream, || presence.end(0)))).await;
        }
        End::Console { machine, place } => {
            presence.begin();
            tokio::select! {
                _ = unless_stopped(&mut stop, Box::pin(websocket::carry(stream, machine))) => {}
                () = place.closed() => {}
            }
        }
        End::Vendor { host, way } => {
            let stream: Box<dyn Stream> = match way {
                Way::Plain => Box::new(stream),
                Way::Tls => match unless_stopped(&mut stop, Box::pin(tls.accept_for(&host, stream))).await {
                    Some(stream) => Box::new(stream?),
                    None => return Ok(()),
                },
            };
            talk(about(true), stream, &mut stop).await?;
        }
    }
    Ok(())
}

/// Answers requests until either side ends the connection, or a `CONNECT` makes it a tunnel.
async fn talk<S>(about: Connection, stream: S, stop: &mut watch::Receiver<bool>) -> anyhow::Result<Option<Tunnel>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let stream = Framed::new(stream, about.framing.clone());
    let app = Arc::clone(&about.app);
    let connection = Arc::new(about);
    let answering = Arc::clone(&connection);
    let service = service_fn(move |request| routes::respond(Arc::clone(&answering), request));
    {
        let serving = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(PATIENCE)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut serving = std::pin::pin!(serving);
        let ended = tokio::select! {
            biased;
            ended = &mut serving => ended,
            () = stopped(stop) => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        };
        ended.inspect_err(|error| {
            if NotTaken::is_why(error) {
                app.metrics.reached(Bound::ReplyTime);
            }
        })?;
    }
    let tunnel = Arc::into_inner(connection).map(|connection| connection.tunnel);
    Ok(tunnel.and_then(|tunnel| tunnel.into_inner()))
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A dropped sender means the same.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// Work that need not be finished when the server stops.
async fn unless_stopped<T>(stop: &mut watch::Receiver<bool>, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        done = work => Some(done),
        () = stopped(stop) => None,
    }
}

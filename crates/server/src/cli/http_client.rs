//! The HTTP client of the commands: one request per connection, with hyper's client, blocking.

use crate::plain_words;
use anyhow::bail;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::{Method, Request, StatusCode, body::Incoming, client::conn::http1, header::HOST, upgrade};
use hyper_util::rt::TokioIo;
use std::{
    io::ErrorKind,
    net::{TcpStream, ToSocketAddrs},
    time::Duration,
};

/// How long a server may take to answer what costs it nothing. Bytes in a tunnel may pause for hours.
pub(crate) const ANSWERED_WITHIN: Duration = Duration::from_secs(10);
const CONNECTED_WITHIN: Duration = Duration::from_secs(10);
const HEAD_BYTES_MAX: usize = 16 * 1024;
/// The maximum bytes of an answer: the API's largest has 8 MiB.
const BODY_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A connection that is no longer HTTP.
#[derive(Debug)]
pub(crate) struct Tunnel {
    pub(crate) stream: TcpStream,
    /// The bytes that arrived together with the answer.
    pub(crate) first: Bytes,
}

/// The server's own words, for people.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refused(String);

impl Refused {
    /// The maximum of characters that are shown.
    const CHARACTERS_MAX: usize = 500;

    pub(crate) fn of(body: &[u8]) -> Refused {
        Refused(plain_words::excerpt(String::from_utf8_lossy(body).trim(), Refused::CHARACTERS_MAX))
    }
}

/// Connects to the first of the host's addresses that accepts.
pub(crate) fn connect(address: &str) -> std::io::Result<TcpStream> {
    let mut outcome = Err(ErrorKind::NotFound.into());
    for address in address.to_socket_addrs()? {
        outcome = TcpStream::connect_timeout(&address, CONNECTED_WITHIN);
        if outcome.is_ok() {
            break;
        }
    }
    outcome
}

/// Sends a request; returns the answer's status and body, which must be there within `patience`. `address` is used in
/// messages.
///
/// # Errors
/// The reason why there is no answer.
pub(crate) fn exchange(
    stream: TcpStream,
    address: &str,
    request: Request<Full<Bytes>>,
    patience: Duration,
) -> anyhow::Result<(StatusCode, Bytes)> {
    within(address, patience, async {
        let answer = answer(stream, address, request).await?;
        Ok((answer.status(), whole(answer, address).await?))
    })
}

/// Opens a tunnel by `CONNECT`.
///
/// # Errors
/// The reason why there is no answer, or the server's refusal, which is [`Refused`].
pub(crate) fn tunnel(stream: TcpStream, address: &str, target: &str) -> anyhow::Result<Tunnel> {
    let request = Request::builder().method(Method::CONNECT).uri(target).header(HOST, target).body(Full::default())?;
    within(address, ANSWERED_WITHIN, async {
        let answer = answer(stream, address, request).await?;
        if answer.status() != StatusCode::OK {
            bail!(Refused::of(&whole(answer, address).await?));
        }
        let upgraded = upgrade::on(answer).await?.downcast::<TokioIo<tokio::net::TcpStream>>();
        // Invariant: it is the connection that was passed to hyper.
        let parts = upgraded.map_err(|_| anyhow::anyhow!("the tunnel is of another kind"))?;
        let stream = parts.io.into_inner().into_std()?;
        stream.set_nonblocking(false)?;
        Ok(Tunnel { stream, first: parts.read_buf })
    })
}

/// Waits for the future, on a runtime of its own and with a limit.
fn within<T>(address: &str, patience: Duration, asked: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let Ok(outcome) = runtime.block_on(async { tokio::time::timeout(patience, asked).await }) else {
        bail!("{address} does not answer within {} s; is it a cvmd, and not stopped?", patience.as_secs())
    };
    outcome
}

async fn answer(
    stream: TcpStream,
    address: &str,
    request: Request<Full<Bytes>>,
) -> anyhow::Result<hyper::Response<Incoming>> {
    stream.set_nodelay(true)?;
    stream.set_nonblocking(true)?;
    let stream = TokioIo::new(tokio::net::TcpStream::from_std(stream)?);
    let (mut sender, connection) = http1::Builder::new().max_buf_size(HEAD_BYTES_MAX).handshake(stream).await?;
    // It ends with its answer, or becomes the tunnel; its errors are the answer's too.
    tokio::spawn(connection.with_upgrades());
    sender.send_request(request).await.map_err(|error| {
        if error.is_parse() || error.is_parse_too_large() {
            return anyhow::anyhow!("{address} does not answer as cvmd does");
        }
        anyhow::anyhow!("{address} hung up: {error}; is it a cvmd?")
    })
}

async fn whole(answer: hyper::Response<Incoming>, address: &str) -> anyhow::Result<Bytes> {
    let body = Limited::new(answer.into_body(), BODY_BYTES_MAX).collect().await;
    Ok(body.map_err(|error| anyhow::anyhow!("the answer of {address} broke off: {error}"))?.to_bytes())
}

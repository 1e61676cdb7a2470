//! HTTP in front of the pipeline: one port for http and https, both doors, proxied requests, tunnels and the side routes.

use crate::{
    connect::{self, Target, Way},
    console::{self, NoConsole},
    house::House,
    pipeline,
    relay::{self, MACHINE_PAGE, Relay},
    tls::{self, Tls},
    websocket::{self, Wish},
};
use bytes::Bytes;
use cvmd_actions::{CONSOLE_PAGE, Reason};
use cvmd_wire::RawRequest;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use hyper::{
    Method, Request, Response, StatusCode,
    body::Incoming,
    header::{CONNECTION, CONTENT_TYPE, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_PROTOCOL, UPGRADE},
    server::conn::http1,
    service::service_fn,
    upgrade::OnUpgrade,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
    time::Instant,
};

/// A client has this long to send a request's head, and as long again for its body.
const PATIENCE: Duration = Duration::from_secs(30);
/// The largest body that any door takes; `wire` knows the smaller limit of v1 signatures.
const BODY_BYTES_MAX: usize = 10 * 1024 * 1024;
const HEAD_BYTES_MAX: usize = 128 * 1024;
/// When told to stop, requests under way have this long.
const GRACE: Duration = Duration::from_secs(5);

/// Answers until `stop` changes, then lets the requests under way finish.
pub(crate) async fn serve(house: Arc<House>, tls: Arc<Tls>, listener: TcpListener, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Out of descriptors, most likely: others will close soon.
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            _ = stop.changed() => break,
            Some(_) = connections.join_next() => continue,
        };
        let _ = stream.set_nodelay(true);
        let (house, tls, stop) = (Arc::clone(&house), Arc::clone(&tls), stop.clone());
        connections.spawn(async move {
            if let Err(error) = accepted(&house, &tls, stream, stop).await {
                tracing::debug!(error = format!("{error:#}"), "a connection broke");
            }
        });
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all).await.is_err() {
        tracing::info!("some requests were cut off");
    }
}

/// What is not a plain TCP stream. Boxed, because only the plain one has to be fast, and each kind is compiled again.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// Serves one connection, and what it becomes by a `CONNECT`.
async fn accepted(
    house: &Arc<House>,
    tls: &Tls,
    stream: TcpStream,
    mut stop: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let mut first = [0];
    let peek = tokio::time::timeout(PATIENCE, stream.peek(&mut first));
    let Some(peeked) = unless_stopped(&mut stop, peek).await else { return Ok(()) };
    let tunnel = match peeked {
        // Closed, or silent for too long.
        Ok(Ok(0)) | Err(_) => return Ok(()),
        Ok(Err(error)) => return Err(error.into()),
        Ok(Ok(_)) if first[0] == tls::FIRST_BYTE => {
            let Some(stream) = unless_stopped(&mut stop, tls.accept(stream)).await else { return Ok(()) };
            let stream: Box<dyn Stream> = Box::new(stream?);
            talk(house, stream, false, &mut stop).await?
        }
        Ok(Ok(_)) => talk(house, stream, false, &mut stop).await?,
    };
    let Some(Tunnel { end, upgrade }) = tunnel else { return Ok(()) };
    let stream = TokioIo::new(upgrade.await?);
    match end {
        End::Machine(relay) => {
            // Told to stop, the machines themselves go on; what ends is the way to them.
            unless_stopped(&mut stop, relay.carry(stream)).await;
        }
        End::Console(machine) => {
            // A client that goes away without a word is an end like any other.
            let _ = unless_stopped(&mut stop, websocket::carry(stream, machine)).await;
        }
        End::Vendor { host, way } => {
            let stream: Box<dyn Stream> = match way {
                Way::Plain => Box::new(stream),
                Way::Tls => match unless_stopped(&mut stop, tls.accept_for(&host, stream)).await {
                    Some(stream) => Box::new(stream?),
                    None => return Ok(()),
                },
            };
            talk(house, stream, true, &mut stop).await?;
        }
    }
    Ok(())
}

/// A `CONNECT` that was answered with 200, or a WebSocket with 101: what follows on the connection is no HTTP of this connection.
struct Tunnel {
    end: End,
    upgrade: OnUpgrade,
}

/// What is at a tunnel's other end.
enum End {
    Vendor { host: Box<str>, way: Way },
    Machine(Relay),
    Console(cvmd_hypervisor::Connection),
}

/// One HTTP connection.
struct Connection {
    house: Arc<House>,
    /// Whether it is inside a tunnel.
    nested: bool,
    tunnel: Mutex<Option<Tunnel>>,
}

/// Answers requests until either side ends the connection, or a `CONNECT` makes it a tunnel.
async fn talk<S>(
    house: &Arc<House>,
    stream: S,
    nested: bool,
    stop: &mut watch::Receiver<bool>,
) -> anyhow::Result<Option<Tunnel>>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let connection = Arc::new(Connection { house: Arc::clone(house), nested, tunnel: Mutex::default() });
    let answering = Arc::clone(&connection);
    let service = service_fn(move |request| {
        let connection = Arc::clone(&answering);
        async move { Ok::<_, Infallible>(respond(&connection, request).await) }
    });
    {
        let serving = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(PATIENCE)
            .max_buf_size(HEAD_BYTES_MAX)
            .serve_connection(TokioIo::new(stream), service)
            .with_upgrades();
        let mut serving = std::pin::pin!(serving);
        tokio::select! {
            ended = &mut serving => ended?,
            () = stopped(stop) => {
                serving.as_mut().graceful_shutdown();
                serving.await?;
            }
        }
    }
    let tunnel = Arc::into_inner(connection).map(|connection| connection.tunnel);
    Ok(tunnel.and_then(|tunnel| tunnel.into_inner().unwrap_or_else(PoisonError::into_inner)))
}

async fn stopped(stop: &mut watch::Receiver<bool>) {
    // A sender that is gone means the same.
    let _ = stop.wait_for(|stop| *stop).await;
}

/// What does not have to be finished when the server stops.
async fn unless_stopped<T>(stop: &mut watch::Receiver<bool>, work: impl Future<Output = T>) -> Option<T> {
    tokio::select! {
        done = work => Some(done),
        () = stopped(stop) => None,
    }
}

async fn respond(connection: &Connection, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let house = &connection.house;
    if request.method() == Method::CONNECT {
        return open_tunnel(connection, request).await;
    }
    if request.uri().path() == CONSOLE_PAGE {
        return match open_console(connection, request).await {
            Ok(response) => response,
            Err(why) => refused(why.status(), &why.to_string()),
        };
    }
    let (head, body) = request.into_parts();
    if connect::is_for_others(&head) {
        return refused(StatusCode::FORBIDDEN, connect::NO_PROXY);
    }
    match head.uri.path() {
        "/_cvmd/health" => return text(StatusCode::OK, "ok\n"),
        "/_cvmd/metrics" => {
            return text(StatusCode::OK, house.metrics.text(&house.state, house.figures(), house.tunnels.open()));
        }
        path if path.starts_with(MACHINE_PAGE) => return machine(house, &path[MACHINE_PAGE.len()..]).await,
        path if path.starts_with("/_cvmd") => return text(StatusCode::NOT_FOUND, "there is no such page\n"),
        _ => {}
    }
    let collected = tokio::time::timeout(PATIENCE, Limited::new(body, BODY_BYTES_MAX).collect()).await;
    let started = Instant::now();
    let request = |body| RawRequest { method: &head.method, target: &head.uri, headers: &head.headers, body };
    let refuse = |reason| pipeline::refuse(&request(b""), reason);
    let (bytes, told) = match collected {
        Ok(Ok(body)) => {
            let body = body.to_bytes();
            pipeline::answer(house, &request(&body)).await
        }
        Ok(Err(error)) if error.is::<LengthLimitError>() => refuse(&Reason::BodyTooLarge),
        Ok(Err(_)) | Err(_) => refuse(&Reason::HalfSent),
    };
    let took_us = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    house.metrics.count(told.action, told.code, took_us);
    tracing::info!(
        request = %told.request,
        action = told.action,
        account = told.account,
        code = told.code,
        us = took_us,
        "answered"
    );
    let mut response = Response::new(Full::new(Bytes::from(bytes)));
    // Exactly this: the vendor's Python SDK takes a refusal for a success when a charset follows.
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// Answers a `CONNECT`. With 200 the connection ends as HTTP, and [`accepted`] goes on with what it has become.
async fn open_tunnel(connection: &Connection, mut request: Request<Incoming>) -> Response<Full<Bytes>> {
    let authority = request.uri().authority().map_or("", |authority| authority.as_str());
    let target = if connection.nested { Err(connect::Refused::Nested) } else { Target::of(authority) };
    let end = match target {
        Ok(Target::Vendor { host, way }) => End::Vendor { host, way },
        Ok(Target::Machine { named, port }) => match Relay::to(&connection.house, named, port).await {
            Ok(relay) => End::Machine(relay),
            Err(why) => return refused(why.status(), &why.to_string()),
        },
        Err(why) => return refused(why.status(), &why.to_string()),
    };
    tracing::debug!(authority, "a tunnel");
    let upgrade = hyper::upgrade::on(&mut request);
    // Invariant: hyper reads no other request after a `CONNECT` that is answered with 200.
    *connection.tunnel.lock().unwrap_or_else(PoisonError::into_inner) = Some(Tunnel { end, upgrade });
    Response::new(Full::default())
}

/// Answers a WebSocket to a console. With 101 the connection goes on as with a tunnel.
async fn open_console(
    connection: &Connection,
    mut request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, NoConsole> {
    let wish = Wish::of(request.headers()).filter(|_| request.method() == Method::GET);
    let wish = wish.ok_or(NoConsole::NoWebSocket)?;
    let machine = console::open(&connection.house, request.uri().query().unwrap_or_default()).await?;
    let upgrade = hyper::upgrade::on(&mut request);
    let end = End::Console(machine);
    *connection.tunnel.lock().unwrap_or_else(PoisonError::into_inner) = Some(Tunnel { end, upgrade });
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    // Invariant: base64 is a header's value.
    headers.extend(HeaderValue::try_from(wish.accept).ok().map(|accept| (SEC_WEBSOCKET_ACCEPT, accept)));
    if wish.binary {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(websocket::BINARY));
    }
    Ok(response)
}

/// What a client must know of a machine in order to enter it by `CONNECT`.
async fn machine(house: &House, instance: &str) -> Response<Full<Bytes>> {
    let Ok(id) = instance.parse() else { return text(StatusCode::NOT_FOUND, "there is no such instance\n") };
    match relay::about(house, id).await {
        Ok(about) => text(StatusCode::OK, about.to_string()),
        Err(why) => text(why.status(), format!("{why}\n")),
    }
}

/// One line for people. What may follow on the connection was meant for somebody else.
fn refused(status: StatusCode, line: &str) -> Response<Full<Bytes>> {
    let mut response = text(status, format!("{line}\n"));
    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    response
}

fn text(status: StatusCode, text: impl Into<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(text.into()));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8"));
    response
}

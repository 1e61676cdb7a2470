//! Turns a connection into something else: a `CONNECT` to the vendor's hosts or to a machine, a WebSocket to a console.

use super::{
    connection::{Connection, End},
    pages::refused,
};
use crate::tunnel::{
    connect::{self, Target},
    console,
    relay::Relay,
    tickets::NoConsole,
    websocket::{self, Handshake},
};
use bytes::Bytes;
use http_body_util::Full;
use hyper::{
    Method, Request, Response, StatusCode,
    header::{CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_PROTOCOL, UPGRADE},
};

/// Answers a `CONNECT`. After 200 the connection ends as HTTP, and [`talk`](super::talk) continues with the tunnel.
pub(super) async fn open_tunnel(connection: &Connection, mut request: Request<()>) -> Response<Full<Bytes>> {
    let authority = request.uri().authority().map_or("", |authority| authority.as_str());
    let target = if connection.nested { Err(connect::Refused::Nested) } else { Target::of(authority) };
    let end = match target {
        Ok(Target::Vendor { host, way }) => End::Vendor { host, way },
        Ok(Target::Machine { .. }) if !connection.app.access.leads_to_machines(connection.peer) => {
            return refused(StatusCode::FORBIDDEN, connect::NO_PEER);
        }
        Ok(Target::Machine { named, port }) => match Relay::to(&connection.app, named, port, connection.peer).await {
            Ok(relay) => End::Machine(relay),
            Err(why) => return refused(why.status(), &why.to_string()),
        },
        Err(why) => return refused(why.status(), &why.to_string()),
    };
    tracing::debug!(authority, "a tunnel");
    let upgrade = hyper::upgrade::on(&mut request);
    connection.becomes(end, upgrade);
    Response::new(Full::default())
}

/// Answers a WebSocket to a console. After 101 the connection continues as with a tunnel.
pub(super) async fn open_console(
    connection: &Connection,
    mut request: Request<()>,
) -> Result<Response<Full<Bytes>>, NoConsole> {
    let handshake = Handshake::of(request.headers()).filter(|_| request.method() == Method::GET);
    let handshake = handshake.ok_or(NoConsole::NoWebSocket)?;
    if !websocket::is_of_this_server(request.headers()) {
        return Err(NoConsole::Elsewhere);
    }
    let (machine, place) =
        console::open(&connection.app, request.uri().query().unwrap_or_default(), connection.peer).await?;
    let upgrade = hyper::upgrade::on(&mut request);
    connection.becomes(End::Console { machine, place }, upgrade);
    let mut response = Response::new(Full::default());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    // Invariant: base64 is a valid header value.
    headers.extend(HeaderValue::try_from(handshake.accept).ok().map(|accept| (SEC_WEBSOCKET_ACCEPT, accept)));
    if handshake.binary {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(websocket::BINARY));
    }
    Ok(response)
}

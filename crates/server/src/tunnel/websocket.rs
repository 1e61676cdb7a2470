//! The server's side of a WebSocket (RFC 6455) that carries bytes: the handshake, and a console's bytes in both
//! directions.

use base64::{Engine, engine::general_purpose::STANDARD};
use cvmd_hypervisor::Connection;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use http::{HeaderMap, HeaderName, header};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{
        Error, Message,
        handshake::derive_accept_key,
        protocol::{CloseFrame, Role, WebSocketConfig, frame::coding::CloseCode},
    },
};

/// The maximum bytes of a message: many times what a person types.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;
/// The maximum bytes that wait for a client that does not read, beside one message.
const UNREAD_BYTES_MAX: usize = 256 * 1024;
const OUTPUT_BYTES: usize = 4096;
/// How long a client may take to read why its WebSocket ends.
const FAREWELL: Duration = Duration::from_secs(5);

/// The subprotocol of clients that carry bytes, answered if it is offered: browsers require that one of theirs is
/// named.
pub(crate) const BINARY: &str = "binary";

#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Handshake {
    /// The answer's `Sec-WebSocket-Accept`.
    pub(crate) accept: String,
    /// Whether the client offers [`BINARY`].
    pub(crate) binary: bool,
}

impl Handshake {
    /// Reads a GET's headers; `None` when they do not ask for a WebSocket of version 13.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Handshake> {
        let upgrades = names(headers, &header::CONNECTION, "upgrade") && names(headers, &header::UPGRADE, "websocket");
        let version = names(headers, &header::SEC_WEBSOCKET_VERSION, "13");
        let twice = [header::SEC_WEBSOCKET_KEY, header::SEC_WEBSOCKET_VERSION];
        if twice.iter().any(|name| headers.get_all(name).iter().nth(1).is_some()) {
            return None;
        }
        let key = headers.get(header::SEC_WEBSOCKET_KEY)?.as_bytes();
        if !upgrades || !version || !STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16) {
            return None;
        }
        let binary = names(headers, &header::SEC_WEBSOCKET_PROTOCOL, BINARY);
        Some(Handshake { accept: derive_accept_key(key), binary })
    }
}

/// Whether the page that opens a WebSocket, if there is one, is the server's own: a browser sends the page's origin,
/// and allows any page to open a WebSocket to any host.
pub(crate) fn is_of_this_server(headers: &HeaderMap) -> bool {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let (Some(origin), other) = (origins.next(), origins.next()) else { return true };
    let bare = |text: &str| {
        let text = text.trim().to_ascii_lowercase();
        let default = text.strip_suffix(":80").or_else(|| text.strip_suffix(":443"));
        default.map_or_else(|| text.clone(), str::to_owned)
    };
    let origin = origin.to_str().ok().and_then(|origin| origin.split_once("://"));
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    match (origin, host, other) {
        (Some(("http" | "https", origin)), Some(host), None) => bare(origin) == bare(host),
        _ => false,
    }
}

/// Whether a comma-separated header contains this word, in any case.
fn names(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let lists = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|item| item.trim().eq_ignore_ascii_case(word))
}

/// Carries what a client types to `machine` and its output back, until either ends. The two directions do not wait for
/// each other: a machine that must be read before it accepts more is read.
pub(crate) async fn carry(client: impl AsyncRead + AsyncWrite + Unpin, machine: Connection) {
    let config = WebSocketConfig::default()
        .read_buffer_size(OUTPUT_BYTES)
        .write_buffer_size(0)
        .max_write_buffer_size(UNREAD_BYTES_MAX)
        .max_message_size(Some(MESSAGE_BYTES_MAX))
        .max_frame_size(Some(MESSAGE_BYTES_MAX));
    let socket = WebSocketStream::from_raw_socket(client, Role::Server, Some(config)).await;
    // Each half may be dropped during its work: a frame that has begun is in the socket's buffer, and is sent as a
    // whole.
    let (mut to_client, mut from_client) = socket.split();
    let (from_machine, to_machine) = split(machine);
    let code = tokio::select! {
        code = typed(&mut from_client, to_machine) => code,
        code = shown(from_machine, &mut to_client) => code,
    };
    let farewell = async {
        let reason = CloseFrame { code, reason: Default::default() };
        // A client that closed first has had its answer, or is gone.
        let _ = to_client.send(Message::Close(Some(reason))).await;
        let _ = to_client.close().await;
        // If unread bytes are left when a socket closes, what was just written is lost.
        if let Ok(mut socket) = to_client.reunite(from_client) {
            let (stream, mut rest) = (socket.get_mut(), [0; OUTPUT_BYTES]);
            let _ = stream.shutdown().await;
            while stream.read(&mut rest).await.is_ok_and(|read| read > 0) {}
        }
    };
    let _ = tokio::time::timeout(FAREWELL, farewell).await;
}

async fn typed(
    from_client: &mut (impl Stream<Item = Result<Message, Error>> + Unpin),
    mut to_machine: impl AsyncWrite + Unpin,
) -> CloseCode {
    while let Some(message) = from_client.next().await {
        let written = match message {
            Ok(Message::Text(text)) => to_machine.write_all(text.as_bytes()).await,
            Ok(Message::Binary(bytes)) => to_machine.write_all(&bytes).await,
            // The socket answers control frames itself.
            Ok(_) => Ok(()),
            Err(error) => return code(&error),
        };
        if written.is_err() {
            break;
        }
    }
    CloseCode::Normal
}

async fn shown(mut from_machine: impl AsyncRead + Unpin, to_client: &mut (impl Sink<Message> + Unpin)) -> CloseCode {
    let mut shown = vec![0; OUTPUT_BYTES];
    while let Ok(count @ 1..) = from_machine.read(&mut shown).await {
        let bytes = shown[..count].to_vec();
        if to_client.send(Message::Binary(bytes.into())).await.is_err() {
            break;
        }
    }
    CloseCode::Normal
}

/// The close code for a client whose bytes are no WebSocket.
fn code(error: &Error) -> CloseCode {
    match error {
        Error::Protocol(_) => CloseCode::Protocol,
        Error::Utf8(_) => CloseCode::Invalid,
        Error::Capacity(_) | Error::WriteBufferFull(_) => CloseCode::Size,
        _ => CloseCode::Normal,
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_handshake_of_the_standard_is_answered_as_there() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-protocol", "chat, binary"),
        ] {
            headers.insert(name, value.parse().unwrap());
        }
        let handshake = Handshake { accept: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".into(), binary: true };
        assert_eq!(Handshake::of(&headers), Some(handshake));
        for name in ["connection", "upgrade", "sec-websocket-version", "sec-websocket-key"] {
            let mut without = headers.clone();
            without.remove(name);
            assert_eq!(Handshake::of(&without), None, "{name}");
        }
        headers.insert("sec-websocket-key", "c2hvcnQ=".parse().unwrap());
        assert_eq!(Handshake::of(&headers), None);
    }

    #[test]
    fn a_page_from_elsewhere_opens_no_console() {
        let allowed = |host: &str, origins: &[&str]| {
            let mut headers = HeaderMap::new();
            headers.insert("host", host.parse().unwrap());
            origins.iter().for_each(|origin| {
                headers.append("origin", origin.parse().unwrap());
            });
            is_of_this_server(&headers)
        };
        let host = "127.0.0.1:8312";
        assert!(allowed(host, &[]), "no browser says where it is from");
        assert!(allowed(host, &["http://127.0.0.1:8312"]));
        assert!(allowed("Localhost", &["https://localhost:443"]));
        for origins in [
            &["http://example.com"][..],
            &["null"],
            &["http://127.0.0.1:8313"],
            &["http://127.0.0.1:8312.example.com"],
            &["file://127.0.0.1:8312"],
            &["http://127.0.0.1:8312", "http://127.0.0.1:8312"],
        ] {
            assert!(!allowed(host, origins), "{origins:?}");
        }
    }
}

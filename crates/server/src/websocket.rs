//! The server's side of a WebSocket (RFC 6455) that carries bytes: handshake and frames. No extension, no fragments of its own.

use base64::{Engine, engine::general_purpose::STANDARD};
use cvmd_hypervisor::Connection;
use http::{HeaderMap, HeaderName, header};
use sha1::{Digest, Sha1};
use std::io;
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split},
    sync::Mutex,
};

/// Joined to the client's key, as section 1.3 says.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// What a person types fits many times over.
const PAYLOAD_BYTES_MAX: usize = 64 * 1024;
/// Section 5.5: of a frame that controls.
const CONTROL_BYTES_MAX: usize = 125;
const OUTPUT_BYTES: usize = 4096;

/// The subprotocol of clients that carry bytes, answered where it is offered: a browser wants one of its own named.
pub(crate) const BINARY: &str = "binary";

const CONTINUES: u8 = 0x0;
const TEXT: u8 = 0x1;
const BYTES: u8 = 0x2;
const CLOSE: u8 = 0x8;
const PING: u8 = 0x9;
const PONG: u8 = 0xa;
const LAST: u8 = 0x80;

const NORMAL: u16 = 1000;
const PROTOCOL_ERROR: u16 = 1002;
const TOO_BIG: u16 = 1009;

/// What a client that wishes to upgrade must have said.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// `Sec-WebSocket-Accept` of the answer.
    pub(crate) accept: String,
    /// Whether it offers [`BINARY`].
    pub(crate) binary: bool,
}

impl Wish {
    /// Reads a GET's headers; `None` when they ask for no WebSocket of version 13.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Wish> {
        let upgrades = names(headers, &header::CONNECTION, "upgrade") && names(headers, &header::UPGRADE, "websocket");
        let version = names(headers, &header::SEC_WEBSOCKET_VERSION, "13");
        let key = headers.get(header::SEC_WEBSOCKET_KEY)?.as_bytes();
        if !upgrades || !version || !STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16) {
            return None;
        }
        let digest = Sha1::new().chain_update(key).chain_update(GUID).finalize();
        let binary = names(headers, &header::SEC_WEBSOCKET_PROTOCOL, BINARY);
        Some(Wish { accept: STANDARD.encode(digest), binary })
    }
}

/// Whether a header of comma lists names this word, in any case.
fn names(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let lists = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    lists.flat_map(|list| list.split(',')).any(|item| item.trim().eq_ignore_ascii_case(word))
}

#[derive(Debug, PartialEq, Eq)]
struct Frame {
    kind: u8,
    payload: Vec<u8>,
}

/// Why a client's bytes are no frame; the number is what it is told.
#[derive(Debug, PartialEq, Eq)]
struct Fault(u16);

/// Takes the first whole frame out of what has come.
fn take(bytes: &mut Vec<u8>) -> Result<Option<Frame>, Fault> {
    let [first, second, ..] = bytes[..] else { return Ok(None) };
    let kind = first & 0x0f;
    // No extension was agreed on that would use the reserved bits, and every client must mask.
    if first & 0x70 != 0 || second & 0x80 == 0 || !matches!(kind, CONTINUES | TEXT | BYTES | CLOSE | PING | PONG) {
        return Err(Fault(PROTOCOL_ERROR));
    }
    let (wide, short) = (&bytes[2..], usize::from(second & 0x7f));
    let (length, head) = match (short, wide) {
        (126, [high, low, ..]) => (usize::from(u16::from_be_bytes([*high, *low])), 4),
        (126, _) => return Ok(None),
        // Longer than 65535 in any case.
        (127, _) => return Err(Fault(TOO_BIG)),
        (length, _) => (length, 2),
    };
    if kind >= CLOSE && (length > CONTROL_BYTES_MAX || first & LAST == 0) {
        return Err(Fault(PROTOCOL_ERROR));
    }
    if length > PAYLOAD_BYTES_MAX {
        return Err(Fault(TOO_BIG));
    }
    let end = head + 4 + length;
    if bytes.len() < end {
        return Ok(None);
    }
    let mask = [bytes[head], bytes[head + 1], bytes[head + 2], bytes[head + 3]];
    let payload = bytes[head + 4..end].iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
    bytes.drain(..end);
    Ok(Some(Frame { kind, payload }))
}

/// One whole frame of at most 65535 bytes, unmasked as a server's are.
fn frame(kind: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![LAST | kind];
    match u16::try_from(payload.len()) {
        Ok(length @ 0..=125) => bytes.push(length.to_le_bytes()[0]),
        length => {
            bytes.push(126);
            bytes.extend(length.unwrap_or(u16::MAX).to_be_bytes());
        }
    }
    bytes.extend(payload);
    bytes
}

/// Carries what a client types to `machine` and what the machine shows back, until either ends. The two ways do not wait for
/// each other: a machine that must be read before it takes more is read.
pub(crate) async fn carry(client: impl AsyncRead + AsyncWrite, machine: Connection) -> io::Result<()> {
    let (from_client, to_client) = split(client);
    let (from_machine, to_machine) = split(machine);
    let to_client = Mutex::new(to_client);
    let status = tokio::select! {
        status = typed(from_client, to_machine, &to_client) => status?,
        status = shown(from_machine, &to_client) => status?,
    };
    let mut to_client = to_client.into_inner();
    to_client.write_all(&frame(CLOSE, &status.to_be_bytes())).await?;
    to_client.shutdown().await
}

async fn typed(
    mut from_client: impl AsyncRead + Unpin,
    mut to_machine: impl AsyncWrite + Unpin,
    to_client: &Mutex<impl AsyncWrite + Unpin>,
) -> io::Result<u16> {
    let mut received = Vec::new();
    loop {
        match take(&mut received) {
            Ok(Some(Frame { kind: CONTINUES | TEXT | BYTES, payload })) => to_machine.write_all(&payload).await?,
            Ok(Some(Frame { kind: PING, payload })) => to_client.lock().await.write_all(&frame(PONG, &payload)).await?,
            Ok(Some(Frame { kind: CLOSE, .. })) => return Ok(NORMAL),
            Ok(Some(_)) => {}
            Ok(None) if from_client.read_buf(&mut received).await? == 0 => return Ok(NORMAL),
            Ok(None) => {}
            Err(Fault(status)) => return Ok(status),
        }
    }
}

async fn shown(
    mut from_machine: impl AsyncRead + Unpin,
    to_client: &Mutex<impl AsyncWrite + Unpin>,
) -> io::Result<u16> {
    let mut shown = [0; OUTPUT_BYTES];
    loop {
        let count = from_machine.read(&mut shown).await?;
        if count == 0 {
            return Ok(NORMAL);
        }
        to_client.lock().await.write_all(&frame(BYTES, &shown[..count])).await?;
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
        let mut bytes = frame(first & 0x0f, payload);
        bytes[0] = first;
        bytes[1] |= 0x80;
        let head = bytes.len() - payload.len();
        let mask = [1, 2, 3, 4];
        bytes.truncate(head);
        bytes.extend(mask);
        bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        bytes
    }

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
        let wish = Wish { accept: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=".into(), binary: true };
        assert_eq!(Wish::of(&headers), Some(wish));
        for name in ["connection", "upgrade", "sec-websocket-version", "sec-websocket-key"] {
            let mut without = headers.clone();
            without.remove(name);
            assert_eq!(Wish::of(&without), None, "{name}");
        }
        headers.insert("sec-websocket-key", "c2hvcnQ=".parse().unwrap());
        assert_eq!(Wish::of(&headers), None);
    }

    #[test]
    fn frames_are_taken_whole_however_they_arrive() {
        let long = vec![7; 300];
        let sent = [masked(0x81, b"who"), masked(0x89, b""), masked(0x82, &long)].concat();
        let (mut received, mut taken) = (Vec::new(), Vec::new());
        for byte in sent {
            received.push(byte);
            while let Some(frame) = take(&mut received).unwrap() {
                taken.push((frame.kind, frame.payload));
            }
        }
        assert_eq!(taken, [(TEXT, b"who".to_vec()), (PING, vec![]), (BYTES, long)]);
        assert!(received.is_empty());
    }

    #[test]
    fn what_is_no_frame_is_refused_by_number() {
        for (bytes, status) in [
            (vec![0x81, 0x03, b'w', b'h', b'o'], PROTOCOL_ERROR),
            (masked(0xc1, b"who"), PROTOCOL_ERROR),
            (masked(0x83, b"who"), PROTOCOL_ERROR),
            (masked(0x89, &[0; 126]), PROTOCOL_ERROR),
            (masked(0x09, b""), PROTOCOL_ERROR),
            (vec![0x82, 0xff], TOO_BIG),
        ] {
            assert_eq!(take(&mut bytes.clone()), Err(Fault(status)), "{bytes:?}");
        }
    }
}

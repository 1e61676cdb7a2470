//! HTTP/1.1 over connections that stay open. It costs as little as possible: the requests are bytes made before the
//! clock starts.

use anyhow::{Context, bail};
use std::{
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

/// Requests under way at any moment of a measurement, each on a connection of its own.
pub(crate) const CONNECTIONS: usize = 64;
/// Time limit for one batch of requests, however slow the computer.
const LIMIT: Duration = Duration::from_secs(300);

#[derive(Debug)]
pub(crate) struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Reply<'a> {
    pub(crate) status: u16,
    pub(crate) body: &'a str,
}

impl Connection {
    pub(crate) async fn open(address: SocketAddr) -> anyhow::Result<Connection> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("{address} does not answer"))?;
        stream.set_nodelay(true)?;
        Ok(Connection { stream, buffer: Vec::with_capacity(8 * 1024) })
    }

    pub(crate) async fn open_all(address: SocketAddr) -> anyhow::Result<Vec<Connection>> {
        let mut connections = Vec::new();
        for _ in 0..CONNECTIONS {
            connections.push(Connection::open(address).await?);
        }
        Ok(connections)
    }

    /// Sends a whole request and reads a reply that has a Content-Length.
    pub(crate) async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Reply<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head_end = loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the connection was closed");
            }
            if let Some(at) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break at + 4;
            }
        };
        let head = std::str::from_utf8(&self.buffer[..head_end])?;
        let status = head.get(9..12).and_then(|status| status.parse().ok()).context("no status")?;
        let end = head_end + length(head).context("a reply without its length")?;
        while self.buffer.len() < end {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                bail!("the connection was closed within a reply");
            }
        }
        Ok(Reply { status, body: std::str::from_utf8(&self.buffer[head_end..end])? })
    }
}

fn length(head: &str) -> Option<usize> {
    let mut lines = head.lines().filter_map(|line| line.split_once(':'));
    lines.find(|(name, _)| name.eq_ignore_ascii_case("content-length"))?.1.trim().parse().ok()
}

/// A request with a JSON body; `more` are further header lines, each with its end.
pub(crate) fn post(host: &str, more: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    let head =
        format!("POST / HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n");
    format!("{head}{more}\r\n{body}").into_bytes()
}

pub(crate) fn get(host: &str, path: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").into_bytes()
}

pub(crate) type Judge = fn(&Reply<'_>) -> bool;

/// Sends every request once; each connection takes the next one as soon as it has its answer.
///
/// # Errors
/// The first reply that is not right, or a broken connection.
pub(crate) async fn drive(
    connections: &mut Vec<Connection>,
    requests: Vec<Vec<u8>>,
    is_right: Judge,
) -> anyhow::Result<()> {
    let (requests, next) = (Arc::new(requests), Arc::new(AtomicUsize::new(0)));
    let mut tasks = JoinSet::new();
    for mut connection in connections.drain(..) {
        let (requests, next) = (Arc::clone(&requests), Arc::clone(&next));
        tasks.spawn(async move {
            while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
                let reply = connection.exchange(request).await?;
                if !is_right(&reply) {
                    bail!("a wrong answer: {} {}", reply.status, reply.body);
                }
            }
            Ok(connection)
        });
    }
    let all = async {
        while let Some(connection) = tasks.join_next().await {
            connections.push(connection??);
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(LIMIT, all).await.context("the requests take too long")?
}

//! Key exchanges over a finite field, for clients that support no others. Each one computes for 25 ms on a thread that
//! serves others too, and any client may request one. So they compute one at a time, in turn between owners, and once
//! per connection. Exchanges on curves take a fiftieth of that, and need no turns.
//!
//! The computation starts when russh reads the client's answer to the group. So the answer is held back here until it
//! is complete and has its turn, and the turn ends when russh reads or writes again: a client that requests a group and
//! then sends nothing holds no turn. Only exchanges in which the client requests the group can be recognised; other
//! kinds over finite fields are not offered.

use crate::{bounds::Bound, machines::Machines, owners::Holder};
use cvmd_hypervisor::{TooManyWait, Turn};
use cvmd_model::InstanceId;
use russh::{
    client::GexParams,
    kex::dh::groups::{DH_GROUP14, DhGroup},
};
use std::{
    fmt, io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    task::{Context, Poll, ready},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// The message that makes russh compute (RFC 4419 section 5), and the number of bytes before a message's number: two
/// lengths.
const GEX_INIT: u8 = 32;
const NUMBER_AT: usize = 5;
/// The maximum bytes of a packet: every implementation must accept as many (RFC 4253 section 6.1).
const PACKET_MAX: usize = 35_000;

/// The state of one connection's exchange.
#[derive(Debug, Default)]
pub(super) struct Exchange {
    over: bool,
    /// The client has received the group, and its answer must be held back.
    has_group: Arc<AtomicBool>,
}

impl Exchange {
    /// The group of 2048 bits; a larger one would compute for longer. `None` if the client does not accept it, or if
    /// the connection has already agreed on keys.
    pub(super) fn begin(&mut self, wanted: &GexParams) -> Option<DhGroup> {
        let takes = (wanted.min_group_size()..=wanted.max_group_size()).contains(&DH_GROUP14.bit_size());
        if !takes || std::mem::replace(&mut self.over, true) {
            return None;
        }
        self.has_group.store(true, Relaxed);
        Some(DH_GROUP14.clone())
    }

    /// The client has agreed on keys, by any exchange.
    pub(super) fn end(&mut self) {
        self.over = true;
    }

    /// Wraps the connection, whose answer waits for its turn.
    pub(super) fn pace<C>(&self, connection: C, machines: Arc<Machines>, machine: InstanceId) -> Paced<C> {
        let has_group = Arc::clone(&self.has_group);
        Paced { connection, has_group, machines, machine, packet: Vec::new(), read: 0, turn: None }
    }
}

/// A connection whose exchange over a finite field computes in its turn.
pub(super) struct Paced<C> {
    connection: C,
    has_group: Arc<AtomicBool>,
    machines: Arc<Machines>,
    machine: InstanceId,
    /// The part of the current packet that has been received.
    packet: Vec<u8>,
    /// How much of it has been passed on, once it is complete and has its turn.
    read: usize,
    turn: Option<MyTurn>,
}

enum MyTurn {
    Waits(Pin<Box<dyn Future<Output = Result<Turn<Holder>, TooManyWait>> + Send>>),
    Computes(#[expect(dead_code, reason = "it ends when it is dropped")] Turn<Holder>),
}

impl<C: AsyncRead + Unpin> Paced<C> {
    /// Reads until a complete packet may be passed on; `false` when the connection ends before.
    fn poll_packet(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        loop {
            let missing = missing(&self.packet)?;
            if missing > 0 {
                if !ready!(self.poll_more(missing, context))? {
                    return Poll::Ready(Ok(false));
                }
            } else if self.packet.get(NUMBER_AT) != Some(&GEX_INIT) {
                return Poll::Ready(Ok(true));
            } else if let Some(MyTurn::Waits(turn)) = &mut self.turn {
                let Ok(turn) = ready!(turn.as_mut().poll(context)) else {
                    self.machines.bounds().reached(Bound::Exchanges);
                    return Poll::Ready(Ok(false));
                };
                self.turn = Some(MyTurn::Computes(turn));
                self.has_group.store(false, Relaxed);
                return Poll::Ready(Ok(true));
            } else {
                let turns = self.machines.computing.exchanges.clone();
                let owner = self.machines.sessions.holder_of(self.machine);
                self.turn = Some(MyTurn::Waits(Box::pin(async move { turns.take(owner).await })));
            }
        }
    }

    /// Reads at most that many bytes; `false` at the end.
    fn poll_more(&mut self, most: usize, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        let mut bytes = [0; 512];
        let most = most.min(bytes.len());
        let mut buffer = ReadBuf::new(&mut bytes[..most]);
        ready!(Pin::new(&mut self.connection).poll_read(context, &mut buffer))?;
        self.packet.extend_from_slice(buffer.filled());
        Poll::Ready(Ok(!buffer.filled().is_empty()))
    }
}

/// The bytes that a packet still lacks, as far as known: its length precedes it.
fn missing(packet: &[u8]) -> io::Result<usize> {
    let Some((length, rest)) = packet.split_first_chunk() else { return Ok(4 - packet.len()) };
    let length = u32::from_be_bytes(*length) as usize;
    if length > PACKET_MAX {
        return Err(io::ErrorKind::InvalidData.into());
    }
    Ok(length.saturating_sub(rest.len()))
}

impl<C: AsyncRead + Unpin> AsyncRead for Paced<C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if buffer.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        if self.read == 0 {
            // The next read starts a new packet: the one before has been computed.
            self.turn.take_if(|turn| matches!(turn, MyTurn::Computes(_)));
            if !self.has_group.load(Relaxed) {
                return Pin::new(&mut self.connection).poll_read(context, buffer);
            }
            if !ready!(self.poll_packet(context))? {
                return Poll::Ready(Ok(()));
            }
        }
        let rest = &self.packet[self.read..];
        let count = rest.len().min(buffer.remaining());
        buffer.put_slice(&rest[..count]);
        self.read += count;
        if self.read == self.packet.len() {
            (self.packet, self.read) = (Vec::new(), 0);
        }
        Poll::Ready(Ok(()))
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Paced<C> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.turn.take_if(|turn| matches!(turn, MyTurn::Computes(_)));
        Pin::new(&mut self.connection).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_shutdown(context)
    }
}

impl<C> fmt::Debug for Paced<C> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Paced").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::{Settings, SshSettings};
    use cvmd_clock::Clock;
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};

    fn machines() -> (tempfile::TempDir, Arc<Machines>) {
        let directory = tempfile::tempdir().unwrap();
        let ssh = SshSettings { listen: false, ..SshSettings::default() };
        let settings = Settings { data: directory.path().to_owned(), clock: Clock::tokio(1), ssh };
        let machines =
            Machines::open(crate::StoredMachines::open(&settings.data).unwrap(), settings, None, |_| true).unwrap().0;
        (directory, machines)
    }

    /// A client that has received the group, and its connection.
    fn with_group(machines: &Arc<Machines>, machine: u64) -> (DuplexStream, Paced<DuplexStream>) {
        let (client, server) = duplex(64 << 10);
        let mut exchange = Exchange::default();
        let paced = exchange.pace(server, Arc::clone(machines), InstanceId::from_random(machine));
        assert!(exchange.begin(&wanted()).is_some() && exchange.begin(&wanted()).is_none(), "once");
        (client, paced)
    }

    fn wanted() -> GexParams {
        russh::client::GexParams::new(2048, 2048, 8192).unwrap()
    }

    fn packet(number: u8, body: usize) -> Vec<u8> {
        let length = u32::try_from(2 + body).unwrap();
        [&length.to_be_bytes()[..], &[0, number], &vec![7; body]].concat()
    }

    /// What is read within a second.
    async fn read(paced: &mut Paced<DuplexStream>) -> Option<Vec<u8>> {
        let mut buffer = [0; 1024];
        let count = tokio::time::timeout(std::time::Duration::from_secs(1), paced.read(&mut buffer)).await.ok()?;
        Some(buffer[..count.unwrap()].to_vec())
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_handed_on_whole_and_in_its_turn_and_silence_holds_none() {
        let (_directory, machines) = machines();
        let (mut client, mut paced) = with_group(&machines, 1);
        let (mut other, mut paced_other) = with_group(&machines, 2);
        // A packet that computes nothing needs no turn, and an incomplete answer gets none.
        client.write_all(&packet(2, 20)).await.unwrap();
        assert_eq!(read(&mut paced).await, Some(packet(2, 20)));
        let answer = packet(GEX_INIT, 260);
        client.write_all(&answer[..200]).await.unwrap();
        assert_eq!(read(&mut paced).await, None);
        let turn = machines.computing.exchanges.try_take().expect("nobody computes");
        client.write_all(&[&answer[200..], &packet(21, 9)].concat()).await.unwrap();
        assert_eq!(read(&mut paced).await, None, "it waits for its turn");
        drop(turn);
        let mut head = [0; 4];
        paced.read_exact(&mut head).await.unwrap();
        assert!(machines.computing.exchanges.try_take().is_none(), "it has its turn while it is read");
        assert_eq!([&head[..], &read(&mut paced).await.unwrap()].concat(), answer);
        other.write_all(&answer).await.unwrap();
        assert_eq!(read(&mut paced_other).await, None, "one at a time");
        paced.write_all(b"what has come of it").await.unwrap();
        assert_eq!(read(&mut paced_other).await, Some(answer));
        // The packets after it pass at once.
        assert_eq!(read(&mut paced).await, Some(packet(21, 9)));
        drop(paced_other);
        assert!(machines.computing.exchanges.try_take().is_some(), "who has gone has no turn");
    }

    #[tokio::test(start_paused = true)]
    async fn too_many_of_one_owner_are_ended_and_so_is_what_is_no_packet() {
        let (_directory, machines) = machines();
        let turn = machines.computing.exchanges.try_take();
        let mut waiting = Vec::new();
        let refused = loop {
            let (mut client, mut paced) = with_group(&machines, 1);
            client.write_all(&packet(GEX_INIT, 260)).await.unwrap();
            match read(&mut paced).await {
                None => waiting.push((client, paced)),
                ended => break ended,
            }
        };
        assert_eq!((refused, waiting.len()), (Some(Vec::new()), 32));
        assert!(machines.bounds().figures().contains(&("ssh_key_exchanges", 1)));
        drop(turn);
        let (mut client, mut paced) = with_group(&machines, 2);
        client.write_all(b"GET / HTTP/1.1").await.unwrap();
        assert_eq!(paced.read(&mut [0; 8]).await.unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}

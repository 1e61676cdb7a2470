//! Passes what a client sends into one channel from the connection to the channel's task.

use crate::guest::signals::{Signal, Signals};
use crate::{
    bounds::Bound,
    memory::{Memory, Share},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering::Relaxed},
    },
    time::Duration,
};
use tokio::sync::{
    OwnedSemaphorePermit, Semaphore,
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
};

/// The maximum bytes that wait for a command to end.
const WAITING_MAX: u32 = 256 << 10;
/// The cost of each piece beside its bytes: a client may send one byte at a time.
const PIECE_COSTS: usize = 256;
/// How long a connection waits for a command that reads none of its input, before the command is ended.
const PATIENCE: Duration = Duration::from_secs(5);
const CTRL_C: u8 = 3;

/// One event of a client.
#[derive(Debug)]
pub(crate) enum Event {
    Data(Data),
    /// ctrl-C, or a signal with the same meaning. The signal itself has been raised before.
    Interrupt,
    Eof,
}

/// Bytes, and their share of what may wait.
#[derive(Debug)]
pub(crate) struct Data {
    pub(crate) bytes: Vec<u8>,
    _room: OwnedSemaphorePermit,
    pub(crate) share: Share,
}

/// The sender, on the connection's side.
#[derive(Debug)]
pub(crate) struct Inbox {
    events: UnboundedSender<Event>,
    room: Arc<Semaphore>,
    signals: Arc<Signals>,
    /// An interrupt waits to be read: a second one would add nothing.
    interrupted: Arc<AtomicBool>,
    /// The end of the input has been sent.
    ended: AtomicBool,
    memory: Arc<Memory>,
}

/// The receiver, on the task's side.
#[derive(Debug)]
pub(crate) struct Events {
    events: UnboundedReceiver<Event>,
    room: Arc<Semaphore>,
    pub(crate) signals: Arc<Signals>,
    interrupted: Arc<AtomicBool>,
}

pub(crate) fn inbox(memory: Arc<Memory>) -> (Inbox, Events) {
    let (sender, receiver) = unbounded_channel();
    let room = Arc::new(Semaphore::new(WAITING_MAX as usize));
    let (signals, interrupted) = (Arc::<Signals>::default(), Arc::<AtomicBool>::default());
    let events = Events {
        events: receiver,
        room: Arc::clone(&room),
        signals: Arc::clone(&signals),
        interrupted: Arc::clone(&interrupted),
    };
    (Inbox { events: sender, room, signals, interrupted, ended: AtomicBool::new(false), memory }, events)
}

impl Inbox {
    /// Sends bytes to a command. If too many wait already, it waits for a while, and then ends the command.
    pub(crate) async fn data(&self, bytes: &[u8]) {
        let Some(share) = self.share(bytes) else { return self.flood() };
        match tokio::time::timeout(PATIENCE, Arc::clone(&self.room).acquire_many_owned(room_of(bytes))).await {
            Ok(Ok(room)) => self.push(bytes, room, share),
            // The task has ended: nobody reads them.
            Ok(Err(_)) => {}
            Err(_) => self.flood(),
        }
    }

    /// Sends keys typed at a terminal. ctrl-C drops what was typed before it; keys without room are lost.
    pub(crate) fn typed(&self, mut bytes: &[u8]) {
        if let Some(at) = bytes.iter().rposition(|byte| *byte == CTRL_C) {
            self.interrupt();
            bytes = &bytes[at + 1..];
        }
        if bytes.is_empty() {
            return;
        }
        let room = Arc::clone(&self.room).try_acquire_many_owned(room_of(bytes));
        match (room, self.share(bytes)) {
            (Ok(room), Some(share)) => self.push(bytes, room, share),
            _ => self.memory.bounds.reached(Bound::Input),
        }
    }

    pub(crate) fn interrupt(&self) {
        self.signals.raise(Signal::Interrupt);
        if !self.interrupted.swap(true, Relaxed) {
            // After the end of the task nobody reads it.
            let _ = self.events.send(Event::Interrupt);
        }
    }

    pub(crate) fn eof(&self) {
        if !self.ended.swap(true, Relaxed) {
            let _ = self.events.send(Event::Eof);
        }
    }

    pub(crate) fn raise(&self, signal: Signal) {
        self.signals.raise(signal);
    }

    /// Whether its task has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.room.is_closed()
    }

    fn flood(&self) {
        self.memory.bounds.reached(Bound::Input);
        self.signals.raise(Signal::Flood);
    }

    fn share(&self, bytes: &[u8]) -> Option<Share> {
        let mut share = self.memory.share();
        share.resize(bytes.len() + PIECE_COSTS).then_some(share)
    }

    fn push(&self, bytes: &[u8], room: OwnedSemaphorePermit, share: Share) {
        let _ = self.events.send(Event::Data(Data { bytes: bytes.to_vec(), _room: room, share }));
    }
}

impl Drop for Inbox {
    fn drop(&mut self) {
        self.signals.raise(Signal::HangUp);
    }
}

impl Events {
    /// The next event; `None` when no more come, or after a signal that ends more than a command.
    pub(crate) async fn next(&mut self) -> Option<Event> {
        let event = tokio::select! {
            biased;
            () = self.signals.at_least(Signal::Flood) => None,
            event = self.events.recv() => event,
        };
        if matches!(event, Some(Event::Interrupt)) {
            self.interrupted.store(false, Relaxed);
            self.signals.lower();
        }
        event
    }

    /// Drops everything up to the interrupt that was raised.
    pub(crate) async fn skip_to_interrupt(&mut self) {
        while !matches!(self.next().await, Some(Event::Interrupt) | None) {}
    }

    /// Accepts nothing from here on.
    pub(crate) fn close(&mut self) {
        self.room.close();
        self.events.close();
    }
}

impl Drop for Events {
    fn drop(&mut self) {
        self.close();
    }
}

#[expect(clippy::cast_possible_truncation, reason = "it is the smaller of the two")]
fn room_of(bytes: &[u8]) -> u32 {
    (bytes.len() + PIECE_COSTS).min(WAITING_MAX as usize) as u32
}

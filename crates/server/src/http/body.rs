//! Request bodies while they arrive: their maximum size, their time limit, and the memory that all of them may use
//! before a signature is checked.

use super::pool::{Crowded, Owner, Pools, Share};
use crate::metrics::{Bound, Metrics};
use bytes::Bytes;
use cvmd_actions::Reason;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::Notify,
    time::{Instant, timeout_at},
};

/// The time limit of a body.
const PATIENCE: Duration = Duration::from_secs(30);
/// The maximum bytes of all bodies whose heads name no known credential.
const STRANGERS_BYTES_MAX: usize = 32 * MIB;
/// The part of it for one peer that is not on this host.
const PEER_BYTES_MAX: usize = 16 * MIB;
/// The maximum bytes of all bodies whose heads name a known credential.
const NAMED_BYTES_MAX: usize = 256 * MIB;
/// The part of it for one credential from one peer.
const CREDENTIAL_BYTES_MAX: usize = 64 * MIB;
const MIB: usize = 1024 * 1024;
/// Bytes that are read of one body before it yields.
const TURN_BYTES: usize = 256 * 1024;
/// Bytes of a refused body that are read and dropped, so that a client that reads only after sending gets the answer.
const DRAINED_BYTES_MAX: usize = 64 * MIB;
const DRAINED_WITHIN: Duration = Duration::from_secs(10);

/// The memory of bodies. When it is used up, the oldest unfinished body is dropped: honest clients send their body at
/// once, and slow ones, however many, only push each other out.
#[derive(Debug)]
pub(crate) struct Bodies(Pools);

impl Default for Bodies {
    fn default() -> Bodies {
        Bodies(Pools::new((STRANGERS_BYTES_MAX, PEER_BYTES_MAX), (NAMED_BYTES_MAX, CREDENTIAL_BYTES_MAX)))
    }
}

/// A complete body. It counts as used memory until it is dropped.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) bytes: Bytes,
    _share: Option<Share>,
}

/// Why a body was not read to its end.
#[derive(Debug)]
pub(crate) enum Fault {
    TooLarge { bytes: usize },
    Refused(Reason),
}

impl Bodies {
    /// Reads a body of at most `bytes_max` bytes.
    pub(crate) async fn read(
        &self,
        body: &mut Incoming,
        bytes_max: usize,
        owner: impl FnOnce() -> Owner,
        metrics: &Metrics,
    ) -> Result<Received, Fault> {
        if body.is_end_stream() {
            return Ok(Received { bytes: Bytes::new(), _share: None });
        }
        let late = |_| {
            metrics.reached(Bound::BodyTime);
            Fault::Refused(Reason::HalfSent)
        };
        let until = Instant::now() + PATIENCE;
        let first = timeout_at(until, next(body)).await.map_err(late)??.unwrap_or_default();
        if first.len() > bytes_max {
            return Err(Fault::TooLarge { bytes: first.len() });
        }
        // Nearly every body arrives with its head, and needs none of this.
        if body.is_end_stream() {
            return Ok(Received { bytes: first, _share: None });
        }
        let rest = Box::pin(self.read_on(body, first, bytes_max, owner(), metrics));
        timeout_at(until, rest).await.map_err(late)?
    }

    async fn read_on(
        &self,
        body: &mut Incoming,
        first: Bytes,
        bytes_max: usize,
        owner: Owner,
        metrics: &Metrics,
    ) -> Result<Received, Fault> {
        let is_named = matches!(owner, Owner::Credential(..));
        let give_up = Arc::new(Notify::new());
        let share = self.0.of(&owner).share(owner, Arc::clone(&give_up));
        let bound = if is_named { Bound::BodiesOfCredentials } else { Bound::BodiesOfStrangers };
        let crowded = |Crowded| {
            metrics.reached(bound);
            Fault::Refused(Reason::Crowded)
        };
        share.grow(first.len()).map_err(crowded)?;
        let mut whole = Vec::from(first);
        let mut turn = Reading::default();
        loop {
            let more = tokio::select! {
                more = next(body) => more?,
                () = give_up.notified() => return Err(crowded(Crowded)),
            };
            let Some(more) = more else { break };
            if whole.len() + more.len() > bytes_max {
                return Err(Fault::TooLarge { bytes: whole.len() + more.len() });
            }
            share.grow(more.len()).map_err(crowded)?;
            whole.extend_from_slice(&more);
            turn.read(more.len()).await;
        }
        share.finish();
        Ok(Received { bytes: whole.into(), _share: Some(share) })
    }
}

/// Yields after a number of bytes, so that a client that sends without end does not delay others.
#[derive(Default)]
struct Reading {
    bytes: usize,
}

impl Reading {
    async fn read(&mut self, bytes: usize) {
        self.bytes += bytes;
        if self.bytes >= TURN_BYTES {
            self.bytes = 0;
            tokio::task::yield_now().await;
        }
    }
}

/// The next bytes; none at the end.
async fn next(body: &mut Incoming) -> Result<Option<Bytes>, Fault> {
    loop {
        match body.frame().await {
            None => return Ok(None),
            Some(Err(_)) => return Err(Fault::Refused(Reason::HalfSent)),
            // Trailers are ignored.
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// Reads and drops the rest of a body for a while, while the answer is sent.
pub(super) fn drain(mut body: Incoming) {
    if body.is_end_stream() {
        return;
    }
    tokio::spawn(tokio::time::timeout(DRAINED_WITHIN, async move {
        let (mut drained, mut turn) = (0, Reading::default());
        while let Ok(Some(bytes)) = next(&mut body).await {
            drained += bytes.len();
            if drained > DRAINED_BYTES_MAX {
                break;
            }
            turn.read(bytes.len()).await;
        }
    }));
}

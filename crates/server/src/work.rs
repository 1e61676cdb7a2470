//! Decides which request computes now: accounts take turns, so that one with a thousand requests delays another by the
//! time of a few of them.

use crate::{
    app::App,
    http::{Owner, Unread},
    metrics::Bound,
    under_way::Begun,
};
use cvmd_actions::Reason;
use cvmd_hypervisor::{Turn, Turns};
use cvmd_wire::{Checked, Denied, Request};
use std::net::IpAddr;
use tokio::time::Instant;

/// A body of at least this size gets a thread of its own, which the system schedules.
const LARGE_BYTES: usize = 256 * 1024;

/// How much work a request is, as far as its body shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Size {
    Small,
    Large,
}

impl Size {
    pub(crate) fn of(body: &[u8]) -> Size {
        if body.len() < LARGE_BYTES { Size::Small } else { Size::Large }
    }

    fn run<T>(self, work: impl FnOnce() -> T) -> T {
        match self {
            Size::Small => work(),
            Size::Large => tokio::task::block_in_place(work),
        }
    }
}

/// Hashes and parses a request. A large one takes a turn of the owner that its head names: the signature is not checked
/// yet.
pub(crate) async fn authenticate(
    app: &App,
    checked: &Checked<'_>,
    body: &[u8],
    peer: IpAddr,
) -> Result<Result<Request, Denied>, Reason> {
    let size = Size::of(body);
    let _turn = match size {
        Size::Small => None,
        Size::Large => Some(Box::pin(turn(app, &app.large, Owner::of_head(checked, peer))).await?),
    };
    Ok(size.run(|| checked.authenticate(body, &*app.credentials, app.now_seconds())))
}

/// Whether an account's request need not wait: its requests are short, and it has read its replies.
pub(crate) fn is_free(app: &App, account: u32, size: Size) -> bool {
    size == Size::Small && app.pace.is_light(account) && app.replies.has_room_for(account)
}

pub(crate) fn compute_now<T>(app: &App, account: u32, work: impl FnOnce() -> T) -> T {
    let begun = Instant::now();
    let done = work();
    app.pace.took(account, begun.elapsed());
    done
}

/// Computes for an account, in its turn and once it has read its replies.
pub(crate) async fn compute<T>(app: &App, account: u32, size: Size, work: impl FnOnce() -> T) -> Result<T, Reason> {
    if is_free(app, account, size) {
        return Ok(compute_now(app, account, work));
    }
    let _turn = turn_with_room(app, account, size).await?;
    Ok(size.run(|| compute_now(app, account, work)))
}

/// Counts a request until the returned value is dropped.
pub(crate) fn begin(app: &App, account: u32) -> Result<Begun<'_>, Reason> {
    app.under_way.begin(account).map_err(|waiting| {
        app.metrics.reached(Bound::Turns);
        Reason::Waiting { waiting }
    })
}

/// Waits for a turn, and for room for the reply.
async fn turn_with_room(app: &App, account: u32, size: Size) -> Result<Turn<Owner>, Reason> {
    let turns = match size {
        Size::Small => &app.turns,
        Size::Large => &app.large,
    };
    loop {
        let turn = turn(app, turns, Owner::Account(account)).await?;
        if app.replies.has_room_for(account) {
            return Ok(turn);
        }
        drop(turn);
        app.replies.read_by(account).await.map_err(|Unread { limit_bytes }| {
            app.metrics.reached(Bound::Replies);
            Reason::Unread { limit: limit_bytes }
        })?;
    }
}

pub(crate) async fn turn(app: &App, turns: &Turns<Owner>, owner: Owner) -> Result<Turn<Owner>, Reason> {
    turns.take(owner).await.map_err(|too_many| {
        app.metrics.reached(Bound::Turns);
        Reason::Waiting { waiting: too_many.waiting }
    })
}

//! Key exchanges over a finite field, for clients that know no other: each computes for 25 ms on a thread that serves others too,
//! and whoever connects may ask for one. So they are made one at a time, round robin between owners, once a connection, and a
//! client that does not go on is let go. Those on curves take a fiftieth of that, and no turns.
//!
//! Only the exchange whose group is asked for can wait for a turn, so that the others of its kind are not offered.

use super::userland::Userland;
use crate::{bounds::Bound, visits::Visit};
use russh::{
    client::GexParams,
    kex::dh::groups::{DH_GROUP14, DhGroup},
};
use std::{sync::Arc, time::Duration};
use tokio::sync::oneshot;

/// How long a client may take from the group to its first try to log in.
const PATIENCE: Duration = Duration::from_secs(5);

/// That of one connection.
#[derive(Debug, Default)]
pub(super) enum Exchange {
    #[default]
    NotYet,
    /// It has its turn until this is dropped.
    UnderWay {
        _turn: oneshot::Sender<()>,
    },
    Over,
}

impl Exchange {
    /// Waits for its turn, and answers the group: 2048 bits, more would compute for longer. `None` if that is not what the client
    /// takes, if too many wait, or if the connection has agreed on keys already.
    pub(super) async fn begin(&mut self, wanted: &GexParams, land: &Userland, visit: &Arc<Visit>) -> Option<DhGroup> {
        let takes = (wanted.min_group_size()..=wanted.max_group_size()).contains(&DH_GROUP14.bit_size());
        if !takes || !matches!(self, Exchange::NotYet) {
            return None;
        }
        let owner = land.driver.sessions.holder_of(land.id);
        let Ok(turn) = land.driver.computing.exchanges.take(owner).await else {
            land.driver.bounds().reached(Bound::Exchanges);
            return None;
        };
        let (mine, over) = oneshot::channel();
        let visit = Arc::downgrade(visit);
        land.driver.spawn(async move {
            let _turn = turn;
            if tokio::time::timeout(PATIENCE, over).await.is_err()
                && let Some(visit) = visit.upgrade()
            {
                visit.session.cut();
            }
        });
        *self = Exchange::UnderWay { _turn: mine };
        Some(DH_GROUP14.clone())
    }

    /// The client has agreed on keys, by whatever exchange.
    pub(super) fn end(&mut self) {
        *self = Exchange::Over;
    }
}

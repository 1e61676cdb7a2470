//! The listener's loop: accepts connections up to the maximum, and lets them finish at the end.

use super::{
    connections::{Crowd, Presence},
    talk,
};
use crate::{app::App, metrics::Bound, tls::Tls};
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

/// After the stop, requests under way have this long.
const GRACE: Duration = Duration::from_secs(5);
/// The pause in accepting after an error.
const REST: Duration = Duration::from_millis(20);

/// Answers until `stop` changes, then lets the requests under way finish.
pub(crate) async fn serve(app: Arc<App>, tls: Arc<Tls>, listener: TcpListener, mut stop: watch::Receiver<bool>) {
    let mut connections = JoinSet::new();
    loop {
        let (stream, peer) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Most likely there are no descriptors left.
                    app.metrics.reached(Bound::Accepting);
                    let made_room = app.connections.close_one();
                    tracing::warn!(%error, made_room, "a connection could not be accepted");
                    tokio::time::sleep(REST).await;
                    continue;
                }
            },
            _ = stop.changed() => break,
            Some(_) = connections.join_next() => continue,
        };
        let (presence, met) = app.connections.admit(peer.ip());
        if let Some(met) = met {
            app.metrics.reached(match met {
                Crowd::All => Bound::Connections,
                Crowd::OfPeer => Bound::ConnectionsOfPeer,
            });
        }
        let Some(presence) = presence else { continue };
        let _ = stream.set_nodelay(true);
        connections.spawn(one(Arc::clone(&app), Arc::clone(&tls), (stream, peer.ip()), presence, stop.clone()));
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    if tokio::time::timeout(GRACE, all).await.is_err() {
        tracing::info!("some requests were cut off");
    }
}

/// One connection, until it ends or must make room.
async fn one(
    app: Arc<App>,
    tls: Arc<Tls>,
    stream: (TcpStream, IpAddr),
    presence: Presence,
    stop: watch::Receiver<bool>,
) {
    let presence = Arc::new(presence);
    tokio::select! {
        biased;
        ended = talk::accepted(&app, &tls, stream, &presence, stop) => if let Err(error) = ended {
            tracing::debug!(error = format!("{error:#}"), "a connection broke");
        },
        () = presence.closed() => tracing::debug!("a connection made room for another"),
    }
}

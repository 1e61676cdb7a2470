//! A `CONNECT` to a machine: finds the machine, opens a stream to its sshd, and carries bytes in both directions.
//!
//! No signature is required: only one machine's sshd is reached, and its own keys decide.

use crate::{
    app::App,
    metrics::Bound,
    tunnel::{
        connect::Named,
        slots::{NoSlot, Slot},
    },
};
use cvmd_hypervisor::{Connection, Error};
use cvmd_model::{Instance, InstanceId};
use hyper::StatusCode;
use serde_json::{Value, json};
use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, copy, split};

/// SSH's port, which clients always name, whatever port the sshd really has.
const SSH_PORT: u16 = 22;
/// How long a client may keep its side open after the machine has ended; what it still sends is dropped.
const LINGER: Duration = Duration::from_secs(10);

/// Why no tunnel leads to a machine. The text is for the caller, one line.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoWay {
    #[error("there is no instance {0}")]
    NoInstance(InstanceId),
    #[error("no instance has the address {0}")]
    NoAddress(Ipv4Addr),
    #[error(
        "several instances have the address {0}, each in a network of its own: say CONNECT ins-xxxxxxxx:22 instead"
    )]
    Ambiguous(Ipv4Addr),
    #[error("only the sshd of {0} can be reached: CONNECT {0}:22")]
    NotSsh(InstanceId),
    #[error("{0} is not running")]
    NotRunning(InstanceId),
    #[error("{0} runs, but its sshd does not answer")]
    Unreachable(InstanceId),
    #[error("{0}")]
    Penalized(Error),
    #[error("{most} tunnels are open, which is the most")]
    TooMany { most: usize },
    #[error("{most} tunnels to machines of one account are open, which is the most")]
    TooManyOfAccount { most: usize },
    #[error("{0}")]
    Crowded(Error),
    #[error("{0} cannot be reached now; the operator's log says why")]
    Broken(InstanceId),
}

impl NoWay {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            NoWay::NoInstance(_) | NoWay::NoAddress(_) => StatusCode::NOT_FOUND,
            NoWay::Ambiguous(_) => StatusCode::CONFLICT,
            NoWay::NotSsh(_) => StatusCode::FORBIDDEN,
            NoWay::NotRunning(_) | NoWay::TooMany { .. } | NoWay::TooManyOfAccount { .. } | NoWay::Crowded(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            NoWay::Penalized(_) => StatusCode::TOO_MANY_REQUESTS,
            NoWay::Unreachable(_) | NoWay::Broken(_) => StatusCode::BAD_GATEWAY,
        }
    }
}

/// An open stream to a machine's sshd, before its client got the answer.
pub(crate) struct Relay {
    instance: InstanceId,
    machine: Connection,
    tunnel: Slot,
}

impl std::fmt::Debug for Relay {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Relay").field("instance", &self.instance).finish_non_exhaustive()
    }
}

impl Relay {
    /// Connects to the sshd of the named machine.
    pub(crate) async fn to(app: &App, named: Named, port: u16, peer: IpAddr) -> Result<Relay, NoWay> {
        let instance = find(app, named)?;
        let id = instance.id;
        let own = instance.login_port.unwrap_or(app.state.view().settings().ssh_port);
        if port != SSH_PORT && port != own {
            return Err(NoWay::NotSsh(id));
        }
        // Only the hypervisor knows whether it runs; an instance that is being launched has no machine yet.
        let machine = app.hypervisor.connect(id, Some(peer)).await.map_err(|error| match error {
            Error::Absent(_) | Error::NotRunning(_) => NoWay::NotRunning(id),
            Error::Unreachable(_) => NoWay::Unreachable(id),
            Error::Penalized { .. } => NoWay::Penalized(error),
            Error::Crowded { .. } => NoWay::Crowded(error),
            error => {
                tracing::warn!(instance = %id, %error, "a machine cannot be connected to");
                NoWay::Broken(id)
            }
        })?;
        // Afterwards: with too many sessions without a login the hypervisor has just ended one, and its slot is soon
        // free.
        let tunnel = app.tunnels.take(instance.account.0, id).await.map_err(|NoSlot { most, is_of_account }| {
            app.metrics.reached(Bound::Tunnels);
            if is_of_account { NoWay::TooManyOfAccount { most } } else { NoWay::TooMany { most } }
        })?;
        if tunnel.is_anothers {
            app.metrics.reached(Bound::Tunnels);
        }
        Ok(Relay { instance: id, machine: tunnel.watch(machine), tunnel })
    }

    /// Carries bytes until both sides have ended, or the machine has and its client keeps its side open. Sessions may
    /// idle for hours: a client that is gone is found by TCP's keepalive.
    ///
    /// `machine_ended` is called when the machine has ended: the tunnel's slot is free then, and a client that keeps
    /// its side open may be disconnected.
    pub(crate) async fn carry(self, client: impl AsyncRead + AsyncWrite, machine_ended: impl FnOnce()) {
        let Relay { instance, machine, tunnel } = self;
        let (mut from_client, mut to_client) = split(client);
        let (mut from_machine, mut to_machine) = split(machine);
        let up = async {
            let sent = copy(&mut from_client, &mut to_machine).await;
            // Either side may have gone meanwhile: then nothing is left to close.
            let _ = to_machine.shutdown().await;
            sent
        };
        let down = async {
            let sent = copy(&mut from_machine, &mut to_client).await;
            let _ = to_client.shutdown().await;
            sent
        };
        let (mut up, mut down) = (std::pin::pin!(up), std::pin::pin!(down));
        tokio::select! {
            () = tunnel.closed() => {}
            _ = &mut down => {
                drop(tunnel);
                machine_ended();
                let _ = tokio::time::timeout(LINGER, up).await;
            }
            _ = &mut up => tokio::select! {
                _ = down => {}
                () = tunnel.closed() => {}
            },
        }
        tracing::debug!(%instance, "a tunnel ended");
    }
}

/// What a client must know to log in: only what the machine's sshd shows everybody, and the user.
pub(crate) async fn about(app: &App, id: InstanceId) -> Result<Value, NoWay> {
    find(app, Named::Instance(id))?;
    let endpoint = app.hypervisor.endpoint(id).await.map_err(|_| NoWay::NotRunning(id))?;
    Ok(json!({"User": endpoint.user, "HostKey": endpoint.host_key}))
}

fn find(app: &App, named: Named) -> Result<Arc<Instance>, NoWay> {
    let view = app.state.view();
    let id = match named {
        Named::Instance(id) => id,
        Named::Address(address) => {
            let mut holders = view.instances_at(address);
            match (holders.next(), holders.next()) {
                (Some(id), None) => id,
                (Some(_), Some(_)) => return Err(NoWay::Ambiguous(address)),
                (None, _) => return Err(NoWay::NoAddress(address)),
            }
        }
    };
    view.instance(id).cloned().ok_or(NoWay::NoInstance(id))
}

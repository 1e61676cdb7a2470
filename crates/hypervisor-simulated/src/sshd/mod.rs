//! The sshd of every simulated machine, behind one listener.

mod auth;
mod cable;
mod channel;
mod console;
mod entry;
mod exchanges;
mod greeting;
mod host_keys;
mod inbox;
mod scp;
mod session;
mod sftp;
mod terminal;

use crate::{guest::userland::Userland, machine::Machine, machines::Machines, sessions::Line, visits::Visit};
use async_trait::async_trait;
use cable::Cable;
use cvmd_hypervisor::{Answer, Error, Peer};
use cvmd_model::{InstanceId, Power};
use exchanges::Exchange;
pub(crate) use host_keys::ed25519 as ed25519_host_key;
use russh::{
    Preferred, SshId, cipher, compression, kex,
    keys::{Algorithm, EcdsaCurve, HashAlg, PrivateKey},
    mac,
    server::Config,
};
use session::Visitor;
use std::{
    borrow::Cow,
    net::SocketAddrV4,
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};

pub(crate) use console::Console;

/// Like sshd's `LoginGraceTime`: a client that has not logged in by then is disconnected.
const LOGIN_GRACE: Duration = Duration::from_secs(120);
/// sshd's `MaxAuthTries` is 6. russh also counts the `none` with which every client begins, so one more.
const ATTEMPTS_MAX: usize = 7;

/// Answers connections for the machine whose address they were made to, or for the one machine whose port it is.
#[derive(Debug)]
pub(crate) struct Sshd {
    pub(crate) machines: Weak<Machines>,
    pub(crate) of: Option<InstanceId>,
}

#[async_trait]
impl Answer for Sshd {
    async fn answer(self: Arc<Self>, connection: TcpStream, destination: SocketAddrV4) {
        let Some(machines) = self.machines.upgrade() else { return };
        let at_address = || machines.registry.at(*destination.ip()).map(|machine| machine.id);
        let Some(id) = self.of.or_else(at_address) else { return };
        let Ok(peer) = connection.peer_addr() else { return };
        let session = match Accepted::at(machines, id, Some(Peer::new(peer.ip()))) {
            Ok(session) => session,
            Err(error) => return turn_away(&connection, &error),
        };
        // Without it each packet waits for the other side's acknowledgement, which delays by 40 ms.
        if connection.set_nodelay(true).is_ok() {
            session.run(connection).await;
        }
    }
}

/// As sshd does, a line before its version: `ssh -v` shows it. A client that cannot receive it at once does not get it.
fn turn_away(connection: &TcpStream, error: &Error) {
    match error {
        Error::Penalized { .. } => drop(connection.try_write(b"Not allowed at this time\r\n")),
        Error::Crowded { .. } => drop(connection.try_write(format!("{error}\r\n").as_bytes())),
        _ => {}
    }
}

/// A connection that a machine's sshd will answer, before its first byte.
pub(crate) struct Accepted {
    machines: Arc<Machines>,
    machine: Arc<Machine>,
    visit: Visit,
    line: Line,
}

impl Accepted {
    /// # Errors
    /// [`Error::Absent`], [`Error::NotRunning`], [`Error::Unreachable`], [`Error::Penalized`], [`Error::Crowded`].
    pub(crate) fn at(machines: Arc<Machines>, id: InstanceId, peer: Option<Peer>) -> Result<Accepted, Error> {
        if let Some(wait) = peer.and_then(|peer| machines.failures.refuses(peer, machines.clock.now_ms())) {
            return Err(Error::Penalized { seconds: wait.as_secs() + 1 });
        }
        // Counted before the machine is looked at: a machine that goes off from here on cuts this session too.
        let (session, line) = machines.sessions.open(id, peer)?;
        let machine = machines.machine(id).ok_or(Error::Absent(id))?;
        if machines.observed(&machine).power != Power::Running {
            return Err(Error::NotRunning(id));
        }
        if !machine.has_sshd || machine.behaviour().unreachable {
            return Err(Error::Unreachable(id));
        }
        let visit = Visit::new(Arc::clone(&machines), id, peer, session);
        Ok(Accepted { machines, machine, visit, line })
    }

    /// Speaks SSH until the client, the machine or the hypervisor ends the session.
    pub(crate) async fn run(self, connection: impl AsyncRead + AsyncWrite + Send + Unpin + 'static) {
        let Accepted { machines, machine, visit, line } = self;
        let (id, visit) = (machine.id, Arc::new(visit));
        let land = Userland::new(Arc::clone(&machines), &machine, visit.session.files());
        let exchange = Exchange::default();
        let greeting = async {
            let (connection, host_key) = greeting::greet(Cable::new(connection, line)).await?;
            if machine.behaviour().mute_sshd {
                return std::future::pending().await;
            }
            let connection = exchange.pace(connection, Arc::clone(&machines), id);
            let visitor = Visitor::new(land, Arc::clone(&visit), exchange);
            let keys = machines.host_keys(&machine, host_key).await;
            let config = Arc::new(config(&machine, keys));
            drop(machine);
            russh::server::run_stream(config, connection, visitor).await
        };
        let mut session = match tokio::time::timeout(LOGIN_GRACE, greeting).await {
            Ok(Ok(session)) => session,
            other => return visit.ended(other.is_err()),
        };
        let mut grace_over = false;
        let outcome = tokio::select! {
            outcome = &mut session => outcome,
            () = tokio::time::sleep(LOGIN_GRACE) => {
                if !visit.is_admitted() {
                    grace_over = true;
                    visit.session.cut();
                }
                session.await
            }
        };
        visit.ended(grace_over);
        if let Err(error) = outcome {
            // Clients that go away, and our own power cuts: nothing that an operator must act on.
            tracing::debug!(instance = %id, %error, "an SSH session ended");
        }
    }
}

/// The algorithms of OpenSSH 9, as far as russh has them: Debian 12 refuses older ones too. Of the key exchanges over
/// finite fields only the one that [`exchanges`] can delay: at 8192 bits one of them computes for more than a second.
const PREFERRED: Preferred = Preferred {
    kex: Cow::Borrowed(&[
        kex::MLKEM768X25519_SHA256,
        kex::CURVE25519,
        kex::CURVE25519_PRE_RFC_8731,
        kex::ECDH_SHA2_NISTP256,
        kex::ECDH_SHA2_NISTP384,
        kex::ECDH_SHA2_NISTP521,
        kex::DH_GEX_SHA256,
        kex::EXTENSION_SUPPORT_AS_SERVER,
        kex::EXTENSION_OPENSSH_STRICT_KEX_AS_SERVER,
    ]),
    // Also what `server-sig-algs` announces for clients' own keys; host keys are only those that a machine has.
    key: Cow::Borrowed(&[
        Algorithm::Ed25519,
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP256 },
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP384 },
        Algorithm::Ecdsa { curve: EcdsaCurve::NistP521 },
        Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
        Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
    ]),
    cipher: Cow::Borrowed(&[
        cipher::CHACHA20_POLY1305,
        cipher::AES_256_GCM,
        cipher::AES_128_GCM,
        cipher::AES_256_CTR,
        cipher::AES_192_CTR,
        cipher::AES_128_CTR,
    ]),
    mac: Cow::Borrowed(&[
        mac::HMAC_SHA512_ETM,
        mac::HMAC_SHA256_ETM,
        mac::HMAC_SHA1_ETM,
        mac::HMAC_SHA512,
        mac::HMAC_SHA256,
        mac::HMAC_SHA1,
    ]),
    host_key_certificates: Cow::Borrowed(&[]),
    compression: Cow::Borrowed(&[compression::NONE]),
};

fn config(machine: &Machine, keys: Vec<PrivateKey>) -> Config {
    Config {
        server_id: SshId::Standard(Cow::Borrowed(greeting::NAME)),
        preferred: PREFERRED,
        methods: auth::methods(machine),
        // Refused keys are answered at once; a wrong password is delayed in `Visitor`.
        auth_rejection_time: Duration::ZERO,
        keys,
        max_auth_attempts: ATTEMPTS_MAX,
        inactivity_timeout: None,
        nodelay: true,
        ..Config::default()
    }
}

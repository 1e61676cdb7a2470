//! An SSH server in this process that answers as it is told.

use cvmd_ssh_probe::{AskedKey, Expected, Question};
use russh::{
    MethodKind, MethodSet,
    keys::{PrivateKey, ssh_key::private::Ed25519Keypair},
    server::{self, Auth, PublicKeyOffer},
};
use std::{
    io,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::io::{DuplexStream, duplex};

/// The blobs that a server was asked about, per connection.
type Asked = Vec<Vec<Box<[u8]>>>;

/// What a server does. Its connections share it.
#[derive(Clone)]
pub(crate) struct Peer {
    /// The seeds of its host keys: the first connection's, the second's; the last one's for all after it.
    pub(crate) hosts: Vec<u8>,
    /// The seeds of the keys that it accepts.
    pub(crate) accepts: Vec<u8>,
    /// How many failures end a connection, as OpenSSH's `MaxAuthTries`.
    pub(crate) tries_max: usize,
    /// After how many answers about keys it closes a connection.
    pub(crate) answers_max: usize,
    /// How long it takes to refuse.
    pub(crate) refuses_in: Duration,
    /// Whether it lets in whoever asks for the methods.
    pub(crate) is_open: bool,
    pub(crate) asked: Arc<Mutex<Asked>>,
}

impl Peer {
    pub(crate) fn new(accepts: &[u8]) -> Peer {
        Peer {
            hosts: vec![200],
            accepts: accepts.into(),
            tries_max: 6,
            answers_max: usize::MAX,
            refuses_in: Duration::ZERO,
            is_open: false,
            asked: Arc::default(),
        }
    }

    /// A connection to it.
    pub(crate) fn connect(&self) -> impl Future<Output = io::Result<DuplexStream>> + Send + use<> {
        let (near, far) = duplex(64 << 10);
        let mut asked = self.asked.lock().unwrap();
        let host = self.hosts[asked.len().min(self.hosts.len() - 1)];
        asked.push(Vec::new());
        let config = server::Config {
            keys: vec![key(host)],
            methods: MethodSet::from([MethodKind::PublicKey, MethodKind::Password].as_slice()),
            auth_rejection_time: self.refuses_in,
            auth_rejection_time_initial: Some(Duration::ZERO),
            max_auth_attempts: 1000,
            ..server::Config::default()
        };
        let session = Session { peer: self.clone(), answers: 0, failures: 0 };
        tokio::spawn(async move {
            if let Ok(running) = server::run_stream(Arc::new(config), far, session).await {
                let _ = running.await;
            }
        });
        async { Ok(near) }
    }

    /// What it was asked about on each connection, by the keys' seeds.
    pub(crate) fn asked(&self, seeds: &[u8]) -> Vec<Vec<u8>> {
        let seed = |asked: &[u8]| *seeds.iter().find(|seed| *blob(**seed) == *asked).unwrap();
        self.asked.lock().unwrap().iter().map(|asked| asked.iter().map(|blob| seed(blob)).collect()).collect()
    }
}

struct Session {
    peer: Peer,
    answers: usize,
    failures: usize,
}

impl server::Handler for Session {
    type Error = russh::Error;

    async fn auth_none(&mut self, _: &str) -> Result<Auth, russh::Error> {
        Ok(if self.peer.is_open { Auth::Accept } else { Auth::reject() })
    }

    async fn auth_publickey_offered(&mut self, _: &str, offer: PublicKeyOffer<'_>) -> Result<Auth, russh::Error> {
        let offered = offer.public_key.to_bytes()?.into_boxed_slice();
        let is_accepted = self.peer.accepts.iter().any(|seed| blob(*seed) == offered);
        self.peer.asked.lock().unwrap().last_mut().unwrap().push(offered);
        self.failures += usize::from(!is_accepted);
        self.answers += 1;
        if self.failures >= self.peer.tries_max || self.answers > self.peer.answers_max {
            return Err(russh::Error::Disconnect);
        }
        Ok(if is_accepted { Auth::Accept } else { Auth::reject() })
    }
}

/// The Ed25519 key of a seed.
pub(crate) fn key(seed: u8) -> PrivateKey {
    PrivateKey::from(Ed25519Keypair::from_seed(&[seed; 32]))
}

/// Its public part, as a blob.
pub(crate) fn blob(seed: u8) -> Box<[u8]> {
    key(seed).public_key().to_bytes().unwrap().into()
}

/// A question about keys of these seeds.
pub(crate) fn question(keys: &[(u8, Expected)]) -> Question {
    let keys = keys.iter().map(|(seed, expected)| AskedKey { blob: blob(*seed), expected: *expected }).collect();
    Question { user: "root".into(), keys, host_key: None }
}

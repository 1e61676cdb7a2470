//! One connection: key exchange, then questions. Nothing is ever signed.

use crate::{
    answer::{Stage, Unanswered},
    greeting::Greeting,
    offer::Offer,
    stream::{Allowance, Bounded},
};
use russh::{
    MethodSet, Preferred, SshId,
    client::{self, AuthResult, Config, Handle},
    kex,
    keys::{Algorithm, HashAlg, PublicKey, PublicKeyOrCertificate, agent::AgentIdentity},
};
use std::{
    borrow::Cow,
    convert::Infallible,
    sync::{Arc, OnceLock},
};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    sync::oneshot,
};

/// Unlike russh's own list, without groups that the server chooses, because a hostile one is slow, and without hybrids:
/// there is no secret to keep.
const KEY_EXCHANGES: &[kex::Name] = &[
    kex::CURVE25519,
    kex::CURVE25519_PRE_RFC_8731,
    kex::ECDH_SHA2_NISTP256,
    kex::ECDH_SHA2_NISTP384,
    kex::DH_G14_SHA256,
    kex::DH_G16_SHA512,
    kex::EXTENSION_SUPPORT_AS_CLIENT,
    kex::EXTENSION_OPENSSH_STRICT_KEX_AS_CLIENT,
];

pub(crate) struct Connection {
    handle: Handle<Host>,
    allowance: Allowance,
    /// Dropped with us, it ends russh's task.
    _end: oneshot::Sender<Infallible>,
}

/// What a server says of a question.
#[derive(Debug)]
pub(crate) enum Reply {
    /// It asks for a signature.
    Accepted,
    /// It refuses, and names the methods that it offers.
    Refused(Vec<Box<str>>),
    /// It let us in without a signature. There is nothing more to ask on this connection.
    Entered,
}

impl Connection {
    /// Exchanges keys. The host key goes into `shown` as soon as the server has proven it, and must be the one that is
    /// `pinned`.
    pub(crate) async fn open<S>(
        stream: S,
        greeting: Greeting,
        reply_bytes: usize,
        pinned: Option<&[u8]>,
        shown: &mut Option<Box<[u8]>>,
    ) -> Result<Connection, Unanswered>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let allowance = Allowance::new(reply_bytes);
        let (end, ended) = oneshot::channel();
        let host = Host { pinned: pinned.map(Into::into), shown: Arc::default() };
        let seen = host.shown.clone();
        let stream = Bounded::new(stream, greeting.read, allowance.clone(), ended);
        let opened = client::connect_stream(Arc::new(config(pinned)), stream, host).await;
        if let Some(key) = seen.get() {
            shown.get_or_insert_with(|| key.clone());
        }
        match opened {
            Ok(handle) => Ok(Connection { handle, allowance, _end: end }),
            Err(_) if allowance.is_used_up() => Err(Unanswered::TooMuch(Stage::KeyExchange)),
            Err(russh::Error::UnknownKey) => Err(Unanswered::OtherHostKey(seen.get().cloned().unwrap_or_default())),
            Err(russh::Error::Disconnect | russh::Error::HUP | russh::Error::IO(_)) => {
                Err(Unanswered::Closed(Stage::KeyExchange))
            }
            Err(error) => Err(Unanswered::Protocol(error.to_string().into())),
        }
    }

    /// Asks which methods are offered.
    pub(crate) async fn ask_methods(&mut self, user: &str, reply_bytes: usize) -> Result<Reply, Unanswered> {
        self.allowance.renew(reply_bytes);
        let result = self.handle.authenticate_none(user).await.map_err(|_| Stopped::Gone);
        self.reply(result, Stage::Methods)
    }

    /// Asks about a key with one of its hashes.
    pub(crate) async fn ask_key(
        &mut self,
        user: &str,
        offer: &Offer,
        hash: Option<HashAlg>,
        reply_bytes: usize,
    ) -> Result<Reply, Unanswered> {
        self.allowance.renew(reply_bytes);
        let (handle, mut signer) = (&mut self.handle, NeverSigns);
        let result = match offer.clone() {
            Offer::Key(key) => handle.authenticate_publickey_with(user, key, hash, &mut signer).await,
            Offer::Certificate(certificate) => {
                handle.authenticate_certificate_with(user, *certificate, hash, &mut signer).await
            }
        };
        self.reply(result, Stage::Keys)
    }

    fn reply(&self, result: Result<AuthResult, Stopped>, stage: Stage) -> Result<Reply, Unanswered> {
        match result {
            Err(Stopped::AskedToSign) => Ok(Reply::Accepted),
            Ok(AuthResult::Success) => Ok(Reply::Entered),
            Ok(AuthResult::Failure { partial_success: true, .. }) => {
                Err(Unanswered::Protocol("half a success without a signature".into()))
            }
            // russh says so also when the connection is over, then without any method.
            Ok(AuthResult::Failure { remaining_methods, .. }) if !remaining_methods.is_empty() => {
                Ok(Reply::Refused(names(&remaining_methods)))
            }
            Ok(AuthResult::Failure { .. }) | Err(Stopped::Gone) => {
                let is_used_up = self.allowance.is_used_up();
                Err(if is_used_up { Unanswered::TooMuch(stage) } else { Unanswered::Closed(stage) })
            }
        }
    }
}

/// Each name once: a server may send the same ten thousand times.
fn names(methods: &MethodSet) -> Vec<Box<str>> {
    let mut names: Vec<Box<str>> = Vec::new();
    for name in methods.iter().map(<&str>::from) {
        if !names.iter().any(|other| **other == *name) {
            names.push(name.into());
        }
    }
    names
}

/// A pinned key's algorithm comes first: a server has host keys of several kinds, and shows the first that both know.
fn config(pinned: Option<&[u8]>) -> Config {
    let mut keys = Preferred::DEFAULT.key.into_owned();
    if let Some(pinned) = pinned.and_then(|blob| PublicKey::from_bytes(blob).ok()) {
        let kind = pinned.algorithm();
        // An RSA key has several algorithms, which differ in the hash.
        let is_its_own = |one: &Algorithm| *one == kind || (one.clone().is_rsa() && kind.clone().is_rsa());
        keys.sort_by_key(|algorithm| !is_its_own(algorithm));
    }
    Config {
        client_id: SshId::Standard("SSH-2.0-cvmd".into()),
        preferred: Preferred { kex: Cow::Borrowed(KEY_EXCHANGES), key: keys.into(), ..Preferred::DEFAULT },
        ..Config::default()
    }
}

/// Compares the host key.
struct Host {
    pinned: Option<Box<[u8]>>,
    shown: Arc<OnceLock<Box<[u8]>>>,
}

impl client::Handler for Host {
    type Error = russh::Error;

    async fn check_server_key(&mut self, key: &PublicKeyOrCertificate) -> Result<bool, russh::Error> {
        let blob: Box<[u8]> = key.public_key().to_bytes()?.into();
        let is_pinned = self.pinned.as_ref().is_none_or(|pinned| *pinned == blob);
        // Of a later key exchange on this connection only whether it is the pinned one counts: who can exchange keys again
        // is who exchanged them first.
        let _ = self.shown.set(blob);
        Ok(is_pinned)
    }
}

struct NeverSigns;

/// Why russh did not get a signature.
enum Stopped {
    AskedToSign,
    Gone,
}

impl From<russh::SendError> for Stopped {
    fn from(_: russh::SendError) -> Stopped {
        Stopped::Gone
    }
}

impl russh::Signer for NeverSigns {
    type Error = Stopped;

    async fn auth_sign(&mut self, _: &AgentIdentity, _: Option<HashAlg>, _: Vec<u8>) -> Result<Vec<u8>, Stopped> {
        Err(Stopped::AskedToSign)
    }
}

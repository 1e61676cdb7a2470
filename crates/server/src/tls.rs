//! TLS on the one port, and inside a tunnel to one of the vendor's hosts.

use crate::{
    authority::{self, Authority, LOCALHOST},
    bounded_file,
    config::TlsFiles,
    data::DataDirectory,
};
use anyhow::{Context, bail};
use cvmd_clock::Clock;
use rustls::{
    ServerConfig,
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::Acceptor,
};
use std::{sync::Arc, time::Duration};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{LazyConfigAcceptor, TlsAcceptor, server::TlsStream};

/// The first byte of a TLS connection, and of no HTTP request: a handshake record.
pub(crate) const FIRST_BYTE: u8 = 0x16;

/// The time limit of a handshake.
const PATIENCE: Duration = Duration::from_secs(10);

pub(crate) struct Tls {
    authority: Authority,
    /// The operator's own certificate, for connections to the port itself.
    given: Option<Arc<ServerConfig>>,
}

impl Tls {
    /// Reads or makes the authority, and reads the operator's own certificate.
    ///
    /// # Errors
    /// When a file cannot be read, or files do not belong together.
    pub(crate) fn open(data: &DataDirectory, files: Option<&TlsFiles>, clock: Clock) -> anyhow::Result<Tls> {
        let provider = Arc::new(ring::default_provider());
        let given = files.map(|files| read(files, &provider)).transpose()?;
        Ok(Tls { authority: Authority::open(data, clock, provider)?, given })
    }

    pub(crate) fn is_given(&self) -> bool {
        self.given.is_some()
    }

    /// The handshake of a client that uses TLS on the port itself.
    pub(crate) async fn accept<S>(&self, stream: S) -> anyhow::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let handshake = async {
            let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
            let config = match &self.given {
                Some(config) => Arc::clone(config),
                None => {
                    // A client that was given an address names no host. One that names a host without a certificate
                    // gets this machine's own.
                    let named = hello.client_hello().server_name().map(str::to_ascii_lowercase);
                    let host = named.filter(|host| authority::speaks_for(host));
                    self.authority.config(host.as_deref().unwrap_or(LOCALHOST))?
                }
            };
            Ok(hello.into_stream(config).await?)
        };
        tokio::time::timeout(PATIENCE, handshake).await.context("no TLS handshake in time")?
    }

    /// The handshake inside a tunnel to one of the vendor's hosts.
    pub(crate) async fn accept_for<S>(&self, host: &str, stream: S) -> anyhow::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let handshake = TlsAcceptor::from(self.authority.config(host)?).accept(stream);
        Ok(tokio::time::timeout(PATIENCE, handshake).await.context("no TLS handshake in time")??)
    }
}

fn read(files: &TlsFiles, provider: &Arc<CryptoProvider>) -> anyhow::Result<Arc<ServerConfig>> {
    let (certificate, key) = (files.certificate.display(), files.key.display());
    let pem = |path, what| bounded_file::read(path, what, bounded_file::SMALL_BYTES_MAX);
    let chain: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(&pem(&files.certificate, "the certificate")?)
            .collect::<Result<_, _>>()
            .with_context(|| format!("cannot read the certificate {certificate}"))?;
    if chain.is_empty() {
        bail!("there is no certificate in {certificate}");
    }
    let private = PrivateKeyDer::from_pem_slice(&pem(&files.key, "the key")?)
        .with_context(|| format!("cannot read the key {key}"))?;
    authority::config(chain, private, provider).with_context(|| format!("{key} is not the key of {certificate}"))
}

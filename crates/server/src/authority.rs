//! The small certificate authority of a data directory, for the vendor's hosts and this machine only.
//!
//! cvmd itself answers clients that can only use HTTPS with a vendor's host; they trust it because their user trusts
//! `ca.pem`. Name constraints in that certificate make a stolen `ca.key` useless for other hosts.

use crate::{data::DataDirectory, master_key::write_private, random, tunnel::connect};
use anyhow::{Context, bail};
use cvmd_clock::Clock;
use parking_lot::Mutex;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose,
    GeneralSubtree, IsCa, Issuer, KeyPair, KeyUsagePurpose, NameConstraints, SanType, SerialNumber, date_time_ymd,
};
use rustls::{
    ServerConfig,
    crypto::CryptoProvider,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject},
    sign::{CertifiedKey, SingleCertAndKey},
};
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
    path::Path,
    sync::Arc,
    time::Duration,
};

const DAY_SECONDS: u64 = 24 * 60 * 60;
const CA_DAYS: u64 = 30 * 365;
/// Clients refuse server certificates that are valid for much longer.
const LEAF_DAYS: u64 = 365;
/// A certificate of this age is replaced: a server may run for years.
const RENEWED_DAYS: u64 = 180;
/// Allows for clients whose clocks are slow.
const BACKDATED_DAYS: u64 = 2;
/// A client uses few hosts; names that strangers invent replace one another.
const LEAVES_MAX: usize = 64;

/// The name of this machine in certificates.
pub(crate) const LOCALHOST: &str = "localhost";

pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    provider: Arc<CryptoProvider>,
    clock: Clock,
    /// Sorted by age, the newest last.
    leaves: Mutex<Vec<Leaf>>,
}

struct Leaf {
    host: Box<str>,
    made_seconds: u64,
    config: Arc<ServerConfig>,
}

impl Authority {
    /// Reads the authority of a data directory, or creates it at the first start.
    ///
    /// # Errors
    /// When the files cannot be read or written, or do not belong together.
    pub(crate) fn open(data: &DataDirectory, clock: Clock, provider: Arc<CryptoProvider>) -> anyhow::Result<Authority> {
        let (certificate, key) = (data.ca_certificate(), data.ca_key());
        if !key.exists() {
            if certificate.exists() {
                bail!(
                    "{} is there without {}: put the key back, or remove both for a new authority",
                    certificate.display(),
                    key.display()
                );
            }
            // The key first: if the start is killed in between, the next one makes the certificate.
            write_private(&key, KeyPair::generate()?.serialize_pem().trim_end())?;
        }
        let text = std::fs::read_to_string(&key).with_context(|| format!("cannot read {}", key.display()))?;
        let key_pair = KeyPair::from_pem(&text).with_context(|| format!("{} holds no private key", key.display()))?;
        let params = own_params(&key_pair, clock.now_ms() / 1000);
        if !certificate.exists() {
            write_private(&certificate, params.self_signed(&key_pair)?.pem().trim_end())?;
        }
        refuse_foreign(&certificate, &key_pair, &provider)?;
        Ok(Authority { issuer: Issuer::new(params, key_pair), provider, clock, leaves: Mutex::new(Vec::new()) })
    }

    /// The TLS configuration for clients of this host.
    ///
    /// # Errors
    /// When the authority issues no certificates for the host.
    pub(crate) fn config(&self, host: &str) -> anyhow::Result<Arc<ServerConfig>> {
        let now_seconds = self.clock.now_ms() / 1000;
        let mut leaves = self.leaves.lock();
        leaves.retain(|leaf| now_seconds.saturating_sub(leaf.made_seconds) < RENEWED_DAYS * DAY_SECONDS);
        if let Some(leaf) = leaves.iter().find(|leaf| *leaf.host == *host) {
            return Ok(Arc::clone(&leaf.config));
        }
        let config = self.made_for(host, now_seconds)?;
        if leaves.len() == LEAVES_MAX {
            leaves.remove(0);
        }
        leaves.push(Leaf { host: host.into(), made_seconds: now_seconds, config: Arc::clone(&config) });
        Ok(config)
    }

    fn made_for(&self, host: &str, now_seconds: u64) -> anyhow::Result<Arc<ServerConfig>> {
        if !speaks_for(host) {
            bail!("the authority does not speak for {host}");
        }
        let mut params = CertificateParams::new([host.to_string()])?;
        if host == LOCALHOST {
            let own = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
            params.subject_alt_names.extend(own.map(SanType::IpAddress));
        }
        params.distinguished_name = named("cvmd");
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        valid(&mut params, now_seconds, LEAF_DAYS);
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        config(vec![certificate.into()], key, &self.provider)
    }
}

/// Whether the authority issues certificates for this lower-case name.
pub(crate) fn speaks_for(host: &str) -> bool {
    connect::is_vendor(host) || connect::is_local(host)
}

/// The TLS configuration with this certificate chain.
///
/// # Errors
/// When the key is of an unknown kind, or does not belong to the certificate.
pub(crate) fn config(
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
    provider: &Arc<CryptoProvider>,
) -> anyhow::Result<Arc<ServerConfig>> {
    let certified = CertifiedKey::from_der(chain, key, provider)?;
    let mut config = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// The parameters of the authority's certificate. Its subject is unique: a trust store may hold several authorities,
/// and is searched by subject.
fn own_params(key: &KeyPair, now_seconds: u64) -> CertificateParams {
    let mut params = CertificateParams::default();
    let identifier = params.key_identifier(key);
    let digits: String = identifier.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    params.distinguished_name = named(&format!("cvmd authority {digits}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let names = cvmd_actions::VENDOR_DOMAINS.into_iter().chain([LOCALHOST]);
    let mut permitted: Vec<_> = names.map(|name| GeneralSubtree::DnsName(name.into())).collect();
    permitted.push(GeneralSubtree::IpAddress(CidrSubnet::from_v4_prefix([127, 0, 0, 0], 8)));
    permitted.push(GeneralSubtree::IpAddress(CidrSubnet::from_v6_prefix(Ipv6Addr::LOCALHOST.octets(), 128)));
    params.name_constraints = Some(NameConstraints { permitted_subtrees: permitted, excluded_subtrees: Vec::new() });
    valid(&mut params, now_seconds, CA_DAYS);
    params
}

fn named(name: &str) -> DistinguishedName {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    subject
}

fn valid(params: &mut CertificateParams, now_seconds: u64, days: u64) {
    let from_seconds = now_seconds.saturating_sub(BACKDATED_DAYS * DAY_SECONDS);
    params.not_before = date_time_ymd(1970, 1, 1) + Duration::from_secs(from_seconds);
    params.not_after = params.not_before + Duration::from_secs(days * DAY_SECONDS);
    let mut serial = random::bytes::<16>();
    // A serial number is positive, and has no leading zero byte.
    serial[0] = serial[0] & 0x7f | 0x40;
    params.serial_number = Some(SerialNumber::from_slice(&serial));
}

/// Refuses a certificate of another key, which would only fail later at each client.
fn refuse_foreign(path: &Path, key: &KeyPair, provider: &CryptoProvider) -> anyhow::Result<()> {
    let describe = || format!("{} is not the certificate of ca.key beside it", path.display());
    let certificate = CertificateDer::from_pem_file(path).with_context(describe)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    CertifiedKey::from_der(vec![certificate], key, provider).with_context(describe)?;
    Ok(())
}

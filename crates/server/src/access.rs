//! Who may use what asks for no signature: the metrics, and the ways to machines.

use crate::{
    config::given::{Given, setting},
    master_key::Secret,
    plain_words,
};
use anyhow::{Context, bail};
use hyper::{HeaderMap, header::AUTHORIZATION};
use std::net::IpAddr;
use subtle::ConstantTimeEq;

/// A token may have so many bytes: shorter ones can be guessed, longer ones are a mistake.
const TOKEN_BYTES: std::ops::RangeInclusive<usize> = 16..=256;

/// Who may read the metrics and connect to machines: by default everybody.
#[derive(Debug, Clone, Default)]
pub(crate) struct Access {
    metrics_token: Option<Secret>,
    connect_peers: Option<Vec<Peers>>,
}

/// An address, or a range of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Peers {
    first: IpAddr,
    prefix: u32,
}

impl Access {
    /// Puts environment, flags and file together.
    ///
    /// # Errors
    /// When a value makes no sense.
    pub(crate) fn read(given: &Given) -> anyhow::Result<Access> {
        let metrics_token = given.read_any(setting!(metrics.token), |text| text.map(token).transpose())?;
        let connect_peers = given.read_any(setting!(connect.peers), |peers| {
            let read = |peers: Vec<String>| peers.iter().map(|text| Peers::read(text)).collect();
            peers.map(read).transpose()
        })?;
        Ok(Access { metrics_token, connect_peers })
    }

    pub(crate) fn shows_metrics_to(&self, headers: &HeaderMap) -> bool {
        let Some(token) = &self.metrics_token else { return true };
        let shown = headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
        // Takes as long whatever is shown, so that no token is guessed letter by letter.
        shown.is_some_and(|shown| shown.ct_eq(token.expose().as_bytes()).into())
    }

    /// Whether a client there may ask for machines and be led to them. This host itself always may.
    pub(crate) fn leads_to_machines(&self, peer: IpAddr) -> bool {
        let peer = peer.to_canonical();
        let Some(peers) = &self.connect_peers else { return true };
        peer.is_loopback() || peers.iter().any(|peers| peers.hold(peer))
    }

    pub(crate) fn has_token(&self) -> bool {
        self.metrics_token.is_some()
    }

    pub(crate) fn has_peers(&self) -> bool {
        self.connect_peers.is_some()
    }
}

fn token(given: String) -> anyhow::Result<Secret> {
    if !(TOKEN_BYTES.contains(&given.len()) && given.bytes().all(|byte| byte.is_ascii_graphic())) {
        // Never the token itself.
        bail!("metrics.token has 16 to 256 letters, digits and signs, without blanks");
    }
    Ok(given.into())
}

impl Peers {
    fn read(text: &str) -> anyhow::Result<Peers> {
        let read = || {
            let (address, prefix) = text.split_once('/').map_or((text, None), |(one, other)| (one, Some(other)));
            let first: IpAddr = address.trim().parse().ok()?;
            let longest = if first.is_ipv4() { 32 } else { 128 };
            let prefix = prefix.map_or(Some(longest), |prefix| prefix.trim().parse().ok())?;
            (prefix <= longest).then_some(Peers { first, prefix })
        };
        read().with_context(|| {
            format!(
                "connect.peers holds addresses and ranges such as 192.0.2.7 or 10.0.0.0/8, not \"{}\"",
                plain_words::value(text)
            )
        })
    }

    fn hold(self, peer: IpAddr) -> bool {
        let bits = |address: IpAddr| match address {
            IpAddr::V4(address) => u128::from(u32::from(address)) << 96,
            IpAddr::V6(address) => u128::from(address),
        };
        let differ = bits(self.first) ^ bits(peer);
        self.first.is_ipv4() == peer.is_ipv4() && differ.checked_shr(128 - self.prefix).unwrap_or(0) == 0
    }
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::config::given::test::given;

    fn read(file: &str) -> anyhow::Result<Access> {
        Access::read(&given(&[], file))
    }

    fn led(peers: &[&str], from: &str) -> bool {
        read(&format!("[connect]\npeers = {peers:?}")).unwrap().leads_to_machines(from.parse().unwrap())
    }

    #[test]
    fn peers_are_addresses_and_ranges_and_this_host_always() {
        assert!(led(&["192.0.2.0/24"], "192.0.2.200") && !led(&["192.0.2.0/24"], "192.0.3.1"));
        assert!(led(&["192.0.2.7"], "192.0.2.7") && !led(&["192.0.2.7"], "192.0.2.8"));
        assert!(led(&["2001:db8::/32"], "2001:db8:1::2") && !led(&["2001:db8::/32"], "2001:db9::1"));
        assert!(led(&["0.0.0.0/0"], "198.51.100.1") && !led(&["0.0.0.0/0"], "2001:db8::1"));
        assert!(led(&["192.0.2.7"], "::ffff:192.0.2.7"), "as a listener for both kinds sees it");
        assert!(led(&[], "127.0.0.1") && led(&[], "::1") && !led(&[], "192.0.2.7"));
        assert!(Access::default().leads_to_machines("192.0.2.7".parse().unwrap()), "everybody by default");
        for wrong in ["", "example.com", "10.0.0.0/33", "10.0.0.0/x", "10.0.0"] {
            let message = format!("{:#}", read(&format!("[connect]\npeers = [{wrong:?}]")).unwrap_err());
            assert!(message.starts_with("--connect-peers: ") && message.contains("10.0.0.0/8"), "{wrong}: {message}");
        }
    }

    #[test]
    fn a_token_is_the_whole_token() {
        let access = read("metrics.token = \"0123456789abcdef\"").unwrap();
        let shown = |value: &str| {
            let headers = HeaderMap::from_iter([(AUTHORIZATION, value.parse().unwrap())]);
            access.shows_metrics_to(&headers)
        };
        assert!(shown("Bearer 0123456789abcdef"));
        for wrong in ["", "Bearer ", "Bearer 0123456789abcde", "Bearer 0123456789abcdeff", "0123456789abcdef"] {
            assert!(!shown(wrong), "{wrong}");
        }
        for wrong in ["short", "with a blank in it", &"x".repeat(257)] {
            let message = format!("{:#}", read(&format!("metrics.token = {wrong:?}")).unwrap_err());
            assert!(message.contains("16 to 256") && !message.contains(wrong), "{message}");
        }
    }
}

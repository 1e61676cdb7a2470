//! Where to listen, as people write it: an address and a port, or one of them alone.

use crate::plain_words;
use anyhow::Context;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// The port when an address alone is given.
const PORT: u16 = 8312;

/// The address meant.
///
/// # Errors
/// Says what an address looks like.
pub(crate) fn read(text: &str) -> anyhow::Result<SocketAddr> {
    let address = |host: &str| match host {
        "localhost" => Some(IpAddr::from(Ipv4Addr::LOCALHOST)),
        host => host.trim_start_matches('[').trim_end_matches(']').parse().ok(),
    };
    let both = || {
        let (host, port) = text.rsplit_once(':')?;
        Some(SocketAddr::new(address(host)?, digits(port)?))
    };
    // A port alone, as `8312` or `:8312`, is one of this host.
    let port = || Some(SocketAddr::from((Ipv4Addr::LOCALHOST, digits(text.strip_prefix(':').unwrap_or(text))?)));
    // The whole first: an IPv6 address without a port has colons too.
    let whole = || text.parse().ok().or_else(|| address(text).map(|address| SocketAddr::new(address, PORT)));
    port().or_else(whole).or_else(both).with_context(|| {
        format!("listen is ADDR:PORT such as 127.0.0.1:8312, localhost:9999 or [::1]:8312, or one of the two alone; a port is 0 (any free one) to 65535; not \"{}\"", plain_words::value(text))
    })
}

/// Digits alone: Rust's own reading takes a sign too.
fn digits(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn what_people_write_is_understood() {
        for (text, meant) in [
            ("127.0.0.1:9999", "127.0.0.1:9999"),
            ("localhost:9999", "127.0.0.1:9999"),
            ("localhost", "127.0.0.1:8312"),
            ("127.0.0.1", "127.0.0.1:8312"),
            ("0.0.0.0:0", "0.0.0.0:0"),
            ("9999", "127.0.0.1:9999"),
            (":9999", "127.0.0.1:9999"),
            ("0", "127.0.0.1:0"),
            ("::1", "[::1]:8312"),
            ("[::1]", "[::1]:8312"),
            ("[::1]:80", "[::1]:80"),
        ] {
            assert_eq!(read(text).unwrap(), meant.parse::<SocketAddr>().unwrap(), "{text}");
        }
        for text in ["", ":", "70000", "+80", "-1", "nowhere", "example.com:80", "127.0.0.1:", "127.0.0.1:70000"] {
            assert!(read(text).unwrap_err().to_string().contains("localhost:9999"), "{text}");
        }
    }
}

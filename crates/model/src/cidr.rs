//! A range of IPv4 addresses in the form that networks use: `10.0.0.0/16`.

use crate::text::as_text;
use std::{fmt, net::Ipv4Addr, str::FromStr};

/// The text is not four octets, a slash and 0 to 32, or has bits set after its prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a range of addresses is written as 10.0.0.0/16, with nothing but zeros behind its prefix")]
pub struct MalformedCidr;

/// An address and the length of its prefix. The bits after the prefix are zero.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr {
    first: Ipv4Addr,
    prefix: u8,
}

impl Cidr {
    /// The range of `prefix` bits (0 to 32) that contains the address.
    #[must_use]
    pub fn around(address: Ipv4Addr, prefix: u8) -> Cidr {
        let prefix = prefix.min(32);
        Cidr { first: Ipv4Addr::from(u32::from(address) & mask(prefix)), prefix }
    }

    #[must_use]
    pub const fn prefix(self) -> u8 {
        self.prefix
    }

    #[must_use]
    pub const fn first(self) -> Ipv4Addr {
        self.first
    }

    #[must_use]
    pub fn last(self) -> Ipv4Addr {
        Ipv4Addr::from(u32::from(self.first) | !mask(self.prefix))
    }

    #[must_use]
    pub fn has(self, address: Ipv4Addr) -> bool {
        u32::from(address) & mask(self.prefix) == u32::from(self.first)
    }

    /// Whether it contains all of `other`.
    #[must_use]
    pub fn covers(self, other: Cidr) -> bool {
        self.prefix <= other.prefix && self.has(other.first)
    }

    #[must_use]
    pub fn overlaps(self, other: Cidr) -> bool {
        self.covers(other) || other.covers(self)
    }
}

fn mask(prefix: u8) -> u32 {
    u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0)
}

impl FromStr for Cidr {
    type Err = MalformedCidr;
    fn from_str(text: &str) -> Result<Cidr, MalformedCidr> {
        let (first, prefix) = text.split_once('/').ok_or(MalformedCidr)?;
        let digits = (1..=2).contains(&prefix.len()) && prefix.bytes().all(|byte| byte.is_ascii_digit());
        let prefix = prefix.parse().ok().filter(|prefix| digits && *prefix <= 32).ok_or(MalformedCidr)?;
        let first = first.parse().map_err(|_| MalformedCidr)?;
        Some(Cidr::around(first, prefix)).filter(|cidr| cidr.first == first).ok_or(MalformedCidr)
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

as_text!(Cidr);

#[cfg(test)]
mod test {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    #[test]
    fn a_range_survives_printing_and_parsing_and_knows_its_ends() {
        for (text, last) in [
            ("10.0.0.0/16", "10.0.255.255"),
            ("0.0.0.0/0", "255.255.255.255"),
            ("192.168.1.4/32", "192.168.1.4"),
            ("127.64.0.0/10", "127.127.255.255"),
        ] {
            assert_eq!((cidr(text).to_string(), cidr(text).last().to_string()), (text.into(), last.into()));
        }
    }

    #[test]
    fn what_is_no_range_is_refused() {
        for text in ["", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/+8", "10.0.0.0/008", "10.0.0.1/16", "10/8"] {
            assert_eq!(text.parse::<Cidr>(), Err(MalformedCidr), "{text}");
        }
    }

    #[test]
    fn ranges_cover_and_overlap() {
        let (large, small) = (cidr("10.0.0.0/16"), cidr("10.0.3.0/24"));
        assert!(large.covers(small) && !small.covers(large) && large.covers(large));
        assert!(large.overlaps(small) && small.overlaps(large) && !small.overlaps(cidr("10.0.4.0/24")));
        assert!(cidr("0.0.0.0/0").covers(large) && !large.has(Ipv4Addr::new(10, 1, 0, 0)));
    }
}

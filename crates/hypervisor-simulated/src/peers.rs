//! Where a client comes from: how the log names it, and with whom it counts as one.

use std::net::{IpAddr, Ipv6Addr};

/// The other end of a connection to a machine, whichever way it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Peer(IpAddr);

impl Peer {
    pub(crate) fn new(address: IpAddr) -> Peer {
        Peer(address.to_canonical())
    }

    pub(crate) fn address(self) -> IpAddr {
        self.0
    }

    /// Whether it is on this host, where all clients have the same few addresses.
    pub(crate) fn is_local(self) -> bool {
        self.0.is_loopback()
    }

    /// All who count as one: an address, or a network of IPv6, as whoever has one of its addresses commonly has them all.
    pub(crate) fn network(self) -> IpAddr {
        match self.0 {
            IpAddr::V6(address) if !address.is_loopback() => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
            address => address,
        }
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn one_network_of_ipv6_is_one_and_so_is_an_address_in_either_form() {
        let peer = |text: &str| Peer::new(text.parse().unwrap());
        assert_eq!(peer("2001:db8::1").network(), peer("2001:db8::2:3").network());
        assert_ne!(peer("2001:db8::1").network(), peer("2001:db8:0:1::1").network());
        assert_eq!(peer("::ffff:192.0.2.1"), peer("192.0.2.1"));
        assert_ne!(peer("192.0.2.1").network(), peer("192.0.2.2").network());
        assert!(peer("::ffff:127.0.0.1").is_local() && peer("::1").is_local() && !peer("2001:db8::1").is_local());
    }
}

//! The peer of a connection: its name in the log, and which peers count as one.

use std::net::{IpAddr, Ipv6Addr};

/// The client's end of a connection to a machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(IpAddr);

impl Peer {
    #[must_use]
    pub fn new(address: IpAddr) -> Peer {
        Peer(address.to_canonical())
    }

    #[must_use]
    pub fn address(self) -> IpAddr {
        self.0
    }

    /// Whether it is on this host, where all clients have the same few addresses.
    #[must_use]
    pub fn is_local(self) -> bool {
        self.0.is_loopback()
    }

    /// All peers that count as one: an address, or a network of IPv6, because one client commonly has a whole network.
    #[must_use]
    pub fn network(self) -> IpAddr {
        match self.0 {
            IpAddr::V6(address) if !address.is_loopback() => {
                let [a, b, c, d, ..] = address.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
            address => address,
        }
    }

    /// The key under which one peer's maximum is counted; none on this host.
    #[must_use]
    pub fn sharing(self) -> Option<IpAddr> {
        (!self.is_local()).then(|| self.network())
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
        assert_eq!((peer("::ffff:127.0.0.1").sharing(), peer("192.0.2.1").sharing()), (None, "192.0.2.1".parse().ok()));
        assert!(peer("::ffff:127.0.0.1").is_local() && peer("::1").is_local() && !peer("2001:db8::1").is_local());
    }
}

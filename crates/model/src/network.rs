//! Networks: virtual private clouds, their subnets, and the addresses that instances may get.
//!
//! Every account has a default VPC in each region, and in it a default subnet for each zone. They need no rows: their
//! ids follow from account and place, and never change. All of them share the data directory's block of addresses.

use crate::{
    AccountNumber, Cidr, Refusal, RegionId, RouteTableId, SubnetId, Tag, VpcId, ZoneId, lasting_number,
    resource::resource,
};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// A virtual private cloud with a range of addresses, which other VPCs may have too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpc {
    pub id: VpcId,
    pub sequence: u64,
    pub account: AccountNumber,
    pub region: RegionId,
    /// At most 60 characters.
    pub name: Box<str>,
    pub cidr: Cidr,
    pub route_table: RouteTableId,
    /// At most 4 DNS servers.
    #[serde(default, skip_serializing_if = "<[Ipv4Addr]>::is_empty")]
    pub dns_servers: Box<[Ipv4Addr]>,
    #[serde(default, skip_serializing_if = "str::is_empty")]
    pub domain_name: Box<str>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub multicast: bool,
    pub created_seconds: u64,
    #[serde(default, skip_serializing_if = "<[Tag]>::is_empty")]
    pub tags: Box<[Tag]>,
}

/// A part of a VPC's range, in one zone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subnet {
    pub id: SubnetId,
    pub sequence: u64,
    pub account: AccountNumber,
    pub zone: ZoneId,
    pub vpc: VpcId,
    pub route_table: RouteTableId,
    /// At most 60 characters.
    pub name: Box<str>,
    pub cidr: Cidr,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub broadcast: bool,
    pub created_seconds: u64,
    #[serde(default, skip_serializing_if = "<[Tag]>::is_empty")]
    pub tags: Box<[Tag]>,
}

/// The private ranges for VPCs: address, prefix of the range, and the shortest prefix of a VPC in it.
const PRIVATE: [((u8, u8), u8, u8); 3] = [((10, 0), 8, 12), ((172, 16), 12, 12), ((192, 168), 16, 16)];
const VPC_PREFIX_MAX: u8 = 28;
const SUBNET_PREFIX_MAX: u8 = 29;

impl Vpc {
    /// The account's default VPC in that region before anybody changes it.
    #[must_use]
    pub fn of_default(account: AccountNumber, region: RegionId, block: Cidr, created_seconds: u64) -> Vpc {
        Vpc {
            id: VpcId::of_default(account, region),
            sequence: 0,
            account,
            region,
            name: "Default-VPC".into(),
            cidr: block,
            route_table: RouteTableId::of_default(account, region),
            dns_servers: [].into(),
            domain_name: "".into(),
            multicast: false,
            created_seconds,
            tags: [].into(),
        }
    }

    #[must_use]
    pub fn is_default(&self) -> bool {
        self.id == VpcId::of_default(self.account, self.region)
    }

    /// Whether a new VPC may have that range: a private one with at least 16 addresses.
    ///
    /// Unlike upstream, whose text allows 10.0.0.0/12, all of 10.0.0.0/8 is allowed, as in the vendor's console
    /// (<https://cloud.tencent.com/document/api/215/15774>).
    ///
    /// # Errors
    /// [`Refusal::VpcRange`].
    pub fn allows_cidr(cidr: Cidr) -> Result<(), Refusal> {
        let inside = PRIVATE.iter().any(|((first, second), prefix, least)| {
            Cidr::around(Ipv4Addr::new(*first, *second, 0, 0), *prefix).covers(cidr) && cidr.prefix() >= *least
        });
        if inside && cidr.prefix() <= VPC_PREFIX_MAX { Ok(()) } else { Err(Refusal::VpcRange(cidr)) }
    }

    /// Whether a new subnet may have that range, beside the existing ones.
    ///
    /// # Errors
    /// [`Refusal::SubnetRange`], [`Refusal::SubnetConflict`].
    pub fn allows_subnet<'a>(&self, cidr: Cidr, others: impl Iterator<Item = &'a Subnet>) -> Result<(), Refusal> {
        if !self.cidr.covers(cidr) || cidr.prefix() > SUBNET_PREFIX_MAX {
            return Err(Refusal::SubnetRange { cidr, vpc: self.cidr });
        }
        match { others }.find(|other| other.vpc == self.id && other.cidr.overlaps(cidr)) {
            Some(other) => Err(Refusal::SubnetConflict { cidr, other: other.id }),
            None => Ok(()),
        }
    }
}

impl Subnet {
    /// The account's default subnet in that zone, which spans the whole block.
    #[must_use]
    pub fn of_default(account: AccountNumber, zone: ZoneId, block: Cidr, created_seconds: u64) -> Subnet {
        Subnet {
            id: SubnetId::of_default(account, zone),
            sequence: 0,
            account,
            zone,
            vpc: VpcId::of_default(account, zone.region()),
            route_table: RouteTableId::of_default(account, zone.region()),
            name: "Default-Subnet".into(),
            cidr: block,
            broadcast: false,
            created_seconds,
            tags: [].into(),
        }
    }

    #[must_use]
    pub fn is_default(&self) -> bool {
        self.id == SubnetId::of_default(self.account, self.zone)
    }

    /// How many addresses instances may get: all but those of the network, the gateway and the broadcast.
    #[must_use]
    pub fn size(&self) -> u32 {
        let all = 1u32.checked_shl(32 - u32::from(self.cidr.prefix())).unwrap_or(u32::MAX);
        if self.cidr.first().is_loopback() { all / 256 * 254 - 1 } else { all.saturating_sub(3) }
    }

    /// Whether an instance may have that address. In the shared block, .0 and .255 are excluded because people and
    /// tools take them for network and broadcast addresses.
    #[must_use]
    pub fn allows(&self, address: Ipv4Addr) -> bool {
        let gateway = u32::from(self.cidr.first()) + 1;
        let reserved = match self.cidr.first().is_loopback() {
            true => matches!(address.octets()[3], 0 | 255),
            false => address == self.cidr.last(),
        };
        self.cidr.has(address) && u32::from(address) > gateway && !reserved
    }
}

impl VpcId {
    #[must_use]
    pub fn of_default(account: AccountNumber, region: RegionId) -> VpcId {
        VpcId::from_random(lasting_number(account, region.name(), 1))
    }
}

impl SubnetId {
    #[must_use]
    pub fn of_default(account: AccountNumber, zone: ZoneId) -> SubnetId {
        SubnetId::from_random(lasting_number(account, zone.name(), 2))
    }
}

impl RouteTableId {
    #[must_use]
    pub fn of_default(account: AccountNumber, region: RegionId) -> RouteTableId {
        RouteTableId::from_random(lasting_number(account, region.name(), 4))
    }
}

resource!(Vpc, VpcId, region: |vpc| Some(vpc.region), tags: |vpc| &vpc.tags);

resource!(Subnet, SubnetId, region: |subnet| Some(subnet.zone.region()), tags: |subnet| &subnet.tags);

#[cfg(test)]
mod test {
    use super::*;

    fn cidr(text: &str) -> Cidr {
        text.parse().unwrap()
    }

    fn vpc() -> Vpc {
        let region = RegionId::find("ap-guangzhou").unwrap();
        let default = Vpc::of_default(AccountNumber(1), region, cidr("127.64.0.0/10"), 0);
        Vpc { id: VpcId::from_random(1), cidr: cidr("10.1.0.0/16"), ..default }
    }

    fn subnet(range: &str) -> Subnet {
        let zone = ZoneId::find("ap-guangzhou-3").unwrap();
        let default = Subnet::of_default(AccountNumber(1), zone, cidr("127.64.0.0/10"), 0);
        Subnet { id: SubnetId::from_random(1), vpc: vpc().id, cidr: cidr(range), ..default }
    }

    #[test]
    fn a_vpc_lies_in_a_private_range_of_at_least_16_addresses() {
        for range in ["10.0.0.0/12", "10.200.0.0/16", "172.16.0.0/12", "172.31.255.0/28", "192.168.0.0/16"] {
            assert_eq!(Vpc::allows_cidr(cidr(range)), Ok(()), "{range}");
        }
        for range in ["10.0.0.0/8", "10.0.0.0/29", "172.32.0.0/16", "192.168.0.0/15", "127.64.0.0/16", "8.8.8.0/24"] {
            assert_eq!(Vpc::allows_cidr(cidr(range)), Err(Refusal::VpcRange(cidr(range))), "{range}");
        }
    }

    #[test]
    fn a_subnet_lies_in_its_vpc_and_beside_its_siblings() {
        let (vpc, there) = (vpc(), subnet("10.1.4.0/24"));
        let ask = |range: &str| vpc.allows_subnet(cidr(range), [&there].into_iter());
        assert_eq!(ask("10.1.5.0/24"), Ok(()));
        for range in ["10.1.4.0/24", "10.1.4.128/25", "10.1.0.0/16"] {
            assert_eq!(ask(range), Err(Refusal::SubnetConflict { cidr: cidr(range), other: there.id }), "{range}");
        }
        for range in ["10.2.0.0/24", "10.0.0.0/12", "10.1.6.0/30"] {
            assert_eq!(ask(range), Err(Refusal::SubnetRange { cidr: cidr(range), vpc: vpc.cidr }), "{range}");
        }
        let elsewhere = Subnet { vpc: VpcId::from_random(2), ..there };
        assert_eq!(vpc.allows_subnet(cidr("10.1.4.0/24"), [&elsewhere].into_iter()), Ok(()));
    }

    #[test]
    fn network_gateway_and_broadcast_are_nobodys() {
        for (range, free, reserved, size) in [
            ("10.1.4.0/29", &["10.1.4.2", "10.1.4.6"][..], &["10.1.4.0", "10.1.4.1", "10.1.4.7", "10.1.4.8"][..], 5),
            ("10.1.0.0/16", &["10.1.0.255", "10.1.1.0"], &["10.1.0.1", "10.1.255.255", "10.0.0.9"], 65_533),
            (
                "127.64.0.0/10",
                &["127.64.0.2", "127.127.255.254"],
                &["127.64.0.1", "127.64.3.0", "127.64.3.255", "127.128.0.2"],
                4_161_535,
            ),
        ] {
            let subnet = subnet(range);
            assert!(free.iter().all(|address| subnet.allows(address.parse().unwrap())), "{range}");
            assert!(!reserved.iter().any(|address| subnet.allows(address.parse().unwrap())), "{range}");
            assert_eq!(subnet.size(), size, "{range}");
        }
    }
}

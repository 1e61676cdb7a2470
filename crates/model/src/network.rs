//! Networks: virtual private clouds, their subnets, and security groups.

use crate::{AccountNumber, Cidr, Kept, RegionId, RouteTableId, SecurityGroupId, SubnetId, Tag, VpcId, ZoneId};
use serde::{Deserialize, Serialize};
use std::net::Ipv4Addr;

/// A virtual private cloud: a range of addresses of its own, which other clouds may have too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vpc {
    pub id: VpcId,
    pub sequence: u64,
    pub account: AccountNumber,
    pub region: RegionId,
    pub name: Box<str>,
    pub cidr: Cidr,
    pub route_table: RouteTableId,
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
    pub name: Box<str>,
    pub cidr: Cidr,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub broadcast: bool,
    pub created_seconds: u64,
    #[serde(default, skip_serializing_if = "<[Tag]>::is_empty")]
    pub tags: Box<[Tag]>,
}

/// A security group. Its rules are kept and answered; nothing enforces them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecurityGroup {
    pub id: SecurityGroupId,
    pub sequence: u64,
    pub account: AccountNumber,
    pub region: RegionId,
    pub name: Box<str>,
    pub description: Box<str>,
    pub project_id: u32,
    pub created_seconds: u64,
    #[serde(default, skip_serializing_if = "<[Tag]>::is_empty")]
    pub tags: Box<[Tag]>,
}

impl Kept for Vpc {
    type Id = VpcId;

    fn id(&self) -> VpcId {
        self.id
    }

    fn sequence(&self) -> u64 {
        self.sequence
    }

    fn account(&self) -> AccountNumber {
        self.account
    }

    fn region(&self) -> Option<RegionId> {
        Some(self.region)
    }
}

impl Kept for Subnet {
    type Id = SubnetId;

    fn id(&self) -> SubnetId {
        self.id
    }

    fn sequence(&self) -> u64 {
        self.sequence
    }

    fn account(&self) -> AccountNumber {
        self.account
    }

    fn region(&self) -> Option<RegionId> {
        Some(self.zone.region())
    }
}

impl Kept for SecurityGroup {
    type Id = SecurityGroupId;

    fn id(&self) -> SecurityGroupId {
        self.id
    }

    fn sequence(&self) -> u64 {
        self.sequence
    }

    fn account(&self) -> AccountNumber {
        self.account
    }

    fn region(&self) -> Option<RegionId> {
        Some(self.region)
    }
}

//! Replies about networks. `CdcId` and the like are `""`, not null: clients dereference them.

use crate::{EMPTY, NULL, reply::civil_time};
use cvmd_model::{Direction, Peer, RegionId, Rule, SecurityGroup, Subnet, Vpc};
use cvmd_state::View;
use serde::Serialize;
use std::net::Ipv4Addr;

pub(crate) fn vpc(vpc: &Vpc) -> impl Serialize {
    object! {
        VpcId: vpc.id.to_string(),
        VpcName: &vpc.name,
        CidrBlock: vpc.cidr.to_string(),
        Ipv6CidrBlock: "",
        Ipv6CidrBlockSet: EMPTY,
        AssistantCidrSet: EMPTY,
        IsDefault: vpc.is_default(),
        EnableMulticast: vpc.multicast,
        EnableDhcp: true,
        EnableRouteVpcPublish: false,
        DhcpOptionsId: "",
        DnsServerSet: &vpc.dns_servers,
        DomainName: &vpc.domain_name,
        CreatedTime: civil_time(vpc.created_seconds),
        TagSet: &vpc.tags,
        IsShare: false,
        VpcFlag: 0,
        EnableRouteVpcPublishIpv6: false,
        StackType: NULL,
    }
}

pub(crate) fn subnet(subnet: &Subnet, view: &View) -> impl Serialize {
    object! {
        VpcId: subnet.vpc.to_string(),
        SubnetId: subnet.id.to_string(),
        SubnetName: &subnet.name,
        CidrBlock: subnet.cidr.to_string(),
        Ipv6CidrBlock: "",
        IsDefault: subnet.is_default(),
        EnableBroadcast: subnet.broadcast,
        Zone: subnet.zone.name(),
        RouteTableId: subnet.route_table.to_string(),
        NetworkAclId: "",
        IsRemoteVpcSnat: false,
        TotalIpAddressCount: subnet.size(),
        AvailableIpAddressCount: view.free_addresses(subnet),
        CdcId: "",
        IsCdcSubnet: 0,
        CreatedTime: civil_time(subnet.created_seconds),
        TagSet: &subnet.tags,
        Region: subnet.zone.region().name(),
        // The first address of the range, which no machine gets.
        GatewaySet: [object! { Address: Ipv4Addr::from_bits(subnet.cidr.first().to_bits() | 1) }],
        AddressType: "",
        ISPType: "",
        HighPriorityRouteTableId: "",
        IsShare: false,
        LocalZone: false,
        StackType: NULL,
    }
}

/// Counts by region, beside each list of subnets and security groups, which are of one region.
pub(crate) fn region_statistics(region: RegionId, total_count: usize) -> [impl Serialize; 1] {
    [object! { Region: region.name(), TotalCount: total_count }]
}

pub(crate) fn security_group(group: &SecurityGroup) -> impl Serialize {
    object! {
        SecurityGroupId: group.id.to_string(),
        SecurityGroupName: &group.name,
        SecurityGroupDesc: &group.description,
        ProjectId: group.project_id.to_string(),
        IsDefault: group.is_default(),
        CreatedTime: civil_time(group.created_seconds),
        UpdateTime: civil_time(group.updated_seconds),
        TagSet: &group.tags,
        Region: group.region.name(),
    }
}

/// The rules that pass, each with its index among all.
pub(crate) fn policy_set(group: &SecurityGroup, passes: impl Fn(Direction, &Rule) -> bool) -> impl Serialize {
    let policies = |direction| {
        let indexed = group.rules(direction).iter().enumerate();
        indexed.filter(|(_, rule)| passes(direction, rule)).map(|(index, rule)| policy(index, rule)).collect::<Vec<_>>()
    };
    let count = |direction, ipv6| {
        group.rules(direction).iter().filter(|rule| matches!(rule.peer, Peer::Ipv6(_)) == ipv6).count()
    };
    object! {
        Version: group.version.to_string(),
        Ingress: policies(Direction::Ingress),
        Egress: policies(Direction::Egress),
        PolicyStatistics: object! {
            IngressIPv4TotalCount: count(Direction::Ingress, false),
            IngressIPv6TotalCount: count(Direction::Ingress, true),
            EgressIPv4TotalCount: count(Direction::Egress, false),
            EgressIPv6TotalCount: count(Direction::Egress, true),
        },
    }
}

fn policy(policy_index: usize, rule: &Rule) -> impl Serialize {
    let (ipv4, ipv6, group) = match &rule.peer {
        Peer::Ipv4(range) => (&**range, "", String::new()),
        Peer::Ipv6(range) => ("", &**range, String::new()),
        Peer::Group(id) => ("", "", id.to_string()),
    };
    object! {
        PolicyIndex: policy_index,
        Protocol: &rule.protocol,
        Port: &rule.port,
        CidrBlock: ipv4,
        Ipv6CidrBlock: ipv6,
        SecurityGroupId: group,
        // There are no templates here; clients dereference the object.
        ServiceTemplate: object! { ServiceId: "", ServiceGroupId: "" },
        AddressTemplate: object! { AddressId: "", AddressGroupId: "" },
        Action: if rule.accept { "ACCEPT" } else { "DROP" },
        PolicyDescription: &rule.description,
        ModifyTime: civil_time(rule.modified_seconds),
        Priority: policy_index,
        Diff: false,
    }
}

//! Replies about networks. `CdcId` and the like are `""`, not null: clients dereference them.

use crate::reply::{Unset, civil_time};
use cvmd_model::{Direction, Peer, Rule, SecurityGroup, Subnet, Tag, Vpc};
use cvmd_state::View;
use serde::Serialize;
use std::net::Ipv4Addr;

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct VpcReply<'a> {
    vpc_id: String,
    vpc_name: &'a str,
    cidr_block: String,
    ipv6_cidr_block: &'static str,
    ipv6_cidr_block_set: [&'static str; 0],
    assistant_cidr_set: [&'static str; 0],
    is_default: bool,
    enable_multicast: bool,
    enable_dhcp: bool,
    enable_route_vpc_publish: bool,
    dhcp_options_id: &'static str,
    dns_server_set: &'a [Ipv4Addr],
    domain_name: &'a str,
    created_time: String,
    tag_set: &'a [Tag],
    is_share: bool,
    vpc_flag: u32,
    enable_route_vpc_publish_ipv6: bool,
    stack_type: Unset,
}

impl VpcReply<'_> {
    pub(crate) fn of(vpc: &Vpc) -> VpcReply<'_> {
        VpcReply {
            vpc_id: vpc.id.to_string(),
            vpc_name: &vpc.name,
            cidr_block: vpc.cidr.to_string(),
            ipv6_cidr_block: "",
            ipv6_cidr_block_set: [],
            assistant_cidr_set: [],
            is_default: vpc.is_default(),
            enable_multicast: vpc.multicast,
            enable_dhcp: true,
            enable_route_vpc_publish: false,
            dhcp_options_id: "",
            dns_server_set: &vpc.dns_servers,
            domain_name: &vpc.domain_name,
            created_time: civil_time(vpc.created_seconds),
            tag_set: &vpc.tags,
            is_share: false,
            vpc_flag: 0,
            enable_route_vpc_publish_ipv6: false,
            stack_type: (),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SubnetReply<'a> {
    vpc_id: String,
    subnet_id: String,
    subnet_name: &'a str,
    cidr_block: String,
    ipv6_cidr_block: &'static str,
    is_default: bool,
    enable_broadcast: bool,
    zone: &'static str,
    route_table_id: String,
    network_acl_id: &'static str,
    is_remote_vpc_snat: bool,
    total_ip_address_count: u32,
    available_ip_address_count: u32,
    cdc_id: &'static str,
    is_cdc_subnet: u32,
    created_time: String,
    tag_set: &'a [Tag],
    region: &'static str,
    gateway_set: [Gateway; 1],
    address_type: &'static str,
    #[serde(rename = "ISPType")]
    isp_type: &'static str,
    high_priority_route_table_id: &'static str,
    is_share: bool,
    local_zone: bool,
    stack_type: Unset,
}

/// The first address of the range, which no machine gets.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Gateway {
    address: Ipv4Addr,
}

impl SubnetReply<'_> {
    pub(crate) fn of<'a>(subnet: &'a Subnet, view: &View) -> SubnetReply<'a> {
        SubnetReply {
            vpc_id: subnet.vpc.to_string(),
            subnet_id: subnet.id.to_string(),
            subnet_name: &subnet.name,
            cidr_block: subnet.cidr.to_string(),
            ipv6_cidr_block: "",
            is_default: subnet.is_default(),
            enable_broadcast: subnet.broadcast,
            zone: subnet.zone.name(),
            route_table_id: subnet.route_table.to_string(),
            network_acl_id: "",
            is_remote_vpc_snat: false,
            total_ip_address_count: subnet.size(),
            available_ip_address_count: view.free_addresses(subnet),
            cdc_id: "",
            is_cdc_subnet: 0,
            created_time: civil_time(subnet.created_seconds),
            tag_set: &subnet.tags,
            region: subnet.zone.region().name(),
            gateway_set: [Gateway { address: Ipv4Addr::from_bits(subnet.cidr.first().to_bits() | 1) }],
            address_type: "",
            isp_type: "",
            high_priority_route_table_id: "",
            is_share: false,
            local_zone: false,
            stack_type: (),
        }
    }
}

/// Counts by region, beside each list of subnets and security groups, which are of one region.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct RegionStatistics {
    pub region: &'static str,
    pub total_count: usize,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SecurityGroupReply<'a> {
    security_group_id: String,
    security_group_name: &'a str,
    security_group_desc: &'a str,
    project_id: String,
    is_default: bool,
    created_time: String,
    update_time: String,
    tag_set: &'a [Tag],
    region: &'static str,
}

impl SecurityGroupReply<'_> {
    pub(crate) fn of(group: &SecurityGroup) -> SecurityGroupReply<'_> {
        SecurityGroupReply {
            security_group_id: group.id.to_string(),
            security_group_name: &group.name,
            security_group_desc: &group.description,
            project_id: group.project_id.to_string(),
            is_default: group.is_default(),
            created_time: civil_time(group.created_seconds),
            update_time: civil_time(group.updated_seconds),
            tag_set: &group.tags,
            region: group.region.name(),
        }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct PolicySetReply<'a> {
    version: String,
    ingress: Vec<PolicyReply<'a>>,
    egress: Vec<PolicyReply<'a>>,
    policy_statistics: PolicyStatistics,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct PolicyReply<'a> {
    policy_index: usize,
    protocol: &'a str,
    port: &'a str,
    cidr_block: &'a str,
    ipv6_cidr_block: &'a str,
    security_group_id: String,
    service_template: ServiceTemplate,
    address_template: AddressTemplate,
    action: &'static str,
    policy_description: &'a str,
    modify_time: String,
    priority: usize,
    diff: bool,
}

/// There are no templates here; clients dereference the object.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct ServiceTemplate {
    service_id: &'static str,
    service_group_id: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct AddressTemplate {
    address_id: &'static str,
    address_group_id: &'static str,
}

#[derive(Debug, Serialize)]
struct PolicyStatistics {
    #[serde(rename = "IngressIPv4TotalCount")]
    ingress_ipv4: usize,
    #[serde(rename = "IngressIPv6TotalCount")]
    ingress_ipv6: usize,
    #[serde(rename = "EgressIPv4TotalCount")]
    egress_ipv4: usize,
    #[serde(rename = "EgressIPv6TotalCount")]
    egress_ipv6: usize,
}

impl PolicySetReply<'_> {
    /// The rules that pass, each with its index among all.
    pub(crate) fn of(group: &SecurityGroup, passes: impl Fn(Direction, &Rule) -> bool) -> PolicySetReply<'_> {
        let policies = |direction| {
            let indexed = group.rules(direction).iter().enumerate();
            indexed.filter(|(_, rule)| passes(direction, rule)).map(|(index, rule)| policy(index, rule)).collect()
        };
        let count = |direction, ipv6| {
            group.rules(direction).iter().filter(|rule| matches!(rule.peer, Peer::Ipv6(_)) == ipv6).count()
        };
        PolicySetReply {
            version: group.version.to_string(),
            ingress: policies(Direction::Ingress),
            egress: policies(Direction::Egress),
            policy_statistics: PolicyStatistics {
                ingress_ipv4: count(Direction::Ingress, false),
                ingress_ipv6: count(Direction::Ingress, true),
                egress_ipv4: count(Direction::Egress, false),
                egress_ipv6: count(Direction::Egress, true),
            },
        }
    }
}

fn policy(policy_index: usize, rule: &Rule) -> PolicyReply<'_> {
    let (ipv4, ipv6, group) = match &rule.peer {
        Peer::Ipv4(range) => (&**range, "", String::new()),
        Peer::Ipv6(range) => ("", &**range, String::new()),
        Peer::Group(id) => ("", "", id.to_string()),
    };
    PolicyReply {
        policy_index,
        protocol: &rule.protocol,
        port: &rule.port,
        cidr_block: ipv4,
        ipv6_cidr_block: ipv6,
        security_group_id: group,
        service_template: ServiceTemplate { service_id: "", service_group_id: "" },
        address_template: AddressTemplate { address_id: "", address_group_id: "" },
        action: if rule.accept { "ACCEPT" } else { "DROP" },
        policy_description: &rule.description,
        modify_time: civil_time(rule.modified_seconds),
        priority: policy_index,
        diff: false,
    }
}

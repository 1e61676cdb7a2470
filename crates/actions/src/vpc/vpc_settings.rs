//! The DHCP settings of a VPC, from a request.

use crate::{Parameters, Reason, names};
use std::net::Ipv4Addr;

const DNS_SERVERS_MAX: usize = 4;

const DOMAIN_MAX: usize = 60;

/// `DnsServers`: at most 4 addresses.
pub(super) fn dns_servers(parameters: &mut Parameters) -> Result<Option<Box<[Ipv4Addr]>>, Reason> {
    let malformed = |value| Reason::Malformed { name: "DnsServers".into(), value };
    let servers: Box<[Ipv4Addr]> = parameters.parsed("DnsServers", DNS_SERVERS_MAX, malformed)?.into();
    Ok(Some(servers).filter(|servers| !servers.is_empty()))
}

pub(super) fn domain_name(parameters: &mut Parameters) -> Result<Option<Box<str>>, Reason> {
    names::bounded_text(parameters, "DomainName", DOMAIN_MAX)
}

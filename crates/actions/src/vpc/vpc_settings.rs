//! The DHCP settings of a VPC, from a request.

use crate::{Parameters, Reason, names, parameters::shorten};
use std::net::Ipv4Addr;

const DNS_SERVERS_MAX: usize = 4;

const DOMAIN_MAX: usize = 60;

/// `DnsServers`: at most 4 addresses.
pub(super) fn dns_servers(parameters: &mut Parameters) -> Result<Option<Box<[Ipv4Addr]>>, Reason> {
    let texts = parameters.texts("DnsServers")?;
    if texts.len() > DNS_SERVERS_MAX {
        return Err(Reason::TooMany { name: "DnsServers".into(), given: texts.len(), limit: DNS_SERVERS_MAX });
    }
    let malformed = |text: &str| Reason::Malformed { name: "DnsServers".into(), value: shorten(text).into() };
    let servers: Result<Box<[Ipv4Addr]>, Reason> =
        texts.iter().map(|text| text.parse().map_err(|_| malformed(text))).collect();
    servers.map(|servers| Some(servers).filter(|servers| !servers.is_empty()))
}

pub(super) fn domain_name(parameters: &mut Parameters) -> Result<Option<Box<str>>, Reason> {
    names::bounded_text(parameters, "DomainName", DOMAIN_MAX)
}

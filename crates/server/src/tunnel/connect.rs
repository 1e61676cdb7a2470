//! The targets of a `CONNECT`: the vendor's hosts, which cvmd answers itself, and machines' sshd. cvmd is no open
//! proxy.

use cvmd_actions::is_vendor_host;
use cvmd_model::InstanceId;
use hyper::{
    StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE},
    http::request::Parts,
};
use std::net::{IpAddr, Ipv4Addr};

/// The refusal for a client that uses cvmd as a proxy to other hosts.
pub(crate) const NO_PROXY: &str = "cvmd is no open proxy: it answers requests to Tencent Cloud's API, and in the place of \
    *.tencentcloudapi.com and *.api.qcloud.com, and nothing else";

/// The refusal for a client that may not connect to machines.
pub(crate) const NO_PEER: &str =
    "machines cannot be reached from this address: the operator's connect.peers does not hold it";

const HOST_BYTES_MAX: usize = 253;
const LABEL_BYTES_MAX: usize = 63;

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// cvmd itself, in place of one of the vendor's hosts.
    Vendor { host: Box<str>, way: Way },
    /// A machine's sshd, at that port.
    Machine { named: Named, port: u16 },
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    Instance(InstanceId),
    Address(Ipv4Addr),
}

/// The protocol inside a tunnel to a vendor's host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// Port 443.
    Tls,
    /// Port 80: some clients tunnel plain HTTP too.
    Plain,
}

/// Why a `CONNECT` is refused. The text is for the caller, one line.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refused {
    #[error("CONNECT takes HOST:PORT")]
    Malformed,
    #[error(
        "cvmd is no open proxy: CONNECT leads to *.tencentcloudapi.com and *.api.qcloud.com on port 443 or 80, to an instance \
         (its id or its address) on port 22, and nowhere else"
    )]
    Foreign,
    #[error("there is a tunnel already: CONNECT leads nowhere from inside it")]
    Nested,
}

impl Refused {
    pub(crate) fn status(&self) -> StatusCode {
        match self {
            Refused::Malformed | Refused::Nested => StatusCode::BAD_REQUEST,
            Refused::Foreign => StatusCode::FORBIDDEN,
        }
    }
}

impl Target {
    /// Parses the target of a `CONNECT`, `HOST:PORT`.
    pub(crate) fn of(authority: &str) -> Result<Target, Refused> {
        let (host, port) = authority.rsplit_once(':').ok_or(Refused::Malformed)?;
        let port: u16 = port.parse().map_err(|_| Refused::Malformed)?;
        let way = match port {
            443 => Way::Tls,
            80 => Way::Plain,
            _ => return Named::of(host).map(|named| Target::Machine { named, port }).ok_or(Refused::Foreign),
        };
        let host = host.to_ascii_lowercase();
        if is_vendor(&host) { Ok(Target::Vendor { host: host.into(), way }) } else { Err(Refused::Foreign) }
    }
}

impl Named {
    fn of(host: &str) -> Option<Named> {
        host.parse().map(Named::Instance).or_else(|_| host.parse().map(Named::Address)).ok()
    }
}

/// Whether a request in absolute form (`GET http://host/`) is for somebody else: its host is neither the vendor's nor
/// this machine, and it has no signature. With a signature it may be for a cloud of any name.
pub(crate) fn is_for_others(head: &Parts) -> bool {
    let Some(authority) = head.uri.authority() else { return false };
    let host = authority.host().to_ascii_lowercase();
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    let ours = is_vendor(&host) || is_local(&host) || address.is_ok_and(|address| address.is_loopback());
    let is_form = |kind: &[u8]| kind.starts_with(b"application/x-www-form-urlencoded");
    let signed = head.headers.contains_key(AUTHORIZATION)
        || head.uri.query().is_some_and(|query| query.contains("Signature="))
        || head.headers.get(CONTENT_TYPE).is_some_and(|kind| is_form(kind.as_bytes()));
    !ours && !signed
}

/// Whether a lower-case name is this machine's own: `localhost` or a name under it.
pub(crate) fn is_local(host: &str) -> bool {
    is_name(host) && (host == "localhost" || host.ends_with(".localhost"))
}

/// Whether a lower-case name is one of the vendor's hosts: at least one label before one of its domains.
pub(crate) fn is_vendor(host: &str) -> bool {
    is_name(host) && is_vendor_host(host)
}

/// Whether this is a lower-case DNS name, for which a certificate can be issued.
pub(crate) fn is_name(host: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let label = |label: &str| {
        (1..=LABEL_BYTES_MAX).contains(&label.len())
            && label.bytes().all(legal)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.len() <= HOST_BYTES_MAX && host.split('.').all(label)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_vendors_hosts_are_reached_in_all_their_forms_and_spellings() {
        for (authority, host, way) in [
            ("cvm.tencentcloudapi.com:443", "cvm.tencentcloudapi.com", Way::Tls),
            ("CVM.TencentCloudAPI.com:443", "cvm.tencentcloudapi.com", Way::Tls),
            ("cvm.ap-guangzhou.tencentcloudapi.com:443", "cvm.ap-guangzhou.tencentcloudapi.com", Way::Tls),
            ("vpc.intl.tencentcloudapi.com:443", "vpc.intl.tencentcloudapi.com", Way::Tls),
            ("cvm.api.qcloud.com:443", "cvm.api.qcloud.com", Way::Tls),
            ("cvm.tencentcloudapi.com:80", "cvm.tencentcloudapi.com", Way::Plain),
        ] {
            assert_eq!(Target::of(authority), Ok(Target::Vendor { host: host.into(), way }), "{authority}");
        }
    }

    #[test]
    fn a_machine_is_named_by_its_id_or_an_address() {
        let id: InstanceId = "ins-1e4r6y8i".parse().unwrap();
        let address = Ipv4Addr::new(127, 64, 0, 2);
        for (authority, named, port) in [
            ("ins-1e4r6y8i:22", Named::Instance(id), 22),
            ("ins-1e4r6y8i:25", Named::Instance(id), 25),
            ("127.64.0.2:2222", Named::Address(address), 2222),
        ] {
            assert_eq!(Target::of(authority), Ok(Target::Machine { named, port }), "{authority}");
        }
    }

    #[test]
    fn everything_else_is_refused() {
        let long = format!("{}.tencentcloudapi.com:443", "a".repeat(64));
        let longer = format!("{}tencentcloudapi.com:443", "a.".repeat(200));
        for authority in [
            "example.com:443",
            "tencentcloudapi.com:443",
            ".tencentcloudapi.com:443",
            "eviltencentcloudapi.com:443",
            "cvm.tencentcloudapi.com.evil.com:443",
            "cvm..tencentcloudapi.com:443",
            "-cvm.tencentcloudapi.com:443",
            "c*m.tencentcloudapi.com:443",
            "qcloud.com:443",
            "api.qcloud.com:443",
            "127.0.0.1:443",
            "[::1]:443",
            "cvm.tencentcloudapi.com:22",
            "cvm.tencentcloudapi.com:8443",
            &long,
            &longer,
        ] {
            assert_eq!(Target::of(authority), Err(Refused::Foreign), "{authority}");
        }
        for authority in
            ["", "cvm.tencentcloudapi.com", "cvm.tencentcloudapi.com:", "cvm.tencentcloudapi.com:65536", "::"]
        {
            assert_eq!(Target::of(authority), Err(Refused::Malformed), "{authority}");
        }
    }
}

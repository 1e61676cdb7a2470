//! The host that a client may have signed, guessed from what it sent.

use crate::raw::RawHead;
use http::header::HOST;

/// The hosts that may be in the signed string, the likeliest first.
///
/// Most clients sign the `Host` header verbatim, with the port, and even with a scheme when their endpoint was given
/// with one. The Node SDK signs the host without the port that it sends. Without a `Host` header (HTTP/2) the authority
/// of the target is used.
pub(crate) fn candidates<'a>(raw: RawHead<'a>) -> impl Iterator<Item = &'a [u8]> {
    let authority = raw.target.authority().map_or("", |authority| authority.as_str()).as_bytes();
    let received = raw.headers.get(HOST).map_or(&b""[..], |value| value.as_bytes().trim_ascii());
    let first = if received.is_empty() { authority } else { received };
    // The others are computed only when the first does not verify, which is seldom.
    std::iter::once(first).chain(std::iter::once_with(move || others(first, authority)).flatten())
}

/// The host that the request names, lower-cased, without scheme and port; empty where it names none. It identifies the
/// product where the signature's scope does not.
pub(crate) fn named(raw: RawHead<'_>) -> Box<str> {
    let received = candidates(raw).next().unwrap_or_default();
    let host = without_port(without_scheme(received)).to_ascii_lowercase();
    String::from_utf8(host).unwrap_or_default().into()
}

fn others<'a>(first: &'a [u8], authority: &'a [u8]) -> Vec<&'a [u8]> {
    let mut hosts = vec![first];
    for host in [
        without_port(first),
        without_scheme(first),
        without_port(without_scheme(first)),
        authority,
        without_port(authority),
    ] {
        if !host.is_empty() && !hosts.contains(&host) {
            hosts.push(host);
        }
    }
    hosts.remove(0);
    hosts
}

fn without_port(host: &[u8]) -> &[u8] {
    match host.iter().rposition(|byte| *byte == b':') {
        Some(colon) if colon + 1 < host.len() && host[colon + 1..].iter().all(u8::is_ascii_digit) => &host[..colon],
        _ => host,
    }
}

fn without_scheme(host: &[u8]) -> &[u8] {
    match host.windows(3).position(|window| window == b"://") {
        Some(position) => &host[position + 3..],
        None => host,
    }
}

#[cfg(test)]
mod test {
    use http::{HeaderMap, Method, Uri};

    use super::*;

    #[test]
    fn the_received_host_comes_first_and_nothing_comes_twice() {
        let hosts = |target: &str, host: Option<&str>| {
            let target: Uri = target.parse().unwrap();
            let mut headers = HeaderMap::new();
            if let Some(host) = host {
                headers.insert(HOST, host.parse().unwrap());
            }
            let raw = RawHead { method: &Method::GET, target: &target, headers: &headers };
            let hosts: Vec<_> = candidates(raw).map(String::from_utf8_lossy).collect();
            hosts.join(" ")
        };
        assert_eq!(hosts("/", Some("a.b")), "a.b");
        assert_eq!(hosts("/", Some("a.b:80")), "a.b:80 a.b");
        assert_eq!(hosts("/", Some("[::1]")), "[::1]");
        assert_eq!(hosts("/", Some("[::1]:80")), "[::1]:80 [::1]");
        assert_eq!(hosts("/", Some("http://a:80")), "http://a:80 http://a a:80 a");
        assert_eq!(hosts("http://a/", Some("a")), "a");
        assert_eq!(hosts("http://c:1/", Some("a")), "a c:1 c");
        assert_eq!(hosts("http://c/", None), "c");
        assert_eq!(hosts("/", None), "");
    }

    #[test]
    fn the_named_host_is_bare_and_in_lower_case() {
        let name = |target: &str, host: Option<&[u8]>| {
            let target: Uri = target.parse().unwrap();
            let mut headers = HeaderMap::new();
            if let Some(host) = host {
                headers.insert(HOST, http::HeaderValue::from_bytes(host).unwrap());
            }
            let raw = RawHead { method: &Method::GET, target: &target, headers: &headers };
            named(raw).into_string()
        };
        assert_eq!(name("/", Some(b"VPC.tencentcloudapi.com:80")), "vpc.tencentcloudapi.com");
        assert_eq!(name("/", Some(b"http://127.0.0.1:8312")), "127.0.0.1");
        assert_eq!(name("http://CVM.tencentcloudapi.com:80/", None), "cvm.tencentcloudapi.com");
        assert_eq!(
            name("http://vpc.tencentcloudapi.com/", Some(b"cvm.tencentcloudapi.com")),
            "cvm.tencentcloudapi.com"
        );
        assert_eq!(name("/", Some(b"[::1]:80")), "[::1]");
        assert_eq!(name("/", Some(b"\xff")), "");
        assert_eq!(name("/", None), "");
    }
}

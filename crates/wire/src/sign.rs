//! The client's half of both signatures, for our own client, benches and tests.

use crate::{tc3, v1};
use http::Method;

/// The value of an `Authorization` header that signs `content-type` and `host`, as the SDKs do.
/// `query` is undecoded, and empty for a POST; the body of a GET is not signed.
#[expect(clippy::too_many_arguments, reason = "one for each part of the canonical request")]
pub fn tc3(
    secret_id: &str,
    secret_key: &str,
    service: &str,
    host: &str,
    content_type: &str,
    timestamp_seconds: u64,
    method: &Method,
    query: &str,
    body: &[u8],
) -> String {
    let lines = [("content-type", content_type.as_bytes()), ("host", host.as_bytes())];
    let body = if method == Method::GET { &[] } else { body };
    let scope = tc3::SigningScope { secret_id, secret_key, service, timestamp_seconds };
    tc3::sign(&scope, method, query, &lines, body)
}

/// The value of the parameter `Signature` for `params`, which are decoded and in any order. They must include
/// `SignatureMethod=HmacSHA256` exactly when `sha256` is true.
pub fn v1(method: &Method, host: &str, path: &str, params: &[(&str, &str)], secret_key: &str, sha256: bool) -> String {
    v1::sign(method, host, path, params, secret_key, sha256)
}
